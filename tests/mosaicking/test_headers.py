"""What a mosaic's FITS file tells other programs: when, through what, and what its samples mean."""

import numpy as np
import pytest
from astropy import units
from astropy.io import fits
from astropy.nddata import CCDData
from astropy.time import Time
from astropy.wcs import WCS
from astropy.wcs.utils import proj_plane_pixel_area

import jwstpipe

from .scenes import header, wave, write

SHAPE = (40, 44)


def exposure(path, *, begin, seconds, science=(), unit="MJy/sr"):
    """Write an exposure as the JWST pipeline stamps it."""
    placed = header(shape=SHAPE)
    write(path, wave(placed, SHAPE), placed, exposure=seconds, unit=unit)
    start = Time(begin)
    with fits.open(path, mode="update") as opened:
        opened[0].header.update({"TELESCOP": "JWST", "INSTRUME": "NIRCAM", "FILTER": "F200W", "TARGNAME": "NGC 3132"})
        opened[0].header["DATE-OBS"], opened[0].header["TIME-OBS"] = begin.split("T")
        opened[0].header["DATE-BEG"], opened[0].header["DATE-END"] = begin, (start + seconds * units.s).isot
        opened[1].header["MJD-BEG"], opened[1].header["MJD-END"] = start.mjd, (start + seconds * units.s).mjd
        opened[1].header["MJD-AVG"] = (start + seconds / 2 * units.s).mjd
        opened[1].header.update(dict(science))
    return path


@pytest.fixture
def mosaicked(tmp_path):
    def make(*exposures, **kinds):
        files = [exposure(tmp_path / f"e{number}.fits", **one, **kinds) for number, one in enumerate(exposures)]
        notes = jwstpipe.mosaic(files, tmp_path / "m.zarr", fits=tmp_path / "m.fits").notes
        return tmp_path / "m.fits", notes

    return make


FIRST = {"begin": "2022-06-03T10:00:00.000", "seconds": 100.0, "science": {"PHOTMJSR": 1.5, "MAGZP": 25.0}}
SECOND = {"begin": "2022-06-05T10:00:00.000", "seconds": 300.0, "science": {"PHOTMJSR": 1.5, "MAGZP": 25.0}}


def test_other_programs_read_unit_area_times_and_zero_point(mosaicked):
    path, _ = mosaicked(FIRST, SECOND)
    image = CCDData.read(path, hdu=1)
    assert image.unit == units.MJy / units.sr
    assert image.header["PIXAR_SR"] == pytest.approx(
        (proj_plane_pixel_area(image.wcs.celestial) * units.deg**2).to_value(units.sr), rel=1e-9
    )
    assert image.header["PIXAR_A2"] == pytest.approx(0.01, rel=1e-9)
    assert (image.header["PHOTMJSR"], image.header["MAGZP"]) == (1.5, 25.0)
    primary = fits.getheader(path)
    assert (primary["DATE-BEG"], primary["DATE-END"]) == ("2022-06-03T10:00:00.000", "2022-06-05T10:05:00.000")
    middles = Time(["2022-06-03T10:00:50", "2022-06-05T10:02:30"]).mjd
    assert primary["DATE-OBS"] == primary["DATE-BEG"]
    assert Time(primary["DATE-AVG"]).mjd == pytest.approx(primary["MJD-AVG"], abs=1e-7)
    assert primary["MJD-AVG"] == pytest.approx(np.average(middles, weights=[100, 300]), abs=1e-9)
    assert primary["EXPTIME"] == primary["TEXPTIME"] == 400.0
    names = ("TELESCOP", "INSTRUME", "FILTER", "TARGNAME")
    assert [primary[key] for key in names] == ["JWST", "NIRCAM", "F200W", "NGC 3132"]


def test_planes_that_are_no_brightness_carry_no_photometry(mosaicked):
    path, _ = mosaicked(FIRST, SECOND)
    with fits.open(path) as opened:
        for name in ("WHT", "N"):
            assert not {"PHOTMJSR", "MAGZP", "BUNIT"} & set(opened[name].header)
            assert WCS(opened[name].header).wcs.compare(WCS(opened["SCI"].header).wcs, tolerance=1e-12)


def test_inputs_that_differ_hand_on_no_value_and_zero_points_are_spoken_of(mosaicked):
    other = SECOND | {"science": {"PHOTMJSR": 1.6, "MAGZP": 25.4}}
    path, notes = mosaicked(FIRST, other)
    science = fits.getheader(path, 1)
    assert "PHOTMJSR" not in science
    assert "MAGZP" not in science
    assert any("zero points" in note and "25 to 25.4" in note for note in notes)


def test_a_date_that_one_input_lacks_or_garbles_is_not_made_up(mosaicked, tmp_path):
    mosaicked(FIRST, SECOND)
    with fits.open(tmp_path / "e1.fits", mode="update") as opened:
        opened[0].header["DATE-END"] = "around noon"
        opened[1].header["MJD-AVG"] = 1e30
        del opened[1].header["MJD-BEG"]
    again = tmp_path / "again.fits"
    jwstpipe.mosaic([tmp_path / "e0.fits", tmp_path / "e1.fits"], tmp_path / "again.zarr", fits=again)
    primary = fits.getheader(again)
    assert "DATE-END" not in primary
    assert not {"MJD-AVG", "DATE-AVG", "MJD-BEG", "MJD-OBS"} & set(primary)
    assert primary["DATE-BEG"] == "2022-06-03T10:00:00.000"
