"""Pages of what is no picture: the numbers of the files, as a screen shows them."""

import numpy as np
import pytest
import requests
from astropy.io import fits
from astropy.table import Table

from jwstpipe.catalog.catalog import open_catalog
from jwstpipe.errors import UsageError
from jwstpipe.viewer.data.rows import open_rows
from jwstpipe.viewer.data.spectra import curve, opened_spectra, spectra_facts
from jwstpipe.viewer.server.guard import Access
from jwstpipe.viewer.server.library import Library
from jwstpipe.viewer.server.serve import serving_viewer
from jwstpipe.viewer.sources import Sources
from jwstpipe.viewer.viewing import Viewing
from tests.viewer.page import Page
from tests.viewer.test_pages import home  # noqa: F401 - a home of its own

SAMPLES = 20_000
PASSWORD = ("jwstpipe", "word")


def samples():
    """Noise about a slope, one narrow line, and a stretch without data."""
    rng = np.random.default_rng(5)
    waves = np.linspace(1.0, 5.0, SAMPLES)
    flux = 2.0 + 0.1 * waves + rng.normal(0.0, 0.05, SAMPLES)
    flux[7321] = 9.0
    flux[11_000:12_000] = np.nan
    return waves, flux, np.full(SAMPLES, 0.05)


def write_spectra(path):
    waves, flux, error = samples()
    tables = [
        fits.BinTableHDU.from_columns(
            [fits.Column("WAVELENGTH", "D", unit="um", array=waves),
             fits.Column("FLUX", "D", unit="Jy", array=flux * scale),
             fits.Column("FLUX_ERROR", "D", unit="Jy", array=error)], name="EXTRACT1D",
        ) for scale in (1.0, 3.0)
    ]  # fmt: skip
    primary = fits.PrimaryHDU(header=fits.Header([("TELESCOP", "JWST"), ("INSTRUME", "NIRSPEC"), ("TARGNAME", "A")]))
    path.parent.mkdir(parents=True, exist_ok=True)
    fits.HDUList([primary, *tables]).writeto(path)


@pytest.fixture(scope="module")
def spectra(tmp_path_factory):
    path = tmp_path_factory.mktemp("spectra") / "a_x1d.fits"
    write_spectra(path)
    return opened_spectra(str(path))


def test_nothing_that_stands_out_is_lost_on_the_columns_of_a_screen(spectra):
    waves, flux, error = samples()
    drawn = curve(spectra[0], 1.0, 5.0, 700)
    assert (len(drawn["x"]), drawn["exact"]) == (700, False)
    edges = np.linspace(1.0, 5.0, 701)
    for number in (0, 300, int(np.searchsorted(edges, waves[7321])) - 1, 699):
        inside = (waves >= edges[number]) & ((waves < edges[number + 1]) | (number == 699))
        assert drawn["low"][number] == pytest.approx(np.nanmin(flux[inside]), rel=1e-12)
        assert drawn["high"][number] == pytest.approx(np.nanmax(flux[inside]), rel=1e-12)
        assert drawn["above"][number] == pytest.approx(np.nanmax((flux + error)[inside]), rel=1e-12)
    assert max(value for value in drawn["high"] if value is not None) == 9.0
    gap = (np.array(drawn["x"]) > waves[11_010]) & (np.array(drawn["x"]) < waves[11_990])
    assert gap.sum() > 20
    assert all(drawn["low"][number] is None for number in np.flatnonzero(gap))


def test_a_small_part_shows_the_samples_themselves(spectra):
    waves, flux, _ = samples()
    drawn = curve(spectra[0], float(waves[7300]), float(waves[7400]), 700)
    assert drawn["exact"]
    inside = np.array(drawn["x"])
    assert np.isin(waves[7300:7401], inside).all()
    first = int(np.flatnonzero(waves == inside[0])[0])
    assert drawn["low"] == drawn["high"] == flux[first : first + len(inside)].tolist()
    for wrong in ((2.0, 2.0, 100), (1.0, float("nan"), 100), (1.0, 2.0, 1), (1.0, 2.0, 100_000)):
        with pytest.raises(UsageError):
            curve(spectra[0], *wrong)


def test_spectra_say_what_they_are(spectra):
    told = spectra_facts(spectra)
    assert [one["unit"] for one in told] == ["Jy", "Jy"]
    assert told[0]["ends"] == (1.0, 5.0)
    assert (told[0]["samples"], told[0]["valid"]) == (SAMPLES, SAMPLES - 1000)


def test_spectra_are_read_in_parts(tmp_path):
    write_spectra(tmp_path / "a_x1d.fits")
    (second,) = opened_spectra(str(tmp_path / "a_x1d.fits"), first=1)
    assert np.nanmax(second.flux) == 27.0
    assert not opened_spectra(str(tmp_path / "a_x1d.fits"), first=2)


