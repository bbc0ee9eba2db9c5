"""Exposures before and after cleaning, and what was taken, side by side: small, for a page."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from jwstpipe.numerics.robust import MAD_TO_SIGMA

__all__ = ["before_after"]

Float32Image = NDArray[np.float32]

SIDE, GAP = 300, 4
"""Longest side of a panel, and the distance of panels, pixels."""

BELOW, ABOVE = 3.0, 8.0
"""Where before and after are black and white, in scatter below and above the median of what is left."""

AMOUNT = 4.0
"""Where the amount is black and white, in its own rms."""


def before_after(exposures: Sequence[tuple[Float32Image, NDArray[np.floating]]]) -> PillowImage.Image:
    """Draw a row of three panels for each exposure: before, after, amount.

    Parameters
    ----------
    exposures
        (y, x) what is left, and what was taken, of each; NaN = no data.

    Returns
    -------
    PIL.Image.Image
        Grey. Before and after have one scale; the amount has its own, zero in the middle.
    """
    rows = [_row(left, amount) for left, amount in exposures]
    width = max(row.shape[1] for row in rows)
    sheet = np.full((sum(row.shape[0] + GAP for row in rows) - GAP, width), 255, np.uint8)
    y = 0
    for row in rows:
        sheet[y : y + row.shape[0], : row.shape[1]] = row
        y += row.shape[0] + GAP
    return PillowImage.fromarray(sheet)


def _row(left: Float32Image, amount: NDArray[np.floating]) -> NDArray[np.uint8]:
    after, taken = _small(left), _small(amount)
    known = after[np.isfinite(after)]
    middle = float(np.median(known)) if known.size else 0.0
    spread = float(MAD_TO_SIGMA * np.median(np.abs(known - middle))) if known.size else 1.0
    spread = spread or 1.0
    rms = float(np.sqrt(np.nanmean(np.square(taken)))) if np.isfinite(taken).any() else 0.0
    reach = AMOUNT * (rms or 1.0)
    light = (middle - BELOW * spread, middle + ABOVE * spread)
    panels = [_grey(after + taken, *light), _grey(after, *light), _grey(taken, -reach, reach)]
    gap = np.full((panels[0].shape[0], GAP), 255, np.uint8)
    return np.hstack([panels[0], gap, panels[1], gap, panels[2]])


def _small(values: NDArray[np.floating]) -> NDArray[np.floating]:
    """Average blocks of pixels, of what has data; north-up is not asked for, row 0 is below."""
    step = max(1, -(-max(values.shape) // SIDE))
    rows, columns = (max(n // step, 1) * step for n in values.shape)
    cut = values[:rows, :columns]
    parts = cut.reshape(cut.shape[0] // min(step, cut.shape[0]), min(step, cut.shape[0]), -1, min(step, cut.shape[1]))
    known = np.isfinite(parts)
    counts = known.sum(axis=(1, 3))
    sums = np.where(known, parts, 0.0).sum(axis=(1, 3))
    means = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
    return np.asarray(means[::-1], np.float64)


def _grey(values: NDArray[np.floating], low: float, high: float) -> NDArray[np.uint8]:
    share = np.clip((values - low) / (high - low), 0.0, 1.0)
    return np.where(np.isfinite(share), np.rint(255.0 * share), 0.0).astype(np.uint8)
