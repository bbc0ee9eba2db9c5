"""Verbs on spectra: read, measured, drawn, written."""

from pathlib import Path

from jwstpipe.analysis.spectra.spectrum import Spectrum
from jwstpipe.analysis.spectra.study import SpectrumStudy, study_files, study_spectra
from jwstpipe.api.outputs import Paths, check_output, listed
from jwstpipe.operations.spec import Receipt
from jwstpipe.operations.spectra.make import make_of_files
from jwstpipe.requests.analysis.spectra import LinesRequest, SpectrumRequest
from jwstpipe.requests.fields.keywords import request_keywords
from jwstpipe.settings import S3Settings

__all__ = ["lines", "spectrum", "spectrum_to_file"]

FORMS = (".png", ".svg", ".html", ".jpg", ".tif", ".ecsv", ".parquet", ".fits", ".vot")
TABLES = (".ecsv", ".parquet", ".fits", ".vot", ".csv")


@request_keywords(SpectrumRequest)
def spectrum(
    files: Paths | Spectrum | list[Spectrum], *, options: SpectrumRequest, s3: S3Settings | None = None
) -> SpectrumStudy:
    """Read spectra, and find continuum, lines and redshift of them where that is asked for.

    Parameters
    ----------
    files : path, Spectrum, or a list of them
        x1d, x1dints, c1d, s2d, SPEC1D and other tables with a wavelength and a flux; local or ``s3://``.
        ``FILE[EXTRACT1D,2]`` chooses one of several.
    **options
    s3 : S3Settings, optional
        Endpoint of ``s3://`` addresses.

    Returns
    -------
    SpectrumStudy
        ``spectra``, ``redshift``, ``lines``, ``continua``, ``notes``.

    Raises
    ------
    DataError
        No valid sample; the message says what the samples are.
    FitsError
        No spectrum in a file.

    Examples
    --------
    >>> found = jwstpipe.spectrum("x_x1d.fits", fit_lines=True, redshift="0.01")
    >>> [one.line.name for one in found.lines]
    [...'Pa beta'...]
    """
    if isinstance(files, Spectrum):
        return study_spectra([files], options)
    if isinstance(files, list | tuple) and files and all(isinstance(one, Spectrum) for one in files):
        return study_spectra([one for one in files if isinstance(one, Spectrum)], options)
    return study_files(listed(files), options, s3=s3)  # type: ignore[arg-type]


@request_keywords(SpectrumRequest)
def spectrum_to_file(
    files: Paths,
    out: str | Path,
    *,
    options: SpectrumRequest,
    overwrite: bool = False,
    s3: S3Settings | None = None,
) -> Receipt:
    """Draw spectra, or write them as a table with all that was found, with their lineage (see `spectrum`).

    Parameters
    ----------
    files : path or sequence of paths
        As in `spectrum`.
    out : str or Path
        ``.png``, ``.svg``, ``.html`` (it can be moved through), ``.ecsv``, ``.parquet``, ``.fits`` or ``.vot``.
    **options
    overwrite : bool, default False
        Replace what stands at `out`.
    s3 : S3Settings, optional
        Endpoint of ``s3://`` addresses.

    Examples
    --------
    >>> len(jwstpipe.spectrum_to_file("x_x1d.fits", "x.png", redshift="0.01").digest)
    64
    """
    from jwstpipe.operations.spectra.spectrum import SPECTRUM  # noqa: PLC0415 - plots

    check_output(out, FORMS, what="a spectrum", overwrite=overwrite)
    return make_of_files(SPECTRUM, listed(files), out, options, s3=s3)


@request_keywords(LinesRequest, only=[name for name in LinesRequest.model_fields if name != "fit_lines"])
def lines(
    files: Paths,
    out: str | Path,
    *,
    options: LinesRequest,
    overwrite: bool = False,
    s3: S3Settings | None = None,
) -> Receipt:
    """Measure the lines of spectra, and write them as a table with their lineage.

    Parameters
    ----------
    files : path or sequence of paths
        As in `spectrum`.
    out : str or Path
        ``.ecsv``, ``.parquet``, ``.fits``, ``.vot`` or ``.csv``.
    **options
    overwrite : bool, default False
        Replace what stands at `out`.
    s3 : S3Settings, optional
        Endpoint of ``s3://`` addresses.

    Examples
    --------
    >>> jwstpipe.lines("x_x1d.fits", "lines.ecsv", redshift="0.01").results["redshift"]
    0.01
    """
    from jwstpipe.operations.spectra.lines import LINES  # noqa: PLC0415 - astropy's tables

    check_output(out, TABLES, what="a table of lines", overwrite=overwrite)
    return make_of_files(LINES, listed(files), out, options, s3=s3)
