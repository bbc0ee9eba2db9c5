"""What is to be said of a spectrum in words: how much of it counts, and why not the rest."""

import numpy as np

from jwstpipe.analysis.spectra.spectrum import Spectrum, usable
from jwstpipe.errors import DataError

__all__ = ["census", "emptiness", "spectrum_words"]


def census(spectrum: Spectrum) -> dict[str, int]:
    """Count samples: all, valid, without a number, zero, with DO_NOT_USE, without an error that is one."""
    flux, error, dq = spectrum.flux, spectrum.error, spectrum.dq
    return {
        "samples": len(spectrum),
        "valid": spectrum.n_valid,
        "nan": int(np.count_nonzero(~np.isfinite(flux))),
        "zero": int(np.count_nonzero(flux == 0.0)),
        "do_not_use": 0 if dq is None else int(np.count_nonzero(dq & 1)),
        "without_error": len(spectrum) if error is None else int(np.count_nonzero(~usable(error))),
    }


def emptiness(spectra: list[Spectrum]) -> DataError:
    """Give the error of spectra without a single valid sample."""
    first = spectra[0]
    counted = census(first)
    told = (
        f"{counted['nan']:,} of {counted['samples']:,} fluxes are NaN and {counted['zero']:,} are zero,"
        f" {'no error is a number above zero' if first.error is None else 'errors are there'},"
        f" DQ excludes {counted['do_not_use']:,}"
    )
    name = f"{first.origin.file}: " if first.origin.file else ""
    if not any(len(one) for one in spectra):
        return DataError(f"{name}no valid sample: the table is empty, without a single row")
    if len(spectra) > 1:
        return DataError(f"{name}none of {len(spectra):,} spectra has a valid sample; in the first, {told}")
    return DataError(f"{name}no valid sample: {told}; the 2-D spectrum (s2d) of the source may have some")


def spectrum_words(spectrum: Spectrum) -> str:
    """Describe a spectrum in a line."""
    ends = spectrum.ends
    if ends is None:
        return f"{spectrum.origin.title or spectrum.origin.file}: no valid sample"
    kept = spectrum.flux[spectrum.valid]
    noise = "" if spectrum.error is None else f", median S/N {_middle(spectrum):.3g}"
    return (
        f"{spectrum.origin.title or spectrum.origin.file}: {ends[0]:.4f}-{ends[1]:.4f} um, {spectrum.n_valid:,} of"
        f" {len(spectrum):,} samples valid, median {spectrum.column} {np.median(kept):.4g} {spectrum.unit}{noise}"
    )


def _middle(spectrum: Spectrum) -> float:
    assert spectrum.error is not None
    return float(np.median(spectrum.flux[spectrum.valid] / spectrum.error[spectrum.valid]))
