"""The page of a cube: its slices and what a pixel does along them, against the samples of the file."""

import io
import math

import numpy as np
import pytest
import requests
from astropy.io import fits
from astropy.visualization import AsinhStretch
from PIL import Image

from jwstpipe.settings import Settings
from jwstpipe.viewer.server.guard import Access
from jwstpipe.viewer.server.library import Library
from jwstpipe.viewer.server.serve import serving_viewer
from jwstpipe.viewer.sources import Sources
from jwstpipe.viewer.viewing import Viewing
from tests.operations.conftest import CUBE, Site
from tests.viewer.page import Page

PASSWORD = ("jwstpipe", "word")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    site = Site(tmp_path_factory.mktemp("cubes"))
    (site.root / "incoming").mkdir()
    site.cubes = site.fill_cube()
    site.settings = Settings(home=site.root)
    return site


@pytest.fixture(scope="module")
def door(home):
    viewing = Viewing(Sources(library=Library(home.settings)))
    with serving_viewer(viewing, Access(b"cubes", "jwstpipe:word"), port=0, settings=home.settings) as running:
        yield running


@pytest.fixture(scope="module")
def samples(home):
    return fits.getdata(home.root / "incoming" / CUBE, "SCI").astype(float)


@pytest.fixture(scope="module")
def ask(door, home):
    def asking(path, status=200):
        answer = requests.get(f"{door.address}api/cube/{home.cubes[0]}{path}", auth=PASSWORD)
        assert answer.status_code == status, answer.text
        return answer

    return asking


def test_a_slice_is_drawn_between_limits_that_all_share(ask, samples):
    facts = ask("").json()
    assert (facts["slices"], facts["height"], facts["width"]) == samples.shape
    assert len(facts["microns"]) == samples.shape[0]
    assert facts["microns"][0] == pytest.approx(5.31, abs=1e-3)
    low, high = facts["low"], facts["high"]
    drawn = np.asarray(Image.open(io.BytesIO(ask("/slice/30").content)))[::-1]
    seen = np.isfinite(samples[30])
    assert ((drawn[..., 1] == 255) == seen).all()
    wanted = AsinhStretch(0.1)(np.clip((samples[30][seen] - low) / (high - low), 0.0, 1.0), clip=False)
    assert np.abs(drawn[..., 0][seen] - wanted * 255.0).max() <= 0.51
    straight = np.asarray(Image.open(io.BytesIO(ask(f"/slice/30?low=0&high={high}&stretch=linear").content)))[::-1]
    assert np.abs(straight[..., 0][seen] - np.clip(samples[30][seen] / high, 0.0, 1.0) * 255.0).max() <= 0.51
    for path, status in (
        ("/slice/999", 404), ("/slice/0?low=2&high=1", 400), ("/slice/0?stretch=x", 400), ("/along/99,0", 400),
    ):  # fmt: skip
        assert ask(path, status).json()["error"]


def test_a_pixel_is_followed_through_all_slices(ask, samples):
    told = ask("/along/5,6").json()
    assert told["exact"]
    values = [math.nan if value is None else value for value in told["low"]]
    assert values == pytest.approx(samples[:, 6, 5].tolist(), rel=1e-6, nan_ok=True)


def test_slices_turn_play_and_lead_to_spectra_by_hand(browser, door, home, samples):
    page = Page(browser, door)
    browser.get(f"{door.address}healthz")
    browser.add_cookie(page.cookie())
    browser.get("about:blank")
    browser.get_log("browser")
    browser.get(f"{door.address}#v=1&panel=cube&i={home.cubes[0]}&slice=7")
    page.until("window.cube && window.cube.shown === 7")
    page.run("cube.canvas.dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowRight'}))")
    page.until("cube.shown === 8 && location.hash.includes('slice=8')")
    page.run("cube.take(5, 6)")
    page.until("cube.plot.curves.length === 1 && cube.plot.curves[0].x.length === arguments[0]", samples.shape[0])
    brightest = int(np.nanargmax(samples[:, 6, 5]))
    page.run("cube.turn(cube.nearest(arguments[0]))", page.run(f"return cube.facts.microns[{brightest}]"))
    page.until("cube.shown === arguments[0]", brightest)
    page.run("cube.speed = 15; cube.play()")
    page.until("cube.shown !== arguments[0] && cube.playing", brightest)
    page.run("cube.play()")
    assert page.run("return cube.playing") == 0
    assert page.complaints() == []


def test_the_spectrum_of_a_circle_is_the_sum_of_what_lies_in_it(ask, samples, home):
    """Against photutils' exact shares of pixels, slice by slice."""
    from photutils.aperture import CircularAperture

    told = ask("/region?region=image;circle(6,7,1.7)").json()
    area = fits.getheader(home.root / "incoming" / CUBE, "SCI")["PIXAR_SR"]
    circle = CircularAperture((5.0, 6.0), 1.7)
    sums = np.array([circle.do_photometry(one, method="exact")[0][0] for one in samples]) * area * 1e6
    found = np.array([math.nan if value is None else value for value in told["low"]])
    seen = np.isfinite(sums) & np.isfinite(found)
    assert seen.sum() > 10
    assert found[seen] == pytest.approx(sums[seen], rel=2e-3)
    assert told["unit"] == "Jy"
    for wrong in ("seg.fits", "image;circle(900,900,2)", "@file"):
        assert ask(f"/region?region={wrong}", 400 if "circle" not in wrong else 404).json()["error"]
