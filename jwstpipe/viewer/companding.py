"""Samples of a channel in 16 bits and two more: fine steps about the sky, steps in proportion above it.

With ``A(v) = asinh((v - sky) / s)``, ``k = round(4 * 65534 (A(v) - A0) / (A1 - A0))`` is a place in quarters of a step:
the sample is ``1 + k // 4``, 0 = no data, and the quarter ``k % 4``. A step is about 5e-4 of the noise at the sky and
below 1e-3 of the value above it. Half floats, with 11 bits, would band faint nebulae; 16 bits alone tip one pixel of
150 from one of 256 levels to the next, the quarters one of 600.
"""

import math
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.display.tone.statistics import SkyStatistics
from jwstpipe.display.tone.stretch import Stretch, apply_stretch
from jwstpipe.numerics.compiled.kernel import compiled

__all__ = ["STEPS", "Companding", "companded", "companding_for", "expanded", "sample_values", "tone_table"]

STEPS = 65_534
"""Largest sample above the lowest one, which is 1."""

_LEAST_SOFTENING = 1e-4
"""Of the range from p0.1 to p99.9: the noise of a smooth image is 0."""

_LOWER = 15
"""Bits of a float that do not choose the entry of a table."""

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
    sky = float(np.float32(statistics.sky))  # samples are single precision, and so is what is taken from them
    low = sky - max(_BELOW * (sky - lowest), 10.0 * softening)
    high = sky + max(_ABOVE * (highest - sky), 10.0 * softening)
    return Companding(sky, softening, math.asinh((low - sky) / softening), math.asinh((high - sky) / softening))


def companded(values: NDArray[np.float32], how: Companding) -> tuple[NDArray[np.uint16], NDArray[np.uint8]]:
    """Write samples and their quarters; NaN becomes 0, what lies beyond the range its nearest end.

    Parameters
    ----------
    values
        (y, x).
    how
        Of this channel.
    """
    samples, quarters = np.empty(values.shape, np.uint16), np.empty(values.shape, np.uint8)
    places, slopes = _steps(how)
    _compand(np.ascontiguousarray(values, np.float32), np.float32(how.sky), places, slopes, samples, quarters)
    return samples, quarters


@lru_cache(maxsize=64)
def _steps(how: Companding) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Tabulate the step of a difference from the sky over the upper 17 bits of the float that holds it.

    Between two entries, whose differences are 2^-8 apart at most, relative, the step is as good as straight: a quarter
    of a step is missed by 2 % of it.
    """
    upper = np.arange(1 << (32 - _LOWER), dtype=np.uint64) << np.uint64(_LOWER)
    ends = [part.astype(np.uint32).view(np.float32) for part in (upper, upper + np.uint64(1 << _LOWER))]
    with np.errstate(all="ignore"):
        found = [
            np.nan_to_num(
                (np.arcsinh(end.astype(np.float64) / how.softening) - how.first)
                * (4 * STEPS / (how.last - how.first)),
                nan=0.0, posinf=0.0, neginf=0.0,
            ) for end in ends
        ]  # fmt: skip
    slopes = (found[1] - found[0]) / (1 << _LOWER)
    return found[0].astype(np.float32), slopes.astype(np.float32)


def expanded(
    samples: NDArray[np.uint16], how: Companding, quarters: NDArray[np.uint8] | float = 0.0
) -> NDArray[np.float64]:
    """Read samples back; NaN where there is no data."""
    place = how.first + (samples.astype(np.float64) - 1.0 + np.multiply(quarters, 0.25)) * (
        (how.last - how.first) / STEPS
    )
    return np.where(samples == 0, np.nan, how.sky + how.softening * np.sinh(place))


def sample_values(how: Companding) -> NDArray[np.float32]:
    """Give the value of every sample, (65536,); that of 0, which is no data, is the lowest one."""
    values = expanded(np.arange(65_536, dtype=np.uint16), how)
    values[0] = values[1]
    return values.astype(np.float32)


def tone_table(stretch: Stretch, values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Tabulate a stretch over all samples, whose values `sample_values` gives.

    Returns
    -------
    ndarray of float32
        (65536,): brightness of each sample; of 0, which is no data, nothing is said. The curve is evaluated between
        its limits only: below and above it is what it is there.
    """
    low, high = (int(place) for place in np.searchsorted(values, (stretch.lo, stretch.hi)))
    low, high = max(low - 1, 0), min(high + 1, len(values))
    found = np.empty(len(values), np.float32)
    found[low:high] = apply_stretch(values[low:high], stretch)
    found[:low], found[high:] = found[low], found[high - 1]
    return found


@compiled()
def _compand(
    values: NDArray[np.float32],
    sky: np.float32,
    places: NDArray[np.float32],
    slopes: NDArray[np.float32],
    samples: NDArray[np.uint16],
    quarters: NDArray[np.uint8],
) -> None:
    """Compand row by row, by the tables of `_steps`: a third of the time of a logarithm and a root."""
    columns = values.shape[1]
    differences = np.empty(columns, np.float32)
    bits = differences.view(np.uint32)
    lower, endless = np.uint32((1 << _LOWER) - 1), np.uint32(0x7F800000)
    nothing, half, top = np.float32(0.0), np.float32(0.5), np.float32(4 * 65_534.0)
    for i in range(values.shape[0]):
        for j in range(columns):
            differences[j] = values[i, j] - sky
        for j in range(columns):
            word = bits[j]
            upper = word >> np.uint32(_LOWER)
            step = places[upper] + np.float32(np.int32(word & lower)) * slopes[upper]
            step = step if step > nothing else nothing  # noqa: FURB136 - calls of min and max take longer
            step = step if step < top else top  # noqa: FURB136
            fine = np.int32(step + half)
            seen = (word & endless) != endless
            samples[i, j] = np.uint16((fine >> np.int32(2)) + np.int32(1) if seen else 0)
            quarters[i, j] = np.uint8(fine & np.int32(3) if seen else 0)
