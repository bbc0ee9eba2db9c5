"""Components too large for one window, as a nebula over the whole field: whole sums in exact whole numbers.

They are taken apart on blocks of pixels that are counted from the absolute origin, as many as fit one window: tiles add
up their samples block by block, the blocks are flooded as any component is (`deblend`), and tiles measure the parts.
Samples are added up as multiples of a power of two, so that the sums of tiles, in whatever tiling, are the same number;
each tile tells the highest pixel of each part.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jwstpipe.analysis.sources.deblend import split
from jwstpipe.analysis.sources.meshes.mesh import level_at
from jwstpipe.analysis.sources.seams import Crossing
from jwstpipe.analysis.sources.shapes import BLENDED, HUGE, SEAM
from jwstpipe.analysis.sources.tiles import COLUMNS, Found, TileJob
from jwstpipe.analysis.sources.window import Window, seen
from jwstpipe.numerics.areas.components import labelled, place_runs
from jwstpipe.numerics.compiled.kernel import compiled
from jwstpipe.sky.box import Box

__all__ = [
    "HugeBlocks", "HugeJob", "HugePart", "blocks_for", "blocks_of", "finish_huge", "huge_blocks", "huge_part",
    "taken_apart",
]  # fmt: skip

MOST_BLOCKS = 1 << 21
"""Blocks that a component is taken apart on."""

_MOST = 1 << 40
"""Largest multiple that one sample counts; brighter ones count so many."""

Labels = NDArray[np.int32]
Whole = NDArray[np.int64]


@dataclass(frozen=True)
class HugeJob:
    """A tile with parts of huge components."""

    tile: TileJob
    labels: tuple[tuple[int, int], ...]
    """Labels of the tile, and the numbers of the components they belong to."""

    exponent: int
    """Samples are counted in multiples of two to this."""

    sides: tuple[int, ...]
    """Side of the blocks of each component, pixels."""

    blocks: tuple[tuple[int, "HugeBlocks"], ...] = ()
    """Numbers of components, and the numbers of their parts on the blocks of this tile; none = they are whole."""


@dataclass(frozen=True, eq=False)
class HugeBlocks:
    """Blocks of a component in a tile, or in its box."""

    box: Box
    """Absolute, counted in blocks."""

    values: Whole
    """(3, y, x): samples, how many, and variances, multiples of powers of two; or (1, y, x): numbers of parts."""


@dataclass(frozen=True, eq=False)
class HugePart:
    """What a tile says of parts of huge components."""

    names: tuple[tuple[int, int], ...]
    """Component and part."""

    sums: tuple[tuple[int, int, int, int, int], ...]
    """Of each: pixels, samples, samples times x, samples times y, variances; multiples of powers of two."""

    peaks: tuple[tuple[float, int, int, float, float], ...]
    """Of each: highest smoothed sample, its pixel (y, x) of the array, highest sample, noise at the pixel."""

    boxes: tuple[Box, ...]

    runs: Labels
    """(m, 4), the last column the place in `names`."""


EVERYWHERE = 1 << 40
"""Side of a block that holds every pixel."""

ONE_PART = HugeBlocks(Box(0, 0, 1, 1), np.ones((1, 1, 1), np.int64))


def blocks_of(box: Box) -> int:
    """Give the side of the blocks of a component: a power of two."""
    side = 1
    while (box.shape[0] // side + 2) * (box.shape[1] // side + 2) > MOST_BLOCKS:
        side *= 2
    return side


def _in_blocks(box: Box, side: int) -> Box:
    """Give the blocks that pixels lie in, both absolute."""
    return Box(box.y0 // side, box.x0 // side, -(-box.y1 // side), -(-box.x1 // side))


def _owners(job: HugeJob, window: Window) -> Labels:
    """Give for every pixel of a window the number of its huge component, -1 outside."""
    labels, count = labelled(window.above_inside())
    owner = np.full(count + 1, -1, np.int32)
    for label, number in job.labels:
        owner[label] = number
    return owner[labels]


def huge_blocks(job: HugeJob) -> dict[int, HugeBlocks]:
    """Add up the samples of huge components in one tile block by block."""
    window = seen(job.tile.source, job.tile.window, job.tile.mesh)
    owners = _owners(job, window)
    whole = window.box.shifted(*job.tile.source.origin)
    found = {}
    for number in sorted({number for _, number in job.labels}):
        side = job.sides[number]
        box = _in_blocks(whole, side)
        sums = np.zeros((3, *box.shape), np.int64)
        _add_blocks(window.values, window.noise, owners, number, 2.0**-job.exponent, side, whole.y0, whole.x0, sums)
        found[number] = HugeBlocks(box, sums)
    return found


@compiled()
def _counted(value: float, scale: float) -> int:
    return int(min(max(round(value * scale), -float(_MOST)), float(_MOST)))


@compiled()
def _add_blocks(
    values: NDArray[np.float32], noise: NDArray[np.float32], owners: Labels, number: int, scale: float, side: int,
    y0: int, x0: int, sums: Whole,
) -> None:  # fmt: skip
    top, left = y0 // side, x0 // side
    for i in range(values.shape[0]):
        for j in range(values.shape[1]):
            if owners[i, j] == number:
                v, u = (y0 + i) // side - top, (x0 + j) // side - left
                sums[0, v, u] += _counted(float(values[i, j]), scale)
                sums[1, v, u] += 1
                sums[2, v, u] += _counted((float(noise[i, j]) * scale) ** 2, 1.0)


def taken_apart(
    one: Crossing, number: int, tiles: Sequence[dict[int, HugeBlocks]], base: TileJob, side: int, exponent: int
) -> HugeBlocks:
    """Flood the blocks of a component; give the number of its part, from 1, of each block."""
    whole = one.box.shifted(*base.source.origin)
    box = _in_blocks(whole, side)
    sums = np.zeros((3, *box.shape), np.int64)
    for tile in tiles:
        part = tile.get(number)
        shared = None if part is None else part.box.intersection(box)
        if part is not None and shared is not None:
            rows, columns = shared.relative_to(part.box).slices
            into_rows, into_columns = shared.relative_to(box).slices
            sums[:, into_rows, into_columns] += part.values[:, rows, columns]
    labels = (sums[1] > 0).astype(np.int32)
    with np.errstate(invalid="ignore", divide="ignore"):
        values = (sums[0] / sums[1] * 2.0**exponent).astype(np.float32)
        noise = (np.sqrt(sums[2]) / sums[1] * 2.0**exponent).astype(np.float32)
    contrast, significance, fewest, _ = base.rules
    frame = np.array([0, 0, *box.shape, int(labels.sum())], np.int64)
    parts = np.zeros(box.shape, np.int32)
    rules = (contrast, significance, max(fewest // (side * side), 1), 1.0)
    split(labels, 1, frame, values, noise, np.ones(1, np.float32), rules, parts, 0)
    return HugeBlocks(box, parts[None].astype(np.int64))


def blocks_for(job: HugeJob, apart: Sequence[HugeBlocks]) -> tuple[tuple[int, HugeBlocks], ...]:
    """Give what a tile needs to know of the parts of its components."""
    whole = job.tile.window.shifted(*job.tile.source.origin)
    found = []
    for number in sorted({number for _, number in job.labels}):
        side, known = job.sides[number], apart[number]
        box = _in_blocks(whole, side).intersection(known.box)
        assert box is not None  # the component has pixels in the tile
        rows, columns = box.relative_to(known.box).slices
        found.append((number, HugeBlocks(box, np.ascontiguousarray(known.values[:, rows, columns]))))
    return tuple(found)


def huge_part(job: HugeJob) -> HugePart:
    """Add up the parts of huge components in one tile."""
    window = seen(job.tile.source, job.tile.window, job.tile.mesh)
    owners = _owners(job, window)
    y0, x0 = window.box.y0, window.box.x0
    whole = window.box.shifted(*job.tile.source.origin)
    places = np.full(owners.shape, -1, np.int32)
    names: list[tuple[int, int]] = []
    blocks = dict(job.blocks)
    for number in sorted({number for _, number in job.labels}):
        some = blocks.get(number, ONE_PART)
        side = job.sides[number] if number in blocks else EVERYWHERE
        numbers = np.unique(some.values[some.values > 0])
        _place(owners, number, some.values[0], some.box.y0, some.box.x0, side, whole.y0, whole.x0, numbers, len(names),
               places)  # fmt: skip
        names += [(number, int(part)) for part in numbers]
    rows, best, boxes = _row_sums(window.values, window.smooth, window.noise, places, len(names), 2.0**-job.exponent)
    told = [k for k in range(len(names)) if boxes[k, 2] > 0]
    sums, peaks, around = [], [], []
    for k in told:
        lines = [(i, *map(int, row)) for i, row in enumerate(rows[k]) if row[0]]
        flux = sum(one[2] for one in lines)
        times_x = sum(one[3] + x0 * one[2] for one in lines)
        times_y = sum((y0 + one[0]) * one[2] for one in lines)
        sums.append((sum(one[1] for one in lines), flux, times_x, times_y, sum(one[4] for one in lines)))
        i, j = int(best[k, 1]), int(best[k, 2])
        peaks.append((float(best[k, 0]), y0 + i, x0 + j, float(best[k, 3]), float(window.noise[i, j])))
        around.append(Box(*boxes[k].tolist()).shifted(y0, x0))
    runs = place_runs(places, y0, x0)
    runs[:, 3] = np.searchsorted(told, runs[:, 3])
    return HugePart(tuple(names[k] for k in told), tuple(sums), tuple(peaks), tuple(around), runs)


@compiled()
def _place(
    owners: Labels, number: int, parts: Whole, top: int, left: int, side: int, y0: int, x0: int, numbers: Whole,
    first: int, places: Labels,
) -> None:  # fmt: skip
    """Write for every pixel of a component the place of its part."""
    for i in range(owners.shape[0]):
        for j in range(owners.shape[1]):
            if owners[i, j] == number:
                part = parts[(y0 + i) // side - top, (x0 + j) // side - left]
                places[i, j] = first + np.searchsorted(numbers, part)


@compiled()
def _row_sums(
    values: NDArray[np.float32], smooth: NDArray[np.float32], noise: NDArray[np.float32], places: Labels, count: int,
    scale: float,
) -> tuple[Whole, NDArray[np.float64], Whole]:  # fmt: skip
    """Add up the rows of each part: pixels, samples, samples times x, variances; and give its peak and its box."""
    rows = np.zeros((count, values.shape[0], 4), np.int64)
    best, boxes = np.zeros((count, 4)), np.zeros((count, 4), np.int64)
    best[:, 0], best[:, 3] = -np.inf, -np.inf
    for i in range(values.shape[0]):
        for j in range(values.shape[1]):
            k = places[i, j]
            if k < 0:
                continue
            whole = _counted(float(values[i, j]), scale)
            rows[k, i, 0] += 1
            rows[k, i, 1] += whole
            rows[k, i, 2] += whole * j
            rows[k, i, 3] += _counted((float(noise[i, j]) * scale) ** 2, 1.0)
            if smooth[i, j] > best[k, 0]:
                best[k, 0], best[k, 1], best[k, 2] = smooth[i, j], i, j
            best[k, 3] = max(best[k, 3], values[i, j])
            if boxes[k, 2] == 0:
                boxes[k, 0], boxes[k, 1] = i, j
            boxes[k, 1], boxes[k, 2], boxes[k, 3] = min(boxes[k, 1], j), i + 1, max(boxes[k, 3], j + 1)
    return rows, best, boxes


def finish_huge(parts: Sequence[HugePart], huge: Sequence[Crossing], base: TileJob, exponent: int) -> list[Found]:
    """Put the parts together: a row for each part of a huge component."""
    place = {name: k for k, name in enumerate(COLUMNS)}
    unit = 2.0**exponent
    names = sorted({name for part in parts for name in part.names})
    children = {number: sum(name[0] == number for name in names) for number in range(len(huge))}
    found = []
    for name in names:
        one, many = huge[name[0]], children[name[0]]
        touched = [(part, part.names.index(name)) for part in parts if name in part.names]
        pixels, flux, times_x, times_y, variance = (sum(part.sums[at][k] for part, at in touched) for k in range(5))
        high, peak_y, peak_x, _, noise = min(
            (part.peaks[at] for part, at in touched), key=lambda peak: (-peak[0], peak[1], peak[2])
        )
        row = np.full(len(COLUMNS), np.nan)
        centre_x = times_x / flux - peak_x if flux > 0 else 0.0
        centre_y = times_y / flux - peak_y if flux > 0 else 0.0
        boxes = [part.boxes[at] for part, at in touched]
        values = {
            "peak_y": peak_y, "peak_x": peak_x, "pixels": pixels, "y0": min(box.y0 for box in boxes),
            "x0": min(box.x0 for box in boxes), "y1": max(box.y1 for box in boxes),
            "x1": max(box.x1 for box in boxes), "peak": max(part.peaks[at][3] for part, at in touched),
            "smooth_peak": high, "flux": math.ldexp(flux, exponent), "variance": variance * unit * unit,
            "iso_x": centre_x, "iso_y": centre_y, "win_x": centre_x, "win_y": centre_y, "noise": noise,
            "flags": HUGE | SEAM | (BLENDED if many > 1 else 0), "first_y": one.seed[0], "first_x": one.seed[1],
            "children": many,
        }  # fmt: skip
        for column, value in values.items():
            row[place[column]] = value
        y, x = base.source.origin
        row[place["sky"]] = level_at(base.mesh, np.array([peak_y + y]), np.array([peak_x + x]))[0]
        runs = np.concatenate([part.runs[part.runs[:, 3] == at] for part, at in touched])
        runs[:, 3] = 0
        found.append(Found(row[None, :], runs))
    return found
