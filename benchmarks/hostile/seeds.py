"""Whole inputs of every kind, and the ways in which hostile or broken writers damage them."""

import json
import random
from pathlib import Path

import numpy as np
from astropy.io import fits

WORDS = (
    "2000000000", "-1", "0", "99999999999999999999", "1E400", "NaN", "T", "'text'", "", "-32", "64", "null", "[]", "{}",
    "'RA---TAN'", "'RA---TAN-SIP'", "'RA---TNX'", "0.0", "1e-320", "inf", "-2147483648", '"\\u0000"', "1e308",
    "'LOOKUP'",
)  # fmt: skip
KEYWORDS = tuple(
    """
    NAXIS NAXIS1 NAXIS2 NAXIS3 BITPIX PCOUNT GCOUNT BSCALE BZERO BLANK EXTNAME EXTVER XTENSION CTYPE1 CTYPE2 CRVAL1
    CRVAL2 CRPIX1 CDELT1 CD1_1 A_ORDER WCSAXES RADESYS EQUINOX END BUNIT SIMPLE LONPOLE PV2_1 CUNIT1 CPDIS1 D2IMDIS1
    PS1_0 GROUPS FILTER EXP_TYPE DATAMODL PLTRAH WAT1_001
    """.split()  # noqa: SIM905 - a list of words reads better as words
)
TOKENS = ("[" * 5000, '{"a":' * 3000, "\x00", "9" * 5000, "\udc80", "\u2028", "-", "null", "true", '"', "1e999", "..")

PRESET = 'title = "x"\nmethod = "fixed"\n[channel]\nstretch = "asinh"\na = 0.1\ngamma = 1.2\n'
ASSOCIATION = json.dumps(
    {"products": [{"name": "jw1_i2d", "members": [{"expname": "jw1_cal.fits", "exptype": "science"}] * 3}]}, indent=1
)
RECORD = (
    json.dumps({"product_id": "a", "kind": "archive", "file_name": "jw02733001001_02103_00001_nrcb1_cal.fits"}) + "\n"
)
DS9 = (
    b'# Region file format: DS9\nglobal color=green\nicrs\ncircle(83.8,-5.4,0.05") # text={a}\nimage;box(5,5,3,2,30)\n'
)
CRTF = (
    b"#CRTFv0\nglobal coord=ICRS\ncircle[[83.8deg, -5.4deg], 0.05arcsec]\npoly[[1pix,1pix],[5pix,1pix],[5pix,5pix]]\n"
)
NOTES = (
    b'[[text]]\nat = [83.8, -5.4]\ntext = "x"\n'
    b'[[circle]]\nat = ["05:35:12", "-05:24:00"]\nradius = 0.1\ncolour = "red"\n'
)


def sky_image(folder: Path) -> Path:
    """Write a small exposure with planes and SIP."""
    header = fits.Header()
    for key, value in {
        "CTYPE1": "RA---TAN-SIP", "CTYPE2": "DEC--TAN-SIP", "CRVAL1": 83.8, "CRVAL2": -5.4, "CRPIX1": 6.5,
        "CRPIX2": 6.0,
        "CD1_1": -1e-5, "CD1_2": 0.0, "CD2_1": 0.0, "CD2_2": 1e-5, "A_ORDER": 2, "A_2_0": 1e-4, "B_ORDER": 2,
        "B_0_2": 1e-4, "BUNIT": "MJy/sr", "RADESYS": "ICRS",
    }.items():  # fmt: skip
        header[key] = value
    data = np.arange(132, dtype="f4").reshape(11, 12)
    hdus = [fits.PrimaryHDU(), fits.ImageHDU(data, header, name="SCI"), fits.ImageHDU(data, name="ERR")]
    hdus += [fits.ImageHDU(np.zeros((11, 12), "u4"), name="DQ"), fits.ImageHDU(data + 1, name="VAR_RNOISE")]
    fits.HDUList(hdus).writeto(folder / "whole.fits")
    return folder / "whole.fits"


def damaged(content: bytes, chance: random.Random, *, cards: bool) -> bytes:
    """Damage bytes in one to four ways that hostile or broken writers know."""
    data = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        kind = chance.randrange(6)
        places = [at for at in range(0, len(data) - 80, 80) if data[at + 8 : at + 10] == b"= "] if cards else []
        if kind == 0 and places:
            at = chance.choice(places)
            data[at + 10 : at + 30] = chance.choice(WORDS).encode().rjust(20)[:20]
        elif kind == 1 and places:
            at = chance.choice(places)
            data[at : at + 8] = chance.choice(KEYWORDS).encode().ljust(8)
        elif kind == 2 and not cards:  # a token in the middle
            at = chance.randrange(len(data) + 1)
            data[at : at + chance.randint(0, 8)] = chance.choice(TOKENS).encode("utf-8", "surrogatepass")
        elif kind == 3:
            del data[chance.randrange(len(data) or 1) :]
        elif kind == 4 and not cards and b":" in data:  # a value of JSON or TOML
            at = chance.choice([place for place, byte in enumerate(data) if byte in b":="])
            data[at + 1 : at + 1 + chance.randint(1, 12)] = chance.choice(WORDS).encode()
        else:
            for _ in range(chance.randint(1, 12)):
                if data:
                    data[chance.randrange(len(data))] = chance.randrange(256)
    return bytes(data)
