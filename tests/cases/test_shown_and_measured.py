"""Units as publications write them, beams that differ, pictures of one colour, and places that other readers read."""

import numpy as np
import pytest
from astropy.coordinates import FK5, SkyCoord
from astropy.io import fits
from astropy.wcs import WCS

from jwstpipe.display.colour.names import WHITE
from jwstpipe.errors import DataError
from jwstpipe.images.open import open_image
from jwstpipe.mosaicking.build import mosaic
from jwstpipe.mosaicking.inputs.brightness_units import quantity_of, same_unit
from jwstpipe.mosaicking.planning import plan_mosaic
from jwstpipe.render.composite import composite
from jwstpipe.render.geometry.frame import Frame
from jwstpipe.render.geometry.placement import place_on_sky
from jwstpipe.render.layers import Channel
from jwstpipe.requests import CompositeRequest, MosaicOptions
from jwstpipe.sky.box import Box
from tests.mosaicking.scenes import header, write

SHAPE = (40, 50)

BRIGHTNESSES = (
    "MJy sr^{-1}", "MJy sr$^{-1}$", "MJy sr\u22121", "MJy sr\u207b\u00b9", "Jy beam^{-1}", "Jy beam\u22121",
    "MJy (sr)^-1", "count s-1 (deg^2)-1", "erg s-1 cm-2 (arcsec)-2", "MJy/\u2033\u00b2", "Jy/'^2", "L_sun/pc^2",
    "M_sun pc-2",
)  # fmt: skip
FLUXES = (
    "erg cm$^{-2}$ s$^{-1}$",
    "W m\u207b\u00b2 \u00b5m\u207b\u00b9",
    "DN (s)-1",
    "10^{-17} erg/s/cm^{2}",
    "ct/s/keV",
)
NOT_KNOWN = {
    "Jy2": "a power of a flux", "(DN/s)^2": "a power of a flux", "electron / DN": "a ratio", "ct/Jy": "a ratio",
    "Jy sr": "multiplied by an area", "erg/cm2/s/arcsec**(-2)": "multiplied by an area", "K km/s pc2": "by an area",
}  # fmt: skip


@pytest.mark.parametrize("unit", BRIGHTNESSES)
def test_brightness_in_the_signs_of_publications_stays(unit):
    assert quantity_of(unit, "auto") == (False, "")


@pytest.mark.parametrize("unit", FLUXES)
def test_fluxes_in_the_signs_of_publications_change_with_the_area(unit):
    assert quantity_of(unit, "auto") == (True, "")


@pytest.mark.parametrize("unit", NOT_KNOWN)
def test_powers_ratios_and_products_are_not_scaled_and_told(unit):
    is_flux, note = quantity_of(unit, "auto")
    assert not is_flux
    assert NOT_KNOWN[unit] in note


def test_units_that_differ_by_nine_and_more_orders_are_not_one():
    assert not same_unit("PW/m2", "pW/m2")
    assert not same_unit("MK", "mK")
    assert same_unit("MJy sr^{-1}", "MJy/sr")


def in_a_beam(path, unit, major):
    cards = header(shape=SHAPE)
    cards["BMAJ"], cards["BMIN"], cards["BPA"] = major, 1e-3, 0.0
    return write(path, np.full(SHAPE, 4.0), cards, unit=unit)


def test_brightness_in_beams_of_two_sizes_is_not_averaged(tmp_path):
    one, other = in_a_beam(tmp_path / "a.fits", "Jy/beam", 1e-3), in_a_beam(tmp_path / "b.fits", "Jy/beam", 2e-3)
    with pytest.raises(DataError, match=r"beams of the images differ: 3\.6 x 3\.6 arcsec \(a\.fits\), 7\.2 x 3\.6"):
        plan_mosaic([one, other])
    kelvin = [in_a_beam(tmp_path / f"{major}.fits", "K", major) for major in (1e-3, 2e-3)]
    assert plan_mosaic(kelvin).unit == "K"


def test_the_beam_stays_with_samples_that_are_per_beam(tmp_path):
    pair = [in_a_beam(tmp_path / f"{number}.fits", "Jy/beam", 1.5e-3) for number in range(2)]
    mosaic(pair, tmp_path / "m.zarr", fits=tmp_path / "m.fits")
    found = fits.getheader(tmp_path / "m.fits", "SCI")
    assert (found["BMAJ"], found["BMIN"], found["BPA"]) == (1.5e-3, 1e-3, 0.0)