def test_pages_of_a_table_above_memory_read_what_they_show(tmp_path):
    """Eight gigabytes of zeros that take no room on a disk, and one row with numbers."""
    rows, columns = 10_000_000, 100
    small = fits.BinTableHDU(Table({f"c{n}": np.zeros(1) for n in range(columns)}))
    small.header["NAXIS2"] = rows
    begin = fits.PrimaryHDU().header.tostring().encode() + small.header.tostring().encode()
    path = tmp_path / "large.fits"
    with path.open("wb") as file:
        file.write(begin)
        file.seek(len(begin) + 9_999_990 * 8 * columns)
        file.write(np.arange(columns, dtype=">f8").tobytes())
        file.truncate(len(begin) + -(-8 * columns * rows // 2880) * 2880)
    table = open_rows(path)
    page = table.page(start=9_999_985, count=100)
    assert (page["total"], len(page["rows"])) == (rows, 15)
    assert page["rows"][5] == {"row": 9_999_990, "cells": [float(n) for n in range(columns)]}
    assert page["rows"][4]["cells"] == [0.0] * columns
    with pytest.raises(UsageError, match="no column"):
        table.page(start=0, count=10, sort="none")


@pytest.fixture(scope="module")
def door(home):  # noqa: F811
    write_spectra(home.settings.home / "store" / "mast" / "a_x1d.fits")
    catalogue = Table({"id": np.arange(1000), "name": [f"star {n % 7}" for n in range(1000)]})
    catalogue["flux"] = np.arange(1000.0)[::-1]
    catalogue["flux"].unit = "Jy"
    catalogue["shape"] = np.zeros((1000, 2))
    catalogue.write(home.settings.home / "store" / "mast" / "a_cat.ecsv")
    with open_catalog(home.address) as catalog:
        for identity, name in (("spectra", "a_x1d.fits"), ("rows", "a_cat.ecsv")):
            changes = {
                "product_id": identity,
                "file_name": name,
                "storage_key": f"mast/{name}",
                "digest": None,
                "uri": name,
                "slot": name,
            }
            catalog.publish(catalog.get(home.archive[0]).model_copy(update=changes))
    sources = Sources(library=Library(home.settings))
    with serving_viewer(Viewing(sources), Access(b"data", "jwstpipe:word"), port=0, settings=home.settings) as running:
        yield running


def test_a_spectrum_opens_from_its_card(browser, door):
    page = Page(browser, door)
    browser.get(f"{door.address}healthz")
    browser.add_cookie(page.cookie())
    browser.get("about:blank")
    browser.get_log("browser")
    browser.get(f"{door.address}#v=1&panel=library")
    page.until("[...document.querySelectorAll('.product .kind')].some((one) => one.textContent === 'Plot')")
    page.run("[...document.querySelectorAll('.product .kind')].find((one) => one.textContent === 'Plot').click()")
    page.until("window.plot && window.plot.curves.length === 1 && window.plot.curves[0].x.length > 100")
    assert page.run("return Math.max(...window.plot.curves[0].high)") == 9.0
    page.run("window.plot.show(2.4, 2.5)")
    page.until("window.plot.curves[0].exact && window.plot.curves[0].x.length < 600")
    page.run("document.querySelector('[data-n=\"1\"]').click()")
    page.until("window.plot.curves.length === 2")
    page.run("document.querySelector('[aria-label=\"show lines\"]').click()")
    marks = {mark["text"]: mark["at"] for mark in page.run("return window.plot.marks")}
    assert marks["Pa\u03b2"] == pytest.approx(1.28216, abs=1e-5)  # in vacuum, as NIST has it
    assert marks["PAH 3.29"] == 3.29
    assert "H\u03b1" not in marks  # beyond the ends
    page.run("document.querySelector('[data-page=library]').click()")
    page.until("document.querySelectorAll('.product').length > 3")
    assert page.complaints() == []


def test_the_rows_of_a_table_are_sorted_and_searched_page_by_page(door):
    def page(**words):
        return requests.get(f"{door.address}api/rows/rows", params=words, auth=PASSWORD).json()

    first = page(count=10, sort="flux")
    assert first["total"] == 1000
    assert [row["cells"][0] for row in first["rows"]] == list(range(999, 989, -1))
    assert {column["name"]: column["unit"] for column in first["columns"]} == {"id": "", "name": "", "flux": "Jy"}
    assert first["left_out"] == ["shape"]
    assert page(text="star 3")["total"] == sum(n % 7 == 3 for n in range(1000))
    assert page(start=995)["rows"][-1]["cells"][0] == 999


def test_data_are_refused_to_those_who_may_not_see_them(door):
    for path, status in (
        ("spectra/spectra", 200), ("spectra/spectra/0?columns=50", 200), ("spectra/spectra/9", 404),
        ("spectra/nothing", 404), ("spectra/spectra/0?columns=x", 400), ("spectra/spectra/0?first=5&last=1", 400),
        ("rows/nothing", 404), ("rows/rows?sort=x", 400), ("rows/rows?count=501", 400), ("rows/rows?start=-1", 400),
    ):  # fmt: skip
        answer = requests.get(f"{door.address}api/{path}", auth=PASSWORD)
        assert answer.status_code == status, path
