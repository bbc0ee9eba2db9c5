"""Lines of a spectrum measured: Gaussian and plain sum side by side, widths, equivalent widths, limits where faint.

Lines that overlap are fitted together, with one velocity and width; those of a tie with the ratio that physics fixes.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jwstpipe.analysis.spectra.lines.groups import WINDOW, clear_of, close_gaps, grouped, instrument_width
from jwstpipe.analysis.spectra.lines.line_list import C_KMS, SpectralLine
from jwstpipe.analysis.spectra.lines.profile import GroupFit, fit_group, pixel_edges
from jwstpipe.analysis.spectra.resolution import SIGMAS
from jwstpipe.analysis.spectra.spectrum import Spectrum
from jwstpipe.analysis.spectra.units import FluxScale, flux_scale

__all__ = ["LineMeasurement", "fitted_curve", "measure_lines"]

Floats = NDArray[np.float64]

FAINT = 3.0
"""Below so many standard errors a limit is given instead of a flux."""

LEAST = 8
"""Samples of a window."""

MOST_SIGNAL = 1e12
"""Signal over noise of a sample; beyond it numbers are damaged, and no fit comes to an end."""

CLEAR = 2
"""Lines of this strength and stronger spoil the continuum of their neighbours: their samples are left out there."""


@dataclass(frozen=True)
class LineMeasurement:
    """What was measured of a line; NaN where it was not."""

    line: SpectralLine
    observed: float
    """Micrometres; of a limit where it was expected."""

    observed_err: float
    velocity: float
    """c (observed / rest - 1), km/s."""

    velocity_err: float
    fwhm: float
    """As observed, km/s."""

    fwhm_err: float
    fwhm_instrument: float
    """Assumed, km/s."""

    fwhm_intrinsic: float
    """What is left when the instrument is taken out in quadrature; NaN = not wider than the instrument."""

    flux: float
    """Of the Gaussian, in `unit`."""

    flux_err: float
    """Formal."""

    flux_err_rescaled: float
    """Times the root of the reduced chi2 where that is above 1."""

    summed: float
    """Sum of samples less the continuum over three standard deviations to either side."""

    summed_err: float
    limit: float
    """Three standard errors of a line of the instrument's width where it was expected, where none was found."""

    width: float
    """Equivalent width as observed, um; emission is positive."""

    width_err: float
    width_rest: float
    continuum: float
    """Under the line, in the unit of the samples."""

    chi2: float
    samples: int
    unit: str
    note: str = ""

    @property
    def found(self) -> bool:
        """It stands above `FAINT`."""
        return math.isfinite(self.flux)

    @property
    def snr(self) -> float:
        """Flux over its rescaled error."""
        return self.flux / self.flux_err_rescaled


@dataclass(frozen=True, eq=False)
class _Window:
    """The samples that a group of lines is fitted to."""

    waves: Floats
    flux: Floats
    error: Floats
    lower: Floats
    upper: Floats


def measure_lines(
    spectrum: Spectrum,
    lines: Sequence[SpectralLine],
    *,
    redshift: float = 0.0,
    reach: float | None = None,
    beside: Sequence[SpectralLine] = (),
) -> tuple[list[LineMeasurement], list[GroupFit]]:
    """Measure lines.

    Parameters
    ----------
    spectrum
        With or without errors; without, those of a window are the scatter of its neighbouring samples.
    lines
        Of `line_list`; what lies outside the spectrum, or in a gap of it, is left out.
    redshift
        Where they are expected.
    reach
        Largest velocity against that, km/s; default: two and a half widths of the instrument and 150 km/s.
    beside
        Lines that may be there, too: they are fitted together with those that they overlap, and not given.

    Returns
    -------
    list of LineMeasurement
        In the order of wavelengths.
    list of GroupFit
        The fits behind them.
    """
    kept = spectrum.select(spectrum.valid)
    if len(kept) < LEAST:
        return [], []
    edges = pixel_edges(kept.wavelength)
    edges_low, edges_high = edges[:-1].copy(), edges[1:].copy()
    close_gaps(kept.wavelength, edges_low, edges_high)
    measured: list[LineMeasurement] = []
    fits: list[GroupFit] = []
    wanted = {line.name for line in lines}
    known = [*lines, *(one for one in beside if one.name not in wanted)]
    for group, blended in grouped(kept, known, redshift, wanted):
        if not any(line.name in wanted for line in group):
            continue
        others = [one for one in known if one.strength <= CLEAR and one not in group]
        clear = clear_of(kept, others, group, redshift)
        found = _measure_group(clear, (edges_low, edges_high), group, blended, redshift, reach)
        if found is not None:
            measured += [one for one in found[0] if one.line.name in wanted]
            fits.append(found[1])
    return sorted(measured, key=lambda one: one.line.wavelength), fits


