"""Samples of a channel in 16 bits: fine steps about the sky, steps in proportion above it.

``q = 1 + round(65534 (A(v) - A0) / (A1 - A0))`` with ``A(v) = asinh((v - sky) / s)``; 0 = no data. A step is about
5e-4 of the noise at the sky and below 1e-3 of the value above it. Half floats, with 11 bits, would band faint nebulae.
"""

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from jwstpipe.display.tone.statistics import SkyStatistics
from jwstpipe.display.tone.stretch import Stretch, apply_stretch

__all__ = ["STEPS", "Companding", "companded", "companding_for", "expanded", "tone_table"]

STEPS = 65_534
"""Largest sample above the lowest one, which is 1."""

_LEAST_SOFTENING = 1e-4
"""Of the range from p0.1 to p99.9: the noise of a smooth image is 0."""

_BELOW, _ABOVE = 2.0, 16.0
"""Room about the extremes that were seen on a coarse level; peaks are sharper at full resolution."""


@dataclass(frozen=True)
class Companding:
    """How samples of one channel are written."""

    sky: float
    softening: float
    first: float
    """A(v) of sample 1."""

    last: float
    """A(v) of sample 65,535."""

    def as_dict(self) -> dict[str, Any]:
        """Give it as plain values."""
        return asdict(self)


def companding_for(statistics: SkyStatistics, lowest: float, highest: float) -> Companding:
    """Choose the companding of a channel.

    Parameters
    ----------
    statistics
        Of one level of the whole image.
    lowest, highest
        Its extremes on that level.
    """
    span = max(statistics.high - statistics.low, highest - lowest, abs(statistics.sky) * 1e-6, 1e-30)
    softening = max(statistics.noise, _LEAST_SOFTENING * max(statistics.high - statistics.low, 1e-6 * span))
    sky = statistics.sky
    low = sky - max(_BELOW * (sky - lowest), 10.0 * softening)
    high = sky + max(_ABOVE * (highest - sky), 10.0 * softening)
    return Companding(sky, softening, math.asinh((low - sky) / softening), math.asinh((high - sky) / softening))


def companded(values: NDArray[np.float32], how: Companding) -> NDArray[np.uint16]:
    """Write samples in 16 bits; NaN becomes 0, what lies beyond the range its nearest end.

    Parameters
    ----------
    values
        (y, x).
    how
        Of this channel.
    """
    found = np.empty(values.shape, np.uint16)
    _compand(
        np.ascontiguousarray(values).reshape(-1), how.sky, 1.0 / how.softening, how.first,
        STEPS / (how.last - how.first), found.reshape(-1),
    )  # fmt: skip
    return found


def expanded(samples: NDArray[np.uint16], how: Companding) -> NDArray[np.float64]:
    """Read samples back; NaN where there is no data."""
    place = how.first + (samples.astype(np.float64) - 1.0) * ((how.last - how.first) / STEPS)
    return np.where(samples == 0, np.nan, how.sky + how.softening * np.sinh(place))


def tone_table(stretch: Stretch, how: Companding) -> NDArray[np.uint16]:
    """Tabulate a stretch over all samples.

    Returns
    -------
    ndarray of uint16
        (65536,): square root of the brightness times 65,535 of each sample, for the eye sees steps in the dark first;
        of 0, which is no data, nothing is said.
    """
    values = expanded(np.arange(65_536, dtype=np.uint16), how)
    values[0] = values[1]
    shown = apply_stretch(values.astype(np.float32), stretch)
    return np.asarray(np.floor(np.sqrt(shown.astype(np.float64)) * 65_535.0 + 0.5), np.uint16)


@njit(nogil=True, cache=True)
def _compand(
    values: NDArray[np.float32], sky: float, scale: float, first: float, factor: float, out: NDArray[np.uint16]
) -> None:
    for i in range(values.size):
        value = values[i]
        if not math.isfinite(value):
            out[i] = 0
            continue
        step = (math.asinh((value - sky) * scale) - first) * factor
        out[i] = np.uint16(1 + int(min(max(step, 0.0), 65_534.0) + 0.5))
