"""The header that is evaluated by its formulas alone: the same positions as astropy's, or no answer."""

import numpy as np
import pytest
from astropy.io.fits import Header
from astropy.wcs import WCS

from jwstpipe.sky.celestial import CelestialWcs, wcs_cards
from jwstpipe.sky.wcs.tangent import TangentWcs

TAN = {
    "WCSAXES": 2, "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CUNIT1": "deg", "CUNIT2": "deg", "CRPIX1": 40.25,
    "CRPIX2": -30.5, "CRVAL1": 359.99, "CRVAL2": -71.3, "CD1_1": -8.1e-6, "CD1_2": 2.2e-6, "CD2_1": 2.3e-6,
    "CD2_2": 8.0e-6, "RADESYS": "ICRS",
}  # fmt: skip
SIP = {
    "CTYPE1": "RA---TAN-SIP", "CTYPE2": "DEC--TAN-SIP", "A_ORDER": 3, "B_ORDER": 2, "A_2_0": 2e-5, "A_0_3": -4e-8,
    "B_1_1": -3e-5, "B_0_2": 1e-5, "AP_ORDER": 2, "BP_ORDER": 2, "AP_1_0": 1e-9, "BP_0_1": 1e-9,
}  # fmt: skip
LINEAR = {f"CD{i}_{j}": None for i in (1, 2) for j in (1, 2)} | {"CDELT1": -8e-6, "CDELT2": 9e-6}


def header(*changes):
    values = {key: value for part in (TAN, *changes) for key, value in part.items()}
    return Header([(key, value) for key, value in values.items() if value is not None])


@pytest.mark.parametrize(
    "changes",
    [
        (),
        (SIP,),
        ({"LONPOLE": 180.0, "LATPOLE": -71.3},),
        ({"CRVAL2": 89.99, "CRVAL1": 12.0},),
        (LINEAR,),
        (LINEAR, {"PC1_1": 0.8, "PC1_2": -0.6, "PC2_1": 0.6, "PC2_2": 0.8}),
        ({"CUNIT1": "degree"},),
        (SIP, {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN"}),
        ({"CD1_1": 8.1e-6},),
    ],
)
def test_positions_are_those_of_astropy(changes):
    cards = wcs_cards(header(*changes))
    found = TangentWcs.from_cards(cards)
    x, y = (axis.ravel() for axis in np.meshgrid(np.linspace(-500.0, 2500.0, 9), np.linspace(-0.5, 2047.5, 7)))
    truth = CelestialWcs.from_cards(cards, name="x")
    ra, dec = truth.wcs.all_pix2world(x, y, 0)
    seen_ra, seen_dec = found.to_sky(x, y)
    np.testing.assert_allclose(seen_dec, dec, rtol=0, atol=1e-11)
    around = (seen_ra - ra + 180.0) % 360.0 - 180.0
    np.testing.assert_allclose(around * np.cos(np.radians(dec)), 0.0, rtol=0, atol=1e-11)
    assert (found.parity, found.frame) == (truth.parity, truth.frame)


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("sip", [True, False])
def test_both_ways_give_the_bits_of_wcslib(sip, compiled):
    random = np.random.default_rng(3)
    for number in range(12):
        turn, step = random.uniform(0, 2 * np.pi), random.uniform(0.02, 0.2) / 3600
        matrix = {"CD1_1": -step * np.cos(turn), "CD1_2": step * np.sin(turn)}
        matrix |= {"CD2_1": step * np.sin(turn), "CD2_2": 1.1 * step * np.cos(turn)}
        if number % 3 == 2:
            matrix = LINEAR | {"PC1_1": np.cos(turn), "PC1_2": 0.1, "PC2_1": np.sin(turn), "PC2_2": 1.0}
        place = {"CRVAL1": random.uniform(0, 360), "CRVAL2": random.uniform(-89, 89), "CRPIX1": random.uniform(-9, 9)}
        terms = {f"{axis}_{i}_{j}": random.normal() * 1e-3 / 1000 ** (i + j - 1)
                 for axis, order in (("A", 3), ("B", 2)) for i in range(order + 1) for j in range(order + 1 - i)
                 if i + j > 1}  # fmt: skip
        stated = {key: None for key in SIP if key[:2] in ("AP", "BP")} if number % 2 else {}
        cards = wcs_cards(header(*([SIP, terms, stated] if sip else []), matrix, place))
        truth, found = CelestialWcs.from_cards(cards, name="x"), TangentWcs.from_cards(cards, compiled=compiled)
        x, y = random.uniform(-100, 2148, (2, 25))
        x[0], y[0] = truth.wcs.wcs.crpix - 1.0
        sky = truth.to_sky(x, y)
        np.testing.assert_array_equal(found.to_sky(x, y), sky)
        np.testing.assert_array_equal(found.to_pixel(*sky), truth.to_pixel(*sky))
        assert found.scale_arcsec == truth.scale_arcsec


def test_the_sky_behind_the_plane_has_no_pixel():
    cards = wcs_cards(header())
    found, truth = TangentWcs.from_cards(cards), CelestialWcs.from_cards(cards, name="x")
    lon, lat = np.array([359.0, 179.0, 359.9, np.nan]), np.array([-70.0, 70.0, 18.8, 0.0])
    np.testing.assert_array_equal(found.to_pixel(lon, lat), truth.to_pixel(lon, lat))
    assert np.isnan(found.to_pixel(lon, lat)[0]).tolist() == [False, True, True, True]


def test_astropy_says_the_same_of_a_header_that_nothing_is_mended_in():
    theirs = WCS(header(SIP), fix=False).all_pix2world([[10.0, 20.0], [900.0, 2000.0]], 0)
    ours = TangentWcs.from_cards(wcs_cards(header(SIP))).to_sky(np.array([10.0, 900.0]), np.array([20.0, 2000.0]))
    np.testing.assert_allclose(np.transpose(ours), theirs, rtol=0, atol=1e-11)


@pytest.mark.parametrize(
    "changes",
    [
        {"CTYPE1": "RA---SIN", "CTYPE2": "DEC--SIN"},
        {"CTYPE1": "DEC--TAN", "CTYPE2": "RA---TAN"},
        {"CTYPE1": "RA---TPV", "CTYPE2": "DEC--TPV", "PV1_1": 1.0},
        {"CTYPE1": "GLON-TAN", "CTYPE2": "GLAT-TAN"},
        {"PV1_5": 0.1},
        {"LONPOLE": 170.0},
        {"CRVAL2": 90.0},
        {"CUNIT1": "arcsec"},
        {"RADESYS": "FK5", "EQUINOX": 2000.0},
        {"RADESYS": None, "EQUINOX": 1950.0},
        {"WCSAXES": 3},
        {**LINEAR, "CROTA2": 30.0},
        {"CD1_1": None, "CD1_2": None},
        {"PC1_1": 1.0},
        {"CPDIS1": "LOOKUP"},
        {"CRVAL1": "twelve"},
        {**SIP, "AP_ORDER": 1, "BP_ORDER": 1},
        {"D2IMDIS1": "LOOKUP"},
        {**{f"CD{i}_{j}": None for i in (1, 2) for j in (1, 2)}},
    ],
)
def test_a_header_that_says_more_is_left_to_others(changes):
    assert TangentWcs.from_cards(wcs_cards(header(changes))) is None
