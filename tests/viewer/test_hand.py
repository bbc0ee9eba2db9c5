"""What a hand does on the page: regions, comparisons, sources; against the library's own numbers."""

import numpy as np
import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By

import jwstpipe
from jwstpipe.analysis.pixels.report import statistics
from jwstpipe.requests.analysis.statistics import StatisticsRequest
from jwstpipe.viewer.state import ViewState, link_of, read_link
from tests.viewer.page import Page
from tests.viewer.scenes import SKY


@pytest.fixture(scope="module")
def page(browser, served, ids):
    opened = Page(browser, served)
    opened.ids = ids[:3]
    return opened


def view(page, **more):
    return link_of(ViewState(images=tuple(page.ids), **more))


def test_a_region_drawn_by_hand_is_measured_as_the_command_does(page, mosaics):
    page.open(view(page))
    page.run("document.getElementById('tab-regions').click(); document.querySelector('[data-tool=circle]').click()")
    surface = page.browser.find_element(By.ID, "over")
    ActionChains(page.browser).move_to_element_with_offset(surface, -40, -30).click_and_hold().move_by_offset(
        55, 20
    ).release().perform()
    page.until("viewer.regions.measured")
    state, _ = read_link(page.run("viewer.model.writeLink(); return location.href"))
    (region,) = state.regions
    assert region.startswith("icrs;circle(")
    told = page.run("return viewer.regions.measured")
    rows = statistics([str(store) for store in mosaics], options=StatisticsRequest(region=(region,)))
    for truth, row in zip(rows, told, strict=True):
        assert row["count"] == truth["count"] > 1000
        for name in ("mean", "median", "std", "total", "minimum", "maximum"):
            assert row[name] == pytest.approx(truth[name], rel=1e-6)
    page.run("viewer.regions.label(0, 'the {cliff}'); viewer.regions.choose(0)")
    page.until("viewer.regions.measured")
    state, _ = read_link(page.run("viewer.model.writeLink(true); return location.href"))
    assert state.regions == (f"{region} # text={{the cliff}}",)
    again = page.run("return viewer.regions.measured")
    assert [row["total"] for row in again] == [row["total"] for row in told]


@pytest.mark.exhaustive("test_a_region_drawn_by_hand_is_measured_as_the_command_does")
def test_a_blink_changes_pixels_and_side_by_side_moves_both(page):
    page.open(view(page))
    page.run("document.getElementById('tab-compare').click(); viewer.compare.choose('side')")
    before = page.pixels(exact=True)
    middle = before.shape[1] // 2
    assert np.abs(before[:, : middle - 4] - before[:, middle + 4 :][:, : middle - 4]).mean() > 0.5
    page.run("viewer.stage.view.pin(...viewer.stage.view.toImage(0, 0), 60, 40); viewer.stage.moved()")
    after = page.pixels(exact=True)
    for half in (np.s_[:, :middle], np.s_[:, middle:]):
        assert np.abs(after[half] - before[half]).mean() > 0.5
    page.run("viewer.compare.choose('blink'); clearInterval(viewer.compare.timer)")
    shown = []
    for second in ("false", "true"):
        page.run(f"viewer.stage.compare.second = {second}")
        shown.append(page.pixels(exact=True))
    assert np.abs(shown[0] - shown[1]).mean() > 0.5
    page.run("viewer.compare.choose('difference')")
    assert np.abs(page.pixels(exact=True) - shown[0]).mean() > 0.5


@pytest.mark.exhaustive("test_a_region_drawn_by_hand_is_measured_as_the_command_does")
def test_a_row_leads_to_its_place_and_a_place_to_its_row(page):
    page.open(view(page, fov=0.004, at=SKY))
    page.until("viewer.sources.marks.length === 2")
    page.run("document.querySelector('#sheet-sources tr[data-row=\"1\"]').click()")
    u, v = page.run("return [viewer.stage.view.u, viewer.stage.view.v]")
    ra, dec = page.run("return viewer.model.plane.toSky(arguments[0] - 0.5, arguments[1] - 0.5)", u, v)
    assert (ra, dec) == pytest.approx((SKY[0] + 0.001, SKY[1] + 0.0005), abs=1e-9)
    page.settle()
    page.run(
        "const [x, y] = viewer.model.plane.toPixel(arguments[0], arguments[1]);"
        " return viewer.sources.tap(...viewer.stage.view.toScreen(x + 0.5, y + 0.5))", *SKY,
    )  # fmt: skip
    assert page.run("return document.querySelector('#sheet-sources tr.chosen').dataset.row") == "0"


