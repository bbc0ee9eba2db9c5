"""The jobs of a detection: a tile with the sources inside it, and a component that crosses tiles."""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from jwstpipe.analysis.sources.coarse import CoarseView, coarse_component, coarse_view
from jwstpipe.analysis.sources.deblend import Rules, split
from jwstpipe.analysis.sources.meshes.halves import COARSE_WIDTH
from jwstpipe.analysis.sources.meshes.mesh import Mesh, level_at
from jwstpipe.analysis.sources.shapes import BLENDED, COARSE, MEASURES, SEAM, WIDTH, measured
from jwstpipe.analysis.sources.window import DetectImage, Window, seen
from jwstpipe.images.zarr.layout import SHARD
from jwstpipe.numerics.areas.components import component_boxes, labelled
from jwstpipe.numerics.compiled.kernel import compiled
from jwstpipe.sky.box import Box

__all__ = ["COLUMNS", "CrossingJob", "Found", "Rim", "TileFound", "TileJob", "find_crossing", "find_in_tile"]

COLUMNS = (*MEASURES, "sky", "first_y", "first_x", "children")
"""Columns of the rows of sources; pixels of the array, centres relative to the peak pixel."""

Runs = NDArray[np.int32]


@dataclass(frozen=True)
class TileJob:
    """A tile to search, or the box of one component that crosses tiles."""

    source: DetectImage
    window: Box
    mesh: Mesh
    taps: NDArray[np.float32]
    """Kernel of blends, on one axis."""

    rules: Rules
    sigma: float
    coarse: bool
    """Look at half resolution, too; of a component that crosses tiles: it is one of half resolution."""


@dataclass(frozen=True)
class CrossingJob:
    """Components that lie on several tiles."""

    components: tuple[tuple[TileJob, tuple[int, int]], ...]
    """For each: a window that is the component's box, and its first pixel in raster order, of the array."""


@dataclass(frozen=True, eq=False)
class Found:
    """Sources, and the runs of their pixels."""

    rows: NDArray[np.float64]
    """(n, 28), see `COLUMNS`."""

    runs: Runs
    """(m, 4): y, x0, x1 (half-open, pixels of the array) and row of the source."""


@dataclass(frozen=True, eq=False)
class Rim:
    """Components that touch the edges of a tile."""

    edges: tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]
    """Labels on its first and last row, first and last column."""

    crossing: NDArray[np.int64]
    """(k, 9): label, y0, x0, y1, x1, pixels, first y, first x of components on edges where another tile begins, and 1
    where another component speaks for it."""


@dataclass(frozen=True, eq=False)
class TileFound:
    """What a tile says."""

    inside: Found
    rim: Rim
    """In pixels of the array."""

    coarse: Rim
    """At half resolution, in absolute pixels of that."""


def find_in_tile(job: TileJob) -> TileFound:
    """Search a tile: finish what lies inside, and tell what touches its edges."""
    window = seen(job.source, job.window, job.mesh)
    labels, count = labelled(window.above_inside())
    boxes = component_boxes(labels, count)
    inner = job.window.relative_to(window.box)
    touching, rim = _rim(job, labels, boxes, inner, (window.box.y0, window.box.x0), np.zeros(count + 1, np.bool_))
    found = _finished(job, window, labels, boxes, np.flatnonzero(~touching & (boxes[:, 4] >= job.rules[2])))
    del labels
    if not job.coarse:
        nothing = np.zeros(0, np.int32)
        return TileFound(found, rim, Rim((nothing,) * 4, np.empty((0, 9), np.int64)))
    view = coarse_view(job.source, window, job.mesh, job.rules[2])
    whole = Box.of_shape(view.labels.shape)
    touching, coarse = _rim(job, view.labels, view.boxes, whole, (view.box.y0, view.box.x0), view.taken)
    wanted = np.flatnonzero(~touching & ~view.taken & (view.boxes[:, 4] >= job.rules[2]))
    wide = _coarse_finished(job, window, view, wanted)
    runs = wide.runs + np.array([0, 0, 0, len(found.rows)], np.int32)
    both = Found(np.concatenate([found.rows, wide.rows]), np.concatenate([found.runs, runs]))
    return TileFound(both, rim, coarse)


