"""What evaluates an undistorted plane: positions of the plane to longitude and latitude, and back."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:  # it takes long to load
    from astropy.wcs import WCS

__all__ = ["AnyPlane", "PlaneWcs"]

Floats = NDArray[np.float64]


class PlaneWcs(Protocol):
    """What evaluates a plane, in the frame of its axes."""

    def to_sky(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Give longitude and latitude, degrees, of plane positions."""
        ...

    def to_pixel(self, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
        """Give plane positions of longitude and latitude, degrees; NaN out of reach."""
        ...


@dataclass(frozen=True)
class AnyPlane:
    """A plane of any projection, by wcslib."""

    wcs: "WCS"

    def to_sky(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Give longitude and latitude, degrees, of plane positions."""
        lon, lat = self.wcs.wcs_pix2world(x, y, 0)
        return np.asarray(lon), np.asarray(lat)

    def to_pixel(self, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
        """Give plane positions of longitude and latitude, degrees; NaN out of reach."""
        x, y = self.wcs.wcs_world2pix(lon, lat, 0)
        return np.asarray(x), np.asarray(y)
