"""`SkyWcs`: what every celestial WCS here offers, however it is evaluated."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from jwstpipe.sky.frames import Frame

__all__ = ["PixelsToSky", "SkyWcs"]

Floats = NDArray[np.float64]


class PixelsToSky(Protocol):
    """A celestial WCS that is evaluated one way."""

    @property
    def frame(self) -> Frame:
        """Frame of its longitudes and latitudes."""
        ...

    @property
    def parity(self) -> int:
        """+1 when the pixel axes are right-handed on the sky (east to the left of north), else -1."""
        ...

    def to_sky(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Give longitude and latitude, degrees, of 0-based pixel positions; NaN where there is no sky."""
        ...


class SkyWcs(PixelsToSky, Protocol):
    """A celestial WCS ready to be evaluated, in one thread."""

    @property
    def scale_arcsec(self) -> float:
        """Side of a square pixel of the same area."""
        ...

    def to_pixel(self, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
        """Give 0-based pixel positions of longitude and latitude, degrees; NaN where there is no answer."""
        ...