def _rim(
    job: TileJob, labels: NDArray[np.int32], boxes: NDArray[np.int64], inner: Box, corner: tuple[int, int],
    taken: NDArray[np.bool_],
) -> tuple[NDArray[np.bool_], Rim]:  # fmt: skip
    """Tell which components touch an edge of the tile, in the labels a part `inner`, where another tile begins."""
    rows, columns = job.source.shape
    touching = np.zeros(len(boxes), bool)
    if job.window.y0 > 0:
        touching |= boxes[:, 0] == inner.y0
    if job.window.x0 > 0:
        touching |= boxes[:, 1] == inner.x0
    if job.window.y1 < rows:
        touching |= boxes[:, 2] == inner.y1
    if job.window.x1 < columns:
        touching |= boxes[:, 3] == inner.x1
    touching[0] = False
    crossing = np.flatnonzero(touching)
    oy, ox = corner
    reported = np.column_stack([
        crossing, boxes[crossing] + np.array([oy, ox, oy, ox, 0, oy, ox]), taken[crossing]
    ]).astype(np.int64)  # fmt: skip
    part = labels[inner.slices]
    top, bottom, left, right = (
        np.where(touching[edge], edge, 0) for edge in (part[0], part[-1], part[:, 0], part[:, -1])
    )
    touching[0] = True
    return touching, Rim((top, bottom, left, right), reported)


def find_crossing(job: CrossingJob) -> list[Found]:
    """Finish components that cross tiles, each in a window of its own."""
    found = []
    for tile, seed in job.components:
        window = seen(tile.source, tile.window, tile.mesh)
        if tile.coarse:
            view = coarse_view(tile.source, window, tile.mesh, tile.rules[2])
            wanted = view.labels[seed[0] - view.box.y0, seed[1] - view.box.x0]
            found.append(_coarse_finished(tile, window, view, np.array([wanted], np.int64)))
            continue
        labels, count = labelled(window.above_inside())
        boxes = component_boxes(labels, count)
        wanted = labels[seed[0] - window.box.y0, seed[1] - window.box.x0]
        found.append(_finished(tile, window, labels, boxes, np.array([wanted], np.int64)))
    return found


def _coarse_finished(job: TileJob, window: Window, view: CoarseView, wanted: NDArray[np.int64]) -> Found:
    """Measure components of half resolution, none taken apart, in numbers of the array."""
    whole = replace(job, rules=(math.inf, *job.rules[1:]))
    rows, runs = [np.empty((0, len(COLUMNS)))], [np.empty((0, 4), np.int32)]
    for count, k in enumerate(wanted.tolist()):
        near, labels, boxes = coarse_component(view, job.source, window, job.mesh, k)
        one = _finished(whole, near, labels, boxes, np.ones(1, np.int64), widen=COARSE_WIDTH)
        rows.append(one.rows)
        runs.append(one.runs + np.array([0, 0, 0, count], np.int32))
    found = Found(np.concatenate(rows), np.concatenate(runs))
    column = COLUMNS.index("flags")
    found.rows[:, column] = found.rows[:, column].astype(np.int64) | COARSE
    return found


