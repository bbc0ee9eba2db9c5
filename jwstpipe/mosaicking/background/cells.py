"""An image in cells of the plane, in which it is compared with others: the mean of its pixels in each.

A pixel belongs to the cell that holds its middle. So each pixel counts once, nothing is interpolated, and the noise of
a cell is that of its pixels; sources lie in the same cells in all images but for what crosses the edge of one.
"""

import math
import threading
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from jwstpipe.errors import TransformError
from jwstpipe.fits.dq import dq_mask
from jwstpipe.mosaicking.inputs.sources import Source
from jwstpipe.mosaicking.sky_model import NO_BACKGROUND
from jwstpipe.mosaicking.tile import placed_sources
from jwstpipe.mosaicking.tile_job import TileJob
from jwstpipe.mosaicking.warp.blocks import blocks
from jwstpipe.mosaicking.warp.input_window import read_input_window
from jwstpipe.numerics.compiled.kernel import compiled
from jwstpipe.requests import MosaicOptions
from jwstpipe.settings import S3Settings
from jwstpipe.sky.area import area_row, derivative_weights
from jwstpipe.sky.box import Box
from jwstpipe.sky.grid import SkyGrid
from jwstpipe.sky.pixelmap import pixel_map
from jwstpipe.sky.wcs.forward_map import forward_map
from jwstpipe.sky.wcs.lattice import fill_row

__all__ = ["CELL", "Cells", "reduced"]

CELL = 8
"""Mosaic pixels on the side of a cell in which images are compared."""

WINDOW = 1024
"""Pixels on the side of what is read of an image at once."""

WIDEST = 2.0
"""Pixels of the plane on the side of a pixel of an image above which cells would hold too few of its pixels."""

TOLERANCE = 0.02
"""Largest error of positions, pixels: a cell is far larger."""

KEPT = 128
"""Reduced images that are kept in a process, half a MB each."""

_ONE_AT_A_TIME = threading.Lock()

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Cells:
    """An image in cells of the plane."""

    box: Box
    """Window, counted in cells."""

    means: Floats
    """Mean of each, NaN = no data."""

    variances: Floats
    """Of the means, from how the pixels of a cell scatter: large where a star or a ray is in it, or an edge of
    something bright, of which one image may have more in the cell than another. No cell is thought better than most."""


def reduced(source: Source, grid: SkyGrid, reject_dq: tuple[str, ...], s3: S3Settings, *, is_flux: bool) -> Cells:
    """Average an image in the cells of the plane, once where several threads ask for it; kept for the next overlap."""
    with _ONE_AT_A_TIME:
        turn = _turn(source, grid)
    with turn:
        return _reduced(source, grid, reject_dq, s3, is_flux=is_flux)


@lru_cache(maxsize=KEPT)
def _turn(source: Source, grid: SkyGrid) -> threading.Lock:
    """Give what one thread at a time holds while it reduces an image."""
    del source, grid
    return threading.Lock()


