"""The corrections of all images of a mosaic at once, from the stars that they have in common (see `align`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import splu

from jwstpipe.mosaicking.plan import MosaicPlan
from jwstpipe.numerics.match_catalogs import Shift
from jwstpipe.numerics.robust import MAD_TO_SIGMA

__all__ = ["Solution"]

Floats = NDArray[np.float64]

ROUNDS = 10
HUBER = 3.0


@dataclass(frozen=True, eq=False)
class Solution:
    """The correction of each image on the plane, and which images hang together.

    Images of one group have the same correction: a shift, and a turn about the middle of the group.
    """

    shifts: Floats
    """(n, 2) pixels of the plane."""

    angles: Floats
    """(n,) radians."""

    centres: Floats
    """(n, 2) what each turns about."""

    components: NDArray[np.int64]
    matched: NDArray[np.bool_]
    anchored: NDArray[np.bool_]
    """Tied to a catalogue."""

    @classmethod
    def of(cls, plan: MosaicPlan, shifts: Sequence[Shift], places: Sequence[Floats], *, turns: bool) -> "Solution":
        """Solve for the corrections of all images together.

        A number below 0 in a shift is that of true positions.
        """
        groups = np.asarray(plan.together or range(len(plan.sources)), dtype=np.int64)
        count = int(groups.max()) + 1
        own = np.array([(0.5 * (s.box.x0 + s.box.x1 - 1), 0.5 * (s.box.y0 + s.box.y1 - 1)) for s in plan.sources])
        members = np.bincount(groups, minlength=count)
        centres = np.stack([np.bincount(groups, axis, minlength=count) / members for axis in own.T], axis=-1)
        between = [(groups[shift.first], groups[shift.second]) for shift in shifts if shift.second >= 0]
        ends = np.array(between, dtype=np.int64).reshape(-1, 2).T
        graph = coo_matrix((np.ones(ends.shape[1]), (ends[0], ends[1])), shape=(count, count))
        components = np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)
        matched, held = np.zeros(count, dtype=bool), np.zeros(count, dtype=bool)
        for shift in shifts:
            matched[[groups[number] for number in (shift.first, shift.second) if number >= 0]] = True
            held[groups[shift.first]] |= shift.second < 0
        anchored = np.isin(components, components[held])
        if not shifts:
            found = np.zeros((count, 3))
        else:
            found = _solve(shifts, places, groups, centres, components, anchored, turns=turns)
        shifted, turned = found[groups, :2], found[groups, 2]
        return cls(shifted, turned, centres[groups], components[groups], matched[groups], anchored[groups])

    def moved(self, number: int, points: Floats) -> Floats:
        """Give corrected plane positions of points of an image; true ones stay."""
        if number < 0:
            return points
        dx, dy = (points - self.centres[number]).T
        angle = self.angles[number]
        return np.asarray(points + self.shifts[number] + np.stack([-angle * dy, angle * dx], axis=-1))


def _solve(
    shifts: Sequence[Shift], places: Sequence[Floats], groups: NDArray[np.int64], centres: Floats,
    components: NDArray[np.int64], anchored: NDArray[np.bool_], *, turns: bool,
) -> Floats:  # fmt: skip
    """Solve for shifts and turns (n, 3) of groups, robustly; each component without a catalogue keeps its mean."""
    count = len(centres)
    design, goal = _equations(shifts, places, groups, centres)
    scale = max(float(np.abs(centres - centres.mean(axis=0)).max()), 1000.0)
    design = design @ coo_matrix((np.tile([1.0, 1.0, 1.0 / scale], count), (range(3 * count), range(3 * count))))
    free = np.ones((count, 3), dtype=bool)
    free[:, 2] = turns
    leaders = np.unique(components, return_index=True)[1]
    free[leaders[~anchored[leaders]]] = False
    columns = np.flatnonzero(free.ravel())
    weights, solution = np.ones(goal.size), np.zeros(3 * count)
    for _ in range(ROUNDS):
        part = design.tocsc()[:, columns]
        weighted = part.multiply(weights[:, None]).tocsc()
        normal = (part.T @ weighted).tocsc()
        ridge = 1e-12 * (normal.diagonal().max() if columns.size else 1.0)
        normal.setdiag(normal.diagonal() + ridge)
        if columns.size:
            solution[columns] = splu(normal).solve(np.asarray(weighted.T @ goal).ravel())
        rest = np.hypot(*(goal - design @ solution).reshape(-1, 2).T)
        limit = max(HUBER * MAD_TO_SIGMA * float(np.median(rest)), 1e-9)
        weights = np.repeat(np.minimum(1.0, limit / np.maximum(rest, 1e-300)), 2)
    found = solution.reshape(count, 3) / np.array([1.0, 1.0, scale])
    for component in np.unique(components[~anchored]):
        members = components == component
        angle = found[members, 2].mean()
        middle = centres[members].mean(axis=0)
        dx, dy = (centres[members] - middle).T
        found[members, 2] -= angle
        found[members, 0] -= -angle * dy
        found[members, 1] -= angle * dx
        found[members, :2] -= found[members, :2].mean(axis=0)
    return np.asarray(found)


def _equations(
    shifts: Sequence[Shift], places: Sequence[Floats], groups: NDArray[np.int64], centres: Floats
) -> tuple[Any, Floats]:
    """Write one equation for each star and axis: c_i(p_i) - c_j(p_j) = p_j - p_i."""
    rows, columns, entries, goal = [], [], [], []
    start = 0
    for shift in shifts:
        n = len(shift.pairs)
        ends = ((shift.first, 0, 1.0), (shift.second, 1, -1.0))
        points = [places[number][shift.pairs[:, side]] for number, side, _ in ends]
        for (number, _, sign), own in zip(ends, points, strict=True):
            if number < 0:
                continue
            group = groups[number]
            dx, dy = (own - centres[group]).T
            x_rows, y_rows = start + 2 * np.arange(n), start + 2 * np.arange(n) + 1
            for where, column, value in (
                (x_rows, 0, np.ones(n)), (x_rows, 2, -dy), (y_rows, 1, np.ones(n)), (y_rows, 2, dx),
            ):  # fmt: skip
                rows.append(where)
                columns.append(np.full(n, 3 * group + column))
                entries.append(sign * value)
        goal.append((points[1] - points[0]).ravel())
        start += 2 * n
    matrix = coo_matrix(
        (np.concatenate(entries), (np.concatenate(rows), np.concatenate(columns))), shape=(start, 3 * len(centres))
    )
    return matrix, np.concatenate(goal)
