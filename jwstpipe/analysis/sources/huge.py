"""Components too large for one window, as a nebula over the whole field: whole sums in exact whole numbers.

Such a component is not deblended. Its tiles add up samples as multiples of a power of two, so that the sums of tiles,
in whatever tiling, are the same number; each tile tells its highest pixel.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from jwstpipe.analysis.sources.components import labelled
from jwstpipe.analysis.sources.meshes.mesh import level_at
from jwstpipe.analysis.sources.seams import Crossing
from jwstpipe.analysis.sources.shapes import HUGE, MEASURES, SEAM
from jwstpipe.analysis.sources.tiles import COLUMNS, Found, TileJob
from jwstpipe.analysis.sources.window import seen

__all__ = ["HugeJob", "HugePart", "finish_huge", "huge_part"]

_MOST = 1 << 40
"""Largest multiple that one sample counts; brighter ones count so many."""


@dataclass(frozen=True)
class HugeJob:
    """A tile with parts of huge components."""

    tile: TileJob
    labels: tuple[tuple[int, int], ...]
    """Labels of the tile, and the numbers of the components they belong to."""

    exponent: int
    """Samples are counted in multiples of two to this."""


@dataclass(frozen=True, eq=False)
class HugePart:
    """What a tile says of huge components."""

    sums: dict[int, tuple[int, int, int, int]]
    """By component: samples, samples times x, samples times y, variances; multiples of powers of two."""

    peaks: dict[int, tuple[float, int, int, float, float]]
    """By component: highest smoothed sample, its pixel (y, x) of the array, highest sample, noise at the pixel."""

    runs: NDArray[np.int32]
    """(m, 4), with the numbers of components."""


def huge_part(job: HugeJob) -> HugePart:
    """Add up the parts of huge components in one tile."""
    window = seen(job.tile.source, job.tile.window, job.tile.mesh)
    labels, count = labelled(window.above_inside())
    owner = np.full(count + 1, -1, np.int64)
    for label, number in job.labels:
        owner[label] = number
    numbers = sorted({number for _, number in job.labels})
    owners = np.where(labels > 0, owner[labels], -1)
    sums, peaks, runs = {}, {}, []
    for number in numbers:
        mask = owners == number
        rows, best = _row_sums(window.values, window.smooth, window.noise, mask, 2.0**-job.exponent)
        y0, x0 = window.box.y0, window.box.x0
        flux = sum(int(row[0]) for row in rows)
        times_x = sum(int(row[1]) + x0 * int(row[0]) for row in rows)
        times_y = sum((y0 + i) * int(row[0]) for i, row in enumerate(rows))
        sums[number] = (flux, times_x, times_y, sum(int(row[2]) for row in rows))
        i, j = int(best[1]), int(best[2])
        peaks[number] = (float(best[0]), y0 + i, x0 + j, float(best[3]), float(window.noise[i, j]))
        runs.append(_mask_runs(mask, y0, x0, number))
    return HugePart(sums, peaks, np.concatenate(runs))


@njit(nogil=True, cache=True)
def _row_sums(
    values: NDArray[np.float32], smooth: NDArray[np.float32], noise: NDArray[np.float32], mask: NDArray[np.bool_],
    scale: float,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:  # fmt: skip
    rows = np.zeros((values.shape[0], 3), np.int64)
    best = np.array([-np.inf, 0.0, 0.0, -np.inf])
    for i in range(values.shape[0]):
        for j in range(values.shape[1]):
            if not mask[i, j]:
                continue
            whole = np.int64(min(max(round(float(values[i, j]) * scale), -float(_MOST)), float(_MOST)))
            rows[i, 0] += whole
            rows[i, 1] += whole * j
            rows[i, 2] += np.int64(min(round((float(noise[i, j]) * scale) ** 2), float(_MOST)))
            if smooth[i, j] > best[0]:
                best[0], best[1], best[2] = smooth[i, j], i, j
            best[3] = max(best[3], values[i, j])
    return rows, best


@njit(nogil=True, cache=True)
def _mask_runs(mask: NDArray[np.bool_], y0: int, x0: int, number: int) -> NDArray[np.int32]:
    total = 0
    for write in range(2):
        if write:
            found = np.zeros((total, 4), np.int32)
        total = 0
        for i in range(mask.shape[0]):
            j = 0
            while j < mask.shape[1]:
                if not mask[i, j]:
                    j += 1
                    continue
                start = j
                while j < mask.shape[1] and mask[i, j]:
                    j += 1
                if write:
                    found[total] = i + y0, start + x0, j + x0, number
                total += 1
    return found


def finish_huge(parts: Sequence[HugePart], huge: Sequence[Crossing], base: TileJob, exponent: int) -> list[Found]:
    """Put the parts together: a row for each huge component."""
    place = {name: k for k, name in enumerate(COLUMNS)}
    unit = 2.0**exponent
    found = []
    for number, one in enumerate(huge):
        touched = [part for part in parts if number in part.sums]
        flux, times_x, times_y, variance = (sum(part.sums[number][k] for part in touched) for k in range(4))
        high, peak_y, peak_x, _, noise = min(
            (part.peaks[number] for part in touched), key=lambda peak: (-peak[0], peak[1], peak[2])
        )
        row = np.full(len(COLUMNS), np.nan)
        centre_x = times_x / flux - peak_x if flux > 0 else 0.0
        centre_y = times_y / flux - peak_y if flux > 0 else 0.0
        box = one.box
        values = {
            "peak_y": peak_y, "peak_x": peak_x, "pixels": one.pixels, "y0": box.y0, "x0": box.x0, "y1": box.y1,
            "x1": box.x1, "peak": max(part.peaks[number][3] for part in touched), "smooth_peak": high,
            "flux": math.ldexp(flux, exponent), "variance": variance * unit * unit, "iso_x": centre_x,
            "iso_y": centre_y, "win_x": centre_x, "win_y": centre_y, "noise": noise, "flags": HUGE | SEAM,
            "first_y": one.seed[0], "first_x": one.seed[1], "children": 1,
        }  # fmt: skip
        for name, value in values.items():
            row[place[name]] = value
        y, x = base.source.origin
        row[place["sky"]] = level_at(base.mesh, np.array([peak_y + y]), np.array([peak_x + x]))[0]
        runs = np.concatenate([part.runs[part.runs[:, 3] == number] for part in touched])
        runs[:, 3] = 0
        found.append(Found(row[None, :], runs))
    assert len(MEASURES) + 4 == len(COLUMNS)
    return found
