"""The page in a real browser: what is seen is what is exported, wherever the hand goes."""

import json

import numpy as np
import pytest
import requests
from astropy.coordinates import SkyCoord
from astropy.wcs import WCS
from hypothesis import given, settings
from PIL import Image
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

import jwstpipe
from jwstpipe.viewer.server.guard import Access
from jwstpipe.viewer.server.serve import serving_viewer
from jwstpipe.viewer.state import ViewState, link_of, read_link
from tests.chromium import NO_GL, opened_browser
from tests.render.render_images import tan_header
from tests.viewer.page import Page
from tests.viewer.scenes import SCALE, SHAPE, SKY
from tests.viewer.test_state import states

ONE_TO_ONE = "viewer.stage.view.scale = 1; viewer.stage.moved()"


@pytest.fixture(scope="module")
def page(browser, served):
    return Page(browser, served)


@pytest.fixture(scope="module")
def wcs():
    return WCS(tan_header(SHAPE, crval=SKY, scale=SCALE, rotation=20.0))


def link(ids, **view):
    return link_of(ViewState(images=tuple(ids), **view))


def exported(page, mosaics, out):
    """Export what is seen by the command's own way, at full resolution."""
    state, notes = read_link(page.run("viewer.model.writeLink(); return location.href"))
    assert notes == ()
    request = state.wishes.model_copy(update={"crop": (0, 0, SHAPE[1], SHAPE[0]), "size": None})
    jwstpipe.composite(mosaics, out, options=request)
    return np.asarray(Image.open(out)).astype(int)


def seen_part(page, picture):
    """Cut from a picture of everything what the canvas shows of it at 1:1; and the canvas, where it shows that."""
    x0, top = page.run(
        "const [u, v] = viewer.stage.view.toImage(0, 0); return [Math.round(u), viewer.stage.view.rows - Math.round(v)]"
    )
    rows, columns = page.run("return [viewer.stage.canvas.height, viewer.stage.canvas.width]")
    first, left = max(top, 0), max(x0, 0)
    part = picture[first : top + rows, left : x0 + columns]
    return part, np.s_[first - top : first - top + part.shape[0], left - x0 : left - x0 + part.shape[1]]


def test_what_stands_still_is_the_export_and_what_moves_a_step_from_it(page, ids, mosaics, tmp_path):
    page.open(link(ids[:3]))
    page.settle(ONE_TO_ONE)
    part, place = seen_part(page, exported(page, mosaics, tmp_path / "plain.png"))
    assert part.size > 500_000
    assert np.abs(page.pixels(exact=True)[place] - part).max() == 0
    page.until(
        "viewer.stage.view.tiles(0).map((place) => viewer.stage.tiles.get(place))"
        ".every((tile) => tile && (tile.filled || !tile.holes))"
    )
    apart = np.abs(page.pixels(exact=False)[place] - part)  # also at lost cores, edges and single lost pixels
    assert apart.max() <= 1
    assert (apart.max(axis=2) == 0).mean() > 0.995  # of pixels, all three colours together
    look = {"preset": "natural", "saturation": 1.4, "hue": 12.0, "sharpen": 1.0}
    channel = {"colour": "orange", "weight": 0.7, "stretch": "log", "high_percent": 99.5, "gamma": 1.3}
    page.settle(f"viewer.model.wish({json.dumps(look)}); viewer.model.wishChannel(1, {json.dumps(channel)})")
    part, place = seen_part(page, exported(page, mosaics, tmp_path / "look.png"))
    assert np.abs(page.pixels(exact=True)[place] - part).max() == 0
    assert page.complaints() == []


@pytest.mark.exhaustive("test_what_stands_still_is_the_export_and_what_moves_a_step_from_it")
def test_a_field_without_holes_moves_as_it_stands(page, ids):
    page.open(link(ids[3:6], wishes={"luminance": ids[5], "luminance_share": 0.6, "vibrancy": 0.5}))
    page.settle(ONE_TO_ONE)
    apart = np.abs(page.pixels(exact=False) - page.pixels(exact=True))
    assert apart.max() <= 1
    assert (apart.max(axis=2) == 0).mean() > 0.995


