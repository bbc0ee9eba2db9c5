"""How finely an instrument tells wavelengths apart."""

import numpy as np
from numpy.typing import NDArray

from jwstpipe.analysis.spectra.spectrum import Spectrum

__all__ = ["resolving_power"]

Floats = NDArray[np.float64]

SIGMAS = 2.3548200450309493
"""Full widths at half maximum in standard deviations."""

_CENTRES = {"G140": 1.35, "G235": 2.3, "G395": 4.0}
"""Middle of each NIRSpec grating, micrometres, where its resolving power is the nominal one."""

_PRISM = ((0.6, 0.75, 1.0, 1.2, 1.5, 2.0, 3.0, 4.0, 5.0, 5.3), (70, 50, 34, 31, 32, 40, 90, 165, 260, 300))
_LRS = ((5.0, 7.5, 10.0, 12.0), (40, 100, 160, 190))


def resolving_power(spectrum: Spectrum, wavelength: Floats) -> Floats:
    """Give lambda over the full width at half maximum of an unresolved line.

    NIRSpec: nominal values, constant in the width of a grating's line; the prism and MIRI's LRS by interpolation.
    MRS: ``4603 - 128 lambda`` (Jones et al. 2023). Elsewhere two samples.

    Parameters
    ----------
    spectrum
        Its origin names instrument and grating; its steps are the last resort.
    wavelength
        (n,), micrometres.
    """
    waves = np.asarray(wavelength, np.float64)
    origin = spectrum.origin
    grating, instrument = origin.grating.upper(), origin.instrument.upper()
    found: Floats | None = None
    centre = next((value for name, value in _CENTRES.items() if grating.startswith(name)), None)
    if centre is not None:
        found = (2700.0 if grating.endswith("H") else 1000.0) * waves / centre
    elif "PRISM" in grating or "PRISM" in origin.filter.upper():
        found = np.interp(waves, *_PRISM)
    elif "LRS" in origin.mode or "P750L" in (grating, origin.filter.upper()):
        found = np.interp(waves, *_LRS)
    elif instrument == "MIRI" and (origin.channel or "MRS" in origin.mode):
        found = 4603.0 - 128.0 * np.clip(waves, 4.8, 28.9)
    elif instrument == "NIRCAM" and "GRISM" in f"{grating}{origin.filter}".upper():
        found = 1600.0 * waves / 4.0
    elif instrument == "NIRISS":
        found = np.full(waves.shape, 700.0 if "SOSS" in origin.mode else 150.0)
    return _by_steps(spectrum, waves) if found is None else np.asarray(found)


def _by_steps(spectrum: Spectrum, waves: Floats) -> Floats:
    known = spectrum.wavelength[np.isfinite(spectrum.wavelength)]
    if known.size < 3:
        return np.full(waves.shape, 1000.0)
    middle, steps = 0.5 * (known[1:] + known[:-1]), np.diff(known)
    usual = steps > 0.0
    if not usual.any():
        return np.full(waves.shape, 1000.0)
    return np.asarray(waves / (2.0 * np.interp(waves, middle[usual], steps[usual])))
