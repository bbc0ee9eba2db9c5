"""Snowballs and showers: regions around large events, of which the jump step flagged the middle, or nothing.

A snowball is a saturated core in a disc that jumps as a whole, and a halo below the threshold of the jump step. What is
flagged as JUMP_DET and SATURATED is taken where it is dense, as the opening by a disc does in snowblind (J. Davies),
the pipeline's ``flag_large_events`` and the CEERS reduction (Bagley et al. 2023, ApJL 946, L12), and is grown. The ring
around a core tells a snowball from a star, whose neighbours saturate and do not jump. What nothing flags is found as
an excess over the mosaic, in which a source would be, too.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, find_objects, label

from jwstpipe.cleaning.scene import SEVERAL, SHARPNESS
from jwstpipe.cleaning.scene_kernels import grown, mean_along, sharp, smooth_across
from jwstpipe.fits.dq import DQ_BITS
from jwstpipe.numerics.robust import MAD_TO_SIGMA

__all__ = ["Events", "flagged_events", "trusted", "unflagged_events"]

Flags = NDArray[np.uint32]
Float32Image = NDArray[np.float32]
Mask = NDArray[np.bool_]

DENSE_HALF, DENSE = 2, 0.75
"""A pixel lies in a large event where this share of the square of two pixels on each side is flagged."""

SMALLEST = 9
"""Pixels of the dense part of an event; cosmic rays leave tracks."""

RING = 0.7
"""Share of the pixels around a saturated core that jump."""

ALONE = 40
"""Pixels of the dense part of an event without a saturated core."""

GROWTH, MARGIN = 2.0, 0.5
"""Radius that is masked, relative to that of what jumps, and pixels more."""

EXCESS_HALF = 2
EXCESS = 6.0
"""Excess over the mosaic, averaged over a square, in units of its own scatter, that belongs to an event."""

EXCESS_PIXELS, FULL = 30, 0.5
"""Pixels of an excess, and the share of them that stand out one by one (3 sigma)."""

SHOWER_HALF, SHOWER = 6, 6.0
SHOWER_PIXELS = 150
DEEP = 2.5
"""Exposures from which faint wide excesses are looked for."""

UNFLAGGED_GROWTH, UNFLAGGED_MARGIN = 1.15, 2.0
SHOWER_GROWTH = 1.5

SAMPLED = 3
"""Of so many rows and columns one is looked at for medians."""

OF_LIGHT = 0.25
"""Share of how far a source stands out of the sky that an excess over it must have."""

MOST = 0.02
"""Share of a frame that excesses may cover; more is no event, but a mosaic that does not fit."""


@dataclass(frozen=True, eq=False)
class Events:
    """Large events of an exposure."""

    mask: Mask
    """(y, x): what they spoil."""

    snowballs: int
    showers: int
    note: str = ""


def flagged_events(dq: Flags) -> Events:
    """Find the large events whose middle is flagged.

    Parameters
    ----------
    dq
        uint32, (y, x): flags of an exposure.
    """
    jumps = (dq & np.uint32(DQ_BITS["JUMP_DET"])) != 0
    cores = (dq & np.uint32(DQ_BITS["SATURATED"])) != 0
    mask, count = np.zeros(dq.shape, np.bool_), 0
    dense = _mean((jumps | cores).astype(np.float32), DENSE_HALF, spare=True) >= DENSE
    for part, own in _components(dense):
        area = int(own.sum())
        saturated = cores[part] & own
        is_event = area >= ALONE and jumps[part][own].mean() > RING
        if saturated.any() and area >= SMALLEST:
            around = binary_dilation(saturated, iterations=2) & ~cores[part]
            is_event = bool(around.any()) and float(jumps[part][around].mean()) > RING
        if is_event:
            radius = np.sqrt(area / np.pi) + 0.5 * DENSE_HALF + 0.25
            _disc(mask, part, own, GROWTH * radius + MARGIN)
            count += 1
    return Events(mask, count, 0)


def trusted(blot: Float32Image, noise: Float32Image, counts: Float32Image | None, weights: Float32Image) -> Mask:
    """Tell which samples mean something, and where the mosaic is good enough to be compared with them."""
    flags, wide = np.empty(blot.shape, np.bool_), np.empty(blot.shape, np.bool_)
    sharp(blot, np.float32(SHARPNESS) * noise, flags)
    grown(flags, wide)
    known = ~wide & (weights > 0)
    return known if counts is None else known & (counts >= SEVERAL)


def unflagged_events(
    rest: Float32Image,
    noise: Float32Image,
    known: Mask,
    light: Float32Image | None = None,
    counts: Float32Image | None = None,
) -> Events:
    """Find large events that nothing flags, as an excess over what all exposures together show.

    Parameters
    ----------
    rest
        float32, (y, x): exposure without stripes and without the mosaic.
    noise
        float32, (y, x): standard deviations of the samples.
    known
        bool, (y, x): samples that mean something, and where the mosaic is good enough.
    light
        float32, (y, x): the mosaic. Halos of stars and bright clouds are not subtracted to the last per cent; an excess
        that is a small share of how far they stand out of the sky is no event.
    """
    scaled = np.where(known, rest / noise, np.float32(np.nan)).astype(np.float32)
    scaled -= np.float32(_middle(scaled))
    level = np.float32(np.nan if light is None else _middle(light))
    mask = np.zeros(rest.shape, np.bool_)
    numbers = [0, 0]
    for kind, (half, limit, fewest, growth) in enumerate((
        (EXCESS_HALF, EXCESS, EXCESS_PIXELS, UNFLAGGED_GROWTH),
        (SHOWER_HALF, SHOWER, SHOWER_PIXELS, SHOWER_GROWTH),
    )):  # fmt: skip
        if kind == 1 and counts is not None and not _middle(counts) >= DEEP:
            break
        values = scaled
        if kind == 1:
            values = np.where(mask if counts is None else mask | ~(counts >= DEEP), np.float32(np.nan), scaled)
        average = _mean(values, half)
        some = np.abs(average[::SAMPLED, ::SAMPLED])
        spread = MAD_TO_SIGMA * _middle(some, 1)  # NaN where nothing can be compared: nothing is larger
        found = np.zeros(rest.shape, np.bool_)
        number = 0
        for part, own in _components(average > limit * spread):
            inside = values[part][own]
            inside = inside[np.isfinite(inside)]
            compact = own.sum() >= fewest and inside.size >= 0.5 * own.sum()
            if compact and light is not None:
                contrast = np.abs(light[part][own] - level) / noise[part][own]
                compact = float(np.mean(inside)) > OF_LIGHT * _mean_of(contrast)
            if compact and (kind == 1 or float(np.mean(inside > 3.0)) >= FULL):
                _disc(found, part, own, growth * np.sqrt(own.sum() / np.pi) + UNFLAGGED_MARGIN)
                number += 1
        if found.mean() > MOST:
            return Events(
                mask, numbers[0], numbers[1], f"excesses cover {found.mean():.1%}; none is taken for an event"
            )
        mask |= found
        numbers[kind] = number
    return Events(mask, numbers[0], numbers[1])


def _middle(values: Float32Image, step: int = SAMPLED) -> float:
    """Give the median of what has data, of one in so many rows and columns; NaN where nothing has."""
    some = values[::step, ::step]
    some = some[np.isfinite(some)]
    return float(np.median(some)) if some.size else float("nan")


def _mean_of(values: NDArray[np.float32]) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else 0.0


def _mean(values: Float32Image, half: int, *, spare: bool = False) -> Float32Image:
    """Average over a square; `spare` values are needed no more, and lost."""
    once, twice = values if spare else np.empty_like(values), np.empty_like(values)
    mean_along(values, half, once)
    smooth_across(once, half, twice)
    return twice


def _components(mask: Mask) -> Iterator[tuple[tuple[slice, slice], Mask]]:
    """Give the bounding box and the pixels of everything that hangs together."""
    labels, _ = label(mask, np.ones((3, 3)))
    for number, part in enumerate(find_objects(labels), 1):
        wide = tuple(slice(max(one.start - 3, 0), one.stop + 3) for one in part)
        yield wide, labels[wide] == number  # type: ignore[misc]


def _disc(mask: Mask, part: tuple[slice, slice], own: Mask, radius: float) -> None:
    """Mark a disc about the middle of a component, and what reaches beyond it."""
    rows, columns = np.nonzero(own)
    y, x = part[0].start + rows.mean(), part[1].start + columns.mean()
    reach = int(np.ceil(radius))
    y0, x0 = max(int(y) - reach, 0), max(int(x) - reach, 0)
    window = np.s_[y0 : int(y) + reach + 2, x0 : int(x) + reach + 2]
    places = np.ogrid[window[0].start : min(window[0].stop, mask.shape[0]), x0 : min(window[1].stop, mask.shape[1])]
    mask[window] |= np.hypot(places[0] - y, places[1] - x) <= radius
    mask[part] |= own
