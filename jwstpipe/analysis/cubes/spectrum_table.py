"""A spectrum of a cube as a table: the columns of official ones, what is known of it, and what was left out."""

from typing import Any

import numpy as np
from astropy.table import Table

from jwstpipe.analysis.spectra.spectrum import Spectrum

__all__ = ["spectrum_table"]

_MEANINGS = {
    "WAVELENGTH": ("um", "as observed; in vacuum, where the cube's are"),
    "FLUX": ("", "sum over the aperture"),
    "FLUX_ERROR": ("", "standard error, samples taken as independent but for the factor"),
    "DQ": ("", "FLUX_ESTIMATED (268435456): scaled for uncovered spaxels; DO_NOT_USE (1): nothing covered"),
    "SURF_BRIGHT": ("MJy/sr", "mean over the aperture"),
    "SB_ERROR": ("MJy/sr", "its standard error"),
    "COVERAGE": ("", "share of the aperture that has data"),
    "NPIXELS": ("", "spaxels with data, by their shares"),
    "BACKGROUND": ("MJy/sr", "median of the ring, taken away from each spaxel"),
}


def spectrum_table(spectrum: Spectrum, sample_unit: str) -> Table:
    """Write a spectrum of a cube as a table.

    Parameters
    ----------
    spectrum
        As `jwstpipe.analysis.cubes.extract.extract` gives it.
    sample_unit
        Unit of the samples of the cube.
    """
    origin = spectrum.origin
    columns: dict[str, Any] = {"WAVELENGTH": spectrum.wavelength, "FLUX": spectrum.flux}
    if spectrum.error is not None:
        columns["FLUX_ERROR"] = spectrum.error
    if spectrum.dq is not None:
        columns["DQ"] = spectrum.dq.astype(np.int64)
    columns |= spectrum.other
    table = Table(columns)
    for name in table.colnames:
        unit, meaning = _MEANINGS[name]
        unit = spectrum.unit if name in ("FLUX", "FLUX_ERROR") else sample_unit if unit == "MJy/sr" else unit
        table[name].unit, table[name].description = unit or None, meaning
    known = {
        "TARGNAME": origin.target, "INSTRUME": origin.instrument, "DETECTOR": origin.detector,
        "GRATING": origin.grating, "FILTER": origin.filter, "CHANNEL": origin.channel, "BAND": origin.band,
        "EXP_TYPE": origin.mode, "PROGRAM": origin.program, "RA": origin.ra, "DEC": origin.dec,
        "APERTURE": origin.label, "CUBE": origin.file,
    }  # fmt: skip
    table.meta.update({key: value for key, value in known.items() if value not in ("", None)})
    table.meta["notes"] = list(spectrum.notes)
    return table
