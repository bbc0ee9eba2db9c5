"""How sharp the spectrographs of JWST are: in wavelength, and on the sky."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jwstpipe.analysis.cubes.cube import Cube
from jwstpipe.analysis.spectra.resolution import resolving_power
from jwstpipe.analysis.spectra.spectrum import Spectrum, SpectrumOrigin
from jwstpipe.names import canonical_instrument

__all__ = ["cube_origin", "cube_resolution", "fwhm_arcsec"]

Floats = NDArray[np.float64]

_DIAMETER_UM = 6.5e6
_PER_RADIAN = np.degrees(1.0) * 3600.0


def cube_resolution(cube: Cube, microns: Floats) -> Floats:
    """Give wavelength over FWHM of an unresolved line (see `jwstpipe.analysis.spectra.resolution.resolving_power`)."""
    nothing = np.zeros(cube.microns.shape)
    return resolving_power(Spectrum.of(cube.microns, nothing, unit="", origin=cube_origin(cube)), microns)


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


def cube_origin(cube: Cube, label: str = "", place: tuple[float, float] | None = None) -> SpectrumOrigin:
    """Tell where spectra of a cube come from."""
    primary = cube.image.primary

    def word(key: str) -> str:
        return str(primary.get(key, "") or "").strip()

    ra, dec = place or (None, None)
    return SpectrumOrigin(
        file=cube.name, label=label, target=word("TARGNAME"),
        instrument=canonical_instrument(word("INSTRUME")) or word("INSTRUME"), detector=word("DETECTOR"),
        grating=word("GRATING"), filter=word("FILTER"), channel=word("CHANNEL"), band=word("BAND"),
        mode=word("EXP_TYPE"), program=word("PROGRAM"), ra=ra, dec=dec,
    )  # fmt: skip


def _instrument(primary: Mapping[str, Any]) -> str:
    return str(primary.get("INSTRUME", "")).strip().upper()
