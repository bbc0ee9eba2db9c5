"""Distortions and spellings of real headers: positions are those of astropy.wcs, or the file is refused by name."""

import warnings
from pathlib import Path

import astropy.wcs
import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from jwstpipe.errors import TransformError
from jwstpipe.images.convert import convert
from jwstpipe.images.open import open_image
from jwstpipe.sky.celestial import CelestialWcs
from jwstpipe.sky.wcs.header_repairs import repaired_cards

ASTROPY = Path(astropy.wcs.__file__).parent / "tests" / "data"
"""Real headers and files that astropy brings along for its own tests."""

PLAIN = {
    "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 150.0, "CRVAL2": 2.0, "CRPIX1": 50.5, "CRPIX2": 40.5,
    "CD1_1": -1 / 3600, "CD1_2": 0.0, "CD2_1": 0.0, "CD2_2": 1 / 3600,
}  # fmt: skip


def truth(path, index, x, y):
    with warnings.catch_warnings(), fits.open(path) as opened:
        warnings.simplefilter("ignore")
        return WCS(opened[index].header, fobj=opened).celestial.all_pix2world(x, y, 0)


def pixels_of(shape):
    y, x = np.meshgrid(np.linspace(0, shape[0] - 1, 9), np.linspace(0, shape[1] - 1, 9), indexing="ij")
    return x.ravel(), y.ravel()


def offset_px(image, lon, lat, x, y):
    wcs = image.wcs.exact(name=image.address)
    found_lon, found_lat = wcs.to_sky(x, y)
    apart = np.hypot((found_lon - lon) * np.cos(np.radians(lat)), found_lat - lat)
    back_x, back_y = wcs.to_pixel(found_lon, found_lat)
    assert np.hypot(back_x - x, back_y - y).max() < 1e-6
    return apart.max() * 3600 / wcs.scale_arcsec


def header(**cards):
    found = fits.Header()
    for key, value in (PLAIN | cards).items():
        if value is not None:
            found[key] = value
    return found


def cards_of(found, *raw):
    return found.tostring(endcard=False, padding=False) + "".join(card.ljust(80) for card in raw)


@pytest.mark.parametrize(
    ("name", "file"), [("wcs_lookup_tables", "lookup.fits"), ("wcs_tnx_wat_cards", "tnx.fits"),
                       ("wcs_sip_with_scamp_pv", "sip_pv.fits"), ("wcs_cd001001", "cd001001.fits")],
)  # fmt: skip
def test_cases_lie_where_astropy_has_them(case, name, file):
    image = open_image(case(name) / file)
    x, y = pixels_of(image.shape)
    assert offset_px(image, *truth(case(name) / file, 0, x, y), x, y) < 1e-6


@pytest.mark.parametrize("number", range(6))
def test_units_of_angles_are_read_in_every_spelling_and_told(case, number):
    image = open_image(case("wcs_cunit_spellings") / f"cunit_{number}.fits")
    x, y = pixels_of(image.shape)
    plain = WCS(header()).all_pix2world(x, y, 0)
    assert offset_px(image, *plain, x, y) < 1e-6
    assert "is read as 'deg'" in image.wcs.repairs[0]


def test_a_unit_that_is_no_angle_is_named():
    with pytest.raises(TransformError, match="CUNIT1 = 'furlong' is not a unit of angles"):
        CelestialWcs.from_cards(cards_of(header(CUNIT1="furlong", CUNIT2="furlong")), name="x.fits")


@pytest.mark.parametrize(
    ("name", "plane"), [("dist_lookup.fits.gz", "sci"), ("j94f05bgq_flt.fits", "sci"),
                        ("dss.14.29.56-62.41.05.fits.gz", "sci"), ("header_newlines.fits", "sci")],
)  # fmt: skip
def test_real_files_lie_where_astropy_has_them(name, plane):
    image = open_image(ASTROPY / name)
    x, y = pixels_of(image.shape)
    assert offset_px(image, *truth(ASTROPY / name, image.plane_hdus[plane].index, x, y), x, y) < 1e-6


