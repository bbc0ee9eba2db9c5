"""How the sky lies under single pixels: arcsec to the east and north for a step along x and y."""

import numpy as np
from numpy.typing import NDArray

from jwstpipe.sky.frames import ICRS, rotated, unit_vectors
from jwstpipe.sky.wcs.sky_wcs import SkyWcs

__all__ = ["jacobians", "solid_angles_sr"]

Floats = NDArray[np.float64]

_ARCSEC = np.degrees(1.0) * 3600.0


def jacobians(wcs: SkyWcs, x: Floats, y: Floats) -> Floats:
    """Give the local linear map from pixels to the sky by central differences over one pixel.

    Parameters
    ----------
    wcs
        Exact WCS.
    x, y
        (n,), 0-based pixel positions.

    Returns
    -------
    ndarray
        (n, 2, 2), arcsec per pixel: rows east and north (ICRS), columns x and y. NaN where there is no sky.
    """
    steps = np.array([[0.5, 0.0], [-0.5, 0.0], [0.0, 0.5], [0.0, -0.5], [0.0, 0.0]])
    places = np.stack([x, y], axis=-1)[:, None, :] + steps
    lon, lat = rotated(*wcs.to_sky(places[..., 0].ravel(), places[..., 1].ravel()), wcs.frame, ICRS)
    vectors = unit_vectors(lon, lat).reshape(-1, 5, 3)
    a, d = np.radians(lon.reshape(-1, 5)[:, 4]), np.radians(lat.reshape(-1, 5)[:, 4])
    east = np.stack([-np.sin(a), np.cos(a), np.zeros_like(a)], axis=-1)
    north = np.stack([-np.sin(d) * np.cos(a), -np.sin(d) * np.sin(a), np.cos(d)], axis=-1)
    along = np.stack([vectors[:, 0] - vectors[:, 1], vectors[:, 2] - vectors[:, 3]], axis=-1)  # (n, 3, 2)
    axes = np.stack([east, north], axis=1)  # (n, 2, 3)
    found: Floats = (axes @ along) * _ARCSEC
    return found


def solid_angles_sr(wcs: SkyWcs, x: Floats, y: Floats) -> Floats:
    """Give the solid angles of pixels, sr; (n,) as the 0-based positions."""
    found: Floats = np.abs(np.linalg.det(jacobians(wcs, x, y))) / _ARCSEC**2
    return found
