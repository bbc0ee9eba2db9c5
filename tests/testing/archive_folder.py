"""A folder of tiny FITS files with JWST names and headers, for the tests of the local archive."""

from pathlib import Path

import boto3
import numpy as np
from astropy.io import fits
from astropy.wcs import WCS
from botocore import UNSIGNED
from botocore.config import Config

TARGET = (151.7568, -40.4365)

_NIRCAM = {"INSTRUME": "NIRCAM", "EXP_TYPE": "NRC_IMAGE"}
_MIRI = {"INSTRUME": "MIRI", "EXP_TYPE": "MIR_IMAGE"}
_BANDS = {
    "f090w": {**_NIRCAM, "FILTER": "F090W", "PUPIL": "CLEAR"},
    "f405n": {**_NIRCAM, "FILTER": "F444W", "PUPIL": "F405N"},
    "f770w": {**_MIRI, "FILTER": "F770W"},
}

CAL = "jw02733001001_02101_00001_nrca1_cal.fits"
CAL_KEY = f"jwst/public/jw02733/jw02733001001/{CAL}"
I2D = "jw02733-o001_t001_nircam_clear-f090w_i2d.fits"

CALS = {
    "jw02733001001_02101_00001_nrca1_cal.fits": "f090w",
    "jw02733001001_02101_00002_nrca1_cal.fits": "f090w",
    "jw02733001001_0210a_00001_nrcalong_cal.fits": "f405n",
    "jw02733002001_02103_00001_mirimage_cal.fits": "f770w",
}
I2DS = {
    "jw02733-o001_t001_nircam_clear-f090w_i2d.fits": "f090w",
    "jw02733-o001_t001_nircam_f405n-f444w_i2d.fits": "f405n",
    "jw02733-o002_t001_miri_f770w_i2d.fits": "f770w",
}


def write_file(path: Path, band: str, *, ra: float, dec: float, side: int = 48, seed: int = 0) -> None:
    """Write one file: a primary header, an image with a WCS, and its data quality."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = "RA---TAN", "DEC--TAN"
    wcs.wcs.crval = ra, dec
    wcs.wcs.crpix = (side + 1) / 2, (side + 1) / 2
    wcs.wcs.cdelt = -0.063 / 3600, 0.063 / 3600
    primary = fits.PrimaryHDU()
    primary.header.update(
        {
            "TELESCOP": "JWST", **_BANDS[band], "TARGPROP": "NGC-3132", "TARGNAME": "NGC 3132", "TARG_RA": TARGET[0],
            "TARG_DEC": TARGET[1], "PROGRAM": "02733", "TITLE": "First images", "PI_NAME": "Pontoppidan, Klaus M.",
            "CATEGORY": "DD", "EXPSTART": 59733.5 + seed, "EXPEND": 59733.6 + seed, "EFFEXPTM": 300.0 + seed,
            "CAL_VER": "1.14.0", "FILENAME": path.name,
        }
    )  # fmt: skip
    pixels = np.random.default_rng(seed).normal(1, 0.1, (side, side)).astype(np.float32)
    science = fits.ImageHDU(pixels, wcs.to_header(), name="SCI")
    science.header["BUNIT"] = "MJy/sr"
    quality = fits.ImageHDU(np.zeros((side, side), np.uint32), name="DQ")
    fits.HDUList([primary, science, quality]).writeto(path, checksum=True)


def fill(folder: Path) -> Path:
    """Fill a folder with four exposures and the three combined images made of them."""
    folder.mkdir(exist_ok=True)
    for number, (name, band) in enumerate({**CALS, **I2DS}.items()):
        write_file(folder / name, band, ra=TARGET[0] + 0.002 * number, dec=TARGET[1], seed=number)
    return folder


def bucket_client(endpoint: str):
    """Make an S3 client without credentials that tries twice."""
    config = Config(signature_version=UNSIGNED, retries={"mode": "standard", "max_attempts": 2})
    return boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", config=config)