def fitted_curve(fit: GroupFit) -> tuple[Floats, Floats]:
    """Give a smooth curve of a fit, for plots: wavelengths and samples."""
    centres = fit.expected * (1.0 + fit.velocity / C_KMS)
    sigma = float(centres.max()) * fit.width / C_KMS
    waves = np.linspace(centres.min() - 4.0 * sigma, centres.max() + 4.0 * sigma, 121)
    return waves, fit.model(pixel_edges(waves))


def _measure_group(
    spectrum: Spectrum, edges: tuple[Floats, Floats], group: list[SpectralLine], blended: dict[str, str],
    redshift: float, reach: float | None,
) -> tuple[list[LineMeasurement], GroupFit] | None:  # fmt: skip
    rest = np.array([one.wavelength for one in group])
    expected = rest * (1.0 + redshift)
    instrument = instrument_width(spectrum, group[0], redshift) / SIGMAS
    step = C_KMS * float(np.interp(expected[0], spectrum.wavelength[1:], np.diff(spectrum.wavelength))) / expected[0]
    start = max(instrument, 0.6 * step)
    farthest = reach if reach is not None else 2.5 * SIGMAS * instrument + 150.0
    window = _window(spectrum, edges, expected, WINDOW * max(start, 1.2 * step) + 0.4 * farthest)
    if window is None:
        return None
    scale = flux_scale(spectrum)
    ratios = _ratios(group, expected, per_wavelength=scale.per_wavelength or not scale.physical)
    narrowest = max(0.35 * step, 0.5 * instrument)

    def fitted(samples: _Window, begin: tuple[float, float]) -> GroupFit:
        return fit_group(
            samples.waves, samples.flux, samples.error, expected, edges=(samples.lower, samples.upper), ratios=ratios,
            start=begin, narrowest=narrowest, reach=farthest,
        )  # fmt: skip

    fit = fitted(window, (0.0, start))
    if fit.width > 1.5 * start:
        wider = _window(spectrum, edges, expected, WINDOW * fit.width + 0.4 * farthest)
        if wider is not None:
            window, fit = wider, fitted(wider, (fit.velocity, fit.width))
    found = [
        _measurement(spectrum, window, fit, group, number, redshift, instrument, scale, blended)
        for number in range(len(group))
    ]
    return found, fit


def _window(spectrum: Spectrum, edges: tuple[Floats, Floats], expected: Floats, half: float) -> _Window | None:
    """Take the samples about some lines; None where a line lies in a gap, too few are left, or numbers are damaged."""
    waves = spectrum.wavelength
    low, high = expected[0] * (1.0 - half / C_KMS), expected[-1] * (1.0 + half / C_KMS)
    inside = np.flatnonzero((waves >= low) & (waves <= high))
    if inside.size < LEAST:
        inside = np.arange(np.searchsorted(waves, expected[0]) - 6, np.searchsorted(waves, expected[-1]) + 6)
        inside = inside[(inside >= 0) & (inside < len(waves))]
        if inside.size < LEAST:
            return None
    steps = np.diff(waves[inside])
    usual = float(np.median(steps))
    for one in expected:
        nearest = inside[int(np.argmin(np.abs(waves[inside] - one)))]
        if abs(waves[nearest] - one) > 1.6 * usual:
            return None
    if inside.size < 0.5 * (high - low) / max(usual, 1e-12):
        return None
    clear = inside[spectrum.valid[inside]]
    inside = clear if clear.size >= max(LEAST, 0.6 * inside.size) else inside
    flux = spectrum.flux[inside]
    error = _noise(flux) if spectrum.error is None else spectrum.error[inside]
    if (np.abs(flux) >= MOST_SIGNAL * np.nanmin(error)).any():
        return None
    return _Window(waves[inside], flux, error, edges[0][inside], edges[1][inside])


def _noise(flux: Floats) -> Floats:
    """Take the scatter of second differences for the error of samples that have none."""
    scatter = np.abs(flux[1:-1] - 0.5 * (flux[:-2] + flux[2:]))
    size = 1.4826 * float(np.median(scatter)) / math.sqrt(1.5)
    return np.full(flux.shape, size or float(np.abs(flux).max()) * 1e-6 or 1.0)


def _ratios(group: list[SpectralLine], expected: Floats, *, per_wavelength: bool) -> Floats | None:
    """Give the ratios of areas of a group that is one doublet and nothing else.

    Of flux densities per frequency an area is that of a flux times the square of its wavelength.
    """
    ties = {one.tie for one in group}
    if len(group) < 2 or len(ties) != 1 or "" in ties or any(one.ratio is None for one in group):
        return None
    values = np.array([one.ratio for one in group], np.float64)
    areas = values if per_wavelength else values * expected**2
    return np.asarray(areas / areas[0])


