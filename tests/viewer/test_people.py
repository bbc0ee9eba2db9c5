"""Pages for everybody: names, contrast as WCAG AA asks, keys, small screens with long words, by day and by night."""

from contextlib import contextmanager
from pathlib import Path

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from jwstpipe.catalog.catalog import open_catalog
from jwstpipe.viewer.server.guard import Access
from jwstpipe.viewer.server.library import Library
from jwstpipe.viewer.server.serve import serving_viewer
from jwstpipe.viewer.sources import Sources
from jwstpipe.viewer.viewing import Viewing
from tests.viewer.page import Page
from tests.viewer.test_page import link
from tests.viewer.test_pages import home  # noqa: F401 - a home of its own

AUDIT = (Path(__file__).parent / "audit.js").read_text(encoding="utf-8")
LONG = "Wolkenbruchniederschlagsmengenmessgeraeteverordnung" * 2
PAGES = ("library", "find", "discover", "search", "mosaic", "jobs", "status")


@contextmanager
def screen(browser, width, scheme):
    """A screen of another size, by day or by night."""
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": False}
    )
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )
    yield
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def audit(page, least):
    told = page.run(AUDIT)
    assert told["found"] == []
    assert told["measured"] >= least


@pytest.fixture(scope="module")
def pages(browser, home):  # noqa: F811
    with open_catalog(home.address) as catalog:
        catalog.amend(home.archive[0], add_tags=[LONG[:100]])
        record = catalog.get(home.archive[1])
        changes = {
            "product_id": "long",
            "file_name": f"{LONG}.fits",
            "storage_key": "mast/long.fits",
            "uri": "long",
            "slot": "long",
        }
        catalog.publish(record.model_copy(update=changes))
    sources = Sources(library=Library(home.settings))
    with serving_viewer(
        Viewing(sources), Access(b"people", "jwstpipe:word"), port=0, settings=home.settings, write=True
    ) as running:
        yield Page(browser, running)


@pytest.mark.parametrize(
    ("width", "scheme"), [(390, "light"), pytest.param(1280, "dark", marks=pytest.mark.exhaustive)]
)
def test_pages_are_for_everybody(pages, width, scheme):
    browser = pages.browser
    with screen(browser, width, scheme):
        browser.get(f"{pages.served.address}healthz")
        browser.add_cookie(pages.cookie())
        browser.get("about:blank")
        browser.get(f"{pages.served.address}#v=1&panel=library")
        pages.until("document.querySelector('[data-page=library]')")
        for name in PAGES:
            pages.run(f"document.querySelector('[data-page={name}]').click()")
            pages.until(
                "document.querySelector('#page h1') && !document.querySelector('#page').textContent.includes('loading')"
                " && [...document.querySelectorAll('.waiting')]"
                ".every((one) => one.getBoundingClientRect().top > innerHeight)"
            )
            audit(pages, 8)
        pages.run("document.querySelector('[data-page=library]').click()")
        pages.until("document.querySelectorAll('.product').length === 5")
        pages.run("[...document.querySelectorAll('.product .title')].at(-1).click()")
        pages.until("document.getElementById('dialog').open")
        audit(pages, 20)


@pytest.mark.exhaustive("test_pages_are_for_everybody")
def test_the_controls_of_a_picture_are_for_everybody(browser, served, ids):
    page = Page(browser, served)
    with screen(browser, 390, "dark"):
        page.open(link(ids[:3]))
        for name in ("channels", "compare", "regions", "pixel", "sources"):
            page.run(f"document.getElementById('tab-{name}').click()")
            audit(page, 8)
    with screen(browser, 1280, "light"):
        page.run("document.getElementById('tab-channels').click()")
        audit(page, 12)


def test_keys_reach_everything_that_a_hand_does(browser, served, ids):
    page = Page(browser, served)
    page.open(link(ids[:3]))
    page.run("document.activeElement.blur()")
    names = []
    for _ in range(40):
        ActionChains(browser).send_keys(Keys.TAB).perform()
        focused = browser.switch_to.active_element
        names.append(focused.get_attribute("aria-label") or focused.text or focused.get_attribute("id"))
    assert names[0].startswith("to the controls")
    for wanted in (
        "show all",
        "go to a name or position",
        "the picture",
        "Channels",
        "colour of F090W",
        "value that becomes black",
    ):
        assert any(wanted in str(name) for name in names), (wanted, names)
    colours = page.run("return viewer.model.look.channels.map((one) => one.colour)")
    page.run("document.querySelector('.card .handle').focus()")
    browser.switch_to.active_element.send_keys(Keys.ARROW_DOWN)
    page.until("viewer.model.look.channels[1].colour === arguments[0]", colours[0])
    assert page.run("return viewer.model.look.channels[0].colour") == colours[1]