@pytest.mark.parametrize("planes", ["all", "science"])
def test_tables_of_a_distortion_travel_into_the_store(case, tmp_path, planes):
    source = case("wcs_lookup_tables") / "lookup.fits"
    convert(source, tmp_path / "a.zarr", planes=planes)
    image, stored = open_image(source), open_image(tmp_path / "a.zarr")
    assert stored.wcs.tables == image.wcs.tables
    assert stored.wcs.digest == image.wcs.digest
    x, y = pixels_of(image.shape)
    assert offset_px(stored, *truth(source, 0, x, y), x, y) < 1e-6


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (["CPDIS1  = 'Splines'", "CPDIS2  = 'Splines'"], "cannot be used|not read"),
        (["D2IMDIS1= 'Polynomial'"], "D2IMDIS1 = 'Polynomial' is a distortion that is not read"),
        (["CPDIS1  = 'LOOKUP'", "CPDIS2  = 'LOOKUP'"], "WCSDVARR"),
        ([f"CO{i}_{j}   = 1.0" for i in (1, 2) for j in (1, 2, 3)], "plate polynomial"),
        (["A_2_0   = 1e-4"], "A_2_0 of a SIP distortion stands without A_ORDER"),
        (["PV1_1   = 'x'"], "PV1_1 = 'x' is not a number"),
    ],
)
def test_what_nobody_reads_is_refused_by_name(raw, said):
    with pytest.raises(TransformError, match=said):
        CelestialWcs.from_cards(cards_of(header(), *raw), name="x.fits")


@pytest.mark.parametrize("key", ["CRVAL1", "CD1_1", "CRPIX2"])
@pytest.mark.parametrize("value", ["NaN", "inf", "1,5"])
def test_a_keyword_that_is_no_number_is_no_default(key, value):
    text = cards_of(header(**{key: None}), f"{key:8s}= {value:>20s}")
    with pytest.raises(TransformError, match=f"{key} = '{value}' is not a number"):
        CelestialWcs.from_cards(text, name="x.fits")


def test_numbers_in_quotes_are_read_and_told():
    text = cards_of(header(CRVAL1="150.0"))
    lon, _ = CelestialWcs.from_cards(text, name="x.fits").to_sky(np.array([49.5]), np.array([39.5]))
    assert lon[0] == pytest.approx(150.0, abs=1e-9)
    assert repaired_cards(text).notes == ("CRVAL1 = '150.0' is text, read as a number",)


def test_an_image_without_scale_is_refused():
    bare = header(CD1_1=None, CD1_2=None, CD2_1=None, CD2_2=None)
    with pytest.raises(TransformError, match="no pixel scale"):
        CelestialWcs.from_cards(cards_of(bare), name="x.fits")


@pytest.mark.parametrize(
    ("text", "frame"), [("B1950.0", "FK4"), ("1950.0", "FK4"), ("J2000", "FK5"), ("2000.0", "FK5"), ("soon", "ICRS")]
)
def test_equinox_as_text_is_the_year_it_says(text, frame):
    cards = cards_of(header(EQUINOX=text))
    assert CelestialWcs.from_cards(cards, name="x.fits").frame.name == frame
    assert "EQUINOX" in repaired_cards(cards).notes[0]


@pytest.mark.parametrize("file", ["equinox_b1950.fits", "equinox_1950_text.fits"])
def test_the_case_of_the_equinox(case, file):
    assert open_image(case("equinox_as_text") / file).wcs.exact(name=file).frame.name == "FK4"


def test_tan_with_the_parameters_of_scamp_is_tpv():
    text = (ASTROPY / "too_many_pv.hdr").read_text()
    found = fits.Header.fromstring(text) if "\n" not in text else fits.Header.fromstring(text, sep="\n")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        want = WCS(found).all_pix2world([10.0, 500.0], [20.0, 900.0], 0)
    wcs = CelestialWcs.from_cards(found.tostring(endcard=False, padding=False), name="x")
    got = wcs.to_sky(np.array([10.0, 500.0]), np.array([20.0, 900.0]))
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-10)


