"""Writing simulated FITS files, so that the same content gives the same bytes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from astropy.io import fits
from numpy.typing import NDArray

from jwstpipe.storage import aside

__all__ = ["write_fits"]

_WITH_UNIT = ("ERR",)


def write_fits(path: Path, primary: fits.Header, science: fits.Header, planes: Mapping[str, NDArray[Any]]) -> None:
    """Write primary header and image extensions, each with CHECKSUM and DATASUM.

    Parameters
    ----------
    path
        File to make; it appears whole or not at all.
    primary
        Cards of the primary header.
    science
        Cards of the SCI extension.
    planes
        Images by extension name, in order; SCI is one of them. uint32 is stored with BZERO, as FITS has no unsigned
        integers.
    """
    hdus = fits.HDUList([fits.PrimaryHDU(header=primary)])
    for name, image in planes.items():
        # swapped once here, rather than for the sum and again for the file
        hdu = fits.ImageHDU(image.astype(image.dtype.newbyteorder(">")), name=name)
        if name == "SCI":
            hdu.header.extend(science, end=True)
        elif name in _WITH_UNIT:
            hdu.header["BUNIT"] = ("MJy/sr", "physical units of the array values")
        hdu.header["EXTVER"] = (1, "extension value")
        hdus.append(hdu)
    hdus.update_extend()
    for hdu in hdus:
        # astropy would note the time of the sum, and no two files would be the same
        hdu.add_checksum(when="checksum of this unit")
    with aside(path) as partial:
        hdus.writeto(partial, output_verify="exception")
