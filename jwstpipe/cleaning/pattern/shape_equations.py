"""Exposures of a detector, each less the mean of all that see the same sky: equations for a light on the detector."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array, eye_array

from jwstpipe.cleaning.pattern.cells import Cells
from jwstpipe.cleaning.pattern.strengths import COVERED
from jwstpipe.numerics.robust import MAD_TO_SIGMA

__all__ = ["Seen", "design", "seen_of", "usual_error", "with_lines", "without_lines"]

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Seen:
    """One exposure; cells one behind the other."""

    others: tuple[Any, ...]
    """(cell, cell), sparse, by exposure, itself too: what light on the cells of that one adds to the mean."""

    value: Floats
    """(cell,): what the exposure has more than the mean, as far as it is not of its stripes."""

    weight: Floats
    """(cell,): inverse variance; 0 = says nothing."""

    line: Numbers
    """(cell,): which stripe a cell lies on."""

    total: Floats
    """(line,): weights added up."""

    share: Floats
    """(line,): part of the mean of a stripe that is taken off: as stripes vary, beside the error of the mean."""


def seen_of(exposures: Sequence[Cells]) -> list[Seen]:
    """Write the equations of all exposures."""
    return [_one(exposures, number) for number in range(len(exposures))]


def _one(exposures: Sequence[Cells], number: int) -> Seen:
    own = exposures[number]
    size = own.rest.size
    seen, mean = np.zeros(size), np.zeros(size)
    looks = []
    for other, cells in enumerate(exposures):
        known = np.isfinite(cells.rest).ravel().astype(float)
        look = eye_array(size, format="csr") if other == number else _between(own.places_on(cells))
        share = look @ known
        there = share > COVERED
        look = diags_array(np.where(there, 1.0 / np.maximum(share, COVERED), 0.0)) @ look @ diags_array(known)
        seen += there
        mean += look @ np.nan_to_num(cells.rest).ravel()
        looks.append(look)
    count = np.maximum(seen, 1.0)
    used = np.isfinite(own.rest).ravel() & (seen >= 2)
    weight = np.where(used, 1.0 / np.square(np.where(used, own.error.ravel(), 1.0)), 0.0)
    value = np.nan_to_num(own.rest).ravel() - mean / count
    line = own.lines[0].ravel() if own.lines else np.zeros(size, np.int64)
    total = np.bincount(line, weight)
    some = total > 0
    safe = np.where(some, total, 1.0)
    means = np.bincount(line, weight * value) / safe
    spread = MAD_TO_SIGMA * float(np.median(np.abs(means[some] - np.median(means[some])))) if some.any() else 0.0
    share = spread**2 / (spread**2 + 1.0 / safe)
    others = tuple((diags_array(1.0 / count) @ look).tocsr() for look in looks)
    bare = Seen(others, value, weight, line, safe, 1.0 - np.sqrt(1.0 - share))
    return Seen(others, without_lines(bare, value), weight, line, safe, bare.share)


def _between(places: Floats) -> Any:
    """Give the sparse matrix that interpolates between four cells at places (2, row, column) of another exposure."""
    rows, columns = places.shape[1:]
    y, x = places.reshape(2, -1)
    low_y, low_x = (np.floor(one).astype(np.int64) for one in (y, x))
    entries = []
    for dy in (0, 1):
        for dx in (0, 1):
            at_y, at_x = low_y + dy, low_x + dx
            weight = np.abs(1 - dy - (y - low_y)) * np.abs(1 - dx - (x - low_x))
            inside = (at_y >= 0) & (at_y < rows) & (at_x >= 0) & (at_x < columns)
            entries.append((weight[inside], np.flatnonzero(inside), (at_y * columns + at_x)[inside]))
    weights, cells, others = (np.concatenate(part) for part in zip(*entries, strict=True))
    return csr_array((weights, (cells, others)), shape=(y.size, y.size))


def design(equations: Sequence[Seen], number: int, strengths: Floats) -> Any:
    """Give the sparse matrix from a shape to one exposure, before stripes are taken off."""
    one = equations[number]
    matrix = strengths[number] * eye_array(one.value.size, format="csr")
    for strength, other in zip(strengths, one.others, strict=True):
        matrix = matrix - strength * other
    return matrix.tocsr()


def without_lines(one: Seen, values: Floats) -> Floats:
    """Take off what stripes may be."""
    mean = np.bincount(one.line, one.weight * values, one.total.size) / one.total
    return np.asarray(values - (one.share * mean)[one.line])


def with_lines(one: Seen, values: Floats) -> Floats:
    """Apply the transpose of that."""
    mean = np.bincount(one.line, values, one.total.size) / one.total
    return np.asarray(values - one.weight * (one.share * mean)[one.line])


def usual_error(equations: Sequence[Seen]) -> float:
    """Give the usual standard deviation of a cell; infinite where nothing says anything."""
    known = np.concatenate([one.weight[one.weight > 0] for one in equations])
    return float(1.0 / np.sqrt(np.median(known))) if known.size else float("inf")