def test_coordinates_in_a_table(tmp_path):
    """-TAB: longitude and latitude stand in a table, here those of a plane tangent to the sky."""
    y, x = np.mgrid[:21, :31].astype(float)
    sky = np.stack([150.0 + 0.01 * (x - 15) + 1e-5 * y * y, 2.0 + 0.01 * (y - 10)], axis=-1)
    column = fits.Column("COORDS", f"{sky.size}D", dim=f"(2,{sky.shape[1]},{sky.shape[0]})", array=sky[None])
    table = fits.BinTableHDU.from_columns([column], name="WCS-TABLE")
    image = fits.PrimaryHDU(np.ones((21, 31), "f4"))
    for axis, kind in ((1, "RA---TAB"), (2, "DEC--TAB")):
        image.header[f"CTYPE{axis}"], image.header[f"CUNIT{axis}"] = kind, "deg"
        image.header[f"CRPIX{axis}"], image.header[f"CRVAL{axis}"], image.header[f"CDELT{axis}"] = 1.0, 1.0, 1.0
        image.header[f"PS{axis}_0"], image.header[f"PS{axis}_1"] = "WCS-TABLE", "COORDS"
        image.header[f"PV{axis}_1"], image.header[f"PV{axis}_2"], image.header[f"PV{axis}_3"] = 1, 1, axis
    fits.HDUList([image, table]).writeto(tmp_path / "tab.fits")
    found = open_image(tmp_path / "tab.fits")
    wcs = found.wcs.exact(name="tab")
    lon, lat = wcs.to_sky(x.ravel(), y.ravel())
    np.testing.assert_allclose(lon, sky[..., 0].ravel(), atol=1e-10)
    np.testing.assert_allclose(lat, sky[..., 1].ravel(), atol=1e-10)
    assert wcs.scale_arcsec == pytest.approx(36.0, rel=1e-3)
    back = wcs.to_pixel(lon, lat)
    np.testing.assert_allclose(back, (x.ravel(), y.ravel()), atol=1e-6)


PLACED = {"CDELT1": -1e-5, "CDELT2": 1e-5}


@pytest.mark.parametrize(
    ("cards", "said"),
    [
        (PLACED | {"CD1_1": -1e-5, "CD2_2": 1e-5, "PC1_1": 2.0}, "say two scales"),
        (PLACED | {"CD1_1": -1e-5, "CD2_2": 1e-5, "PC1_2": 0.5}, "CD1_2 = 0 and PC1_2 times CDELT1"),
        (PLACED | {"CTYPE1": "RA---TAN-PLP", "CTYPE2": "DEC--TAN-PLP"}, "names the distortion -PLP"),
        (PLACED | {"CROTA1": 30.0}, None),
        (PLACED | {"CTYPE1": "RA---TNX", "CTYPE2": "DEC--TNX"}, None),
        (PLACED | {"CD1_1": -1e-5, "CD2_2": 1e-5, "PC1_1": 1.0}, None),
    ],
)
def test_what_says_two_things_is_refused_and_what_does_nothing_is_told(cards, said):
    placed = fits.Header({"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 150.0, "CRVAL2": 2.0, "CRPIX1": 5.0,
                          "CRPIX2": 5.0} | cards)  # fmt: skip
    found = repaired_cards(cards_of(placed))
    if said is not None:
        assert said in found.fault
        return
    assert not found.fault
    assert bool(found.notes) == ("PC1_1" not in cards)
    x, y = np.array([0.0, 9.0]), np.array([3.0, 7.0])
    mine = CelestialWcs.from_cards(cards_of(placed), name="a").to_sky(x, y)
    assert np.allclose(mine, WCS(placed).wcs_pix2world(x, y, 0), rtol=0, atol=1e-12)
