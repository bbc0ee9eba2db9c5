"""`SkyPlacement`: where a picture lies on the sky."""

from dataclasses import dataclass

import numpy as np
from astropy.io.fits import Header

from jwstpipe.images.image import SkyImage
from jwstpipe.render.geometry.frame import Frame
from jwstpipe.render.geometry.one_grid import celestial_of
from jwstpipe.sky.celestial import wcs_cards

__all__ = ["SkyPlacement", "place_on_sky"]


@dataclass(frozen=True)
class SkyPlacement:
    """Where a picture lies on the sky: an undistorted WCS, first pixel at the bottom left."""

    cards: str
    """FITS header cards of the WCS, 80 characters each."""

    frame: str
    """AVM name of the coordinate frame: ICRS, FK5, FK4 or GAL."""

    equinox: float
    """Equinox of the frame, years; 2000 for those that have none."""

    projection: str
    """Three-letter FITS projection code."""

    crval: tuple[float, float]
    """Longitude and latitude of the reference point, degrees."""

    crpix: tuple[float, float]
    """Reference pixel (x, y), 1-based."""

    cd: tuple[tuple[float, float], tuple[float, float]]
    """Rows for longitude and latitude, degrees per pixel."""

    exact: bool
    """False when the images are distorted: only the surroundings of the reference point are then in place."""


def place_on_sky(image: SkyImage, frame: Frame) -> SkyPlacement | None:
    """Work out the WCS of a picture from that of a full image; None where the image has none."""
    celestial = celestial_of(image)
    if celestial is None:
        return None
    wcs = celestial.wcs
    order = [1, 0] if celestial.swapped else [0, 1]
    factor, shown = 2.0**frame.level, frame.shown
    steps = np.array(frame.steps[::-1])
    origin = np.array([frame.box.x0, frame.box.y0])
    crpix = ((np.asarray(wcs.wcs.crpix) - 0.5) / factor - origin) / steps + 0.5 - np.array([shown.x0, shown.y0])
    cd = wcs.pixel_scale_matrix[order] * factor * steps
    header = Header.fromstring(wcs_cards(image.header))
    for keyword in [key for key in header if _replaced(key)]:
        del header[keyword]
    header["NAXIS1"], header["NAXIS2"] = shown.shape[1], shown.shape[0]
    header["CRPIX1"], header["CRPIX2"] = map(float, crpix)
    rows = wcs.pixel_scale_matrix * factor * steps
    for i in (0, 1):
        header[f"CTYPE{i + 1}"] = str(wcs.wcs.ctype[i])[:8].rstrip()
        for j in (0, 1):
            header[f"CD{i + 1}_{j + 1}"] = float(rows[i, j])
    name = {"GALACTIC": "GAL"}.get(celestial.frame.name, celestial.frame.name)
    crval = np.asarray(wcs.wcs.crval)[order]
    return SkyPlacement(
        cards=header.tostring(endcard=False, padding=False),
        frame=name,
        equinox=celestial.frame.equinox,
        projection=str(wcs.wcs.ctype[0])[5:8],
        crval=(float(crval[0]), float(crval[1])),
        crpix=(float(crpix[0]), float(crpix[1])),
        cd=((float(cd[0, 0]), float(cd[0, 1])), (float(cd[1, 0]), float(cd[1, 1]))),
        exact=wcs.sip is None and wcs.cpdis1 is None and wcs.cpdis2 is None,
    )


def _replaced(keyword: str) -> bool:
    """Tell which cards of the image do not hold for the picture: its matrix, in any spelling, and its distortion."""
    return keyword.startswith(("CD", "PC", "CROTA", "A_", "B_", "AP_", "BP_"))
