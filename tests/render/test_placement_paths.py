"""Where a picture lies, read from its cards alone: the same to the sign of a zero as with the WCS of astropy."""

import numpy as np
import pytest
from astropy.io import fits

from jwstpipe.images.fits_image import open_fits
from jwstpipe.render.geometry import one_grid
from jwstpipe.render.geometry.frame import choose_frame
from jwstpipe.render.geometry.placement import place_on_sky
from jwstpipe.sky.box import Box
from jwstpipe.sky.wcs.tangent import TangentWcs

S = 8.6e-6
TURN = np.radians(33.0)
MATRICES = {
    "scales": {"CDELT1": -S, "CDELT2": S},
    "scales of positive sign": {"CDELT1": S, "CDELT2": S},
    "PC": {"CDELT1": -S, "CDELT2": S, "PC1_1": np.cos(TURN), "PC1_2": -np.sin(TURN), "PC2_1": np.sin(TURN),
           "PC2_2": np.cos(TURN)},
    "PC of zeros": {"CDELT1": -S, "CDELT2": S, "PC1_1": 1.0, "PC1_2": 0.0, "PC2_1": -0.0, "PC2_2": 1.0},
    "CD": {"CD1_1": -S * np.cos(TURN), "CD1_2": S * np.sin(TURN), "CD2_1": S * np.sin(TURN), "CD2_2": S * np.cos(TURN)},
    "CD of zeros": {"CD1_1": -S, "CD1_2": -0.0, "CD2_1": -0.0, "CD2_2": S},
    "CD on its side": {"CD1_1": 0.0, "CD1_2": S, "CD2_1": S, "CD2_2": -0.0},
}  # fmt: skip
SIP = {"A_ORDER": 2, "B_ORDER": 2, "A_2_0": 2e-6, "B_0_2": -1e-6}


@pytest.mark.parametrize("size", [None, 50])
@pytest.mark.parametrize("terms", [{}, SIP], ids=["plain", "sip"])
@pytest.mark.parametrize("matrix", MATRICES.values(), ids=MATRICES)
def test_a_place_is_the_same_without_astropy(tmp_path, monkeypatch, matrix, terms, size):
    end = "-SIP" if terms else ""
    header = fits.Header()
    header["CTYPE1"], header["CTYPE2"] = (f"RA---TAN{end}", "first axis"), (f"DEC--TAN{end}", "second axis")
    header["CRVAL1"], header["CRVAL2"], header["RADESYS"] = 83.8, -5.4, "ICRS"
    header["CRPIX1"], header["CRPIX2"] = (60, "a whole number"), 48.5
    header.update(matrix | terms)
    fits.PrimaryHDU(np.ones((96, 128), "f4"), header).writeto(tmp_path / "a.fits")
    image = open_fits(tmp_path / "a.fits")
    frame = choose_frame(Box(0, 0, 96, 128), size=size, canvas=None, window=None)
    found = place_on_sky(image, frame)
    assert isinstance(one_grid.celestial_of(image), TangentWcs)
    monkeypatch.setattr(TangentWcs, "from_cards", classmethod(lambda cls, cards, compiled=False: None))
    assert repr(found) == repr(place_on_sky(image, frame))
