"""Where the pixels of an image lie on the plane: the way that drizzling goes, by the same checked lattice.

Nodes stand at multiples of the step in the image, whatever window of it is asked for.
"""

import numpy as np
from numpy.typing import NDArray

from jwstpipe.errors import TransformError
from jwstpipe.sky.box import Box
from jwstpipe.sky.frames import rotated
from jwstpipe.sky.grid import SkyGrid
from jwstpipe.sky.pixelmap import PixelMap, lattice_map
from jwstpipe.sky.wcs.sky_wcs import SkyWcs

__all__ = ["forward_map"]

Floats = NDArray[np.float64]


def forward_map(grid: SkyGrid, wcs: SkyWcs, window: Box, *, tolerance: float, name: str) -> PixelMap:
    """Map a window of an image onto the plane.

    Parameters
    ----------
    grid
        The plane.
    wcs
        Exact WCS of the image.
    window
        Window of its pixels; may reach beyond its edges.
    tolerance
        Largest error of interpolated positions, pixels of the plane.
    name
        The image, for errors.

    Raises
    ------
    TransformError
        A pixel of the window has no position on the plane.
    """
    plane = grid.plane_wcs()

    def exact(rows: Floats, columns: Floats) -> Floats:
        lon, lat = wcs.to_sky(columns.ravel(), rows.ravel())
        x, y = plane.to_pixel(*rotated(lon, lat, wcs.frame, grid.frame))
        return np.stack([x.reshape(rows.shape), y.reshape(rows.shape)], axis=-1)

    found = lattice_map(exact, window, tolerance=tolerance)
    if not np.isfinite(found.nodes).all():
        raise TransformError(f"{name}: a part of it has no position on the mosaic; use another kernel than drizzle")
    return found
