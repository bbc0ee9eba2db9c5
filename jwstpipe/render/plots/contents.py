"""What a diagram shows: its axes, curves and guides."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jwstpipe.errors import DataError

__all__ = ["BLUE", "GREY", "INK", "ORANGE", "Axis", "Curve", "Guide", "Ink", "fitting_axis"]

Floats = NDArray[np.float64]
Ink = tuple[int, int, int]
Style = Literal["line", "points", "steps"]

INK: Ink = (40, 40, 48)
GREY: Ink = (150, 150, 158)
BLUE: Ink = (31, 94, 168)
ORANGE: Ink = (210, 96, 20)


@dataclass(frozen=True)
class Axis:
    """An axis: what it counts, and from where to where; `high` below `low` runs backwards, as magnitudes do."""

    label: str
    low: float
    high: float
    log: bool = False

    def share(self, values: ArrayLike) -> Floats:
        """Give places along the axis, 0 to 1 inside; NaN where a logarithm has none."""
        given = np.asarray(values, np.float64)
        if not self.log:
            return np.asarray((given - self.low) / (self.high - self.low))
        with np.errstate(divide="ignore", invalid="ignore"):
            places = np.log(given / self.low) / math.log(self.high / self.low)
        return np.where(given > 0.0, places, np.nan)

    def ticks(self) -> list[float]:
        """Give round numbers along the axis."""
        first, last = sorted((self.low, self.high))
        if self.log:
            powers = range(math.floor(math.log10(first)), math.ceil(math.log10(last)) + 1)
            steps = (1.0,) if len(powers) > 3 else (1.0, 2.0, 5.0)
            found = [step * 10.0**power for power in powers for step in steps]
            return [one for one in found if first * (1 - 1e-9) <= one <= last * (1 + 1e-9)]
        rough = (last - first) / 6.0
        power = 10.0 ** math.floor(math.log10(rough))
        step = power * next(one for one in (1.0, 2.0, 5.0, 10.0) if one * power >= rough)
        return [k * step for k in range(math.ceil(first / step - 1e-9), math.floor(last / step + 1e-9) + 1)]


@dataclass(frozen=True, eq=False)
class Curve:
    """Numbers to draw: a line, points, or the steps of a histogram (`x` holds one edge more than `y`)."""

    x: ArrayLike
    y: ArrayLike
    style: Style = "line"
    label: str = ""
    colour: Ink = BLUE
    errors: ArrayLike | None = None
    """Of y; drawn as bars."""


@dataclass(frozen=True)
class Guide:
    """A dashed line across the diagram, with a word at its end."""

    axis: Literal["x", "y"]
    at: float
    label: str = ""
    colour: Ink = GREY


def fitting_axis(label: str, *values: ArrayLike, log: bool = False, room: float = 0.05) -> Axis:
    """Make an axis that holds all finite values, with some room at its ends.

    Raises
    ------
    DataError
        There is no finite value (above zero for a logarithm).
    """
    every = np.concatenate([np.ravel(np.asarray(one, np.float64)) for one in values])
    kept = every[np.isfinite(every) & ((every > 0.0) | (not log))]
    if not kept.size:
        raise DataError(f"{label}: there is no number to draw")
    low, high = float(kept.min()), float(kept.max())
    if log:
        factor = max((high / low) ** room, 1.05)
        return Axis(label, low / factor, high * factor, log=True)
    reach = (high - low) * room or abs(high) * room or 1.0
    return Axis(label, low - reach, high + reach)
