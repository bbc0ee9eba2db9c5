"""Stripes of the electronics: 1/f noise, pedestals, odd and even columns; and the rings of MIRI.

The amplifiers of a near-infrared detector read bands of 512 columns at the same time, row after row, so noise that is
slower than a row becomes stripes along the rows: some of it common to all amplifiers, some of each its own (Schlawin
et al. 2020, AJ 160, 231; Rauscher 2024, PASP 136, 015001). On NIRISS the fast axis is that of the columns.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from jwstpipe.simulate.artefacts.amounts import Artefacts

__all__ = ["flicker", "stripes", "tree_rings"]

Floats = NDArray[np.float64]
Float32Image = NDArray[np.float32]

FLICKER_SLOPE = 1.0
"""Exponent of the power spectrum of 1/f noise."""

RING_PERIOD = 0.03
"""Distance of tree rings, in sides of the detector."""


def flicker(rng: np.random.Generator, count: int) -> Floats:
    """Draw noise whose power falls as 1/f: mean 0, rms 1."""
    length = 2 * count  # twice as long, so that its ends do not meet
    frequency = np.arange(1, length // 2 + 1)
    amplitude = frequency ** (-0.5 * FLICKER_SLOPE)
    phases = rng.normal(size=(2, frequency.size))
    spectrum = np.concatenate([[0.0], amplitude * (phases[0] + 1j * phases[1])])
    drawn = np.fft.irfft(spectrum, length)[:count]
    drawn -= drawn.mean()
    return np.asarray(drawn / drawn.std())


def stripes(shape: tuple[int, int], amounts: Artefacts, rng: np.random.Generator, *, along_rows: bool) -> Float32Image:
    """Draw the stripes of an exposure.

    Parameters
    ----------
    shape
        Rows and columns.
    amounts
        How strong.
    rng
        Of this exposure.
    along_rows
        The fast axis is x.

    Returns
    -------
    ndarray
        float32, (y, x), in units of the noise of a pixel.
    """
    slow, fast = shape if along_rows else shape[::-1]
    drawn = np.zeros((slow, fast))
    drawn += amounts.row_noise * flicker(rng, slow)[:, None]
    edges = np.linspace(0, fast, amounts.amplifiers + 1).astype(int)
    for first, end in pairwise(edges):
        own = amounts.amplifier_noise * flicker(rng, slow)[:, None]
        level, odd, even = rng.normal(size=3) * (amounts.pedestal, amounts.odd_even, amounts.odd_even)
        drawn[:, first:end] += own + level
        drawn[:, first:end:2] += even
        drawn[:, first + 1 : end : 2] += odd
    drawn += amounts.column_noise * flicker(rng, fast)[None, :]
    return (drawn if along_rows else drawn.T).astype(np.float32)


def tree_rings(shape: tuple[int, int], rng: np.random.Generator) -> Float32Image:
    """Draw arcs around a point outside the detector: the same in all its exposures; height 1."""
    y, x = np.ogrid[: shape[0], : shape[1]]
    centre = np.array(shape) * rng.uniform(-0.4, -0.1, 2)
    radius = np.hypot(y - centre[0], x - centre[1]) / max(shape)
    fade = 0.5 + 0.5 * np.cos(2.0 * np.pi * radius / 0.7)
    return np.asarray(fade * np.sin(2.0 * np.pi * radius / RING_PERIOD), np.float32)
