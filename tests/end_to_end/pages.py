"""Pages in a real browser: wait, read, fill in, press, keep a picture."""

import io
import os
from pathlib import Path

import numpy as np
from PIL import Image
from selenium.common.exceptions import ElementClickInterceptedException, StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select, WebDriverWait

SECONDS = 600
WIDTH, HEIGHT = 1280, 1150


def until(browser, question):
    """Ask until the answer is true; of a page that is drawn anew meanwhile, the next time."""
    waiting = WebDriverWait(browser, SECONDS, 0.5, ignored_exceptions=(StaleElementReferenceException,))
    return waiting.until(lambda _: question())


def text(browser):
    return browser.find_element(By.TAG_NAME, "body").text


def keep(browser, name):
    """Keep a picture of the page, small enough for the documents."""
    content = browser.get_screenshot_as_png()
    folder = os.environ.get("JWSTPIPE_SCREENSHOTS")
    if folder:
        with Image.open(io.BytesIO(content)) as shot:
            shot.convert("RGB").resize((WIDTH * 5 // 8, shot.height * 5 // 8)).quantize(64).save(
                Path(folder) / f"{name}.png", optimize=True
            )
    return content


def field(browser, label):
    """Find a field of the form by its label."""
    path = (
        f"//span[contains(@class, 'property__label') and starts-with(normalize-space(.), '{label}')]"
        "/ancestor::div[contains(concat(' ', @class, ' '), ' schema-form-property ')][1]"
    )
    return until(browser, lambda: next(iter(browser.find_elements(By.XPATH, path)), None))


def choose(browser, label, value):
    """Choose from a list, as the keyboard would; the native list lies under a drawn one."""
    control = field(browser, label).find_element(By.TAG_NAME, "select")
    choices = [option.get_attribute("text") for option in Select(control).options]
    browser.execute_script(
        "arguments[0].selectedIndex = arguments[1];"
        "for (const kind of ['input', 'change']) arguments[0].dispatchEvent(new Event(kind, {bubbles: true}))",
        control,
        choices.index(value),
    )
    return choices


def press(browser, label):
    until(browser, lambda: pressed(browser, label))


def pressed(browser, label):
    """Press what bears a label, if it can be pressed: not while it is drawn anew or a message lies over it."""
    same = f"[normalize-space(.)='{label}']"
    path = f"//button{same} | //a{same} | //*[not(*)]{same}"
    try:
        found = [button for button in browser.find_elements(By.XPATH, path) if button.is_displayed()]
        if found:
            browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", found[-1])
            found[-1].click()
        return bool(found)
    except (ElementClickInterceptedException, StaleElementReferenceException):
        return False


def colours(content):
    with Image.open(io.BytesIO(content)) as opened:
        return len(np.unique(np.asarray(opened.convert("RGB")).reshape(-1, 3), axis=0))
