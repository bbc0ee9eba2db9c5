"""A redshift that nobody gave: cross-correlation with the list of lines, then the lines that agree.

Signal over noise is compared with the list at every redshift, in steps finer than the instrument resolves; of the best
ones lines are fitted, and a redshift counts for as much as lines agree on it. One line alone is said to be so.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from jwstpipe.analysis.spectra.continuum import fit_continuum
from jwstpipe.analysis.spectra.lines.line_list import C_KMS, SpectralLine, hydrogen, line_list
from jwstpipe.analysis.spectra.lines.measure import LineMeasurement, measure_lines
from jwstpipe.analysis.spectra.resolution import SIGMAS, resolving_power
from jwstpipe.analysis.spectra.spectrum import Spectrum
from jwstpipe.errors import DataError

__all__ = ["Redshift", "find_redshift"]

Floats = NDArray[np.float64]

RANGE = (-0.01, 16.0)
FIRST = 7
"""Redshifts of the cross-correlation whose lines are fitted."""

TOLD = 5
COMPRESSED = 12.0
"""Signal over noise above which a line weighs hardly more: else a single bright one decides alone."""

WEIGHTS = {1: 1.0, 2: 0.45, 3: 0.12}
"""Of lines by their strength."""

PROMISING = 3.0
"""Signal over noise that makes a line worth a fit."""

SEEN = 5.0
"""Signal over noise of a line that agrees."""

AGREE = 0.75
"""Of the full width of the instrument: lines closer than this agree."""

BRIGHTER = (
    ("H beta", "H alpha"), ("[O III] 5008", "H alpha"), ("[S III] 0.9533", "H alpha"), ("He I 1.083", "H alpha"),
    ("Pa alpha", "H alpha"), ("Pa beta", "H alpha"), ("Pa gamma", "H alpha"), ("[Fe II] 1.257", "H alpha"),
    ("H alpha", "H beta"),
)  # fmt: skip
"""Lines, and what should be seen beside them."""

MEMBERS = 12
"""Lines of a series of hydrogen that are looked at."""

MOST_LACKING = 4
NEAR, LEAST_NEAR = 0.01, 3
"""Share of a wavelength, and valid samples within it, that make a line one that could be seen."""


@dataclass(frozen=True)
class Redshift:
    """A redshift, and what speaks for it."""

    value: float
    error: float
    """Standard error of the mean of its lines, with their scatter."""

    lines: tuple[str, ...]
    """That agree."""

    score: float
    """Sum of what the lines weigh; to compare with others."""

    others: tuple["Redshift", ...] = ()
    """The next best, each with its lines."""

    @property
    def words(self) -> str:
        """In a sentence."""
        count = len(self.lines)
        if count == 1:
            return f"z = {self.value:.6f}: one line alone speaks for it ({self.lines[0]}); it may be another line"
        listed = ", ".join(self.lines[:8]) + (", ..." if count > 8 else "")
        return f"z = {self.value:.6f} +- {self.error:.6f}: {count} lines agree ({listed})"


def find_redshift(spectra: Sequence[Spectrum], *, between: tuple[float, float] = RANGE) -> Redshift:
    """Find the redshift of a source.

    Parameters
    ----------
    spectra
        Of one source.
    between
        Least and greatest redshift.

    Raises
    ------
    DataError
        No line stands out.
    """
    usable = [one for one in spectra if one.n_valid >= 16]
    if not usable:
        raise DataError("too few valid samples for a redshift; give it with --redshift")
    signals = [_signal(one) for one in usable]
    lines = [line for line in line_list() if line.kind == "line"]
    grid, score = _correlation(signals, lines, between)
    found: list[Redshift] = []
    for place in _peaks(grid, score):
        judged = _judged(usable, signals, float(np.expm1(grid[place])), lines)
        if judged is not None and all(abs(judged.value - one.value) > 2e-3 * (1 + one.value) for one in found):
            found.append(judged)
    if not found:
        raise DataError("no line stands out by five standard errors, so no redshift is found; give it with --redshift")
    ordered = sorted(found, key=lambda one: (-one.score, one.value))
    best = ordered[0]
    return Redshift(best.value, best.error, best.lines, best.score, tuple(ordered[1:TOLD]))


def _signal(spectrum: Spectrum) -> tuple[Floats, Floats, float]:
    """Give log wavelengths, compressed signal over noise on the scale of the resolution, and the resolving power."""
    kept = spectrum.select(spectrum.valid)
    level = fit_continuum(kept).flux
    over = kept.flux - level
    scatter = 1.4826 * float(np.median(np.abs(over - np.median(over)))) or 1.0
    noise = np.full(len(kept), scatter)
    if kept.error is not None:
        ratio = 1.4826 * float(np.median(np.abs(over / kept.error)))
        noise = kept.error * max(ratio, 1.0)
    power = resolving_power(kept, kept.wavelength)
    step = np.gradient(kept.wavelength)
    pixels = float(np.median(kept.wavelength / power / step)) / SIGMAS
    width = max(pixels, 0.5)
    smooth = gaussian_filter1d(over / noise, width, mode="nearest") * np.sqrt(2.0 * np.sqrt(np.pi) * max(width, 0.6))
    return np.log(kept.wavelength), COMPRESSED * np.tanh(smooth / COMPRESSED), float(np.median(power))


def _correlation(
    signals: list[tuple[Floats, Floats, float]], lines: list[SpectralLine], between: tuple[float, float]
) -> tuple[Floats, Floats]:
    """Sum the signal at all lines, for every redshift: log(1 + z) and the score."""
    finest = max(power for _, _, power in signals)
    grid = np.arange(np.log1p(between[0]), np.log1p(between[1]), 0.4 / finest)
    rest = np.log([line.wavelength for line in lines])
    weights = np.array([WEIGHTS[line.strength] for line in lines])
    score, norm = np.zeros(grid.size), np.full(grid.size, 0.3)
    for waves, signal, _ in signals:
        gap = 4.0 * np.median(np.diff(waves))
        for place, weight in zip(rest, weights, strict=True):
            at = grid + place
            inside = np.flatnonzero((at >= waves[0]) & (at <= waves[-1]))
            if not inside.size:
                continue
            number = np.clip(np.searchsorted(waves, at[inside]), 1, waves.size - 1)
            near = waves[number] - waves[number - 1] < gap
            score[inside[near]] += weight * np.interp(at[inside[near]], waves, signal)
            norm[inside[near]] += weight * weight
    return grid, score / np.sqrt(norm)


def _peaks(grid: Floats, score: Floats) -> list[int]:
    """Find the highest places that lie apart."""
    inner = np.flatnonzero((score[1:-1] >= score[:-2]) & (score[1:-1] > score[2:])) + 1
    chosen: list[int] = []
    for place in inner[np.argsort(-score[inner], kind="stable")]:
        if score[place] <= 0.0 or len(chosen) == FIRST:
            break
        if all(abs(grid[place] - grid[other]) > 2e-3 for other in chosen):
            chosen.append(int(place))
    return chosen


Signal = tuple[Floats, Floats, float]


def _judged(spectra: list[Spectrum], signals: list[Signal], start: float, lines: list[SpectralLine]) -> Redshift | None:
    """Fit the lines at a redshift that something stands at, and keep those that agree."""
    measured: list[LineMeasurement] = []
    value, error = start, 0.0
    agreeing: list[LineMeasurement] = []
    for weakest in (2, 2, 3):
        measured = [
            one
            for spectrum, signal in zip(spectra, signals, strict=True)
            for one in measure_lines(spectrum, _promising(signal, value, lines, weakest), redshift=value)[0]
            if one.found and one.snr >= SEEN and one.flux > 0.0
        ]  # fmt: skip
        if not measured:
            if weakest == 3 and agreeing:
                break
            continue
        agreeing = _agreeing(measured, value)
        value, error = _mean(agreeing)
    if not agreeing:
        return None
    names = tuple(dict.fromkeys(one.line.name for one in sorted(agreeing, key=lambda one: -one.snr)))
    score = sum(WEIGHTS[one.line.strength] * min(one.snr, 4.0 * SEEN) / SEEN for one in _once(agreeing))
    return Redshift(value, error, names, score - _lacking(spectra, value, agreeing))


def _promising(signal: Signal, value: float, lines: list[SpectralLine], weakest: int) -> list[SpectralLine]:
    """Take the lines that something stands near."""
    waves, height, power = signal
    found = []
    for line in lines:
        at = np.log(line.wavelength * (1.0 + value))
        first, last = np.searchsorted(waves, (at - 1.5 / power, at + 1.5 / power))
        about = height[max(first - 1, 0) : last + 1]
        if line.strength <= weakest and waves[0] < at < waves[-1] and about.size and about.max() > PROMISING:
            found.append(line)
    return found


def _once(measured: list[LineMeasurement]) -> list[LineMeasurement]:
    """Count a line that is in two spectra once, and lines that were fitted as one group as one."""
    best: dict[float, LineMeasurement] = {}
    for one in sorted(measured, key=lambda one: -WEIGHTS[one.line.strength] * one.snr):
        key = round(one.observed_err * 1e9) + one.velocity_err
        best.setdefault(key, one)
    return list(best.values())


def _agreeing(measured: list[LineMeasurement], value: float) -> list[LineMeasurement]:
    """Take the lines nearest to the velocity that most of the weight is at."""
    speeds = np.array([(one.observed / one.line.wavelength - 1.0 - value) / (1.0 + value) * C_KMS for one in measured])
    weights = np.array([WEIGHTS[one.line.strength] * min(one.snr, 4.0 * SEEN) for one in measured])
    widths = np.array([one.fwhm_instrument for one in measured])
    near = np.abs(speeds[:, None] - speeds[None, :]) < AGREE * np.minimum(widths[:, None], widths[None, :])
    middle = int(np.argmax(near @ weights))
    return [one for one, kept in zip(measured, near[middle], strict=True) if kept]


def _mean(lines: list[LineMeasurement]) -> tuple[float, float]:
    """Give the weighted mean of redshifts; no line counts for more than a twentieth of its width allows."""
    values = np.array([one.observed / one.line.wavelength - 1.0 for one in lines])
    floors = np.array([np.hypot(one.velocity_err, 0.05 * one.fwhm_instrument) / C_KMS for one in lines])
    weights = 1.0 / floors**2
    mean = float((values * weights).sum() / weights.sum())
    scatter = np.sqrt(((values - mean) ** 2 * weights).sum() / weights.sum() / max(len(lines) - 1, 1))
    return mean, float(max(scatter, 1.0 / np.sqrt(weights.sum())))


def _lacking(spectra: list[Spectrum], value: float, agreeing: list[LineMeasurement]) -> float:
    """Count lines that should be seen beside those that are, and are not.

    Of hydrogen every line is brighter than the next one of its series, and in the near infrared nothing shines that
    has no H alpha.
    """
    seen = {one.line.name for one in agreeing}
    known = {line.name: line.wavelength for line in line_list()}

    def missing(name: str) -> bool:
        at = known[name] * (1.0 + value)
        return name not in seen and any(
            np.count_nonzero(one.valid & (np.abs(one.wavelength / at - 1.0) < NEAR)) >= LEAST_NEAR for one in spectra
        )

    lacking = {name for have, name in BRIGHTER if have in seen and missing(name)}
    for lower in (2, 3, 4):
        names = [hydrogen(lower, upper).name for upper in range(lower + 1, lower + MEMBERS)]
        faintest = max((k for k, name in enumerate(names) if name in seen), default=0)
        lacking |= {name for name in names[:faintest] if name in known and missing(name)}
    return 1.5 * min(len(lacking), MOST_LACKING)