def test_nothing_is_loaded_from_elsewhere_and_sliders_fetch_no_pixels(page, ids, served):
    page.open(link(ids[:3]))
    assert [url for url in page.asked() if not url.startswith(served.address)] == []
    assert page.complaints() == []
    before = page.pixels(exact=False)
    page.settle("viewer.model.wishChannel(1, {weight: 0.3, gamma: 1.7, low: 9, high: 30, colour: '#ff8800'})")
    assert [url for url in page.asked() if "/tile/" in url] == []
    assert np.abs(page.pixels(exact=False) - before).mean() > 2


def test_the_hand_keeps_what_is_under_it(page, ids, wcs):
    page.open(link(ids[:3]))
    surface = page.browser.find_element(By.ID, "over")
    under = "const d = viewer.stage.canvas.width / viewer.stage.canvas.clientWidth; const w = viewer.stage.canvas;"
    at = f"{under} return viewer.stage.view.toImage(w.width / 2 + arguments[0] * d, w.height / 2 + arguments[1] * d)"
    start = page.run(at, 100, 60)
    ActionChains(page.browser).move_to_element_with_offset(surface, 100, 60).click_and_hold().move_by_offset(
        -150, 40
    ).release().perform()
    assert np.allclose(page.run(at, -50, 100), start, atol=1.5 / page.run("return viewer.stage.view.scale"))
    before = page.run(at, -50, 100)
    left = surface.location["x"] + surface.size["width"] / 2 - 50
    top = surface.location["y"] + surface.size["height"] / 2 + 100
    page.run(
        "document.getElementById('over').dispatchEvent(new WheelEvent('wheel', {deltaY: -300, clientX: arguments[0],"
        " clientY: arguments[1], cancelable: true}))", left, top,
    )  # fmt: skip
    assert np.allclose(page.run(at, -50, 100), before, atol=1.0)
    page.browser.find_element(By.ID, "sky").send_keys(Keys.ARROW_LEFT)
    page.browser.find_element(By.ID, "sky").send_keys("+")
    page.settle()
    state, _ = read_link(page.run("viewer.model.writeLink(); return location.href"))
    u, v = page.run("return [viewer.stage.view.u, viewer.stage.view.v]")
    truth = wcs.pixel_to_world(u - 0.5, v - 0.5)
    assert truth.separation(SkyCoord(*state.at, unit="deg")).deg < 1e-3 * SCALE


@pytest.mark.exhaustive("test_the_page_reads_and_writes_links_as_the_library_does")
def test_a_link_opens_equal_in_another_window(page, ids):
    page.open(link(ids[:3], at=SKY, fov=0.0031, rotation=30.0, wishes={"channels": ("F090W=#33aaff,low=9.25",)}))
    page.settle("viewer.stage.view.rotation = -40; viewer.stage.moved()")
    address = page.run("viewer.model.writeLink(); return location.href")
    place, picture = page.run("return [viewer.stage.view.u, viewer.stage.view.v]"), page.pixels(exact=True)
    page.open(address.rpartition("#")[2])
    assert np.abs(np.subtract(page.run("return [viewer.stage.view.u, viewer.stage.view.v]"), place)).max() < 0.5
    assert np.abs(page.pixels(exact=True) - picture).max() == 0


def test_the_page_reads_and_writes_links_as_the_library_does(page, ids):
    page.open(link(ids[3:4]))
    made = []

    @settings(max_examples=60)
    @given(states())
    def gather(state):
        made.append(state)

    gather()
    script = "return arguments[0].map((one) => viewer.link.formatLink(viewer.link.parseLink(one).state))"
    for state, back in zip(made, page.run(script, [link_of(state) for state in made]), strict=True):
        assert read_link(back) == (state, ())


