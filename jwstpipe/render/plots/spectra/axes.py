"""Axes of a plot: where a value lies, round numbers and the ticks between them."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["PlotAxis", "tick_words"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class PlotAxis:
    """An axis from `low` to `high`, drawn from `start` to `end` of the paper."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def place(self, values: ArrayLike) -> Floats:
        """Give places on the paper; NaN where a logarithm has none."""
        given = np.asarray(values, np.float64)
        if self.log:
            with np.errstate(divide="ignore", invalid="ignore"):
                share = np.log(given / self.low) / math.log(self.high / self.low)
            share = np.where(given > 0.0, share, np.nan)
        else:
            share = (given - self.low) / (self.high - self.low)
        return np.asarray(self.start + share * (self.end - self.start))

    def ticks(self, distance: float = 95.0) -> tuple[Floats, Floats]:
        """Give round numbers about `distance` apart on the paper, and the lesser ticks between them."""
        count = max(abs(self.end - self.start) / distance, 2.0)
        if self.log and self.high / self.low > 8.0:
            return self._powers(count)
        rough = (self.high - self.low) / count
        power = 10.0 ** math.floor(math.log10(rough))
        step, parts = next((s * power, p) for s, p in ((1, 5), (2, 4), (5, 5), (10, 5)) if s * power >= rough * 0.95)
        return self._every(step), self._every(step / parts)

    def _every(self, step: float) -> Floats:
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return np.asarray([k * step for k in range(first, last + 1)], np.float64)

    def _powers(self, count: float) -> tuple[Floats, Floats]:
        reach = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        every = [[step * 10.0**power for step in range(1, 10)] for power in reach]
        decades = math.log10(self.high / self.low)
        steps = (1,) if decades > count / 2.0 else (1, 3) if decades > count / 4.0 else (1, 2, 3, 5, 7)
        great = np.array([decade[step - 1] for decade in every for step in steps])
        small = np.array([value for decade in every for value in decade])
        return self._inside(great), self._inside(small)

    def _inside(self, values: Floats) -> Floats:
        return values[(values >= self.low * (1 - 1e-9)) & (values <= self.high * (1 + 1e-9))]


def tick_words(values: Floats) -> list[str]:
    """Write ticks with as many decimals as they need, and a true minus."""
    if not values.size:
        return []
    most = float(np.abs(values).max())
    if most and (most >= 1e6 or most < 1e-4):
        return [f"{value:g}".replace("-", "\u2212") for value in values]
    for decimals in range(7):
        words = [f"{value:.{decimals}f}" for value in values]
        if all(abs(float(word) - value) <= 1e-6 * (most or 1.0) for word, value in zip(words, values, strict=True)):
            break
    return [word.replace("-", "\u2212") for word in words]
