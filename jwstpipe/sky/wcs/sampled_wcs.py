"""`SampledWcs`: a WCS known on a lattice of pixels, for distortions that FITS keywords only approximate.

JWST files carry their exact WCS as a gwcs object in an ASDF extension, which takes two libraries and milliseconds for
each evaluation. It is evaluated once, on a lattice of pixels; from then on positions come from cubic interpolation of
the nodes, and pixels from Newton's method on the same polynomials, so that both ways belong together.
"""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from jwstpipe.errors import TransformError
from jwstpipe.sky.frames import ICRS, Frame, lonlat

__all__ = ["SampledWcs", "WcsNodes"]

Floats = NDArray[np.float64]

REST = 1e-9
"""Newton's method stops when it moves less than this, pixels."""


@dataclass(frozen=True)
class WcsNodes:
    """Sky positions of a lattice of pixels, as plain values that travel, compare and hash."""

    content: bytes
    """Unit vectors (ny, nx, 3) ICRS, float64 in native byte order."""

    counts: tuple[int, int]
    """ny and nx, at least 4 each."""

    origin: tuple[float, float]
    """Row and column of the first node, 0-based pixels."""

    step: float
    """Distance of nodes, pixels."""

    error_px: float
    """Largest error of interpolation found between nodes, pixels."""

    @classmethod
    def of(cls, vectors: Floats, *, origin: tuple[float, float], step: float, error_px: float) -> "WcsNodes":
        """Make nodes from unit vectors (ny, nx, 3)."""
        counts = (vectors.shape[0], vectors.shape[1])
        content = np.ascontiguousarray(vectors, dtype=np.float64).tobytes()
        return cls(content, counts, origin, step, error_px)

    @property
    def vectors(self) -> Floats:
        """Unit vectors (ny, nx, 3), ICRS."""
        return np.frombuffer(self.content, dtype=np.float64).reshape(*self.counts, 3)


@dataclass(frozen=True, eq=False)
class SampledWcs:
    """A celestial WCS by its nodes; safe to share between threads. See `CelestialWcs` for what it offers."""

    nodes: WcsNodes
    name: str
    """File that it belongs to, for errors."""

    frame: Frame = field(default=ICRS, init=False)

    @property
    def scale_arcsec(self) -> float:
        """Side of a square pixel of the same area in the middle of the lattice."""
        return float(np.degrees(np.sqrt(abs(np.linalg.det(self._middle_matrix)))) * 3600.0)

    @property
    def parity(self) -> int:
        """+1 when the pixel axes are right-handed on the sky (east to the left of north), else -1."""
        return -1 if np.linalg.det(self._middle_matrix) > 0 else 1

    def to_sky(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Give right ascension and declination, degrees ICRS, of 0-based pixels; NaN outside the lattice."""
        from jwstpipe.sky.wcs.sampled_kernels import forward  # noqa: PLC0415 - a header needs no compiler

        x, y = np.broadcast_arrays(np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64))
        u, v = np.empty(x.size), np.empty(x.size)
        forward(self._plane, *self._columns(x.ravel(), y.ravel()), u, v)
        axes = self._axes
        vectors = axes[0] * u[:, None] + axes[1] * v[:, None] + axes[2]
        ra, dec = lonlat(vectors)
        return ra.reshape(x.shape), dec.reshape(x.shape)

    def to_pixel(self, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
        """Give 0-based pixels of right ascension and declination, degrees ICRS; NaN outside the lattice."""
        from jwstpipe.sky.wcs.sampled_kernels import backward  # noqa: PLC0415

        lon, lat = np.broadcast_arrays(np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64))
        a, d = np.radians(lon.ravel()), np.radians(lat.ravel())
        vectors = np.stack([np.cos(d) * np.cos(a), np.cos(d) * np.sin(a), np.sin(d)], axis=-1)
        goal = vectors @ self._axes.T
        with np.errstate(divide="ignore", invalid="ignore"):
            u, v = goal[:, 0] / goal[:, 2], goal[:, 1] / goal[:, 2]
        u[~(goal[:, 2] > 0)] = np.nan
        i, j = np.empty(u.size), np.empty(u.size)
        backward(self._plane, self._first_guess, u, v, REST / self.nodes.step, i, j)
        x = i * self.nodes.step + self.nodes.origin[1]
        y = j * self.nodes.step + self.nodes.origin[0]
        return x.reshape(lon.shape), y.reshape(lon.shape)

    def _columns(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        return (x - self.nodes.origin[1]) / self.nodes.step, (y - self.nodes.origin[0]) / self.nodes.step

    @cached_property
    def _axes(self) -> Floats:
        """Rows: east, north and centre of the plane that touches the sky in the middle node."""
        vectors = self.nodes.vectors
        centre = vectors[vectors.shape[0] // 2, vectors.shape[1] // 2]
        pole = np.array([0.0, 0.0, 1.0]) if abs(centre[2]) < 0.9 else np.array([1.0, 0.0, 0.0])
        east = np.cross(pole, centre)
        east /= np.linalg.norm(east)
        return np.stack([east, np.cross(centre, east), centre])

    @cached_property
    def _plane(self) -> Floats:
        """Nodes on that plane, (ny, nx, 2): smooth, and without the wrap of angles."""
        seen = self.nodes.vectors @ self._axes.T
        if not np.isfinite(seen).all() or seen[..., 2].min() <= 0.0:
            raise TransformError(f"{self.name}: the nodes of its WCS reach over half the sky; the file is damaged")
        return np.ascontiguousarray(seen[..., :2] / seen[..., 2:])

    @cached_property
    def _first_guess(self) -> Floats:
        """Matrix (3, 2) from (u, v, 1) to lattice columns and rows, fitted to all nodes."""
        rows, columns = np.mgrid[: self.nodes.counts[0], : self.nodes.counts[1]].reshape(2, -1)
        flat = self._plane.reshape(-1, 2)
        scale = np.abs(flat).max() or 1.0
        basis = np.column_stack([flat / scale, np.ones(len(flat))])
        found = np.linalg.lstsq(basis, np.column_stack([columns, rows]).astype(np.float64), rcond=None)[0]
        found[:2] /= scale
        return np.ascontiguousarray(found)

    @cached_property
    def _middle_matrix(self) -> Floats:
        """Derivatives of east and north by column and row in the middle, radians a pixel."""
        j, i = self.nodes.counts[0] // 2, self.nodes.counts[1] // 2
        along_x = self._plane[j, i + 1] - self._plane[j, i - 1]
        along_y = self._plane[j + 1, i] - self._plane[j - 1, i]
        return np.stack([along_x, along_y], axis=1) / (2.0 * self.nodes.step)