@lru_cache(maxsize=KEPT)
def _reduced(source: Source, grid: SkyGrid, reject_dq: tuple[str, ...], s3: S3Settings, *, is_flux: bool) -> Cells:
    box = source.box
    box = Box(box.y0 // CELL, box.x0 // CELL, -(-box.y1 // CELL), -(-box.x1 // CELL))
    sums, pixels = np.zeros((3, *box.shape)), float(CELL**2)
    plane = replace(source, sky=NO_BACKGROUND)
    width = source.exact_wcs().scale_arcsec / grid.scale_arcsec
    if width <= WIDEST and _add_image(plane, grid, box, reject_dq, s3, sums, is_flux=is_flux):
        pixels = CELL**2 / width**2
    else:
        sums[...] = 0.0
        _add_sampled(plane, grid, box, reject_dq, s3, sums, is_flux=is_flux)
    counts = np.where(sums[0] > 0.5 * pixels, sums[0], np.nan)
    means = sums[1] / counts
    scatter = np.maximum(sums[2] - sums[1] * means, 0.0) / (counts - 1.0)
    known = scatter[np.isfinite(scatter)]
    return Cells(box, means, np.maximum(scatter, np.median(known) if known.size else 0.0) / counts)


def _add_image(
    source: Source, grid: SkyGrid, cells: Box, reject_dq: tuple[str, ...], s3: S3Settings, sums: Floats, *,
    is_flux: bool,
) -> bool:  # fmt: skip
    """Add the pixels of an image to its cells; tell whether all that is needed of it has a position on the plane."""
    wcs = source.exact_wcs()
    extent = pixel_map(grid, wcs, source.box, tolerance=TOLERANCE).extent()
    if extent is None:
        return False
    x0, x1, y0, y1 = (math.floor(side) for side in extent)
    window = Box(y0 - 1, x0 - 1, y1 + 3, x1 + 3).intersection(Box.of_shape(source.shape))
    if window is None:
        return False
    try:
        where = forward_map(grid, wcs, window, tolerance=TOLERANCE, name=source.address)
    except TransformError:
        return False
    slopes = derivative_weights(where.step) if is_flux else np.empty((4, 0))
    for part in window.cells(WINDOW):
        sci = read_input_window(
            source, part, weights="uniform", rejected=dq_mask(reject_dq), with_errors=False, is_flux=is_flux, s3=s3
        ).sci
        _add_pixels(
            sci, where.nodes, where.step, where.weights, slopes, part.y0 - where.box.y0, part.x0 - where.box.x0,
            cells.y0 * CELL, cells.x0 * CELL, sums,
        )  # fmt: skip
    return True


@compiled(error_model="numpy")
def _add_pixels(
    sci: NDArray[np.float32], nodes: Floats, step: int, lagrange: Floats, slopes: Floats, first_row: int,
    first_column: int, y0: int, x0: int, sums: Floats,
) -> None:  # fmt: skip
    """Add pixels, their samples and the squares of these to the cells that hold their middles.

    Samples are divided by the area of a pixel on the plane where slopes are given.
    """
    rows, columns = sums.shape[1:]
    n = sci.shape[1]
    xs, ys, areas = np.empty(n), np.empty(n), np.ones(n)
    scratch, area_scratch = np.empty((nodes.shape[1], 2)), np.empty((nodes.shape[1], 4))
    across, along = np.empty(n, dtype=np.int32), np.empty(n, dtype=np.int32)
    for i in range(sci.shape[0]):
        fill_row(nodes, step, lagrange, first_row + i, first_column, scratch, xs, ys)
        for j in range(n):
            across[j] = np.int32(np.floor((xs[j] + 0.5 - x0) / CELL))
            along[j] = np.int32(np.floor((ys[j] + 0.5 - y0) / CELL))
        if slopes.size > 0:
            area_row(nodes, step, lagrange, slopes, first_row + i, first_column, area_scratch, areas)
        for j in range(n):
            row, column, sample = along[j], across[j], sci[i, j] / areas[j]
            if row >= 0 and row < rows and column >= 0 and column < columns and np.isfinite(sample):
                sums[0, row, column] += 1.0
                sums[1, row, column] += sample
                sums[2, row, column] += sample * sample


def _add_sampled(
    source: Source, grid: SkyGrid, cells: Box, reject_dq: tuple[str, ...], s3: S3Settings, sums: Floats, *,
    is_flux: bool,
) -> None:  # fmt: skip
    """Add what the mosaic would sample of an image."""
    job = TileJob(
        out="",
        tile=(0, 0),
        window=Box(cells.y0 * CELL, cells.x0 * CELL, cells.y1 * CELL, cells.x1 * CELL),
        origin=(0, 0),
        grid=grid,
        sources=(source,),
        weights="uniform",
        is_flux=is_flux,
        options=MosaicOptions(combine="first", reject_dq=reject_dq),
        planes=("sci", "wht", "n"),
        s3=s3,
    )
    for block in blocks(job, placed_sources(job), set()):  # their sides are those of cells
        part = Box(*(side // CELL for side in (block.box.y0, block.box.x0, block.box.y1, block.box.x1)))
        place = part.relative_to(cells)
        _sum_cells(block.planes["sci"], place.y0, place.x0, part.shape[0], part.shape[1], sums)


@compiled(error_model="numpy")
def _sum_cells(sci: NDArray[np.float32], y0: int, x0: int, rows: int, columns: int, sums: Floats) -> None:
    """Sum up a part of the plane whose first cell is the one at (y0, x0): eight in pairs, row after row."""
    line = np.empty(CELL)
    for row in range(rows):
        for column in range(columns):
            count, total, squares = 0, 0.0, 0.0
            for i in range(CELL * row, CELL * row + CELL):
                for k in range(CELL):
                    sample = np.float64(sci[i, CELL * column + k])
                    good = np.isfinite(sample)
                    line[k] = sample if good else 0.0
                    count += 1 if good else 0
                total += _in_pairs(line)
                for k in range(CELL):
                    line[k] *= line[k]
                squares += _in_pairs(line)
            sums[0, y0 + row, x0 + column] = count
            sums[1, y0 + row, x0 + column] = total
            sums[2, y0 + row, x0 + column] = squares


@compiled(error_model="numpy")
def _in_pairs(v: Floats) -> float:
    return float(((v[0] + v[1]) + (v[2] + v[3])) + ((v[4] + v[5]) + (v[6] + v[7])))
