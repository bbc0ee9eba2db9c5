"""Which positions on the sky are the same ones: one to one, by rising distance, after a common offset."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from jwstpipe.sky.frames import unit_vectors

__all__ = ["Pairs", "common_offset", "matched", "matches_by_chance", "moved", "offsets"]

Floats = NDArray[np.float64]

_ARCSEC = 3600.0 * 180.0 / np.pi
FEWEST_VOTES = 3
"""Fewer pairs that agree are no offset."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """Matched rows."""

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    """(n,), their numbers, by the rising number of the first."""

    arcsec: Floats
    """(n,), their distances."""


def moved(ra: Floats, dec: Floats, east: Floats | float, north: Floats | float) -> tuple[Floats, Floats]:
    """Move positions, degrees, by small steps to the east and the north, arcsec, in their own tangent planes."""
    lon, lat = np.radians(ra), np.radians(dec)
    place = unit_vectors(ra, dec)
    to_east = np.column_stack([-np.sin(lon), np.cos(lon), np.zeros_like(lon)])
    to_north = np.column_stack([-np.sin(lat) * np.cos(lon), -np.sin(lat) * np.sin(lon), np.cos(lat)])
    steps = (np.broadcast_to(np.asarray(one, np.float64) / _ARCSEC, lon.shape) for one in (east, north))
    step_east, step_north = steps
    there = place + to_east * step_east[:, None] + to_north * step_north[:, None]
    there /= np.linalg.norm(there, axis=1)[:, None]
    return np.degrees(np.arctan2(there[:, 1], there[:, 0])) % 360.0, np.degrees(np.arcsin(np.clip(there[:, 2], -1, 1)))


def offsets(a: tuple[Floats, Floats], b: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """Give how far the first of each pair lies to the east and the north of the second, arcsec."""
    lon, lat = np.radians(b[0]), np.radians(b[1])
    to_east = np.column_stack([-np.sin(lon), np.cos(lon), np.zeros_like(lon)])
    to_north = np.column_stack([-np.sin(lat) * np.cos(lon), -np.sin(lat) * np.sin(lon), np.cos(lat)])
    apart = unit_vectors(*a) - unit_vectors(*b)
    return (to_east * apart).sum(axis=1) * _ARCSEC, (to_north * apart).sum(axis=1) * _ARCSEC


def matched(a: tuple[Floats, Floats], b: tuple[Floats, Floats], *, within: float) -> Pairs:
    """Match positions one to one: the closest pair first, of equal distances the one with the lower numbers.

    Parameters
    ----------
    a, b
        Right ascensions and declinations, degrees; those that are not finite match nothing.
    within
        Largest distance, arcsec.
    """
    real_a, real_b = (np.flatnonzero(np.isfinite(one[0] + one[1])) for one in (a, b))
    if not real_a.size or not real_b.size:
        nothing = np.empty(0, np.int64)
        return Pairs(nothing, nothing, np.empty(0))
    trees = [cKDTree(unit_vectors(one[0][real], one[1][real])) for one, real in ((a, real_a), (b, real_b))]
    near = trees[0].sparse_distance_matrix(trees[1], within / _ARCSEC, output_type="coo_matrix")
    i, j, chord = real_a[near.row], real_b[near.col], near.data
    order = np.lexsort((j, i, chord))
    free_a, free_b = np.ones(len(a[0]), bool), np.ones(len(b[0]), bool)
    kept = []
    for k in order:
        if free_a[i[k]] and free_b[j[k]]:
            free_a[i[k]] = free_b[j[k]] = False
            kept.append(k)
    chosen = np.array(kept, np.int64)
    chosen = chosen[np.argsort(i[chosen], kind="stable")]
    arcsec = 2.0 * np.arcsin(np.clip(chord[chosen] / 2.0, 0.0, 1.0)) * _ARCSEC
    return Pairs(i[chosen].astype(np.int64), j[chosen].astype(np.int64), arcsec)


def common_offset(
    a: tuple[Floats, Floats], b: tuple[Floats, Floats], *, reach: float, agreement: float
) -> tuple[float, float]:
    """Find the offset, first less second, that most pairs agree on; (0, 0) where fewer than three do.

    Parameters
    ----------
    a, b
        Right ascensions and declinations, degrees.
    reach
        Largest offset, arcsec.
    agreement
        Pairs whose offsets are no further apart, arcsec, vote for each other.

    Returns
    -------
    tuple of float
        To the east and the north, arcsec.
    """
    real_a, real_b = (np.flatnonzero(np.isfinite(one[0] + one[1])) for one in (a, b))
    if not reach or not real_a.size or not real_b.size:
        return 0.0, 0.0
    trees = [cKDTree(unit_vectors(one[0][real], one[1][real])) for one, real in ((a, real_a), (b, real_b))]
    near = trees[0].sparse_distance_matrix(trees[1], reach / _ARCSEC, output_type="coo_matrix")
    if near.nnz < FEWEST_VOTES:
        return 0.0, 0.0
    i, j = real_a[near.row], real_b[near.col]
    steps = np.column_stack(offsets((a[0][i], a[1][i]), (b[0][j], b[1][j])))
    votes = cKDTree(steps).query_ball_point(steps, agreement, return_length=True)
    if votes.max() < FEWEST_VOTES:
        return 0.0, 0.0
    centre = steps[np.argmax(votes)]
    for _ in range(3):
        centre = np.median(steps[np.hypot(*(steps - centre).T) <= agreement], axis=0)
    return float(centre[0]), float(centre[1])


def matches_by_chance(a: tuple[Floats, Floats], b: tuple[Floats, Floats], *, within: float) -> float:
    """Count the matches that chance alone gives: the mean over eight shifts of the first list by 5 to 10 arcsec."""
    found = []
    for k in range(8):
        turn, far = 2.0 * np.pi * k / 8.0, max(5.0 + 5.0 * (k % 2), 4.0 * within)
        shifted = moved(*a, far * np.cos(turn), far * np.sin(turn))
        found.append(len(matched(shifted, b, within=within).first))
    return float(np.mean(found))
