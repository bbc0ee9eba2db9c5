"""Skies from differences between overlapping images: exact weighted least squares on a graph.

Levels: minimise ``sum w_ij (b_i - b_j - d_ij)^2``. The normal equations are a weighted graph Laplacian, singular by one
constant for each connected component. Planes: the same with three parameters an image, from the ten sums of each
overlap, singular by three. (Montage iterates towards the same solution; here it is one factorisation.)

The gauge of a component is that its skies have mean zero, so that matching moves no component as a whole, unless some
of its skies are known. Differences that contradict the others, as where a ghost fills an overlap, lose weight by
Huber's rule.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.mosaicking.background.normal_equations import components_of, factored, matrix_of
from jwstpipe.mosaicking.background.overlaps import Overlap
from jwstpipe.mosaicking.sky_model import BackgroundModel

__all__ = ["Difference", "Levels", "Skies", "solve_levels", "solve_skies"]

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

OUTLIER_SIGMAS = 4.0
"""Differences whose residual passes this many robust standard deviations lose weight in proportion (Huber)."""

QUARTILE = 1.1503
"""Absolute residual that three quarters of a normal distribution stay below, standard deviations. Not the median:
overlaps that share the same raw data agree exactly, and half of a survey may be such."""

MOST_TRUST = 10.0
"""Most weight of an overlap, in units of the median one: images cut from the same data agree to the last bit where
they overlap, and would drag each other's planes along as if they were one image."""

ROUNDS = 30
"""Most rounds of reweighting."""

WORST_CONDITION = 1e8
"""An image whose overlaps fix its slopes less than this keeps a level."""


@dataclass(frozen=True)
class Difference:
    """What one overlap says of levels."""

    first: int
    """Number of the image."""

    second: int
    value: float
    """Level of the first minus level of the second."""

    weight: float
    """Inverse variance of `value`."""


@dataclass(frozen=True)
class Levels:
    """Levels of all images."""

    values: tuple[float, ...]
    components: tuple[int, ...]
    """Number of the connected component of each image; levels of different components say nothing of each other."""

    residual_rms: float
    """Rms of what the differences leave unexplained, every overlap alike."""

    doubtful: tuple[tuple[int, int], ...]
    """Overlaps that contradict the others and lost weight."""


@dataclass(frozen=True)
class Skies:
    """Skies of all images."""

    values: tuple[BackgroundModel, ...]
    components: tuple[int, ...]
    """Number of the connected component of each image."""

    residuals: tuple[tuple[int, int, float], ...]
    """Mean difference that is left in each overlap."""

    residual_rms: float
    """Rms of `residuals`, every overlap alike."""

    doubtful: tuple[tuple[int, int], ...]
    """Overlaps that contradict the others and lost weight."""

    level_only: tuple[int, ...]
    """Images whose overlaps are too thin to tell a slope."""


def solve_levels(count: int, differences: Sequence[Difference], *, known: Mapping[int, float] | None = None) -> Levels:
    """Find the levels of `count` images.

    Parameters
    ----------
    count
        Number of images; those without any overlap get level 0, or what is known of them.
    differences
        Measured differences, in any order; sorted here, so that the result is the same bit for bit.
    known
        Levels that are not to be found but kept.
    """
    ordered = sorted(differences, key=lambda item: (item.first, item.second))
    overlaps = [
        Overlap(item.first, item.second, (0.0, 0.0), (item.weight, 0.0, 0.0, 0.0, 0.0, 0.0),
                (item.weight * item.value, 0.0, 0.0), item.weight * item.value**2)
        for item in ordered
    ]  # fmt: skip
    found = solve_skies([(0.0, 0.0)] * count, overlaps, planes=False, known=known)
    return Levels(tuple(sky.level for sky in found.values), found.components, found.residual_rms, found.doubtful)


