"""What an image saw: observatory, instrument, filter and its wavelength.

JWST filters are those of `jwstpipe.names.optics`; the wavelengths of 2MASS are the effective ones of Cohen, Wheaton
and Megeath (2003).
"""

from dataclasses import dataclass

from jwstpipe.names.optics import filter_wavelength

__all__ = ["Passband", "wavelength_um"]

_OTHER_WAVELENGTHS = {"J": 1.235, "H": 1.662, "K": 2.159, "KS": 2.159, "F2550WR": 25.5}


@dataclass(frozen=True)
class Passband:
    """What an image saw."""

    facility: str | None
    """Observatory or survey, as JWST."""

    instrument: str | None
    """Instrument, as NIRCAM."""

    filter: str | None
    """Effective filter, upper case."""

    wavelength_um: float | None
    """Its wavelength, micrometres; None for a filter that is not in the table."""


def wavelength_um(name: str) -> float | None:
    """Give the wavelength of a filter, micrometres, or None when it is not known."""
    known = filter_wavelength(name)
    return _OTHER_WAVELENGTHS.get(name.strip().upper()) if known is None else known
