"""Samples of a channel in 16 bits and two more: fine steps about the sky, steps in proportion above it.

With ``A(v) = asinh((v - sky) / s)``, ``k = round(4 * 65534 (A(v) - A0) / (A1 - A0))`` is a place in quarters of a step:
the sample is ``1 + k // 4``, 0 = no data, and the quarter ``k % 4``. A step is about 5e-4 of the noise at the sky and
below 1e-3 of the value above it. Half floats, with 11 bits, would band faint nebulae; 16 bits alone tip one pixel of
150 from one of 256 levels to the next, the quarters one of 600.
"""

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from jwstpipe.display.tone.statistics import SkyStatistics
from jwstpipe.display.tone.stretch import Stretch, apply_stretch

__all__ = ["STEPS", "Companding", "companded", "companding_for", "expanded", "sample_values", "tone_table"]

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
    rows = np.ascontiguousarray(values, np.float32)
    first, factor = np.float32(how.first), np.float32(4 * STEPS / (how.last - how.first))
    _compand(rows, np.float32(how.sky), np.float32(1.0 / how.softening), first, factor, samples, quarters)
    return samples, quarters


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


@njit(nogil=True, cache=True)
def _compand(
    values: NDArray[np.float32],
    sky: np.float32,
    scale: np.float32,
    first: np.float32,
    factor: np.float32,
    samples: NDArray[np.uint16],
    quarters: NDArray[np.uint8],
) -> None:
    """Compand row by row, without a branch, so that several samples are done at a time.

    ``asinh(x) = sign(x) ln(|x| + sqrt(x^2 + 1))``; of the logarithm the exponent of the float, and for its fraction m
    in [1/sqrt 2, sqrt 2] the series ``2 (s + s^3/3 + ... + s^9/9)``, s = (m - 1)/(m + 1): good to 2e-9, far below a
    quarter of a step, 5e-5. Single precision adds 2e-6 at most.
    """
    columns = values.shape[1]
    inner, fraction = np.empty(columns, np.float32), np.empty(columns, np.float32)
    bits, fraction_bits = inner.view(np.int32), fraction.view(np.int32)
    one, two, half, nothing = np.float32(1.0), np.float32(2.0), np.float32(0.5), np.float32(0.0)
    endless = np.float32(np.inf)
    none = np.int32(0)
    octave, most, top = np.float32(0.6931471805599453), np.float32(1e18), np.float32(4 * 65_534.0)
    for i in range(values.shape[0]):
        for j in range(columns):
            y = np.abs((values[i, j] - sky) * scale)
            y = y if y < most else most  # noqa: FURB136 - calls of min and max keep numba from doing several at a time
            inner[j] = y + np.sqrt(y * y + one)
            fraction_bits[j] = (bits[j] & np.int32(0x7FFFFF)) | np.int32(0x3F800000)
        for j in range(columns):
            m = fraction[j]
            large = m > np.float32(1.4142135)
            m = m * half if large else m
            power = np.float32((bits[j] >> np.int32(23)) - np.int32(126 if large else 127)) * octave
            s = (m - one) / (m + one)
            t = s * s
            series = np.float32(1 / 3) + t * (np.float32(1 / 5) + t * (np.float32(1 / 7) + t * np.float32(1 / 9)))
            root = power + two * s * (one + t * series)
            value = values[i, j]
            place = root if value >= sky else -root
            step = (place - first) * factor
            step = step if step > nothing else nothing  # noqa: FURB136
            step = step if step < top else top  # noqa: FURB136
            fine = np.int32(step + half)
            seen = np.abs(value) < endless
            samples[i, j] = np.uint16((fine >> np.int32(2)) + np.int32(1) if seen else none)
            quarters[i, j] = np.uint8(fine & np.int32(3) if seen else none)
