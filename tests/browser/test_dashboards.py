"""What a person sees in a real browser: the form, the run that it starts, its page, and tiles on the Dask dashboard.

With ``JWSTPIPE_SCREENSHOTS=FOLDER`` the pictures of docs/operations.md are made anew.
"""

import io
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import requests
from PIL import Image
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select, WebDriverWait

from jwstpipe.requests import ProcessTargetRequest
from tests.end_to_end.running import up
from tests.world import TARGET

SECONDS = 120
WIDTH, HEIGHT = 1280, 1150


@pytest.fixture(scope="module")
def browser():
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if program is None or driver is None:
        if os.environ.get("CI"):
            pytest.fail("no Chromium with its driver; .ci/run installs the packages chromium and chromium-driver")
        pytest.skip("no Chromium with its driver; install the packages chromium and chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for word in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", f"--window-size={WIDTH},{HEIGHT}"):
        options.add_argument(word)
    with webdriver.Chrome(options=options, service=webdriver.ChromeService(driver)) as opened:
        yield opened


@pytest.fixture(scope="module")
def site(tiny_world, tmp_path_factory):
    _, archive = tiny_world
    archive.set_faults()
    with up(tmp_path_factory.mktemp("up"), archive) as running:
        yield running


def until(browser, question):
    return WebDriverWait(browser, SECONDS, poll_frequency=0.2).until(lambda _: question())


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
    same = f"[normalize-space(.)='{label}']"
    path = f"//button{same} | //a{same} | //*[not(*)]{same}"

    def clicked():
        found = [button for button in browser.find_elements(By.XPATH, path) if button.is_displayed()]
        if not found:
            return False
        browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", found[-1])
        found[-1].click()
        return True

    until(browser, clicked)


TASKS_SHOWN = """
const keys = [];
for (const document of Bokeh.documents)
  for (const model of document._all_models.values())
    if (model.type == 'ColumnDataSource' && model.data && model.data.worker_thread && model.data.key)
      keys.push(...Array.from(model.data.key));
return keys;
"""


WIDE = "return arguments[0].complete && arguments[0].naturalWidth"


def test_a_run_started_from_the_form_is_seen_from_its_first_tile_to_its_picture(browser, site):
    api, prefect = site.facts["api"], site.facts["prefect"]
    deployment = requests.get(f"{api}/deployments/name/process-target/here", timeout=10).json()

    browser.get(site.facts["dask"])
    until(browser, lambda: browser.execute_script("return window.Bokeh !== undefined && Bokeh.documents.length > 0"))
    dask = browser.current_window_handle
    browser.switch_to.new_window("tab")

    browser.get(f"{prefect}/deployments/deployment/{deployment['id']}/run")
    field(browser, "Target").find_element(By.TAG_NAME, "textarea").send_keys(TARGET)
    for name, model_field in ProcessTargetRequest.model_fields.items():
        label = name.replace("_", " ").title()
        words = (label, str(model_field.description))
        until(browser, lambda words=words: all(word in text(browser) for word in words))
    assert choose(browser, "Level", "2") == ["2", "3"]
    assert {"asinh", "log", "linear"} <= set(choose(browser, "Stretch", "asinh"))
    assert {"none", "level"} <= set(choose(browser, "Background", "level"))
    keep(browser, "prefect-form")
    press(browser, "Submit")
    newest = {"limit": 1, "sort": "EXPECTED_START_TIME_DESC", "flows": {"name": {"any_": ["process-target"]}}}

    def run():
        found = requests.post(f"{api}/flow_runs/filter", json=newest, timeout=10).json()
        return found[0] if found else None

    started = until(browser, run)
    assert started["parameters"]["request"]["level"] == 2

    browser.switch_to.window(dask)
    until(browser, lambda: any(key.startswith("tiles-") for key in browser.execute_script(TASKS_SHOWN)))
    assert _colours(keep(browser, "dask-status")) > 100
    until(browser, lambda: run()["state"]["type"] in ("COMPLETED", "FAILED", "CRASHED"))
    ended = run()
    assert ended["state"]["type"] == "COMPLETED", ended["state"]

    browser.get(f"{prefect}/runs/flow-run/{ended['id']}")
    press(browser, "Artifacts")
    until(browser, lambda: "products" in text(browser).lower() and "lineage" in text(browser).lower())
    page = text(browser)
    assert f"process-target: {TARGET}, level 2" in page
    assert "Completed" in page
    keep(browser, "prefect-run")
    _see_artifacts(browser, api, prefect, ended["id"])


def _see_artifacts(browser, api, prefect, run_id):
    wanted = {"artifacts": {"flow_run_id": {"any_": [run_id]}}, "limit": 200}
    by_key = {found["key"]: found for found in requests.post(f"{api}/artifacts/filter", json=wanted, timeout=10).json()}

    def see(key, *words):
        browser.get(f"{prefect}/artifacts/artifact/{by_key[key]['id']}")
        until(browser, lambda: all(word in text(browser) for word in words))

    see("progress", "100%")
    see("products", "nircam_f200w_mosaic.zarr", "picture", "made")
    see("lineage", "_cal.fits", "mosaic")
    see("report", f"{TARGET}, level 2: done", "transfer", "Parameters in effect")
    for key in ("picture-tiny-nebula", "thumbnails"):
        see(key)
        path = "//img[starts-with(@src, 'data:image/jpeg')]"
        images = until(browser, lambda path=path: browser.find_elements(By.XPATH, path))
        assert until(browser, lambda images=images: browser.execute_script(WIDE, images[0])) > 100
    keep(browser, "prefect-thumbnails")


def _colours(content):
    with Image.open(io.BytesIO(content)) as opened:
        return len(np.unique(np.asarray(opened.convert("RGB")).reshape(-1, 3), axis=0))


def test_a_run_that_fails_says_why_in_one_sentence_on_its_page(browser, site):
    api = site.facts["api"]
    deployment = requests.get(f"{api}/deployments/name/process-target/here", timeout=10).json()
    asked = requests.post(
        f"{api}/deployments/{deployment['id']}/create_flow_run",
        json={"parameters": {"request": {"target": "NGC 9999"}}}, timeout=10,
    ).json()  # fmt: skip

    def ended():
        state = requests.get(f"{api}/flow_runs/{asked['id']}", timeout=10).json()["state"]
        return state if state["type"] in ("COMPLETED", "FAILED", "CRASHED") else None

    state = until(browser, ended)
    assert state["type"] == "FAILED"
    assert state["message"].startswith("Flow run encountered an exception: TargetNotFoundError: no resolver knows")
    assert "\n" not in state["message"]
    browser.get(f"{site.facts['prefect']}/runs/flow-run/{asked['id']}")
    until(browser, lambda: "no resolver knows 'NGC 9999'" in text(browser))
