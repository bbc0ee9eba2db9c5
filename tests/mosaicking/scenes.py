"""Small images of a known sky, placed by plain and by distorted WCS."""

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS

SIP = {
    "A_ORDER": 3, "B_ORDER": 3, "A_2_0": 4e-6, "A_1_1": -3e-6, "A_0_2": 2e-6, "A_3_0": -3e-9, "A_1_2": 2e-9,
    "B_2_0": -2e-6, "B_1_1": 4e-6, "B_0_2": 5e-6, "B_0_3": -4e-9, "B_2_1": 1e-9,
}  # fmt: skip


def header(*, ra=150.0, dec=2.0, angle=0.0, scale=0.1, shape=(300, 320), projection="TAN", sip=False, shift=(0.0, 0.0)):
    turn, step = np.radians(angle), scale / 3600
    made = fits.Header()
    made["CTYPE1"], made["CTYPE2"] = f"RA---{projection}", f"DEC--{projection}"
    made["CRVAL1"], made["CRVAL2"] = ra, dec
    made["CRPIX1"], made["CRPIX2"] = (shape[1] + 1) / 2 - shift[0], (shape[0] + 1) / 2 - shift[1]
    made["CD1_1"], made["CD1_2"] = -step * np.cos(turn), step * np.sin(turn)
    made["CD2_1"], made["CD2_2"] = step * np.sin(turn), step * np.cos(turn)
    made["CUNIT1"] = made["CUNIT2"] = "deg"
    made["RADESYS"] = "ICRS"
    if sip:
        made["CTYPE1"], made["CTYPE2"] = f"RA---{projection}-SIP", f"DEC--{projection}-SIP"
        made.update(SIP)
    return made


def wave(wcs_header, shape, *, ra=150.0, dec=2.0, period=8.0):
    """Sample a smooth sky, a function of position alone, at the pixels of an image."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    lon, lat = WCS(wcs_header).all_pix2world(x, y, 0)
    east = ((lon - ra + 180) % 360 - 180) * np.cos(np.radians(lat)) * 3600
    north = (lat - dec) * 3600
    return (10 + np.sin(2 * np.pi * east / period) * np.cos(2 * np.pi * north / (1.3 * period))).astype("f4")


def write(path, data, wcs_header, *, err=None, var_rnoise=None, dq=None, exposure=None, unit="MJy/sr"):
    primary = fits.PrimaryHDU()
    if exposure is not None:
        primary.header["EFFEXPTM"] = exposure
    hdus = [primary, fits.ImageHDU(np.asarray(data, "f4"), header=wcs_header, name="SCI")]
    hdus[1].header["BUNIT"] = unit
    for name, plane, dtype in (("ERR", err, "f4"), ("DQ", dq, "u4"), ("VAR_RNOISE", var_rnoise, "f4")):
        if plane is not None:
            hdus.append(fits.ImageHDU(np.asarray(plane, dtype), name=name))
    fits.HDUList(hdus).writeto(path, overwrite=True)
    return path
