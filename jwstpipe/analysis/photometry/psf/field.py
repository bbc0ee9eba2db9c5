"""A PSF that varies over the field: PSFs at the corners of a rectangular grid of places, bilinear between them."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.errors import DataError

__all__ = ["PsfField", "field_of"]

Floats = NDArray[np.float64]

MOST = 400
"""Places of a field."""


@dataclass(frozen=True, eq=False)
class PsfField:
    """PSFs of a rectangular grid of places."""

    xs: Floats
    ys: Floats
    """Columns and rows of places, 0-based pixels of the image, rising."""

    grids: Floats
    """(ny * nx, n, n), row by row; each as `jwstpipe.analysis.photometry.psf.model.Psf.grid`."""

    def mix(self, x: Floats, y: Floats) -> tuple[NDArray[np.int64], Floats]:
        """Give for sources the four PSFs around each, and their shares; beyond the grid those of its rim (n, 4)."""
        left, across = _between(self.xs, x)
        low, along = _between(self.ys, y)
        right, high = np.minimum(left + 1, len(self.xs) - 1), np.minimum(low + 1, len(self.ys) - 1)
        wide = len(self.xs)
        places = np.stack([low * wide + left, low * wide + right, high * wide + left, high * wide + right], axis=-1)
        shares = np.stack(
            [(1 - along) * (1 - across), (1 - along) * across, along * (1 - across), along * across], axis=-1
        )
        return places, shares

    @cached_property
    def mean(self) -> Floats:
        """The mean of all PSFs."""
        return np.asarray(self.grids.mean(axis=0))

    def facts(self) -> dict[str, Any]:
        """Tell of it in plain values."""
        return {"places": len(self.grids), "x": self.xs.tolist(), "y": self.ys.tolist()}


def _between(steps: Floats, values: Floats) -> tuple[NDArray[np.int64], Floats]:
    """Give the step below each value, and how far it is to the next."""
    first = np.clip(np.searchsorted(steps, values, side="right") - 1, 0, max(len(steps) - 2, 0))
    if len(steps) == 1:
        return first, np.zeros(len(values))
    share = (np.nan_to_num(values) - steps[first]) / (steps[first + 1] - steps[first])
    return first, np.clip(share, 0.0, 1.0)


def field_of(places: list[tuple[float, float]], grids: list[Floats], *, name: str) -> PsfField:
    """Make a field of PSFs at places (x, y), in any order.

    Raises
    ------
    DataError
        The places are no rectangular grid, or too many.
    """
    xs, ys = (sorted({place[axis] for place in places}) for axis in (0, 1))
    if len(places) > MOST:
        raise DataError(f"{name}: PSFs at {len(places)} places; at most {MOST} are taken")
    if len(set(places)) != len(places) or len(xs) * len(ys) != len(places) or not np.isfinite([*xs, *ys]).all():
        raise DataError(
            f"{name}: a PSF that varies has places in rows and columns, each of them once; these are {len(places)}"
            f" places in {len(xs)} columns and {len(ys)} rows"
        )
    if len({grid.shape for grid in grids}) > 1:
        raise DataError(f"{name}: the PSFs of its places have different sizes")
    by_place = dict(zip(places, grids, strict=True))
    return PsfField(np.array(xs), np.array(ys), np.stack([by_place[x, y] for y in ys for x in xs]))