def _measurement(
    spectrum: Spectrum, window: _Window, fit: GroupFit, group: list[SpectralLine], number: int, redshift: float,
    instrument: float, scale: FluxScale, blended: dict[str, str],
) -> LineMeasurement:  # fmt: skip
    line = group[number]
    expected = line.wavelength * (1.0 + redshift)
    rescale = math.sqrt(max(fit.chi2, 1.0))
    formal = np.sqrt(np.maximum(np.diag(fit.covariance), 0.0))
    area, area_err = float(fit.areas[number]), float(formal[number])
    centre = expected * (1.0 + fit.velocity / C_KMS)
    sigma = centre * fit.width / C_KMS
    to_flux = float(scale.line_flux(np.array(1.0), np.array(centre), np.array(sigma)))
    level = fit.continuum[0] + fit.continuum[1] * (centre - fit.middle)
    velocity_err, width_err = (float(one) * rescale for one in formal[len(group) : len(group) + 2])
    notes = [blended[line.name]] if line.name in blended else []
    if len(group) > 1:
        notes.append("fitted together with " + ", ".join(one.name for one in group if one is not line))
    if spectrum.error is None:
        notes.append("errors from the scatter of samples")
    good = area_err > 0.0 and abs(area) >= FAINT * area_err * rescale and velocity_err < 4.0 * fit.width
    limit = math.nan
    if not good:
        limit = 3.0 * _limit_error(window, group, number, redshift, instrument) * rescale
        limit *= float(scale.line_flux(np.array(1.0), np.array(expected), np.array(expected * instrument / C_KMS)))
    summed, summed_err = _sum(window, fit, centre, sigma, scale)
    intrinsic = fit.width**2 - instrument**2
    width = area / level if level > 0.0 else math.nan
    speed = C_KMS * (centre / line.wavelength - 1.0)

    def known(value: float) -> float:
        return value if good else math.nan

    return LineMeasurement(
        line=line,
        observed=centre if good else expected,
        observed_err=known(expected * velocity_err / C_KMS),
        velocity=known(speed),
        velocity_err=known(velocity_err * expected / line.wavelength),
        fwhm=known(fit.width * SIGMAS),
        fwhm_err=known(width_err * SIGMAS),
        fwhm_instrument=instrument * SIGMAS,
        fwhm_intrinsic=known(math.sqrt(intrinsic) * SIGMAS if intrinsic > 0.0 else math.nan),
        flux=known(area * to_flux),
        flux_err=known(area_err * to_flux),
        flux_err_rescaled=known(area_err * to_flux * rescale),
        summed=known(summed) if len(group) == 1 else math.nan,
        summed_err=known(summed_err * rescale) if len(group) == 1 else math.nan,
        limit=limit,
        width=known(width),
        width_err=known(abs(width) * area_err * rescale / abs(area) if area else math.nan),
        width_rest=known(width / (1.0 + redshift)),
        continuum=level,
        chi2=fit.chi2,
        samples=len(window.waves),
        unit=scale.unit,
        note="; ".join(notes),
    )


def _limit_error(window: _Window, group: list[SpectralLine], number: int, redshift: float, instrument: float) -> float:
    """Give the standard error of the area of a line of the instrument's width just where it is expected."""
    columns = []
    for one in group:
        centre = one.wavelength * (1.0 + redshift)
        sigma = centre * instrument / C_KMS
        columns.append(np.exp(-0.5 * ((window.waves - centre) / sigma) ** 2) / (sigma * math.sqrt(2.0 * math.pi)))
    middle = float(np.mean(window.waves))
    columns += [np.ones(len(window.waves)), (window.waves - middle) / middle]
    design = np.stack(columns, axis=1) / window.error[:, None]
    return math.sqrt(max(float(np.linalg.pinv(design.T @ design)[number, number]), 0.0))


def _sum(window: _Window, fit: GroupFit, centre: float, sigma: float, scale: FluxScale) -> tuple[float, float]:
    """Sum samples less the continuum over three standard deviations to either side, each with its own wavelength."""
    inside = np.abs(window.waves - centre) <= 3.0 * sigma
    waves, widths = window.waves[inside], (window.upper - window.lower)[inside]
    over = window.flux[inside] - (fit.continuum[0] + fit.continuum[1] * (waves - fit.middle))
    weights = scale.line_flux(widths, waves, np.zeros(waves.shape))
    return float((over * weights).sum()), float(np.sqrt(((window.error[inside] * weights) ** 2).sum()))
