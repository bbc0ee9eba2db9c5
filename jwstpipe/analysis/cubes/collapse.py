"""Images of a slice or of a range of slices: mean, median, sum; with errors, and how many samples made each pixel."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.analysis.cubes.cube import BLOCK_BYTES, Cube
from jwstpipe.analysis.cubes.planes import MapPlanes
from jwstpipe.errors import DataError
from jwstpipe.requests.analysis.cubes import Collapse, CubeMapRequest
from jwstpipe.sky.box import Box

__all__ = ["collapsed", "slice_map"]

Floats = NDArray[np.float64]

MEDIAN_ERROR = float(np.sqrt(np.pi / 2.0))
"""Error of a median over that of a mean, for normal noise."""


def slice_map(cube: Cube, request: CubeMapRequest) -> MapPlanes:
    """Take the slice at a wavelength, or of a number.

    Raises
    ------
    NoCoverageError, UsageError
        The cube has none there.
    DataError
        It holds no data.
    """
    index = request.index if request.wavelength is None else cube.index_of(request.wavelength)
    found = cube.slice(int(index or 0))
    counts = np.isfinite(found.sci).astype(np.uint16)
    if not counts.any():
        raise DataError(f"{cube.address}: slice {index} holds no data")
    planes: dict[str, Any] = {"sci": found.sci, **({} if found.err is None else {"err": found.err}), "n": counts}
    microns = None if cube.axis is None else float(cube.microns[int(index or 0)])
    band = f"slice {index}" if microns is None else f"{microns:.5g} um"
    return MapPlanes(planes, _unit(cube), band, microns, {"slice": int(index or 0)})


def collapsed(cube: Cube, first: int, last: int, how: Collapse) -> MapPlanes:
    """Make one image of slices `first` to `last`, the last one not included.

    Samples without data take no part. A sum over fewer samples than slices is their mean times the number of slices,
    so that it is that of the whole range; plane ``n`` tells how many there were.

    Returns
    -------
    MapPlanes
        In the unit of the cube. Errors take samples as independent.

    Raises
    ------
    DataError
        No sample has data.
    """
    rows, columns = cube.shape[1:]
    sci, err = np.full((rows, columns), np.nan, np.float32), np.full((rows, columns), np.nan, np.float32)
    counts = np.zeros((rows, columns), np.uint16)
    for band in _bands(cube, last - first, whole=how == "median"):
        if how == "median":
            values, variance, number = _median(cube, first, last, band)
        else:
            values, variance, number = _mean(cube, first, last, band)
        scale = float(last - first) if how == "sum" else 1.0
        factor = MEDIAN_ERROR if how == "median" else 1.0
        sci[band.slices] = values * scale
        err[band.slices] = np.sqrt(variance) * scale * factor
        counts[band.slices] = np.minimum(number, 65_535)
    if not counts.any():
        raise DataError(f"{cube.address}: no sample of slices {first} to {last - 1} has data")
    planes: dict[str, Any] = {"sci": sci, **({"err": err} if "err" in cube.planes else {}), "n": counts}
    microns = None if cube.axis is None else float(cube.microns[first:last].mean())
    return MapPlanes(planes, _unit(cube), _band(cube, first, last, how), microns, {"slices": [first, last]})


def _band(cube: Cube, first: int, last: int, how: str) -> str:
    if cube.axis is None:
        return f"{how} of slices {first} to {last - 1}"
    if (first, last) == (0, cube.shape[0]):
        return "white light" if how == "mean" else f"{how} of all"
    ends = sorted((float(cube.microns[first]), float(cube.microns[last - 1])))
    return f"{how} {ends[0]:.5g}-{ends[1]:.5g} um"


def _bands(cube: Cube, count: int, *, whole: bool) -> list[Box]:
    """Cut the field into bands of rows; those of a median hold all slices of a range at once."""
    rows, columns = cube.shape[1:]
    height = max(BLOCK_BYTES // (4 * columns * count), 1) if whole else rows
    return list(Box(0, 0, rows, columns).bands(height))


def _mean(cube: Cube, first: int, last: int, band: Box) -> tuple[Floats, Floats, NDArray[np.int64]]:
    total, variance = np.zeros(band.shape), np.zeros(band.shape)
    number = np.zeros(band.shape, np.int64)
    has_error = "err" in cube.planes
    for start, end in cube.blocks(first, last, band):
        values = cube.read(start, end, band)
        good = np.isfinite(values)
        number += good.sum(axis=0)
        total += np.where(good, values, 0.0).sum(axis=0, dtype=np.float64)
        if has_error:
            errors = cube.read(start, end, band, plane="err")
            variance += np.square(np.where(good, errors, 0.0), dtype=np.float64).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return total / number, variance / number**2, number


def _median(cube: Cube, first: int, last: int, band: Box) -> tuple[Floats, Floats, NDArray[np.int64]]:
    values = cube.read(first, last, band)
    good = np.isfinite(values)
    number = good.sum(axis=0)
    values[~good] = np.inf
    values.sort(axis=0)
    low, high = np.maximum(number - 1, 0) // 2, np.minimum(number // 2, last - first - 1)
    picked = [
        np.take_along_axis(values, at[None], axis=0)[0].astype(np.float64)
        for at in (low, np.minimum(high, last - first - 1))
    ]
    middle = np.where(number > 0, 0.5 * (picked[0] + picked[1]), np.nan)
    variance = np.zeros(band.shape)
    if "err" in cube.planes:
        errors = cube.read(first, last, band, plane="err").astype(np.float64)
        variance = np.square(np.where(good, errors, 0.0)).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return middle, variance / number**2, number


def _unit(cube: Cube) -> str:
    return str(cube.image.header.get("BUNIT", "") or "").strip()
