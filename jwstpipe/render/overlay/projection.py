"""Where positions on the sky lie in a finished picture."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from jwstpipe.render.geometry.placement import SkyPlacement
from jwstpipe.sky.frames import ICRS, frame_of, rotated

if TYPE_CHECKING:  # it takes long to load
    from astropy.wcs import WCS

__all__ = ["PictureSky", "native_pixels", "native_sky", "turned_by"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class PictureSky:
    """The sky behind a picture; its pixels count from the top left, the first one at 0."""

    placement: SkyPlacement
    """Where the picture lies."""

    shape: tuple[int, int]
    """Rows and columns."""

    @cached_property
    def wcs(self) -> "WCS":
        """WCS of the picture, first pixel at the bottom left."""
        from astropy.io.fits import Header  # noqa: PLC0415 - see above
        from astropy.wcs import WCS  # noqa: PLC0415

        return WCS(Header.fromstring(self.placement.cards))

    @property
    def pixel_degrees(self) -> float:
        """Side of a pixel, degrees."""
        (a, b), (c, d) = self.placement.cd
        return float(abs(a * d - b * c) ** 0.5)

    def at(self, ra: Floats, dec: Floats) -> tuple[Floats, Floats]:
        """Give x and y of positions in ICRS, degrees; NaN for those that the projection does not show."""
        lon, lat = rotated(np.asarray(ra, np.float64), np.asarray(dec, np.float64), ICRS, frame_of(self.wcs))
        x, y = native_pixels(self.wcs, lon, lat)
        return x, self.shape[0] - 1 - y

    def inside(self, x: Floats, y: Floats) -> NDArray[np.bool_]:
        """Tell which positions lie in the picture."""
        return np.asarray((x >= -0.5) & (x < self.shape[1] - 0.5) & (y >= -0.5) & (y < self.shape[0] - 0.5))


def native_sky(wcs: "WCS", x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Give longitude and latitude of pixels, degrees, in the frame of a WCS whichever its axes come first."""
    first, second = wcs.wcs_pix2world(x, y, 0)
    return (second, first) if wcs.wcs.lng == 1 else (first, second)


def native_pixels(wcs: "WCS", lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Give the pixels of longitudes and latitudes, degrees; NaN for those on the far side of the sky."""
    x, y = wcs.wcs_world2pix(*((lat, lon) if wcs.wcs.lng == 1 else (lon, lat)), 0)
    back_lon, back_lat = native_sky(wcs, x, y)
    # the far side of the sky maps into a gnomonic picture as well: such positions do not come back
    turn = np.abs((back_lon - lon + 180.0) % 360.0 - 180.0) * np.cos(np.radians(lat))
    wrong = ~((turn < 1e-6) & (np.abs(back_lat - lat) < 1e-6))
    return np.where(wrong, np.nan, x), np.where(wrong, np.nan, y)


def turned_by(ra: float, dec: float, angle: Floats, distance: Floats) -> tuple[Floats, Floats]:
    """Go from a position along great circles.

    Parameters
    ----------
    ra, dec
        Start, degrees.
    angle
        Directions, degrees from north through east.
    distance
        Degrees.

    Returns
    -------
    ra, dec : ndarray
        Ends, degrees.
    """
    towards, far, start = np.radians(angle), np.radians(distance), np.radians(dec)
    latitude = np.arcsin(np.clip(np.sin(start) * np.cos(far) + np.cos(start) * np.sin(far) * np.cos(towards), -1, 1))
    east = np.sin(towards) * np.sin(far) * np.cos(start)
    turn = np.arctan2(east, np.cos(far) - np.sin(start) * np.sin(latitude))
    return (ra + np.degrees(turn)) % 360.0, np.degrees(latitude)
