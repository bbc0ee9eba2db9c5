"""The kernels that reproject computes: ``adaptive`` (anti-aliased Gaussian) and ``exact`` (spherical polygons).

They are slow and careful. Errors are an upper bound: reproject does not hand out its kernel weights, so the standard
deviations themselves are averaged, as if neighbouring pixels were fully correlated.
"""

from typing import Any

import numpy as np
from astropy.coordinates import SkyCoord
from astropy.wcs.wcsapi import BaseLowLevelWCS, HighLevelWCSWrapper
from numpy.typing import NDArray

from jwstpipe.mosaicking.warp.resample import InputWindow, Resampled
from jwstpipe.requests import Kernel
from jwstpipe.sky.area import areas
from jwstpipe.sky.box import Box
from jwstpipe.sky.grid import SkyGrid
from jwstpipe.sky.pixelmap import PixelMap
from jwstpipe.sky.wcs.sky_wcs import SkyWcs

__all__ = ["reprojected"]

Plane = NDArray[Any]


def reprojected(
    layer: InputWindow, wcs: SkyWcs, where: PixelMap, grid: SkyGrid, box: Box, *, kernel: Kernel
) -> Resampled:
    """Resample one input onto a window of the plane.

    Parameters
    ----------
    layer
        The input.
    wcs
        Its exact WCS.
    where
        Map of a window of the plane that holds `box`, for data quality and areas.
    grid, box
        The plane and the window.
    kernel
        ``adaptive`` or ``exact``.

    Returns
    -------
    Resampled
        Weights are those of the input, averaged, times the covered share of the pixel.
    """
    from reproject import reproject_adaptive, reproject_exact  # noqa: PLC0415 - heavy, and for these kernels alone

    source = HighLevelWCSWrapper(_WindowWcs(wcs, layer.window))
    target = grid.wcs(box)

    def run(plane: Plane) -> tuple[Plane, Plane]:
        work = (plane.astype("f8"), source)
        found = (reproject_exact if kernel == "exact" else reproject_adaptive)(work, target, shape_out=box.shape)
        return np.asarray(found[0]), np.asarray(found[1])

    none, no_bits = np.empty((0, 0), dtype="f4"), np.empty((0, 0), dtype="u4")
    sci, wht = run(layer.sci)
    var, bits = none, no_bits
    good = np.isfinite(layer.sci)
    if _is_plane(layer.wht):
        wht = wht * np.nan_to_num(run(np.where(good, layer.wht, 0.0))[0])
    if _is_plane(layer.var):
        var = np.nan_to_num(run(np.sqrt(np.where(good, layer.var, 0.0)))[0]) ** 2
    if layer.is_flux:
        area = _cut(areas(where), where, box)
        sci = sci * area
        var = var * area**2 if _is_plane(layer.var) else var
    if _is_plane(layer.dq):
        bits = _nearest_bits(layer, where, box)
    sci[~(wht > 0.0)] = np.nan
    return Resampled(box, sci.astype("f4"), wht.astype("f4"), var.astype(layer.var.dtype), bits)


def _is_plane(plane: Plane) -> bool:
    return plane.size > 0


def _cut(values: Plane, where: PixelMap, box: Box) -> Plane:
    return values[box.relative_to(where.box).slices]


def _nearest_bits(layer: InputWindow, where: PixelMap, box: Box) -> NDArray[np.uint32]:
    xs, ys = (_cut(values, where, box) for values in where.positions())
    bits = np.zeros(box.shape, dtype="u4")
    x = np.floor(xs + 0.5) - layer.window.x0
    y = np.floor(ys + 0.5) - layer.window.y0
    inside = (x >= 0) & (y >= 0) & (x < layer.dq.shape[1]) & (y < layer.dq.shape[0])
    bits[inside] = layer.dq[y[inside].astype(int), x[inside].astype(int)]
    return bits


class _WindowWcs(BaseLowLevelWCS):  # type: ignore[misc]
    """A window of an image as the shared WCS interface of astropy has it (APE 14)."""

    def __init__(self, wcs: SkyWcs, window: Box) -> None:
        self._wcs = wcs
        self._window = window

    pixel_n_dim = 2
    world_n_dim = 2
    world_axis_physical_types = ("pos.eq.ra", "pos.eq.dec")
    world_axis_units = ("deg", "deg")
    world_axis_object_components = (("celestial", 0, "spherical.lon.degree"), ("celestial", 1, "spherical.lat.degree"))

    @property
    def array_shape(self) -> tuple[int, int]:
        return self._window.shape

    @property
    def world_axis_object_classes(self) -> dict[str, Any]:
        return {"celestial": (SkyCoord, (), {"frame": self._wcs.frame.astropy(), "unit": "deg"})}

    def pixel_to_world_values(self, x: Plane, y: Plane) -> tuple[Plane, Plane]:
        shape = np.broadcast_shapes(np.shape(x), np.shape(y))
        across, along = (np.broadcast_to(np.asarray(axis, "f8"), shape).ravel() for axis in (x, y))
        lon, lat = self._wcs.to_sky(across + self._window.x0, along + self._window.y0)
        return np.asarray(lon).reshape(shape), np.asarray(lat).reshape(shape)

    def world_to_pixel_values(self, lon: Plane, lat: Plane) -> tuple[Plane, Plane]:
        shape = np.broadcast_shapes(np.shape(lon), np.shape(lat))
        across, along = (np.broadcast_to(np.asarray(axis, "f8"), shape).ravel() for axis in (lon, lat))
        x, y = self._wcs.to_pixel(across, along)
        return (np.asarray(x) - self._window.x0).reshape(shape), (np.asarray(y) - self._window.y0).reshape(shape)