def _finished(
    job: TileJob, window: Window, labels: NDArray[np.int32], boxes: NDArray[np.int64], wanted: NDArray[np.int64], *,
    widen: float = 1.0,
) -> Found:  # fmt: skip
    """Deblend and measure components, in numbers of the array; their labels become those of their parts."""
    oy, ox = window.box.y0, window.box.x0
    rows, columns = job.source.shape
    frame = (-oy, -ox, rows - oy, columns - ox)
    table, children, owners = _measure_all(
        labels, boxes, wanted, window.values, window.smooth, window.noise, window.dq, job.taps, job.rules,
        (job.sigma, widen * job.sigma), frame,
    )  # fmt: skip
    runs = _runs(labels, len(boxes) - 1, owners, boxes, oy, ox)
    place = dict(zip(MEASURES, range(len(MEASURES)), strict=True))
    for name in ("peak_y", "y0", "y1"):
        table[:, place[name]] += oy
    for name in ("peak_x", "x0", "x1"):
        table[:, place[name]] += ox
    y, x = job.source.origin
    ys, xs = table[:, place["peak_y"]].astype(np.int64), table[:, place["peak_x"]].astype(np.int64)
    sky = level_at(job.mesh, ys + y, xs + x)
    flags = table[:, place["flags"]].astype(np.int64)
    flags[children > 1] |= BLENDED
    for low, high, shift in (("y0", "y1", y), ("x0", "x1", x)):
        first, last = table[:, place[low]].astype(np.int64) + shift, table[:, place[high]].astype(np.int64) + shift - 1
        flags[first // SHARD != last // SHARD] |= SEAM
    table[:, place["flags"]] = flags
    first = boxes[owners, 5:7] + np.array([oy, ox])
    return Found(np.column_stack([table, sky, first, children]), runs)


@compiled()
def _measure_all(
    labels: NDArray[np.int32], boxes: NDArray[np.int64], wanted: NDArray[np.int64], values: NDArray[np.float32],
    smooth: NDArray[np.float32], noise: NDArray[np.float32], saturated: NDArray[np.uint32], taps: NDArray[np.float32],
    rules: Rules, sigmas: tuple[float, float], frame: tuple[int, int, int, int],
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:  # fmt: skip
    """Give the measures of all parts of components, how many parts each component has, and whose they are.

    Parts are written over the labels of their component, with numbers above those of all components.
    """
    base = len(boxes) - 1
    found = np.zeros((max(wanted.size, 16), WIDTH))
    children, owners = np.zeros(len(found), np.int64), np.zeros(len(found), np.int64)
    n = 0
    for k in wanted:
        highest = split(labels, k, boxes[k], values, noise, taps, rules, labels, base + n)
        count = len(highest)
        if n + count > len(found):
            more = np.zeros((2 * (n + count), WIDTH))
            more[:n] = found[:n]
            many, whose = np.zeros(len(more), np.int64), np.zeros(len(more), np.int64)
            many[:n], whose[:n] = children[:n], owners[:n]
            found, children, owners = more, many, whose
        measured(
            labels, base + n, highest, boxes[k], values, smooth, noise, saturated, sigmas, frame, found[n : n + count]
        )
        children[n : n + count], owners[n : n + count] = count, k
        n += count
    return found[:n].copy(), children[:n].copy(), owners[:n].copy()


@compiled()
def _runs(
    parts: NDArray[np.int32], base: int, owners: NDArray[np.int64], boxes: NDArray[np.int64], oy: int, ox: int
) -> NDArray[np.int32]:
    """List the rows of pixels of every part; those of a component lie in its box, and have numbers in a row."""
    total = 0
    for write in range(2):
        if write:
            found = np.zeros((total, 4), np.int32)
        total = 0
        first = 0
        while first < owners.size:
            last = first
            while last < owners.size and owners[last] == owners[first]:
                last += 1
            y0, x0, y1, x1 = (
                boxes[owners[first], 0],
                boxes[owners[first], 1],
                boxes[owners[first], 2],
                boxes[owners[first], 3],
            )
            for i in range(y0, y1):
                j = x0
                while j < x1:
                    label = parts[i, j] - base
                    if not first < label <= last:
                        j += 1
                        continue
                    start = j
                    while j < x1 and parts[i, j] - base == label:
                        j += 1
                    if write:
                        found[total] = i + oy, start + ox, j + ox, label - 1
                    total += 1
            first = last
    return found
