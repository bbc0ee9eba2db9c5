"""FITS files for the tests of this room, written by astropy."""

import numpy as np
from astropy.io import fits


def sky_keywords(header, shape, scale=0.1):
    header["CTYPE1"], header["CTYPE2"] = "RA---TAN", "DEC--TAN"
    header["CRVAL1"], header["CRVAL2"] = 83.8, -5.4
    header["CRPIX1"], header["CRPIX2"] = shape[1] / 2 + 0.5, shape[0] / 2 + 0.5
    header["CDELT1"], header["CDELT2"] = -scale / 3600, scale / 3600
    header["CUNIT1"] = header["CUNIT2"] = "deg"
    header["RADESYS"] = "ICRS"


def write_cal(path, shape=(70, 90), seed=1):
    """Write a file of the structure of a calibrated exposure, with odd bits everywhere."""
    random = np.random.default_rng(seed)
    primary = fits.PrimaryHDU()
    primary.header["TELESCOP"], primary.header["INSTRUME"], primary.header["FILTER"] = "JWST", "NIRCAM", "F200W"
    primary.header["LONGTEXT"] = "a long string that needs several cards " * 5
    primary.header.add_history("first line of history")
    primary.header.add_comment("a comment")
    primary.header.add_history("second line of history")
    sci = random.normal(1.0, 0.1, shape).astype("f4")
    sci[3, 4], sci[5, 6], sci[7, 8] = np.nan, np.inf, -0.0
    sci.view("u4")[9, 10] = 0x7FC12345  # a NaN with a payload
    dq = random.choice([0, 1, 2, 4, 2**31, 2**31 + 1], shape).astype("u4")
    hdus = [primary, fits.ImageHDU(sci, name="SCI"), fits.ImageHDU(abs(sci), name="ERR"), fits.ImageHDU(dq, name="DQ")]
    more = ("AREA", "VAR_POISSON", "VAR_RNOISE", "VAR_FLAT")
    hdus += [fits.ImageHDU(random.uniform(0.5, 1, shape).astype("f4"), name=name) for name in more]
    hdus.append(
        fits.BinTableHDU.from_columns([fits.Column("ASDF_METADATA", "7B", array=[[1, 2, 3, 4, 5, 6, 7]])], name="ASDF")
    )
    hdus[1].header["BUNIT"] = "MJy/sr"
    sky_keywords(hdus[1].header, shape)
    fits.HDUList(hdus).writeto(path, checksum=True)
    return path


def write_old_i2d(path, shape=(60, 80), *, weight=True):
    """Write a combined image of an old pipeline version: zeros, not NaN, where nothing was observed."""
    random = np.random.default_rng(2)
    sci = random.normal(5.0, 0.1, shape).astype("f4")
    covered = np.ones(shape, dtype=bool)
    covered[:10], covered[30:33, 40:44] = False, False
    sci[~covered] = 0.0
    sci[2, 2] = -0.0
    sci[40, 40] = 0.0  # a true zero inside the coverage
    primary = fits.PrimaryHDU()
    context = np.zeros((2, *shape), dtype="i4")
    context[1][covered] = 4
    hdus = [primary, fits.ImageHDU(sci, name="SCI"), fits.ImageHDU(context, name="CON")]
    if weight:
        hdus.append(fits.ImageHDU(covered.astype("f4") * 7, name="WHT"))
    sky_keywords(hdus[1].header, shape)
    fits.HDUList(hdus).writeto(path)
    return sci, covered