def test_sums_beyond_32_bits_are_refused(tmp_path):
    pair = [write(tmp_path / f"{name}.fits", np.full(SHAPE, 3e38), header(shape=SHAPE)) for name in "ab"]
    with pytest.raises(DataError, match=r"beyond what 32-bit floats hold.*--combine mean"):
        mosaic(pair, tmp_path / "m.zarr", options=MosaicOptions(combine="sum"))
    assert not (tmp_path / "m.zarr").exists()
    mosaic(pair, tmp_path / "m.zarr")
    found = open_image(tmp_path / "m.zarr").read()
    assert np.nanmax(found) == np.float32(3e38)
    assert not np.isinf(found).any()


def placed(path, projection, equinox=None, **cards):
    sky = header(shape=SHAPE, scale=36.0, projection=projection, dec=40.0)
    if equinox is not None:
        sky["RADESYS"], sky["EQUINOX"] = "FK5", equinox
    sky.update(cards)
    fits.PrimaryHDU(np.random.default_rng(1).normal(10, 1, SHAPE).astype("f4"), sky).writeto(path)
    return sky


@pytest.mark.parametrize(
    ("projection", "equinox"), [("ZEA", None), ("SFL", None), ("STG", None), ("TAN", 1975.0), ("ZEA", 2015.5)]
)
def test_other_readers_place_pictures_of_any_projection_and_equinox(tmp_path, projection, equinox):
    pyavm = pytest.importorskip("pyavm")
    sky = placed(tmp_path / "a.fits", projection, equinox)
    made = composite([Channel(open_image(tmp_path / "a.fits"), WHITE)], tmp_path / "p.jpg")
    read = pyavm.AVM.from_image(str(made.path))
    assert read.Spatial.Quality == "Full"
    y, x = (axis.ravel() for axis in np.mgrid[: SHAPE[0], : SHAPE[1]].astype(float))
    lon, lat = WCS(sky).all_pix2world(x, y, 0)
    if equinox is not None:
        moved = SkyCoord(lon, lat, unit="deg", frame=FK5(equinox=f"J{equinox}")).icrs
        lon, lat = moved.ra.deg, moved.dec.deg
    back = read.to_wcs().wcs_world2pix(lon, lat, 0)
    assert np.hypot(back[0] - x, back[1] - y).max() < 0.5


def test_the_cards_of_a_picture_keep_the_projection_of_its_image(tmp_path):
    placed(tmp_path / "a.fits", "ZEA")
    found = place_on_sky(open_image(tmp_path / "a.fits"), Frame(0, Box.of_shape(SHAPE), SHAPE))
    assert found.projection == "TAN"
    assert "RA---ZEA" in found.cards


def picture(tmp_path, pixels, **options):
    write(tmp_path / "a.fits", pixels, header(shape=SHAPE))
    return composite(
        [Channel(open_image(tmp_path / "a.fits"), WHITE)], tmp_path / "p.png", options=CompositeRequest(**options)
    ).quality


@pytest.mark.parametrize("value", [0.0, 7.0, -3.0])
def test_a_picture_of_one_value_is_rated_low_and_told(tmp_path, value):
    found = picture(tmp_path, np.full(SHAPE, value), preset="auto")
    assert found.score == 1.0
    assert found.warning


def test_a_picture_whose_limits_are_far_apart_is_rated_low_and_told(tmp_path):
    noise = np.random.default_rng(1).normal(10, 1, SHAPE)
    found = picture(tmp_path, noise, low=-1e9, high=1e9, stretch="linear", preset="auto")
    assert found.score == 1.0
    assert "one colour" in found.warning


def test_a_picture_of_black_and_one_other_colour_shows_something(tmp_path):
    halves = np.where(np.arange(SHAPE[1]) < 25, 0.0, 1.0) * np.ones(SHAPE)
    found = picture(tmp_path, halves, low=0.0, high=1.0, stretch="linear")
    assert found.score > 2.0
    assert not found.warning


@pytest.mark.parametrize(("low", "high", "told"), [(1.0, 99.0, True), (0.0, 99.9, True), (-1.0, 99.0, False)])
def test_values_that_look_like_percentiles_are_told(capsys, low, high, told):
    from jwstpipe.cli.pictures import _tell_values

    _tell_values(low, high)
    assert ("values in the unit of the images" in capsys.readouterr().err) is told
