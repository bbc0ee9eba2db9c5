"""Slow stripes that the mosaic has too: how much of what it shows along the stripes belongs to the detector.

Dithers are short. A stripe pattern that changes slowly from row to row is much the same at the same place of the sky in
all exposures, so that its mean goes into the mosaic and is then subtracted as if it were sky. Nothing in the data of
one field tells the two apart but this: the sky has no reason to change more from row to row than from column to column.
So the profile of the scene across the stripes is split by a Wiener weight in every octave of frequency: the power that
the mean of the stripes must have, known from how much the exposures differ from it, against the power of the sky along
the other axis. On an even sky all of the profile is the detector's; beside a nebula next to nothing is taken, and the
slow part of the stripes (about their rms over the square root of the number of exposures) stays.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dct, idct

__all__ = ["profiles_of", "slow_part"]

Floats = NDArray[np.float64]
Float32Image = NDArray[np.float32]

FASTEST_ROWS = 8
"""Rows in half a period of the fastest stripes that a smoothed mosaic can hold."""

MOST = 2.0
"""Power that is taken in an octave, over that which stripes must have: one octave of one field is few modes."""

FLICKER = 4
"""Of an exposure without a mosaic: slow octaves follow from this many faster ones, as noise that goes as 1/f has it."""


def profiles_of(light: Float32Image, weights: Float32Image, bands: int) -> Floats:
    """Average an image over bands of its columns: (y, band), holes filled along y."""
    edges = np.linspace(0, light.shape[1], bands + 1).astype(int)
    used = weights > 0
    sums = np.add.reduceat(np.where(used, light, np.float32(0.0)), edges[:-1], axis=1, dtype=np.float64)
    counts = np.add.reduceat(used, edges[:-1], axis=1, dtype=np.float64)
    found = np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)
    for band in found.T:
        known = np.isfinite(band)
        places = np.arange(band.size)
        band[:] = np.interp(places, places[known], band[known]) if known.any() else 0.0
    return np.asarray(found, np.float64)


def slow_part(across: Floats, along: Floats, level: Floats, *, error: float, inputs: int) -> Floats:
    """Give the part of a scene that belongs to the detector.

    Parameters
    ----------
    across
        (y, band): profile of the scene across the stripes, see `profiles_of`.
    along
        (x, band): the same of the scene with its axes exchanged: what the sky does.
    level
        (y, band): stripes that stand out of the scene.
    error
        Standard deviation of a level.
    inputs
        Exposures that the scene is made of; 1 = of this one alone, so that it holds all of the slow stripes.

    Returns
    -------
    ndarray
        (y, band), median 0, to be added to `level`.
    """
    made = np.zeros(across.shape)
    noise = error**2 / across.shape[1]
    for common in (True, False):  # what the amplifiers share, and what each has of its own
        if not common and across.shape[1] == 1:
            break
        parts = [_part(one, common=common) for one in (across, along, level)]
        spectra = [dct(one - one.mean(axis=0), axis=0, norm="ortho") for one in parts]
        gains = _gains(*spectra, noise=noise if common else error**2, inputs=inputs)
        made += idct(gains[:, None] * spectra[0], axis=0, norm="ortho")
    return made - np.median(made)


def _part(values: Floats, *, common: bool) -> Floats:
    shared = values.mean(axis=1, keepdims=True)
    return np.repeat(shared, values.shape[1], axis=1) if common else values - shared


def _octaves(count: int) -> NDArray[np.int64]:
    return np.floor(np.log2(np.maximum(np.arange(count), 1))).astype(np.int64)


def _power(spectrum: Floats) -> Floats:
    """Average the power over bands and octaves; the mean itself is none of it."""
    octaves = _octaves(spectrum.shape[0])[1:]
    power = np.square(spectrum[1:]).mean(axis=1)
    return np.bincount(octaves, power) / np.bincount(octaves)


def _gains(across: Floats, along: Floats, level: Floats, *, noise: float, inputs: int) -> Floats:
    """Give the share of each mode that belongs to the detector."""
    sky: Floats = _power(along)
    seen: Floats = np.maximum(_power(level) - noise, 0.0)
    fastest = int(np.log2(max(across.shape[0] / FASTEST_ROWS, 2.0)))
    if inputs > 1:
        stripes: Floats = seen / (inputs - 1)
    else:
        numbers = np.arange(seen.size)
        fast = seen[fastest : fastest + FLICKER]
        unit = float(np.mean(fast * 2.0 ** numbers[fastest : fastest + FLICKER])) if fast.size else 0.0
        stripes = np.asarray(unit / 2.0**numbers, np.float64)
    sky = np.asarray(np.interp(np.arange(seen.size), np.arange(sky.size), sky), np.float64)
    total = stripes + sky
    share = np.asarray(np.divide(stripes, total, out=np.zeros_like(total), where=total > 0), np.float64)
    taken = np.square(share) * _power(across)
    most = MOST * stripes
    share = np.asarray(share * np.sqrt(np.divide(most, taken, out=np.ones_like(most), where=taken > most)), np.float64)
    octaves = _octaves(across.shape[0])
    gains = np.where(octaves < fastest, share[octaves], 0.0)
    gains[0] = 0.0
    return np.asarray(gains)
