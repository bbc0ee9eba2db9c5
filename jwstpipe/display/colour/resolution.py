"""How sharp a filter sees, and the blur that brings it to the sharpness of another.

JWST is diffraction limited: the core of its PSF has a full width at half maximum of 1.03 wavelengths over 6.5 m, seen
through pixels of the detector.
"""

from collections.abc import Sequence
from math import hypot, sqrt

from jwstpipe.names.optics import canonical_instrument
from jwstpipe.names.passband import Passband

__all__ = ["matching_sigmas", "pixel_arcsec", "psf_fwhm_arcsec"]

_ARCSEC_PER_UM = 1.03e-6 / 6.5 * 206_264.806
_NIRCAM_SPLIT_UM = 2.4
_PIXELS = {"MIRI": 0.111, "NIRISS": 0.065, "NIRSpec": 0.1, "FGS": 0.07}
_FWHM_PER_SIGMA = 2.354820045


def psf_fwhm_arcsec(band: Passband) -> float | None:
    """Give the width of the PSF with the pixel in it, arcseconds; None for what is not JWST or has no wavelength."""
    instrument = canonical_instrument(band.instrument)
    if instrument is None or band.wavelength_um is None:
        return None
    return hypot(_ARCSEC_PER_UM * band.wavelength_um, pixel_arcsec(instrument, band.wavelength_um))


def pixel_arcsec(instrument: str, wavelength_um: float) -> float:
    """Give the side of a detector's pixel, arcseconds: NIRCam has two kinds of detectors, split at 2.4 um."""
    return _PIXELS.get(instrument, 0.031 if wavelength_um < _NIRCAM_SPLIT_UM else 0.063)


def matching_sigmas(bands: Sequence[Passband]) -> list[float]:
    """Give the sigma, arcseconds, of the Gaussian that brings each band to the widest PSF; 0 where it is not known."""
    widths = [psf_fwhm_arcsec(band) for band in bands]
    widest = max((width for width in widths if width is not None), default=0.0)
    return [0.0 if width is None else sqrt(max(widest**2 - width**2, 0.0)) / _FWHM_PER_SIGMA for width in widths]
