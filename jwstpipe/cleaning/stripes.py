"""Stripes along the axis in which a detector is read: measured against the floor of white noise, and modelled.

With the sky taken away (`jwstpipe.cleaning.scene`) what a row of an amplifier has in common is noise of the
electronics. Its level is a clipped mean about the median, as in image1overf (C. Willott) and the ``median`` way of the
pipeline's ``clean_flicker_noise``; NSClean (Rauscher 2024, PASP 136, 015001) fits frequencies instead and needs about a
minute for a frame. Two things are added here. Amplifiers share much of their noise, so the level of one that sees
little sky is drawn towards that of all (a Wiener weight from the measured variances). And what is left is compared with
the standard deviation that the mean of so many samples must have: below `NEED` times that there is nothing to take.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jwstpipe.cleaning.stripe_kernels import band_levels, pair_offsets, subtract_levels
from jwstpipe.numerics.robust import MAD_TO_SIGMA, clipped_noise

__all__ = ["NEED", "NEED_ALONE", "StripeFit", "band_edges", "fit_stripes", "noise_spread", "pedestals"]

Floats = NDArray[np.float64]
Float32Image = NDArray[np.float32]

NEED = 1.1
"""Scatter of the levels of rows, over that of white noise, from which stripes are worth taking."""

NEED_ALONE = 1.5
"""The same where no mosaic tells what is sky, so that some of the scatter is."""

CLIP = 3.0
PAIR_SIGMAS = 5.0
"""Offsets of odd columns are told from their errors from here on."""

BESIDE = 16
"""Columns on each side of the edge of a band that tell how it lies to its neighbour, and as many for the slope."""

PIECES, FEWEST_PIECES = 16, 6
"""Parts of the edge of a band, and how many of them must have data."""

SAMPLED = 8
"""Of so many rows one is looked at for first guesses."""

PAIRED = 2
"""Of so many rows one is looked at for odd and even columns: a quarter of a million pairs are enough."""


@dataclass(frozen=True, eq=False)
class StripeFit:
    """Stripes along rows."""

    level: Floats
    """(y, band): level of each row in each band, about 0, in the unit of the image."""

    odd: Floats
    """(band,): how far odd columns lie above even ones; 0 where that is no more than noise."""

    before: float
    """Scatter of the measured levels over that of white noise; 1 = no stripes."""

    rms: float
    """Standard deviation of the stripes, noise of the measurement taken off."""

    error: float
    """Typical standard deviation of a level."""

    filled: int
    """Levels that too few samples tell, taken from other bands or rows."""

    def take_from(self, image: Float32Image, model: Float32Image) -> None:
        """Subtract the stripes from an image, in place, and add them to a model."""
        subtract_levels(image, model, band_edges(image.shape[1], self.odd.size), self.level, self.odd)


def band_edges(columns: int, bands: int) -> NDArray[np.int64]:
    """Give the first column of each band, and the end."""
    return np.linspace(0, columns, bands + 1).astype(np.int64)


def noise_spread(residual: Float32Image, weights: Float32Image) -> float:
    """Measure what the standard deviations of the weights must be multiplied by, from differences of neighbours."""
    some = slice(None, None, SAMPLED)
    left, right = residual[some, :-2], residual[some, 2:]  # two apart: odd and even columns differ
    own, other = weights[some, :-2].astype(np.float64), weights[some, 2:].astype(np.float64)
    used = (own > 0) & (other > 0)
    if not used.any():
        return 1.0
    steps = (right[used] - left[used]) / np.sqrt(1.0 / own[used] + 1.0 / other[used])
    return float(MAD_TO_SIGMA * np.median(np.abs(steps)))


def pedestals(image: Float32Image, weights: Float32Image, bands: int) -> Floats:
    """Measure the levels of bands against each other, (band,), mean 0: the sky does not jump where a band ends.

    What a mosaic shows cannot tell them: pedestals of all exposures have a mean, which is in it. So the image itself is
    looked at, with straight lines through the sky on both sides of an edge. A step that is no larger than its error,
    measured from pieces of the edge, is not believed.
    """
    edges = band_edges(image.shape[1], bands)
    steps = np.zeros(bands)
    beside = min(BESIDE, int(np.diff(edges).min()) // 2)
    for band in range(1, bands):
        part = np.s_[:, edges[band] - 2 * beside : edges[band] + 2 * beside]
        used = weights[part].reshape(-1, 4, beside) > 0
        counts = used.sum(axis=2)
        sums = np.where(used, image[part].reshape(used.shape), np.float32(0.0)).sum(axis=2, dtype=np.float64)
        means = np.divide(sums, counts, out=np.full(counts.shape, np.nan), where=counts > 1)
        slope = 0.5 * (means[:, 1] - means[:, 0] + means[:, 3] - means[:, 2])
        jump = means[:, 2] - means[:, 1] - slope
        pieces = [np.median(one[np.isfinite(one)]) for one in np.array_split(jump, PIECES) if np.isfinite(one).any()]
        if len(pieces) < FEWEST_PIECES:
            continue
        middle = float(np.median(pieces))
        error = MAD_TO_SIGMA * float(np.median(np.abs(np.array(pieces) - middle))) * np.sqrt(0.5 * np.pi / len(pieces))
        steps[band] = middle * max(1.0 - (error / middle) ** 2, 0.0) if middle else 0.0
    found = np.cumsum(steps)
    return np.asarray(found - found.mean())


def fit_stripes(residual: Float32Image, weights: Float32Image, bands: int, *, odd_even: bool) -> StripeFit | None:
    """Measure the stripes along the rows of an image.

    Parameters
    ----------
    residual
        float32, (y, x): samples without sky and sources.
    weights
        float32, (y, x): inverse variances; 0 = takes no part.
    bands
        Amplifiers side by side.
    odd_even
        Odd and even columns of an amplifier may differ.

    Returns
    -------
    StripeFit or None
        None where hardly any sample takes part.
    """
    edges = band_edges(residual.shape[1], bands)
    spread = noise_spread(residual, weights)
    odd = _odd_columns(residual, weights, edges) if odd_even else np.zeros(bands)
    even_out = np.array(residual) if odd.any() else residual
    if odd.any():
        subtract_levels(even_out, np.zeros_like(even_out), edges, np.zeros((residual.shape[0], bands)), odd)
    level, error = (np.empty((residual.shape[0], bands)) for _ in range(2))
    band_levels(even_out, weights, edges, CLIP, spread, level, error)
    known = np.isfinite(level)
    if known.sum() < max(bands, residual.shape[0] // 10):
        return None
    level -= np.median(level[known])
    before = clipped_noise(level[known] / error[known])
    typical = float(np.median(error[known]))
    rms = typical * float(np.sqrt(max(before**2 - 1.0, 0.0)))
    drawn, filled = _drawn_together(level, error)
    drawn -= np.median(drawn)  # the sky stays where it is
    return StripeFit(drawn, odd, before, rms, typical, filled)


def _odd_columns(residual: Float32Image, weights: Float32Image, edges: NDArray[np.int64]) -> Floats:
    bands = edges.size - 1
    offset, limit = np.zeros(bands), np.zeros(bands)
    for band in range(bands):
        part = np.s_[::SAMPLED, edges[band] : edges[band + 1] - (edges[band + 1] - edges[band]) % 2]
        values, own = residual[part], weights[part]
        used = (own[:, ::2] > 0) & (own[:, 1::2] > 0)
        steps = (values[:, 1::2] - values[:, ::2])[used]
        if steps.size:
            offset[band] = np.median(steps)
            limit[band] = CLIP * MAD_TO_SIGMA * np.median(np.abs(steps - offset[band]))
    values, own = (np.ascontiguousarray(one[::PAIRED]) for one in (residual, weights))
    pairs = pair_offsets(values, own, edges, limit, offset)
    error = limit / CLIP / np.sqrt(np.maximum(pairs, 1.0))
    return np.where(np.abs(offset) > PAIR_SIGMAS * error, offset, 0.0)


def _drawn_together(level: Floats, error: Floats) -> tuple[Floats, int]:
    """Draw the level of a band towards that of its row as far as its own error asks for it; fill what is not known."""
    known = np.isfinite(level)
    weight = np.where(known, 1.0 / np.square(np.where(known, error, 1.0)), 0.0)
    values = np.where(known, level, 0.0)
    bands = level.shape[1]
    middle = _band_middles(level)
    flat = np.where(known, values - middle, 0.0)
    total = weight.sum(axis=1)
    common = np.divide((weight * flat).sum(axis=1), total, out=np.full(total.shape, np.nan), where=total > 0)
    common = _interpolated(common)
    if bands == 1:
        return (common[:, None] + middle), int((~known).sum())
    away = flat - common[:, None]
    expected = np.where(known, np.square(np.where(known, error, 0.0)), 0.0) * (1.0 - 1.0 / bands)
    measured = clipped_noise(away[known]) ** 2 - float(np.median(expected[known]))
    own = max(measured, 0.0) / (1.0 - 1.0 / bands)
    errors = np.where(known, error, np.inf)
    share = own / (own + np.square(errors)) if own > 0 else np.zeros(flat.shape)
    return common[:, None] + share * away + middle, int((~known).sum())


def _band_middles(level: Floats) -> Floats:
    """Give the median of each band, (1, band): a pedestal is known far better than a row."""
    found = [np.median(one[np.isfinite(one)]) if np.isfinite(one).any() else np.nan for one in level.T]
    middles = np.array(found)
    rest = float(np.median(middles[np.isfinite(middles)]))
    return np.where(np.isfinite(middles), middles, rest)[None, :]


def _interpolated(values: Floats) -> Floats:
    known = np.isfinite(values)
    if known.all():
        return values
    places = np.arange(values.size)
    return np.interp(places, places[known], values[known])
