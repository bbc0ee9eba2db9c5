"""How sharp the spectrographs of JWST are: in wavelength, and on the sky."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["fwhm_arcsec", "resolving_power"]

Floats = NDArray[np.float64]

_GRATINGS = {"H": 2700.0, "M": 1000.0}
_DIAMETER_UM = 6.5e6
_PER_RADIAN = np.degrees(1.0) * 3600.0


def resolving_power(primary: Mapping[str, Any], microns: ArrayLike) -> Floats | None:
    """Give wavelength over FWHM of an unresolved line.

    MRS: ``4603 - 128 lambda`` (Jones et al. 2023, MNRAS 523, 2519). NIRSpec: the nominal values of its gratings (2700,
    1000) and of the prism (100, which really goes from 30 to 300).

    Parameters
    ----------
    primary
        Primary header: INSTRUME, EXP_TYPE, GRATING.
    microns
        Wavelengths, um.

    Returns
    -------
    ndarray or None
        None for an instrument that is not known here.
    """
    waves = np.asarray(microns, np.float64)
    if _instrument(primary) == "MIRI":
        return np.asarray(4603.0 - 128.0 * waves)
    if _instrument(primary) == "NIRSPEC":
        grating = str(primary.get("GRATING", "")).strip().upper()
        value = 100.0 if grating == "PRISM" else _GRATINGS.get(grating[-1:])
        return None if value is None else np.full(waves.shape, value)
    return None


def fwhm_arcsec(primary: Mapping[str, Any], microns: ArrayLike) -> Floats | None:
    """Give the full width at half maximum of a point source, arcsec.

    MRS: ``0.033 lambda + 0.106`` (Law et al. 2023, AJ 166, 45). NIRSpec: diffraction of 6.5 m and a spaxel of 0.1
    arcsec, in quadrature.

    Returns
    -------
    ndarray or None
        None for an instrument that is not known here.
    """
    waves = np.asarray(microns, np.float64)
    if _instrument(primary) == "MIRI":
        return np.asarray(0.033 * waves + 0.106)
    if _instrument(primary) == "NIRSPEC":
        return np.asarray(np.hypot(1.03 * waves / _DIAMETER_UM * _PER_RADIAN, 0.1))
    return None


def _instrument(primary: Mapping[str, Any]) -> str:
    return str(primary.get("INSTRUME", "")).strip().upper()
