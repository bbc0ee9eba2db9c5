"""How strong light of a known shape is in each exposure: least squares in which the sky, of any shape, takes no part.

Dithers are short beside wisps, so that the mosaic has them too: smeared, but as bright. So no exposure is compared
with the mosaic, but with the mean of all that see the same place of the sky; that mean has the template in it as often,
shifted, and the equations say so. What the sky shows is the same in all and drops out, as in the solutions of
Fixsen, Moseley and Arendt (2000, ApJS 128, 651). Of stripes nothing is left either: only differences within a row of an
amplifier count. One exposure alone is compared with the template as it is; then a nebula can look like a wisp, and only
what all parts of the detector agree on is believed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates
from scipy.optimize import nnls

from jwstpipe.cleaning.pattern.cells import Cells
from jwstpipe.numerics.robust import MAD_TO_SIGMA

__all__ = ["Strengths", "fit_jointly", "fit_strengths"]

Floats = NDArray[np.float64]

BLOCKS = 4
"""Parts of the detector along a side that are left out in turn, to see what a strength depends on."""

SURELY, LIKELY = 5.0, 2.0
"""Standard deviations from which one exposure shows that there is such light, and from which others have it then."""

CLIP = 4.0
"""Cells that fit worse, standard deviations, take no part in the second round: what is left of sources."""

COVERED = 0.5
"""Share of a place that other exposures must know."""

ROUNDS = 3


@dataclass(frozen=True)
class Strengths:
    """Of a template, in each exposure."""

    values: tuple[float, ...]
    """Not negative; 0 where nothing is sure."""

    errors: tuple[float, ...]
    """Standard deviations; infinite where nothing tells."""


class _Equations(NamedTuple):
    """Of all exposures: value = design @ strengths, each divided by its standard deviation."""

    design: Floats
    value: Floats
    block: NDArray[np.int64]
    """Part of the detector that each belongs to."""


def fit_strengths(exposures: Sequence[Cells], light: Floats) -> Strengths:
    """Fit one template to the exposures of one detector: see `fit_jointly`."""
    return fit_jointly(exposures, [light])[0]


def fit_jointly(exposures: Sequence[Cells], lights: Sequence[Floats]) -> list[Strengths]:
    """Fit templates together to the exposures of one detector.

    Parameters
    ----------
    exposures
        Over one and the same mosaic; one alone as it is.
    lights
        (row, column): each template by cell.

    Returns
    -------
    list of Strengths
        Of each template. All of one are 0 where none of them is sure: five times the scatter that it has when parts of
        the detector are left out.
    """
    count = len(exposures)
    parts = [_one_exposure(exposures, number, lights) for number in range(count)]
    system = _Equations(*(np.concatenate(part) for part in zip(*parts, strict=True)))
    for _ in range(ROUNDS):
        free, errors = _left_out_in_turn(system)
        system = _fitting(system, free)
    free, errors = _left_out_in_turn(system)
    values = np.zeros(free.size)
    sure = np.repeat((free > SURELY * errors).reshape(-1, count).any(axis=1), count)
    if sure.any():
        have = np.flatnonzero(sure & (free > LIKELY * errors))
        values[have] = nnls(system.design[:, have], system.value)[0]
    return [
        Strengths(tuple(float(one) for one in own), tuple(float(one) for one in scatter))
        for own, scatter in zip(values.reshape(-1, count), errors.reshape(-1, count), strict=True)
    ]


def _one_exposure(exposures: Sequence[Cells], number: int, lights: Sequence[Floats]) -> _Equations:
    """Write the equations of one exposure: what it has more than the mean of all that see the same sky."""
    own = exposures[number]
    count = len(exposures)
    seen, rest = np.zeros(own.rest.shape), np.zeros(own.rest.shape)
    template = np.zeros((len(lights), count, *own.rest.shape))
    for other, cells in enumerate(exposures):
        known, values, shapes = _looked_up(cells, lights, None if other == number else own.places_on(cells))
        seen += known
        rest += values
        template[:, other] = shapes
    several = seen >= 2 if count > 1 else seen >= 1
    if count > 1:
        rest = np.nan_to_num(own.rest) - rest / np.maximum(seen, 1)
        template = -template / np.maximum(seen, 1)
        template[:, number] += lights
    used = np.isfinite(own.rest) & several
    weight = np.where(used, 1.0 / np.where(used, own.error, 1.0), 0.0)
    columns = np.concatenate([template.reshape(len(lights) * count, -1), rest.reshape(1, -1)])
    for line in own.lines:
        columns = _without_lines(columns, line.ravel(), np.square(weight.ravel()))
    rows, cols = np.indices(own.rest.shape)
    blocks = (rows * BLOCKS // own.rest.shape[0]) * BLOCKS + cols * BLOCKS // own.rest.shape[1]
    chosen = used.ravel()
    scaled = (columns * weight.ravel())[:, chosen]
    return _Equations(scaled[:-1].T, scaled[-1], blocks.ravel()[chosen])


def _looked_up(
    cells: Cells, lights: Sequence[Floats], places: Floats | None
) -> tuple[Floats, Floats, list[Floats]]:  # fmt: skip
    """Give at the places of another exposure: whether this one tells, what it shows, and the templates there."""
    known = np.isfinite(cells.rest).astype(float)
    rest = np.nan_to_num(cells.rest)
    if places is None:
        return known, rest, [light * known for light in lights]
    share, values, *shapes = (
        map_coordinates(one, places, order=1, mode="constant", cval=0.0)
        for one in (known, rest, *(light * known for light in lights))
    )
    there = share > COVERED
    scale = np.where(there, 1.0 / np.maximum(share, COVERED), 0.0)
    return there.astype(float), values * scale, [shape * scale for shape in shapes]


def _without_lines(columns: Floats, line: NDArray[np.int64], weight: Floats) -> Floats:
    """Take the weighted mean of each stripe out of all columns."""
    size = int(line.max()) + 1
    total = np.maximum(np.bincount(line, weight, size), 1e-300)
    means = np.stack([np.bincount(line, one * weight, size) / total for one in columns])
    return np.asarray(columns - means[:, line])


def _left_out_in_turn(system: _Equations) -> tuple[Floats, Floats]:
    """Solve with all, and with each part of the detector left out: strengths, and their standard deviations."""
    count = system.design.shape[1]
    numbers = np.unique(system.block)
    squares, products = np.zeros((numbers.size, count, count)), np.zeros((numbers.size, count))
    for index, number in enumerate(numbers):
        own = system.block == number
        squares[index] = system.design[own].T @ system.design[own]
        products[index] = system.design[own].T @ system.value[own]
    whole, right = squares.sum(axis=0), products.sum(axis=0)
    size = float(np.trace(whole)) / max(count, 1)
    if not size > 0 or numbers.size < 2:
        return np.zeros(count), np.full(count, np.inf)
    tiny = 1e-9 * size * np.eye(count)
    found = np.linalg.solve(whole + tiny, right)
    others = np.stack([
        np.linalg.solve(whole - squares[k] + tiny, right - products[k]) for k in range(numbers.size)
    ])  # fmt: skip
    spread = (numbers.size - 1.0) / numbers.size * np.square(others - found).sum(axis=0)
    formal = np.diag(np.linalg.inv(whole + tiny)) * _scatter(system, found) ** 2
    return found, np.sqrt(np.maximum(spread, formal))


def _scatter(system: _Equations, found: Floats) -> float:
    left = system.value - system.design @ found
    return max(float(MAD_TO_SIGMA * np.median(np.abs(left))), 1.0) if left.size else 1.0


def _fitting(system: _Equations, found: Floats) -> _Equations:
    """Leave out the cells that fit worst."""
    left = np.abs(system.value - system.design @ found)
    kept = left < CLIP * _scatter(system, found)
    return _Equations(system.design[kept], system.value[kept], system.block[kept])
