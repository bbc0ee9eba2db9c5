"""Whether the positions in headers are those of one target that moves: each at its own time, on one smooth path.

The keywords of two exposures may have been exchanged, or one have a position of another target. Nothing in one header
tells; all together do: a target goes on as it went, and a position that stands beside another's time bends its path.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jwstpipe.errors import DataError
from jwstpipe.mosaicking.inputs.sources import Inspection
from jwstpipe.sky.frames import unit_vectors

__all__ = ["DAY_S", "SAME_TIME_S", "WAY_OUT", "check_path"]

Floats = NDArray[np.float64]

ARCSEC = 206_264.806

DAY_S, SAME_TIME_S = 86_400.0, 1.0
"""Seconds of a day; exposures whose middles lie closer were taken at once, by several detectors."""

TOLERANCE_ARCSEC = 0.05
"""Bends below it do not matter: half a pixel of the finest images smears nothing."""

BETTER = 30.0
"""A change by which squared bends become so many times smaller is no chance."""

FASTEST_ARCSEC_H2 = 30.0
"""Of a path that bends more one position is wrong: Io and Amalthea bend by 3 and 16, at their nearest."""

FEWEST_TO_LEAVE_OUT = 4
"""Positions, of which the others still tell a path without one of them."""

WAY_OUT = "give its positions with --ephemeris TABLE, or --follow sky to place them by the stars"


@dataclass(frozen=True, eq=False)
class _Path:
    """Where headers say that a target was, in the order of time, one position for each time."""

    images: list[Inspection]
    hours: Floats
    places: Floats
    """(n, 3): unit vectors, arcsec."""

    aimed: Floats | None
    """(n, 3): where the telescope was sent, by other keywords; None where one does not say."""


def check_path(images: Sequence[Inspection], middle: Callable[[Inspection], float | None]) -> None:
    """Refuse positions of a moving target that are not at their own times.

    Two exposures alone show nothing, unless TARG_RA and TARG_DEC, where the telescope was sent, say where each was.

    Parameters
    ----------
    images
        Whose headers are believed.
    middle
        Gives the time of an image, MJD.

    Raises
    ------
    DataError
        Two positions that belong to each other's time; one that lies on no path with the others.
    """
    path = _path_of(images, middle)
    if (aimed := path.aimed) is not None:
        _check_exchanged(path, lambda places: _away(places - aimed), "TARG_RA and TARG_DEC")
    _check_exchanged(path, lambda places: _bends(path.hours, places), "the way of the target")
    _check_off(path)


def _path_of(images: Sequence[Inspection], middle: Callable[[Inspection], float | None]) -> _Path:
    timed = [(when, one) for one in images if (when := middle(one)) is not None and one.target.own and one.target.moves]
    kept: list[tuple[float, Inspection]] = []
    for when, one in sorted(timed, key=lambda pair: pair[0]):
        if not kept or when - kept[-1][0] > SAME_TIME_S / DAY_S:
            kept.append((when, one))
    found = [one for _, one in kept]
    hours = 24.0 * (np.array([when for when, _ in kept]) - (kept[0][0] if kept else 0.0))
    aimed = [one.target.aimed for one in found]
    places = [one.target.position for one in found]
    return _Path(found, hours, _vectors(places), None if None in aimed else _vectors(aimed))


def _vectors(places: Sequence[tuple[float, float] | None]) -> Floats:
    ra, dec = np.array([place for place in places if place is not None]).reshape(-1, 2).T
    return ARCSEC * unit_vectors(ra, dec)


def _bends(hours: Floats, places: Floats) -> Floats:
    """Give how far each position lies off the line between those before and after it, arcsec; 0 for first and last."""
    found = np.zeros(len(places))
    if len(places) > 2:
        share = ((hours[1:-1] - hours[:-2]) / (hours[2:] - hours[:-2]))[:, None]
        found[1:-1] = np.linalg.norm(places[1:-1] - (1.0 - share) * places[:-2] - share * places[2:], axis=1)
    return found


def _away(places: Floats) -> Floats:
    """Give how far places lie from what is usual among them, arcsec."""
    return np.asarray(np.linalg.norm(places - np.median(places, axis=0), axis=1)) if len(places) else np.zeros(0)


def _check_exchanged(path: _Path, misfits: Callable[[Floats], Floats], judge: str) -> None:
    """Refuse positions that fit when two of them change places, and then two more, until none fits better."""
    places = path.places
    first = now = misfits(places)
    pairs: list[tuple[int, int]] = []
    while len(pairs) < len(places) // 2 and now.max() > TOLERANCE_ARCSEC:
        better, one, other = _best_exchange(places, now, misfits)
        if one == other:
            break
        places, now = _exchanged(places, one, other), better
        pairs.append((one, other))
    if pairs and BETTER * np.square(now).sum() < np.square(first).sum():
        earlier, later = (path.images[k].source for k in sorted(pairs[0]))
        raise DataError(
            f"{later.address}: its MT_RA and MT_DEC fit {judge} at the time of {earlier.name}, and those of that one"
            f" fit at its own: they seem to be exchanged; {WAY_OUT}"
        )


def _best_exchange(
    places: Floats, now: Floats, misfits: Callable[[Floats], Floats]
) -> tuple[Floats, int, int]:  # fmt: skip
    """Find which two positions have to change places; those around the worst one are tried with all others."""
    worst = int(np.argmax(now))
    best, one, other = now, 0, 0
    for k in range(max(worst - 1, 0), min(worst + 2, len(places))):
        for far in range(len(places)):
            tried = misfits(_exchanged(places, k, far))
            if np.square(tried).sum() < np.square(best).sum():
                best, one, other = tried, k, far
    return best, one, other


def _exchanged(places: Floats, one: int, other: int) -> Floats:
    changed = places.copy()
    changed[[one, other]] = places[[other, one]]
    return changed


def _check_off(path: _Path) -> None:
    """Refuse one position off the path of all others, which bends there as no target does."""
    hours, places = path.hours, path.places
    bends = _bends(hours, places)
    if len(places) < FEWEST_TO_LEAVE_OUT or bends.max() <= TOLERANCE_ARCSEC:
        return
    worst = int(np.argmax(bends))
    sharp = 2.0 * bends[worst] / (hours[worst] - hours[worst - 1]) / (hours[worst + 1] - hours[worst])
    around = range(worst - 1, worst + 2)
    left = [np.square(_bends(np.delete(hours, k), np.delete(places, k, axis=0))).sum() for k in around]
    if sharp > FASTEST_ARCSEC_H2 and BETTER * min(left) < np.square(bends).sum():
        wrong = path.images[around[int(np.argmin(left))]].source
        raise DataError(
            f"{wrong.address}: by its MT_RA and MT_DEC the target leaves the path on which all other exposures have it"
            f" (it bends by {bends[worst]:.3g} arcsec there); {WAY_OUT}"
        )
