"""The continuum of a spectrum: a running median, a polynomial without what stands out, or a spline through anchors."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from scipy.ndimage import median_filter

from jwstpipe.analysis.spectra.lines.line_list import SpectralLine
from jwstpipe.analysis.spectra.resolution import resolving_power
from jwstpipe.analysis.spectra.spectrum import Spectrum
from jwstpipe.errors import UsageError

__all__ = ["PAH_ANCHORS", "Anchor", "Continuum", "fit_continuum"]

Floats = NDArray[np.float64]
Anchor = tuple[float, float]
"""From where to where, um at rest; both the same = one wavelength."""

PAH_ANCHORS: tuple[Anchor, ...] = ((5.1, 5.3), (5.5, 5.5), (6.8, 6.8), (9.5, 10.2))
"""Where the bands of PAH leave the continuum free."""

LEAST_AT_ANCHOR = 2

ROUNDS = 10
CLIP = 3.0
WIDTHS = 12.0
"""Full widths of the instrument that a running median reaches over."""


@dataclass(frozen=True, eq=False)
class Continuum:
    """A continuum along the samples of a spectrum."""

    flux: Floats
    """(n,), NaN where it was not found."""

    method: str
    """In words."""

    scatter: float
    """Robust standard deviation of valid samples about it."""


def fit_continuum(
    spectrum: Spectrum, method: Literal["median", "polynomial", "spline"] = "median", *, degree: int = 3,
    lines: Sequence[SpectralLine] = (), redshift: float = 0.0, anchors: Sequence[Anchor] = (),
) -> Continuum:  # fmt: skip
    """Find the continuum of a spectrum.

    Parameters
    ----------
    spectrum
        Only valid samples count.
    method
        A running median over twelve widths of the instrument; a Chebyshev polynomial, fitted again and again without
        what lies more than three standard deviations off; or a natural cubic spline through the medians of the samples
        at anchors, for spectra whose broad bands (PAH, ices) leave no more continuum than that. It is not continued
        beyond the outermost anchors.
    degree
        Of the polynomial.
    lines, redshift
        Lines whose samples are left out.
    anchors
        Ranges of wavelengths at rest, um; of one wavelength, a resolution element to either side. None = `PAH_ANCHORS`.

    Raises
    ------
    UsageError
        Fewer than two anchors with samples.
    """
    kept = np.flatnonzero(spectrum.valid)
    waves, flux = spectrum.wavelength[kept], spectrum.flux[kept]
    free = np.ones(kept.size, bool)
    power = resolving_power(spectrum, waves)
    for line in lines:
        centre = line.wavelength * (1.0 + redshift)
        free &= np.abs(waves / centre - 1.0) > 1.5 / power
    if free.sum() < max(degree + 2, 5):
        free[:] = True
    found = np.full(len(spectrum), np.nan)
    if kept.size < 5:
        return Continuum(found, "none: too few samples", float("nan"))
    if method == "spline":
        level, used_anchors = _spline(
            waves, flux, free, [(low, high) for low, high in anchors] or None, redshift, power
        )
        words = f"natural cubic spline through {used_anchors} anchors"
    elif method == "polynomial":
        level, used = _polynomial(waves, flux, free, degree)
        words = f"Chebyshev polynomial of degree {used}, {CLIP:g} sigma clipped"
    else:
        size = _samples(waves, power)
        level = median_filter(np.interp(waves, waves[free], flux[free]), size, mode="nearest")
        words = f"running median of {size} samples"
    found[kept] = level
    left = (flux - level)[free & np.isfinite(level)]
    return Continuum(found, words, float(1.4826 * np.median(np.abs(left - np.median(left)))))


def _spline(
    waves: Floats,
    flux: Floats,
    free: NDArray[np.bool_],
    anchors: Sequence[Anchor] | None,
    redshift: float,
    power: Floats,
) -> tuple[Floats, int]:
    places, levels, step = [], [], float(np.median(np.diff(waves)))
    for low, high in anchors or PAH_ANCHORS:
        first, last = low * (1.0 + redshift), high * (1.0 + redshift)
        middle = 0.5 * (first + last)
        half = max(0.5 * (last - first), middle / float(np.interp(middle, waves, power)), 2.5 * step)
        inside = (np.abs(waves - middle) <= half) & free
        if inside.sum() >= LEAST_AT_ANCHOR:
            places.append(float(np.median(waves[inside])))
            levels.append(float(np.median(flux[inside])))
    if len(places) < 2:
        listed = ", ".join(f"{low:g}-{high:g}" if high > low else f"{low:g}" for low, high in anchors or PAH_ANCHORS)
        raise UsageError(
            f"a spline needs two anchors at least, and {len(places)} of {listed} um at rest have samples without lines"
            f" between {waves[0]:.4g} and {waves[-1]:.4g} um; give some with --anchors"
        )
    order = np.argsort(places)
    x, y = np.array(places)[order], np.array(levels)[order]
    found = np.interp(waves, x, y) if len(x) < 3 else np.asarray(CubicSpline(x, y, bc_type="natural")(waves))
    return np.where((waves >= x[0]) & (waves <= x[-1]), found, np.nan), len(x)


def _samples(waves: Floats, power: Floats) -> int:
    """Give the length of the running median, an odd number of samples."""
    step = float(np.median(np.diff(waves))) or 1.0
    wide = float(np.median(waves / power)) * WIDTHS / step
    return int(min(max(round(wide), 15), max(waves.size // 3, 3))) | 1


def _polynomial(waves: Floats, flux: Floats, free: NDArray[np.bool_], degree: int) -> tuple[Floats, int]:
    kept = free.copy()
    degree = min(degree, max(int(kept.sum()) - 2, 0))
    for _ in range(ROUNDS):
        made = np.polynomial.Chebyshev.fit(waves[kept], flux[kept], degree, domain=(waves[0], waves[-1]))
        left = flux - made(waves)
        size = 1.4826 * float(np.median(np.abs(left[kept] - np.median(left[kept]))))
        again = free & (np.abs(left) <= CLIP * size) if size > 0.0 else kept
        if (again == kept).all() or again.sum() < degree + 2:
            break
        kept = again
    return np.asarray(made(waves)), degree
