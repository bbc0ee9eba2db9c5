"""Which exposures belong to one detector, and in which order it took them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from jwstpipe.fits.dq import DQ_BITS
from jwstpipe.images.image import SkyImage

__all__ = ["Taken", "before_each", "by_detector", "taken_by"]


@dataclass(frozen=True)
class Taken:
    """By which detector an exposure was taken, and when."""

    detector: str
    start: float
    """EXPSTART, MJD; 0 where the header does not say."""

    saturated: int
    """Pixels that saturated: what may live on in the exposure behind it."""

    shape: tuple[int, int]


def taken_by(exposure: SkyImage) -> Taken:
    """Read from an exposure by which detector it was taken, and when."""
    start = exposure.primary.get("EXPSTART")
    saturated = 0
    if "dq" in exposure.planes:
        saturated = int(np.count_nonzero(exposure.read("dq") & DQ_BITS["SATURATED"]))
    known = isinstance(start, float | int) and not isinstance(start, bool)
    detector = str(exposure.primary.get("DETECTOR", "")).strip().upper()
    return Taken(detector, float(start) if known else 0.0, saturated, exposure.shape)


def by_detector(taken: Sequence[Taken]) -> list[list[int]]:
    """Give the numbers of the exposures of each detector, and part of it."""
    groups: dict[tuple[str, tuple[int, int]], list[int]] = defaultdict(list)
    for number, one in enumerate(taken):
        groups[one.detector, one.shape].append(number)
    return [members for (detector, _), members in sorted(groups.items()) if detector]


def before_each(taken: Sequence[Taken]) -> list[int | None]:
    """Give the number of the exposure that the same detector took before, where pixels of it saturated."""
    found: list[int | None] = [None] * len(taken)
    for members in by_detector(taken):
        order = sorted((number for number in members if taken[number].start > 0), key=lambda k: taken[k].start)
        for earlier, later in pairwise(order):
            if taken[earlier].saturated and taken[earlier].start < taken[later].start:
                found[later] = earlier
    return found
