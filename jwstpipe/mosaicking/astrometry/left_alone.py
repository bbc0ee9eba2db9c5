"""What alignment leaves as it is, in words: images without a match, without a reference, of another scale."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from jwstpipe.mosaicking.astrometry.solution import Solution
from jwstpipe.mosaicking.plan import MosaicPlan
from jwstpipe.numerics.match_catalogs import Shift
from jwstpipe.numerics.robust import MAD_TO_SIGMA

__all__ = ["left_alone"]

Floats = NDArray[np.float64]

STRETCH_PX, STRETCH_SIGMA = 0.1, 5.0
"""Differences of scale are told from so many pixels in the corners on, where they are so many times their error."""


def left_alone(
    plan: MosaicPlan, shifts: Sequence[Shift], places: Sequence[Floats], solved: Solution
) -> tuple[str, ...]:  # fmt: skip
    """Tell what was not mended of the positions of a plan's sources.

    Parameters
    ----------
    plan
        That was aligned.
    shifts, places
        Matches, and plane positions of the stars of each image, and of the reference at numbers below 0.
    solved
        Corrections.
    """
    names = [source.name for source in plan.sources]
    lost = [name for name, matched in zip(names, solved.matched, strict=True) if not matched]
    notes = []
    if lost:
        notes.append(
            f"{len(lost)} images have too few stars in common with others and stay where they are: {lost[0]} ..."
        )
    if plan.options.align_catalog is not None:
        free = [one for one, held in zip(names, solved.anchored | ~solved.matched, strict=True) if not held]
        if free:
            notes.append(
                f"{len(free)} images have too few stars in common with {plan.catalog_name}, and none with images that"
                f" have: they are aligned among themselves, and not to it: {free[0]} ..."
            )
    return (*notes, *_stretched(plan, shifts, places, solved, names))


def _stretched(
    plan: MosaicPlan, shifts: Sequence[Shift], places: Sequence[Floats], solved: Solution, names: Sequence[str]
) -> list[str]:  # fmt: skip
    """Tell of the pair whose scales differ most, if any do."""
    worst, note = STRETCH_PX, ""
    for shift in shifts:
        a, b = (
            solved.moved(number, places[number][shift.pairs[:, side]])
            for side, number in enumerate((shift.first, shift.second))
        )
        far, left = a - a.mean(axis=0), (a - b) - (a - b).mean(axis=0)
        weight = float((far**2).sum())
        stretch = float((far * left).sum()) / weight
        spread = MAD_TO_SIGMA * float(np.median(np.abs(left - stretch * far)))
        box = plan.sources[shift.first].box
        corner = 0.5 * float(np.hypot(box.x1 - box.x0, box.y1 - box.y0)) * abs(stretch)
        if corner > worst and abs(stretch) > STRETCH_SIGMA * spread / np.sqrt(weight):
            worst, other = corner, plan.catalog_name if shift.second < 0 else names[shift.second]
            note = (
                f"{names[shift.first]}: its stars lie {1e6 * stretch:+.0f} millionths farther apart than"
                f" those of {other}, {corner * plan.grid.scale_arcsec * 1000.0:.0f} mas in its corners; alignment"
                " changes no scale"
            )
    return [note] if note else []
