"""A planet that moves among the stars of a simulated sky, and that the telescope follows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jwstpipe.simulate.plane import Plane

__all__ = ["Planet", "place_at"]

Floats = NDArray[np.float64]

_POINTS = 400
"""Points that its disc is drawn with."""


@dataclass(frozen=True)
class Planet:
    """A uniform disc of light with a constant proper motion."""

    east_arcsec_h: float
    """Motion to the east, arcsec an hour on the sky."""

    north_arcsec_h: float
    radius_arcsec: float = 0.3
    brightness: float = 60.0
    """MJy/sr, in every filter."""

    def light(self, ra: float, dec: float) -> tuple[Floats, Floats, Floats]:
        """Give the positions (degrees ICRS) and fluxes (MJy/sr arcsec^2) of the points of its disc around a place."""
        number = np.arange(_POINTS) + 0.5
        radius, angle = np.sqrt(number / _POINTS) * self.radius_arcsec, number * np.pi * (3.0 - np.sqrt(5.0))
        x, y = radius * np.cos(angle), radius * np.sin(angle)
        lon, lat = Plane(ra, dec, 1.0, 1).to_sky(x - x.mean(), y - y.mean())
        flux = np.full(_POINTS, self.brightness * np.pi * self.radius_arcsec**2 / _POINTS)
        return lon, lat, flux

    def moved(self, days: float) -> tuple[float, float]:
        """Give how far it goes in so many days, arcsec to the east and to the north."""
        return self.east_arcsec_h * 24.0 * days, self.north_arcsec_h * 24.0 * days


def place_at(planet: Planet, ra: float, dec: float, days: float) -> tuple[float, float]:
    """Give where a planet is, degrees ICRS, so many days after it was at a place."""
    east, north = planet.moved(days)
    lon, lat = Plane(ra, dec, 1.0, 1).to_sky(np.array(east), np.array(north))
    return float(lon), float(lat)