def solve_skies(
    centres: Sequence[tuple[float, float]],
    overlaps: Sequence[Overlap],
    *,
    planes: bool,
    known: Mapping[int, float] | None = None,
) -> Skies:
    """Find the skies of images.

    Parameters
    ----------
    centres
        Plane position (x, y) of the middle of each image, pixels: where its level is counted.
    overlaps
        Measured overlaps, in any order.
    planes
        Find a plane for each image, not a level.
    known
        Levels, by number of the image, that are not to be found but kept.
    """
    ordered = sorted(overlaps, key=lambda item: (item.first, item.second))
    count, fixed = len(centres), dict(known or {})
    if not ordered:
        skies = tuple(BackgroundModel(fixed.get(k, 0.0), pivot=centres[k]) for k in range(count))
        return Skies(skies, tuple(range(count)), (), 0.0, (), ())
    system = _System(np.array(centres, dtype=np.float64), ordered, planes=planes, known=fixed)
    floor = 1e-9 * float(np.abs([item.level for item in ordered]).max())
    weights = np.array([item.weight for item in ordered])
    trusted = np.minimum(1.0, MOST_TRUST * np.median(weights) / weights)
    share = np.ones(len(ordered))
    for _ in range(ROUNDS):
        solution = system.solve(share * trusted)
        residual = np.abs(system.residuals(solution))
        limit = max(OUTLIER_SIGMAS * float(np.quantile(residual, 0.75)) / QUARTILE, floor)
        inside = residual <= limit  # both are 0 where images agree to the last bit
        before, share = share, np.where(inside, 1.0, limit / np.where(inside, 1.0, residual))
        if np.abs(share - before).max() < 1e-3:
            break
    left = system.residuals(solution)
    return Skies(
        tuple(
            BackgroundModel(float(row[0]), (float(row[1] / system.scale), float(row[2] / system.scale)), centre)
            if planes
            else BackgroundModel(float(row[0]), pivot=centre)
            for row, centre in zip(solution, centres, strict=True)
        ),
        tuple(int(component) for component in system.components),
        tuple((item.first, item.second, float(rest)) for item, rest in zip(ordered, left, strict=True)),
        float(np.sqrt(np.mean(left**2))),
        tuple((item.first, item.second) for item, part in zip(ordered, share, strict=True) if part < 1.0),
        system.level_only,
    )


