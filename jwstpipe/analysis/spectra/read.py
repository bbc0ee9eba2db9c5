"""Spectra of a file of any layout, told by its content."""

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from jwstpipe.analysis.spectra.fits_reader import spectra_of_tables, spectral_tables
from jwstpipe.analysis.spectra.spectrum import Spectrum
from jwstpipe.errors import DataError, FitsError, UsageError
from jwstpipe.fits.cards import card_values, text_of
from jwstpipe.fits.choice import split_choice
from jwstpipe.fits.fits_file import FitsFile, open_fits_file
from jwstpipe.fits.hdus import Hdu
from jwstpipe.settings import S3Settings

if TYPE_CHECKING:
    from jwstpipe.analysis.spectra.extract import ExtractionOptions

__all__ = ["read_spectra", "require_valid"]


def read_spectra(
    address: str | Path,
    *,
    column: str | None = None,
    most: int | None = None,
    first: int = 0,
    extraction: "ExtractionOptions | None" = None,
    s3: S3Settings | None = None,
) -> list[Spectrum]:
    """Read the spectra of a file.

    Parameters
    ----------
    address
        x1d, x1dints, c1d, s2d, SPEC1D and the like in FITS, or a spectrum that was written here; local or ``s3://``.
        ``FILE[EXTRACT1D,2]`` or ``FILE[3]`` chooses a table.
    column
        The samples that are wanted, as ``SURF_BRIGHT``; default: FLUX where it has a number that is not zero, else
        SURF_BRIGHT.
    most
        Spectra at most.
    first
        How many are left out before them.
    extraction
        Where the box lies in a 2-D spectrum (s2d); default: five rows about the source.
    s3
        Endpoint of an ``s3://`` address.

    Returns
    -------
    list of Spectrum
        At least one; each says in `Spectrum.notes` what was chosen or left out.

    Raises
    ------
    FitsError
        No spectrum in it; the message says what there is.
    DataError
        Tables without a row.
    UsageError
        No such column or table.
    """
    path, choice = split_choice(str(address))
    end = None if most is None else first + most
    if Path(path).suffix.lower() in (".ecsv", ".csv", ".vot", ".parquet"):
        from jwstpipe.analysis.spectra.table_reader import spectra_of_file  # noqa: PLC0415 - astropy's tables

        return spectra_of_file(path, column=column)[first:]
    file = open_fits_file(path, s3=s3)
    tables = spectral_tables(file, column=column)
    if choice is not None:
        tables = [table for table in tables if _is_chosen(table.hdu, choice)]
        if not tables:
            raise UsageError(f"{address}: there is no table with a spectrum of that name or number")
    if not tables:
        from jwstpipe.analysis.spectra.extract import slit_images, spectra_of_slits  # noqa: PLC0415 - 2-D only

        planes = slit_images(file) if column is None else []
        if planes:
            return list(islice(spectra_of_slits(file, planes, extraction), first, end))
        lines = _of_lines(file) if column is None else []
        if lines:
            return lines[first:end]
        raise _nothing(file, column)
    found = list(islice(spectra_of_tables(file, tables, column=column, most=end), first, end))
    if not found and most != 0 and not first:
        raise DataError(f"{file.name}: no valid sample: its tables of spectra are empty, without a single row")
    return found


def _of_lines(file: FitsFile) -> list[Spectrum]:
    if not any(len(hdu.shape) == 1 for hdu in file.hdus):
        return []
    from jwstpipe.analysis.spectra.image_reader import spectra_of_lines  # noqa: PLC0415 - hardly any file needs it

    return spectra_of_lines(file)


def require_valid(spectra: list[Spectrum]) -> list[Spectrum]:
    """Give the spectra that have a valid sample.

    Raises
    ------
    DataError
        None has; the message says how many samples are without a number, and what their errors are.
    """
    found = [one for one in spectra if one.n_valid]
    if found:
        return found
    from jwstpipe.analysis.spectra.report import emptiness  # noqa: PLC0415 - only where it is needed

    raise emptiness(spectra)


def _is_chosen(hdu: Hdu, choice: tuple[str, int | None]) -> bool:
    wanted, version = choice
    if wanted.isdecimal() and version is None:
        return hdu.index == int(wanted)
    return hdu.name == wanted.upper() and version in (None, hdu.version)


def _nothing(file: FitsFile, column: str | None) -> FitsError | UsageError:
    """Say why a file gives no spectrum."""
    if column is not None and spectral_tables(file):
        names = ", ".join(spectral_tables(file)[0].names)
        return UsageError(f"{file.name}: no spectrum has a column {column!r}; it has {names}")
    held = ", ".join(f"{hdu.label} {hdu.shape}" for hdu in file.hdus if hdu.shape)[:200] or "headers only"
    cubes = [hdu for hdu in file.hdus if len(hdu.shape) == 3 and hdu.name == "SCI"]
    mode = text_of(card_values(file.hdus[0]), "EXP_TYPE")
    hint = ""
    if any("CTYPE3" in card_values(hdu) for hdu in cubes):
        hint = "; jwstpipe cube takes a spectrum out of a cube"
    elif any(word in mode for word in ("NRS_", "_MRS", "_WFSS", "_SOSS", "GRISM")) and "IMAGE" not in mode:
        hint = f"; a detector's view of spectra ({mode}), whose s2d, s3d or x1d this program reads"
    elif cubes:
        hint = "; jwstpipe table --light-curve looks at time series of images"
    return FitsError(f"{file.name}: holds no spectrum (a table with wavelength and flux); it holds {held}{hint}")
