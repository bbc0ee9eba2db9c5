"""Spectra in images of one axis: an image of samples, with one of wavelengths beside, or with cards for them.

So write the pipeline of NIRSpec's team (DATA, ERR and WAVELENGTH, in SI units), and older programs everywhere (CRVAL1
and CDELT1, linear or in logarithms).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.analysis.spectra.columns import micrometres
from jwstpipe.analysis.spectra.fits_reader import origin_of
from jwstpipe.analysis.spectra.spectrum import Spectrum
from jwstpipe.errors import DataError
from jwstpipe.fits.cards import CardValue, card_values, number_of, text_of
from jwstpipe.fits.fits_file import FitsFile
from jwstpipe.fits.hdus import Hdu
from jwstpipe.fits.sample_format import SampleFormat
from jwstpipe.fits.tables.table import is_table

__all__ = ["spectra_of_lines"]

Floats = NDArray[np.float64]

SAMPLES = ("SCI", "DATA", "FLUX", "SPECTRUM", "PRIMARY", "")
ERRORS = ("ERR", "ERROR", "SIGMA", "NOISE", "STDEV", "UNCERT", "UNCERTAINTY")
VARIANCES = ("VAR", "VARIANCE")
WAVES = ("WAVELENGTH", "WAVE", "LAMBDA", "LAM", "WL")
LEAST, MOST = 8, 1 << 23
"""Samples."""


def spectra_of_lines(file: FitsFile) -> list[Spectrum]:
    """Read the spectrum of images of one axis; an empty list where there is none.

    Raises
    ------
    DataError
        Data that is shorter than its header says.
    """
    lines = {
        hdu.name: hdu
        for hdu in reversed(file.hdus)
        if len(hdu.shape) == 1 and LEAST <= hdu.shape[0] <= MOST and not is_table(hdu) and hdu.whole
    }
    samples = next((lines[name] for name in SAMPLES if name in lines), None)
    if samples is None:
        return []
    primary, cards = card_values(file.hdus[0]), card_values(samples)
    both = {**primary, **cards}
    same = {name: hdu for name, hdu in lines.items() if hdu.shape == samples.shape}
    waves, notes = _wavelengths(file, same, both, samples.shape[0])
    if waves is None:
        return []
    error = next((_values(file, same[name]) for name in ERRORS if name in same), None)
    variance = next((_values(file, same[name]) for name in VARIANCES if name in same), None)
    if error is None and variance is not None:
        error = np.sqrt(np.where(variance > 0.0, variance, np.nan))
    dq = None if "DQ" not in same else _values(file, same["DQ"], integer=True)
    return [
        Spectrum.of(
            waves, _values(file, samples), error, dq, unit=text_of(both, "BUNIT"),
            origin=origin_of(file, samples, primary, cards), column=samples.name or "PRIMARY", notes=notes,
        )
    ]  # fmt: skip


def _wavelengths(
    file: FitsFile, same: dict[str, Hdu], cards: dict[str, CardValue], count: int
) -> tuple[Floats | None, tuple[str, ...]]:
    """Find wavelengths in an image of them, else in the cards of the first axis."""
    beside = next((same[name] for name in WAVES if name in same), None)
    if beside is not None:
        values, note = micrometres(_values(file, beside), text_of(card_values(beside), "BUNIT", "CUNIT1"))
        return values, (note,) if note else ()
    first, step = number_of(cards, "CRVAL1"), number_of(cards, "CDELT1", "CD1_1")
    kind = text_of(cards, "CTYPE1").upper()
    if first is None or not step or kind.startswith(("RA", "DEC", "GLON", "PIX", "VELO", "FREQ", "TIME")):
        return None, ()
    pixel = number_of(cards, "CRPIX1")
    steps = np.arange(1, count + 1, dtype=np.float64) - (1.0 if pixel is None else pixel)
    values = first + step * steps
    if "LOG" in kind or number_of(cards, "DC-FLAG") == 1.0:
        with np.errstate(over="ignore"):
            values = 10.0**values
    found, note = micrometres(values, text_of(cards, "CUNIT1"))
    air = "wavelengths are in air, and were taken as they are" if kind.startswith("AWAV") else ""
    return found, tuple(one for one in (note, air) if one)


def _values(file: FitsFile, hdu: Hdu, *, integer: bool = False) -> NDArray[Any]:
    form = SampleFormat.of(hdu.header, integer=integer, name=file.name)
    size = hdu.shape[0] * form.stored.itemsize
    if size > hdu.data_size:
        raise DataError(f"{file.name}: {hdu.label} claims {size:,} bytes of {hdu.data_size:,}")
    raw = np.frombuffer(file.reader.read(hdu.data_offset, size), form.stored)
    return np.asarray(form.decode(raw), None if integer else np.float64)