def test_values_and_position_under_the_pointer_are_those_of_the_files(page, ids, mosaics, wcs):
    page.open(link(ids[:3]))
    for x, y in [(270, 210), (3, 410), (545, 12)]:
        check_values(page, mosaics, wcs, x, y)


def check_values(page, mosaics, wcs, x, y):
    left, top = page.run(
        "const s = viewer.stage; const d = s.canvas.width / s.canvas.clientWidth;"
        " const [a, b] = s.view.toScreen(arguments[0] + 0.5, arguments[1] + 0.5); return [a / d, b / d]", x, y,
    )  # fmt: skip
    page.run("viewer.readout.point(arguments[0], arguments[1])", left, top)
    page.until("viewer.readout.exact && String(viewer.readout.pixel) === arguments[0]", f"{x},{y}")
    facts = page.run("return [viewer.readout.pixel, viewer.readout.exact]")
    assert facts[0] == [x, y]
    for store, told in zip(mosaics, facts[1], strict=True):
        cut = jwstpipe.open_image(store)
        sample = cut.read("sci")[y, x]
        assert told["values"]["sci"] == (None if np.isnan(sample) else float(sample))
        assert told["values"]["err"] == 0.5
        assert told["flags"] == (["DO_NOT_USE"] if np.isnan(sample) else [])
        truth = wcs.pixel_to_world(x, y)
        assert truth.separation(SkyCoord(told["ra"], told["dec"], unit="deg")).deg < 1e-3 * SCALE


@pytest.mark.exhaustive("test_nothing_is_loaded_from_elsewhere_and_sliders_fetch_no_pixels")
def test_the_page_goes_on_when_the_server_was_started_anew(browser, viewing, mosaics, ids):
    secret = b"stays"
    with serving_viewer(viewing, Access(secret), port=0) as running:
        page = Page(browser, running)
        page.open(link(ids[:3]))
        port = running.port
    from jwstpipe.viewer.sources import Sources
    from jwstpipe.viewer.viewing import Viewing

    sources = Sources()
    for store in mosaics:
        sources.add(store)
    with serving_viewer(Viewing(sources), Access(secret), port=port) as again:
        assert again.port == port
        page.settle(ONE_TO_ONE)
        assert page.pixels(exact=True).mean() > 20


@pytest.mark.exhaustive("test_nothing_is_loaded_from_elsewhere_and_sliders_fetch_no_pixels")
def test_two_browsers_cost_one(page, ids, served):
    page.open(link(ids[:3]))
    tiles = [url for url in page.asked() if "/tile/" in url]
    made = []
    kept = served and page  # the server of the fixture lives in this process: its blocks are there already
    assert kept
    with requests.Session() as other:
        other.auth = ("jwstpipe", "word")
        for url in tiles:
            answer = other.get(url)
            made.append(answer.headers["etag"])
            assert "immutable" in answer.headers["cache-control"]
            assert other.get(url, headers={"if-none-match": answer.headers["etag"]}).status_code == 304
    assert len(set(made)) == len(made) > 4


def test_without_webgl_the_renderer_draws_alone(served, ids):
    with opened_browser(700, 500, *NO_GL) as plain:
        page = Page(plain, served)
        plain.get(f"{served.address}healthz")
        plain.add_cookie(page.cookie())
        plain.get("about:blank")
        plain.get(f"{served.address}#{link(ids[:3])}")
        page.until("window.viewer && window.viewer.settled > 0")
        shown = page.run(
            "const c = document.getElementById('sky');"
            " return [...c.getContext('2d').getImageData(c.width / 2 - 50, c.height / 2 - 50, 100, 100).data]"
        )
        assert np.std(shown[::4]) > 5


def test_what_needs_the_door_says_so(browser, served):
    page = Page(browser, served)
    browser.get(f"{served.address}healthz")
    browser.delete_all_cookies()
    browser.get(served.address)
    page.until("!document.getElementById('empty').hidden")
    assert "The door is closed" in browser.find_element(By.ID, "empty").text
    assert browser.get_cookies() == []
