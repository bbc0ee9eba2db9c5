"""Stripes along the axis in which a detector is read: measured against the floor of white noise, and modelled.

With the sky taken away (`jwstpipe.cleaning.scene`) what a row of an amplifier has in common is noise of the
electronics. Its level is a mean of the cells of the row that agree (`jwstpipe.cleaning.row_cells`); image1overf (C.
Willott) and the ``median`` way of the pipeline's ``clean_flicker_noise`` take a median of its samples; NSClean
(Rauscher 2024, PASP 136, 015001) fits frequencies instead and needs about a minute for a frame. Two things are added
here. Amplifiers share much of their noise, so the level of one that sees little sky is drawn towards that of all (a
Wiener weight from the measured variances). And whether there are stripes at all is asked of distant cells of a row,
which have nothing in common but them: below `NEED` times the scatter of white noise there is nothing to take.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from jwstpipe.cleaning.row_cells import cells_a_band, coherent, row_levels
from jwstpipe.cleaning.scales import MOST_SCALES, detail, scales_of, white_detail
from jwstpipe.cleaning.stripe_kernels import pair_sums, row_cells, subtract_levels
from jwstpipe.numerics.robust import MAD_TO_SIGMA, clipped_noise, middle

__all__ = [
    "NEED", "NEED_ALONE", "StripeFit", "band_edges", "cell_edges", "fit_stripes", "noise_spread", "pedestals",
]  # fmt: skip

Floats = NDArray[np.float64]
Float32Image = NDArray[np.float32]

NEED = 1.25
"""Scatter of the levels of rows, over that of white noise, from which stripes are worth taking."""

NEED_ALONE = 1.5
"""The same where no mosaic tells what is sky, so that some of the scatter is."""

CLIP = 4.0
PAIR_SIGMAS, PAIR_NOISE = 5.0, 0.03
"""Offsets of odd columns count from so many of their errors on, and from this share of the noise of a pixel."""

NOISY = 3
"""Scales in which the level that all bands share may be little more than noise."""

FAR_OUT = 4.0
"""Standard deviations from the level of its row from which that of a band is less believed."""

BESIDE = 16
"""Columns on each side of the edge of a band that tell how it lies to its neighbour."""

PIECES, FEWEST_PIECES = 16, 6
"""Parts of the edge of a band, and how many of them must have data."""

SAMPLED = 8
"""Of so many rows one is looked at for first guesses."""


@dataclass(frozen=True, eq=False)
class StripeFit:
    """Stripes along rows."""

    level: Floats
    """(y, band): level of each row in each band, about 0, in the unit of the image."""

    odd: Floats
    """(band,): how far odd columns lie above even ones; 0 where that is no more than noise."""

    before: float
    """Scatter of the measured levels over that of white noise."""

    need: float
    """The same of what distant parts of a row have in common, faster than a few rows; 1 = no stripes."""

    sure: bool
    """Chance alone does not give such a need."""

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


def cell_edges(columns: int, bands: int) -> NDArray[np.int64]:
    """Give the first column of each cell, and the end; each band has as many."""
    each = cells_a_band(columns, bands)
    parts = [np.linspace(one, end, each, endpoint=False) for one, end in pairwise(band_edges(columns, bands))]
    return np.append(np.concatenate(parts), columns).astype(np.int64)


def noise_spread(residual: Float32Image, weights: Float32Image) -> float:
    """Measure what the standard deviations of the weights must be multiplied by, from differences of neighbours."""
    some = slice(None, None, 2 * SAMPLED)
    left, right = residual[some, :-2], residual[some, 2:]  # two apart: odd and even columns differ
    own, other = weights[some, :-2].astype(np.float64), weights[some, 2:].astype(np.float64)
    used = (own > 0) & (other > 0)
    if not used.any():
        return 1.0
    steps = (right[used] - left[used]) / np.sqrt(1.0 / own[used] + 1.0 / other[used])
    return float(MAD_TO_SIGMA * np.median(np.abs(steps)))


def pedestals(residual: Float32Image, weights: Float32Image, level: Floats, prior: float = np.inf) -> Floats:
    """Measure what levels of bands lack, (band,), mean 0: what is beside an edge tells its step.

    Bands of other exposures end elsewhere on the sky, so that a mosaic has, near the edges of this one, no step but the
    share that this one has in it (none of exposures that were cleaned before). Farther off it has the pedestals of the
    others, which are in the levels of bands.

    Parameters
    ----------
    residual, weights
        float32, (y, x): samples without sky and sources; what has no weight takes no part.
    level
        (y, band): what is known of the stripes.
    prior
        Variance of a step.
    """
    bands = level.shape[1]
    edges = band_edges(residual.shape[1], bands)
    beside = min(BESIDE, int(np.diff(edges).min()) // 2)
    steps = np.zeros(bands)
    for band in range(1, bands):
        part = np.s_[:, edges[band] - beside : edges[band] + beside]
        used = weights[part].reshape(-1, 2, beside) > 0
        counts = used.sum(axis=2)
        sums = np.where(used, residual[part].reshape(used.shape), np.float32(0.0)).sum(axis=2, dtype=np.float64)
        means = np.divide(sums, counts, out=np.full(counts.shape, np.nan), where=counts > beside // 4)
        jump = means[:, 1] - means[:, 0] - (level[:, band] - level[:, band - 1])
        known = [one[np.isfinite(one)] for one in np.array_split(jump, PIECES)]
        medians = np.array([np.median(one) for one in known if one.size])
        if medians.size < FEWEST_PIECES:
            continue
        step = float(np.median(medians))
        spread = MAD_TO_SIGMA * float(np.median(np.abs(medians - step)))
        variance = max(0.5 * np.pi * spread**2 / medians.size, step**2 / FAR_OUT**2 - prior)
        expected = min(prior, max(step**2 - variance, 0.0))
        steps[band] = step * expected / (expected + variance) if expected > 0 else 0.0
    lacking = np.cumsum(steps)
    return np.asarray(lacking - lacking.mean())


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
    (rows, columns), cells = residual.shape, cell_edges(residual.shape[1], bands)
    edges, spread = band_edges(columns, bands), noise_spread(residual, weights)
    odd = _odd_columns(residual, weights, edges) if odd_even else np.zeros(bands)
    mean, total = np.empty((rows, cells.size - 1)), np.empty((rows, cells.size - 1))
    row_cells(residual, weights, edges, cells, odd, CLIP, spread, mean, total)
    shape = (rows, bands, -1)
    found = row_levels(mean.reshape(shape), total.reshape(shape))
    level, error = found.level, found.error
    known = np.isfinite(level)
    if known.sum() < max(bands, rows // 10):
        return None
    level -= np.median(level[known])
    need, sure = coherent(mean.reshape(shape), found.weights)
    before = clipped_noise(level[known] / error[known])
    typical = float(np.median(error[known]))
    rms = typical * float(np.sqrt(max(before**2 - 1.0, 0.0)))
    drawn, filled = _drawn_together(level, error)
    drawn -= np.median(drawn)  # the sky stays where it is
    return StripeFit(drawn, odd, before, need, sure, rms, typical, filled)


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
    sums, counts = np.empty((residual.shape[0], bands)), np.empty((residual.shape[0], bands))
    parts = np.linspace(0, residual.shape[0], min(PIECES, residual.shape[0]), endpoint=False).astype(np.int64)
    noise, error = limit / (CLIP * np.sqrt(2.0)), np.zeros(bands)
    for _ in range(2):
        pair_sums(residual, weights, edges, limit, offset, sums, counts)
        total, count = np.add.reduceat(sums, parts), np.add.reduceat(counts, parts)
        pieces = np.divide(total, count, out=np.tile(offset, (parts.size, 1)), where=count > 0)
        offset = middle(pieces)
        spread = MAD_TO_SIGMA * middle(np.abs(pieces - offset)) * np.sqrt(0.5 * np.pi / parts.size)
        error = np.maximum(spread, noise * np.sqrt(2.0 / np.maximum(count.sum(axis=0), 1.0)))
    return np.where((np.abs(offset) > PAIR_SIGMAS * error) & (np.abs(offset) > PAIR_NOISE * noise), offset, 0.0)


def _drawn_together(level: Floats, error: Floats) -> tuple[Floats, int]:
    """Draw the level of a band towards that of its row as far as its own error asks for it; fill what is not known."""
    known = np.isfinite(level)
    variance = np.square(np.where(known, error, 1.0))
    weight = np.where(known, 1.0 / variance, 0.0)
    bands, middles = level.shape[1], _band_middles(level)
    flat = np.where(known, np.where(known, level, 0.0) - middles, 0.0)
    total = weight.sum(axis=1)
    common = np.divide((weight * flat).sum(axis=1), total, out=np.full(total.shape, np.nan), where=total > 0)
    seen = np.isfinite(common)
    variance_of_row = np.divide(1.0, total, out=np.ones_like(total), where=total > 0)
    common = _believed(_interpolated(common)[:, None], seen[:, None], variance_of_row[:, None], NOISY)[:, 0]
    if bands == 1:
        return (common[:, None] + middles), int((~known).sum())
    away = np.where(known, flat - common[:, None], 0.0)
    own = _believed(away, known, variance * (1.0 - 1.0 / bands), MOST_SCALES)
    return common[:, None] + own + middles, int((~known).sum())


def _believed(values: Floats, known: NDArray[np.bool_], variance: Floats, scales: int) -> Floats:
    """Take of values, (y, band), what is more than their noise, scale by scale: Wiener weights, with measured power.

    What stands out by far beside its like has seen something else, and is less believed. What is slower than all of
    them stays as it is.
    """
    found, smooth, weights = np.zeros(values.shape), values, known.astype(np.float64)
    for scale in range(min(scales, scales_of(values.shape[0]))):
        used = weights > 0
        fine, smooth, weights = detail(smooth, weights, scale)
        noise = white_detail(scale) ** 2 * variance
        measured = np.square(MAD_TO_SIGMA * np.median(np.abs(fine[used]))) if used.any() else 0.0
        power = max(float(measured) - float(np.median(noise[known])), 0.0)
        far = np.maximum(np.square(fine) / (FAR_OUT**2 * (power + noise)), 1.0)
        found += fine * (power / (power + noise) / far)
    return found + smooth


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