class _System:
    """The normal equations: for each image a level, and with planes two slopes about its own middle."""

    def __init__(self, centres: Floats, overlaps: Sequence[Overlap], *, planes: bool, known: dict[int, float]) -> None:
        self.size = 3 if planes else 1
        self._count = len(centres)
        self._first = np.array([item.first for item in overlaps], dtype=np.int64)
        self._second = np.array([item.second for item in overlaps], dtype=np.int64)
        self.components = components_of(self._count, self._first, self._second)
        middle = np.array([item.centre for item in overlaps])
        self.scale = max(float(np.abs(middle - centres[self._first]).max()), 1.0)
        self._moments, self._sums = self._local(overlaps)
        self._to_first = self._moved(middle - centres[self._first])
        self._to_second = self._moved(middle - centres[self._second])
        self._centres = (centres - centres.mean(axis=0)) / self.scale
        self._known = known
        self.level_only = self._weak() if planes else ()
        self._tied = np.zeros(self.components.max() + 1, dtype=bool)
        """Components whose tilt is fixed by an image that keeps a level."""
        self._tied[self.components[list(self.level_only)]] = True

    def _local(self, overlaps: Sequence[Overlap]) -> tuple[Floats, Floats]:
        """Give moments (n, k, k) and sums (n, k) in scaled coordinates about the middle of each overlap."""
        s = self.scale
        m = np.array([item.moments for item in overlaps]) / np.array([1, s, s, s * s, s * s, s * s])
        moments = m[:, [[0, 1, 2], [1, 3, 4], [2, 4, 5]]]
        sums = np.array([item.differences for item in overlaps]) / np.array([1, s, s])
        return moments[:, : self.size, : self.size], sums[:, : self.size]

    def _moved(self, offset: Floats) -> Floats:
        """Give the matrices (n, k, k) that turn (1, u, v) about an overlap into (1, u, v) about an image."""
        matrix = np.tile(np.eye(3), (len(offset), 1, 1))
        matrix[:, 1:, 0] = offset / self.scale
        return matrix[:, : self.size, : self.size]

    def _weak(self) -> tuple[int, ...]:
        """Find images whose overlaps say nothing of their slopes."""
        information = np.zeros((self._count, 3, 3))
        for numbers, moved in ((self._first, self._to_first), (self._second, self._to_second)):
            np.add.at(information, numbers, moved @ self._moments @ moved.transpose(0, 2, 1))
        found = []
        for number, matrix in enumerate(information):
            values = np.linalg.eigvalsh(matrix)
            if values[-1] > 0 and values[0] < values[-1] / WORST_CONDITION:
                found.append(number)
        return tuple(found)

    def solve(self, share: Floats) -> Floats:
        """Solve with the first image of each component held, then put each component into its gauge."""
        k = self.size
        solution = np.zeros((self._count, k))
        held = np.zeros((self._count, k), dtype=bool)
        for number, level in self._known.items():
            solution[number, 0], held[number] = level, True
        held[list(self.level_only), 1:] = True
        anchored = np.zeros(self.components.max() + 1, dtype=bool)
        anchored[self.components[list(self._known)]] = True
        leaders = np.unique(self.components, return_index=True)[1]
        held[leaders[~anchored], 0] = True
        held[leaders[~anchored & ~self._tied], 1:] = True
        matrix, right = self._normal(share)
        free = ~held.ravel()
        if free.any():
            right = right - matrix @ solution.ravel()
            system = matrix[free][:, free]
            solve = factored(system)
            step = solve(right[free])
            step += solve(right[free] - system @ step)  # one refinement: full double precision
            solution.ravel()[free] += step
        return self._gauged(solution, anchored)

    def _normal(self, share: Floats) -> tuple[Any, Floats]:
        """Give matrix, dense or sparse, and right side."""
        k, a, b = self.size, self._to_first, self._to_second
        moments, sums = self._moments * share[:, None, None], self._sums * share[:, None]
        blocks = (
            (self._first, self._first, a @ moments @ a.transpose(0, 2, 1)),
            (self._second, self._second, b @ moments @ b.transpose(0, 2, 1)),
            (self._first, self._second, -a @ moments @ b.transpose(0, 2, 1)),
            (self._second, self._first, -b @ moments @ a.transpose(0, 2, 1)),
        )
        inner = np.arange(k)
        rows = np.concatenate([np.repeat(i[:, None] * k + inner, k, axis=1).ravel() for i, _, _ in blocks])
        columns = np.concatenate([np.tile(j[:, None] * k + inner, (1, k)).ravel() for _, j, _ in blocks])
        entries = np.concatenate([block.reshape(len(block), -1).ravel() for _, _, block in blocks])
        matrix = matrix_of(entries, rows, columns, self._count * k)
        right = np.zeros((self._count, k))
        np.add.at(right, self._first, (a @ sums[:, :, None])[:, :, 0])
        np.add.at(right, self._second, -(b @ sums[:, :, None])[:, :, 0])
        return matrix, right.ravel()

    def _gauged(self, solution: Floats, anchored: NDArray[np.bool_]) -> Floats:
        """Take the mean sky, a level or a plane, off each component in which none is known."""
        counts = np.bincount(self.components)

        def mean(values: Floats, held: NDArray[np.bool_]) -> Floats:
            means = np.bincount(self.components, values) / counts
            means[held] = 0.0
            return np.asarray(means[self.components])

        for axis in range(1, self.size):
            slope = mean(solution[:, axis], anchored | self._tied)
            solution[:, axis] -= slope
            solution[:, 0] -= slope * self._centres[:, axis - 1]
        solution[:, 0] -= mean(solution[:, 0], anchored)
        return solution

    def residuals(self, solution: Floats) -> Floats:
        """Give the mean difference that the skies leave in each overlap."""
        model = (
            np.einsum("nk,nkl->nl", solution[self._first], self._to_first)
            - np.einsum("nk,nkl->nl", solution[self._second], self._to_second)
        )  # fmt: skip
        means = self._moments[:, 0, :] / self._moments[:, :1, 0]
        return np.asarray(np.einsum("nk,nk->n", model, means) - self._sums[:, 0] / self._moments[:, 0, 0])
