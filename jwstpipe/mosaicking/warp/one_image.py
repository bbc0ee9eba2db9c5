"""One image laid on a level of a plane, window by window: what a view of it needs, and no more.

Level k of a window of a plane is a plane of its own, whose pixels are 2^k as wide and begin at the same corner. It is
filled from that level of the image whose pixels are the widest that are no wider: so a view costs what it shows, not
what the image holds. Nodes of the pixel maps stand on the plane, so a pixel is the same in every window.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from jwstpipe.images.levels import level_shape
from jwstpipe.mosaicking.sky_model import NO_BACKGROUND
from jwstpipe.mosaicking.warp.accumulators import MEAN, Accumulators, normalise
from jwstpipe.mosaicking.warp.kernels import BILINEAR
from jwstpipe.mosaicking.warp.resample import InputWindow, add_window
from jwstpipe.mosaicking.warp.scratch import ScratchBuffer
from jwstpipe.sky.box import Box
from jwstpipe.sky.frames import Frame
from jwstpipe.sky.grid import SkyGrid
from jwstpipe.sky.pixelmap import pixel_map
from jwstpipe.sky.wcs.sky_wcs import SkyWcs

__all__ = ["LevelWcs", "Warped", "fitting_level", "level_of_plane", "warped"]

Floats = NDArray[np.float64]
Read = Callable[[Box], tuple[NDArray[np.float32], NDArray[np.uint32]]]
"""Gives samples (y, x), NaN = no data, and flags of the same shape, or without pixels for none; both may be changed."""

_MARGIN = 2
"""Pixels around the positions that the kernel reaches, and that sampling their extent may miss."""

_AS_WIDE = 1.01
"""Pixels that are wider by less than this are as wide: scales of planes are rounded."""


@dataclass(frozen=True)
class LevelWcs:
    """The WCS of a level of an image (see `SkyWcs`): pixel x of level k is pixel ``2^k (x + 0.5) - 0.5`` of level 0."""

    wcs: SkyWcs
    level: int

    @property
    def frame(self) -> Frame:
        """That of the image."""
        return self.wcs.frame

    @property
    def parity(self) -> int:
        """That of the image."""
        return self.wcs.parity

    @property
    def scale_arcsec(self) -> float:
        """Side of a square pixel of the same area."""
        return self.wcs.scale_arcsec * 2.0**self.level

    def to_sky(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Give longitude and latitude, degrees, of pixels of the level."""
        step = 2.0**self.level
        return self.wcs.to_sky((x + 0.5) * step - 0.5, (y + 0.5) * step - 0.5)

    def to_pixel(self, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
        """Give pixels of the level of longitude and latitude, degrees."""
        step = 2.0**-self.level
        x, y = self.wcs.to_pixel(lon, lat)
        return (x + 0.5) * step - 0.5, (y + 0.5) * step - 0.5


@dataclass(frozen=True, eq=False)
class Warped:
    """An image on a window of a plane."""

    sci: NDArray[np.float32]
    """(y, x), NaN = no data."""

    flags: NDArray[np.uint32]
    """(y, x): flags of all samples that took part."""


def level_of_plane(grid: SkyGrid, window: Box, level: int) -> tuple[SkyGrid, Box]:
    """Give the plane of a level of a window, and that window of it.

    Parameters
    ----------
    grid, window
        At full resolution.
    level
        0 = full resolution.

    Examples
    --------
    >>> plane, box = level_of_plane(SkyGrid.north_up(10.0, 20.0, 0.1), Box(-4, -4, 4, 4), 1)
    >>> round(plane.scale_arcsec, 6), box.shape, [round(place, 6) for place in plane.place(10.0, 20.0)]
    (0.2, (4, 4), [-0.25, -0.25])
    """
    if level == 0:
        return grid, window
    step = 2.0**-level
    places = [
        (phase - origin + 0.5) * step - 0.5 for phase, origin in zip(grid.phase, (window.x0, window.y0), strict=True)
    ]
    whole = [int(np.floor(place + 0.5)) for place in places]
    first, second = (place - one for place, one in zip(places, whole, strict=True))
    a, b, c, d = (one * 2.0**level for one in grid.cd)
    plane = replace(grid, cd=(a, b, c, d), phase=(first, second), tile_corner=None)
    return plane, Box.of_shape(level_shape(window.shape, level), (-whole[1], -whole[0]))


def fitting_level(scale_arcsec: float, plane_scale_arcsec: float) -> int:
    """Find the coarsest level of an image whose pixels are no wider than those of a plane; 0 where none is."""
    ratio = plane_scale_arcsec * _AS_WIDE / scale_arcsec
    return max(int(np.floor(np.log2(ratio))), 0) if ratio > 0 else 0


def warped(grid: SkyGrid, box: Box, wcs: SkyWcs, shape: tuple[int, int], read: Read, *, gain: float) -> Warped | None:
    """Lay an image on a window of a plane.

    Parameters
    ----------
    grid, box
        The plane, and the window of it.
    wcs, shape
        Of the image.
    read
        Gives windows of it.
    gain
        0 for brightness on an area of sky; for fluxes in a pixel, which change with its area, the factor that they are
        multiplied by besides (1 where image and plane are at full resolution).

    Returns
    -------
    Warped or None
        None where the image does not reach.
    """
    where = pixel_map(grid, wcs, box)
    extent = where.extent(box)
    if extent is None:
        return None
    x0, x1, y0, y1 = extent
    margin = _MARGIN * max(1, round(grid.scale_arcsec / wcs.scale_arcsec))
    reached = Box(int(np.floor(y0)) - margin, int(np.floor(x0)) - margin, int(y1) + margin + 2, int(x1) + margin + 2)
    window = reached.intersection(Box.of_shape(shape)) if reached.y0 < shape[0] and reached.x0 < shape[1] else None
    if window is None:
        return None
    sci, flags = read(window)
    if gain not in (0.0, 1.0):
        sci *= np.float32(gain)
    none = np.empty((0, 0), np.float32)
    layer = InputWindow(sci, none, none, flags, window, shape, 1.0, NO_BACKGROUND, is_flux=gain != 0.0)
    strip = Accumulators.empty(box.shape, ScratchBuffer(0), errors=False, bits=True, inputs=0)
    add_window(strip, box, box, layer, where, index=0, kernel=BILINEAR, combiner=MEAN)
    found, weights = np.empty(box.shape, np.float32), np.empty(box.shape, np.float32)
    normalise(MEAN, strip.value, strip.weight, strip.variance, strip.count, found, none, weights)
    return Warped(found, strip.used)
