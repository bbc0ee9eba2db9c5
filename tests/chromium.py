"""A Chromium without a window, driven by Selenium; for every test that looks at pages."""

import os
import shutil
from contextlib import contextmanager

import pytest
from selenium import webdriver

SOFTWARE_GL = ("--enable-unsafe-swiftshader", "--use-angle=swiftshader", "--disable-gpu-compositing")
"""Drawn by this machine's processor: only what pages draw themselves, and not the pages."""

NO_GL = ("--disable-gpu", "--disable-software-rasterizer")
STILL = ("--force-prefers-reduced-motion", "--disable-smooth-scrolling")
"""Pages that move are drawn all the time, by this machine's processor."""


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
    with webdriver.Chrome(options=options, service=webdriver.ChromeService(driver)) as opened:
        yield opened
