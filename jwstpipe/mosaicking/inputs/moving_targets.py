"""Images of a target that moves: what their headers say of it, and what turns them so that it keeps its place.

The telescope follows a solar-system target, so that each exposure is sharp, and the stars of two exposures lie apart by
what the target has moved. The JWST pipeline writes ``TARGTYPE = 'MOVING'`` and, into the header of the samples, the
target's mean position during the exposure, ``MT_RA`` and ``MT_DEC``; its step ``assign_mtwcs`` shifts the coordinates
of all exposures so that the target stands at the mean of these, ``MT_AVRA`` and ``MT_AVDEC``
(https://jwst-pipeline.readthedocs.io/en/latest/jwst/assign_mtwcs/index.html). It adds the difference to right ascension
and declination as they are, which far from the equator turns images and changes their scale; here images are turned on
the sphere instead, with north at the target staying north, so that shapes and fluxes stay what they are.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.sky.frames import unit_vectors
from jwstpipe.sky.rotation import SkyRotation, turn_between

__all__ = ["MovingTarget", "moving_target_of", "turn_to"]

Floats = NDArray[np.float64]

POLE_DEG = 1e-3
"""North is taken from a point so far from the target."""


@dataclass(frozen=True)
class MovingTarget:
    """What the header of an image says of a target that moves."""

    name: str
    """TARGNAME; empty where it is not given."""

    moves: bool
    """TARGTYPE says so."""

    position: tuple[float, float] | None
    """Where the target lies by the coordinates of the image, degrees ICRS; None where the header does not say."""

    own: bool = False
    """That is where it was during this exposure (MT_RA, MT_DEC), and no mean that several images share."""

    aimed: tuple[float, float] | None = None
    """Where the telescope was sent for it (TARG_RA, TARG_DEC), degrees ICRS; None where the header does not say."""


def moving_target_of(value: Callable[[str], Any], *, combined: bool, gwcs: bool) -> MovingTarget:
    """Read what a header says of a moving target.

    Parameters
    ----------
    value
        Gives the value of a keyword of its primary or science header, None where there is none.
    combined
        The image was made of several exposures: then only their common position counts.
    gwcs
        Its coordinates come from a gwcs, which `assign_mtwcs` changes; the header's own it leaves as they are.
    """
    moves = str(value("TARGTYPE") or "").strip().upper() == "MOVING"
    shared = _place(value("MT_AVRA"), value("MT_AVDEC")) if combined or gwcs else None
    own = None if combined or shared is not None else _place(value("MT_RA"), value("MT_DEC"))
    aimed = _place(value("TARG_RA"), value("TARG_DEC"))
    return MovingTarget(str(value("TARGNAME") or "").strip(), moves, shared or own, own is not None, aimed)


def _place(ra: Any, dec: Any) -> tuple[float, float] | None:
    numbers = all(isinstance(one, int | float) and not isinstance(one, bool) for one in (ra, dec))
    return (float(ra) % 360.0, float(dec)) if numbers and np.isfinite(ra) and abs(dec) <= 90.0 else None


def turn_to(place: tuple[float, float], reference: tuple[float, float]) -> SkyRotation:
    """Find the rotation of the sphere that takes one place to another and north there to north.

    Parameters
    ----------
    place, reference
        Right ascension and declination, degrees ICRS.
    """
    return turn_between(_with_north(*place), _with_north(*reference))


def _with_north(ra: float, dec: float) -> Floats:
    """Give the unit vectors of a place and of a point north of it (beyond the pole where that is nearer)."""
    return unit_vectors(np.array([ra, ra]), np.array([dec, dec + POLE_DEG]))
