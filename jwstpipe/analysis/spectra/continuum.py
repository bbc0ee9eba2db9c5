"""The continuum under the lines of a spectrum: a running median, or a polynomial with what stands out left out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter

from jwstpipe.analysis.spectra.lines.line_list import SpectralLine
from jwstpipe.analysis.spectra.resolution import resolving_power
from jwstpipe.analysis.spectra.spectrum import Spectrum

__all__ = ["Continuum", "fit_continuum"]

Floats = NDArray[np.float64]

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
    spectrum: Spectrum, method: Literal["median", "polynomial"] = "median", *, degree: int = 3,
    lines: Sequence[SpectralLine] = (), redshift: float = 0.0,
) -> Continuum:  # fmt: skip
    """Find the continuum of a spectrum.

    Parameters
    ----------
    spectrum
        Only valid samples count.
    method
        A running median over twelve widths of the instrument; or a Chebyshev polynomial, fitted again and again
        without what lies more than three standard deviations off.
    degree
        Of the polynomial.
    lines, redshift
        Lines whose samples are left out.
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
    if method == "polynomial":
        level, used = _polynomial(waves, flux, free, degree)
        words = f"Chebyshev polynomial of degree {used}, {CLIP:g} sigma clipped"
    else:
        size = _samples(waves, power)
        level = median_filter(np.interp(waves, waves[free], flux[free]), size, mode="nearest")
        words = f"running median of {size} samples"
    found[kept] = level
    left = flux[free] - level[free]
    return Continuum(found, words, float(1.4826 * np.median(np.abs(left - np.median(left)))))


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
