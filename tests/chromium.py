"""A Chromium without a window, driven by Selenium; for every test that looks at pages."""

import os
import shutil
from contextlib import contextmanager, suppress

import pytest
from selenium import webdriver
from selenium.common.exceptions import WebDriverException

from tests.waiting import LIMIT_SECONDS

SOFTWARE_GL = ("--enable-unsafe-swiftshader", "--use-angle=swiftshader", "--disable-gpu-compositing")
"""Drawn by this machine's processor: only what pages draw themselves, and not the pages."""

NO_GL = ("--disable-gpu", "--disable-software-rasterizer")
STILL = ("--force-prefers-reduced-motion", "--disable-smooth-scrolling")
"""Pages that move are drawn all the time, by this machine's processor."""

STARTS = 4


@contextmanager
def opened_browser(width, height, *words):
    """Start a browser; skip where there is none, but in CI, which has installed one."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if program is None or driver is None:
        if os.environ.get("CI"):
            pytest.fail("no Chromium with its driver; .ci/run installs the packages chromium and chromium-driver")
        pytest.skip("no Chromium with its driver; install the packages chromium and chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = program
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    for word in (
        "--headless=new",
        "--no-sandbox",
        "--disable-dev-shm-usage",
        f"--window-size={width},{height}",
        *words,
    ):
        options.add_argument(word)
    with _started(options, driver) as opened:
        opened.set_page_load_timeout(LIMIT_SECONDS)
        opened.set_script_timeout(LIMIT_SECONDS)
        yield opened


def _started(options, driver):
    """Start it, again where the driver gave up one that a busy machine had not started within a minute."""
    for _ in range(STARTS - 1):
        with suppress(WebDriverException):
            return webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