@pytest.mark.exhaustive("test_a_region_drawn_by_hand_is_measured_as_the_command_does")
def test_numbers_of_a_colour_bar_keep_apart(page):
    page.open(view(page))
    words = [{"at": at, "wide": wide} for at, wide in ((0, 40), (42, 40), (90, 40), (140, 40), (160, 40))]
    found = page.browser.execute_async_script(
        "const done = arguments[1]; import('./static/js/colourbar.js').then((one) => done(one.apart(arguments[0])))",
        words,
    )
    assert found == [words[0], words[2], words[4]]  # both ends stay, and nothing touches
    assert page.run("const title = document.getElementById('title'); return title.scrollWidth <= title.clientWidth")


def test_a_colour_bar_tells_the_limits_of_the_stretch(page):
    page.open(view(page))
    told = page.run(
        "const {valueAt} = await import('./static/js/colourbar.js'); const m = viewer.model;"
        " return m.look.order.map((n) => { const c = m.look.channels[n];"
        " const t = m.tables.get(`${n}/${c.table}`), how = m.facts.channels[n].companding;"
        " return [valueAt(t, 0, how), valueAt(t, 1, how), c.stretch.lo, c.stretch.hi]; })"
    )
    for low, high, lo, hi in told:
        assert (low, high) == pytest.approx((lo, hi), rel=2e-3)
    check_dragging(page)
    page.run("viewer.overlay.toggle(['footprints'])")
    page.until("viewer.outlines.found && viewer.outlines.found.length === 3")


def check_dragging(page):
    """A channel let go on another changes colours with it; on the lightness, it brings that."""
    colours = page.run("return viewer.model.look.channels.map((one) => one.colour)")
    cards = page.browser.find_elements(By.CSS_SELECTOR, "#channels .card")
    handles = page.browser.find_elements(By.CSS_SELECTOR, "#channels .handle")
    ActionChains(page.browser).click_and_hold(handles[0]).move_to_element(cards[2]).release().perform()
    page.until("viewer.model.look.channels[2].colour === arguments[0] && !viewer.model.asking", colours[0])
    now = page.run("return viewer.model.look.channels.map((one) => one.colour)")
    assert now == [colours[2], colours[1], colours[0]]
    slot = page.browser.find_element(By.CSS_SELECTOR, ".slot")
    ActionChains(page.browser).click_and_hold(handles[1]).move_to_element(slot).release().perform()
    page.until("viewer.model.look.luminance && viewer.model.look.luminance.image === 1")


@pytest.mark.exhaustive("tests/viewer/test_page.py::test_what_stands_still_is_the_export_and_what_moves_a_step_from_it")
def test_a_link_is_rendered_by_the_command(page, mosaics, tmp_path, monkeypatch, capsys):
    from jwstpipe.cli.main import main

    page.open(view(page, wishes={"preset": "natural", "channels": (f"{page.ids[1]}=orange",)}))
    page.settle("viewer.stage.view.scale = 1; viewer.stage.moved()")
    address = page.run("viewer.model.writeLink(); return location.href")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as done:
        main(["composite", *map(str, mosaics), "--view", address, "-o", "seen.png", "--size", "300"])
    assert done.value.code == 0, capsys.readouterr().err
    state, _ = read_link(address)
    jwstpipe.composite(mosaics, tmp_path / "own.png", options=state.wishes, size=300)
    assert (tmp_path / "seen.png").read_bytes() == (tmp_path / "own.png").read_bytes()


def test_a_notebook_shows_the_page_in_a_frame(page, mosaics, tmp_path):
    import requests

    from jwstpipe.settings import Settings

    with jwstpipe.view(mosaics, settings=Settings(home=tmp_path), height=300) as shown:
        html = shown._repr_html_()
        assert f'src="{shown.running.address}#token=' in html
        answer = requests.get(shown.running.address)
        assert "frame-ancestors http://127.0.0.1:* http://localhost:*" in answer.headers["content-security-policy"]
        entered = requests.post(f"{shown.running.address}api/enter", json={"token": shown.running.access.token}).json()
        held = {"authorization": f"Bearer {entered['session']}"}
        assert len(requests.get(f"{shown.running.address}api/images", headers=held).json()) == 3
