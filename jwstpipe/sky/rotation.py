"""`SkyRotation`: a rotation of the sphere that corrects where an image lies, and a WCS that was turned by it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jwstpipe.sky.frames import ICRS, Frame, lonlat, rotated, unit_vectors
from jwstpipe.sky.wcs.sky_wcs import SkyWcs

__all__ = ["SkyRotation", "TurnedWcs", "turn_between"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SkyRotation:
    """A rotation of ICRS unit vectors, as plain values."""

    matrix: tuple[float, ...]
    """Nine entries, row by row."""

    def apply(self, vectors: Floats) -> Floats:
        """Turn vectors of shape (..., 3)."""
        return np.asarray(vectors @ np.array(self.matrix).reshape(3, 3).T)

    def inverse(self, vectors: Floats) -> Floats:
        """Undo it."""
        return np.asarray(vectors @ np.array(self.matrix).reshape(3, 3))


@dataclass(frozen=True, eq=False)
class TurnedWcs:
    """A WCS whose sky was turned (see `SkyWcs` for what it offers)."""

    wcs: SkyWcs
    turn: SkyRotation
    frame: Frame = ICRS

    @property
    def scale_arcsec(self) -> float:
        """Side of a square pixel of the same area."""
        return self.wcs.scale_arcsec

    @property
    def parity(self) -> int:
        """That of the image."""
        return self.wcs.parity

    def to_sky(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Give right ascension and declination, degrees ICRS, of 0-based pixel positions."""
        return lonlat(self.turn.apply(unit_vectors(*rotated(*self.wcs.to_sky(x, y), self.wcs.frame, ICRS))))

    def to_pixel(self, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
        """Give 0-based pixel positions of right ascension and declination, degrees ICRS."""
        ra, dec = lonlat(self.turn.inverse(unit_vectors(lon, lat)))
        return self.wcs.to_pixel(*rotated(ra, dec, ICRS, self.wcs.frame))


def turn_between(before: Floats, after: Floats) -> SkyRotation:
    """Find the rotation that takes one pair of unit vectors to another.

    Parameters
    ----------
    before, after
        Two vectors each, (2, 3); the first is met exactly, the second in direction.
    """
    matrix = _triad(after) @ _triad(before).T
    return SkyRotation(tuple(float(value) for value in matrix.ravel()))


def _triad(pair: Floats) -> Floats:
    first = pair[0] / np.linalg.norm(pair[0])
    third = np.cross(first, pair[1])
    third /= np.linalg.norm(third)
    return np.stack([first, np.cross(third, first), third], axis=1)
