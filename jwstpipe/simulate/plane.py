"""`Plane`: the square raster on the tangent plane that holds the diffuse sky of a scene."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jwstpipe.numerics.compiled.kernel import compiled

__all__ = ["Plane", "catmull_rom", "gnomonic", "sample_cubic"]

Floats = NDArray[np.float64]
Float32Image = NDArray[np.float32]


@dataclass(frozen=True)
class Plane:
    """Square pixels on the plane that touches the sphere at (RA, Dec); x grows to the east, y to the north."""

    ra: float
    """Right ascension of the tangent point, degrees ICRS; it is the middle of the raster."""

    dec: float
    """Declination of the tangent point, degrees ICRS."""

    step: float
    """Side of a pixel, arcsec."""

    size: int
    """Pixels along each side."""

    @property
    def half(self) -> float:
        """Distance from the middle to the centre of an edge pixel, arcsec."""
        return 0.5 * (self.size - 1) * self.step

    def axis(self) -> Floats:
        """Give the coordinate of each column (and row) along its axis, arcsec."""
        return (np.arange(self.size, dtype=np.float64) - 0.5 * (self.size - 1)) * self.step

    def to_plane(self, ra: Floats, dec: Floats) -> tuple[Floats, Floats]:
        """Project positions in degrees to x (east) and y (north), arcsec."""
        return gnomonic(ra, dec, self.ra, self.dec)

    def to_sky(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Give RA (0 to 360) and Dec, degrees, of points x (east), y (north), arcsec."""
        xi, eta = np.radians(np.asarray(x) / 3600.0), np.radians(np.asarray(y) / 3600.0)
        dec0 = np.radians(self.dec)
        below = np.cos(dec0) - eta * np.sin(dec0)
        ra = np.degrees(np.arctan2(xi, below)) + self.ra
        dec = np.degrees(np.arctan2(np.sin(dec0) + eta * np.cos(dec0), np.hypot(xi, below)))
        return ra % 360.0, dec

    def to_pixels(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Give the column and row, counted from 0, of points x (east), y (north), arcsec."""
        return x / self.step + 0.5 * (self.size - 1), y / self.step + 0.5 * (self.size - 1)


def gnomonic(ra: Floats, dec: Floats, ra0: float, dec0: float) -> tuple[Floats, Floats]:
    """Project positions on the plane that touches the sphere at (ra0, dec0), all in degrees; x (east), y in arcsec."""
    lon = np.radians(np.asarray(ra) - ra0)
    lat, lat0 = np.radians(np.asarray(dec)), np.radians(dec0)
    depth = np.sin(lat) * np.sin(lat0) + np.cos(lat) * np.cos(lat0) * np.cos(lon)
    xi = np.cos(lat) * np.sin(lon) / depth
    eta = (np.sin(lat) * np.cos(lat0) - np.cos(lat) * np.sin(lat0) * np.cos(lon)) / depth
    return np.degrees(xi) * 3600.0, np.degrees(eta) * 3600.0


@compiled()
def catmull_rom(t: float, out: Floats) -> None:
    """Weigh the samples at -1, 0, 1, 2 for the position t of 0 to 1 (Catmull-Rom: Keys 1981 with a = -1/2)."""
    out[0] = t * (-0.5 + t * (1.0 - 0.5 * t))
    out[1] = 1.0 + t * t * (-2.5 + 1.5 * t)
    out[2] = t * (0.5 + t * (2.0 - 1.5 * t))
    out[3] = t * t * (-0.5 + 0.5 * t)


@compiled()
def sample_cubic(image: Float32Image, columns: Floats, rows: Floats, out: Float32Image) -> None:
    """Interpolate `image` at positions given in pixels from 0; beyond its edge stands the value of the edge.

    Parameters
    ----------
    image
        float32, (y, x).
    columns, rows
        float64, of the shape of `out`.
    out
        float32, two axes; receives the values.
    """
    height, width = image.shape
    wx, wy = np.empty(4), np.empty(4)
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            x = min(max(columns[i, j], 0.0), width - 1.0)
            y = min(max(rows[i, j], 0.0), height - 1.0)
            left, low = int(x), int(y)
            catmull_rom(x - left, wx)
            catmull_rom(y - low, wy)
            total = 0.0
            for k in range(4):
                row = min(max(low + k - 1, 0), height - 1)
                line = 0.0
                for m in range(4):
                    line += wx[m] * image[row, min(max(left + m - 1, 0), width - 1)]
                total += wy[k] * line
            out[i, j] = total
