"""The verb that cleans exposures."""

from collections.abc import Sequence
from pathlib import Path

from jwstpipe.api.outputs import Paths, listed
from jwstpipe.errors import UsageError
from jwstpipe.execution.workers import Workers
from jwstpipe.operations.inputs.changed_images import ImageMade
from jwstpipe.operations.make.clean_files import clean_files
from jwstpipe.progress import Reporter, silent
from jwstpipe.requests.clean import CleanOptions
from jwstpipe.requests.fields.keywords import request_keywords
from jwstpipe.settings import S3Settings

__all__ = ["clean"]

MOST_PASSES = 5


@request_keywords(CleanOptions)
def clean(
    images: Paths,
    folder: str | Path,
    *,
    options: CleanOptions,
    mosaic: Sequence[str | Path] = (),
    passes: int = 2,
    wisp_template: Sequence[str | Path] = (),
    overwrite: bool = False,
    s3: S3Settings | None = None,
    workers: Workers | None = None,
    report: Reporter = silent,
) -> list[ImageMade]:
    """Take out of exposures what their detectors added; the exposures stay as they are.

    Parameters
    ----------
    images : path or sequence of paths
        ``cal``, ``rate`` or like files, FITS or image stores, local or ``s3://``; those of one field together.
    folder : str or Path
        Where the cleaned image stores go, each under the name of its exposure.
    **options
    mosaic : sequence of paths, optional
        Mosaics that tell what is sky, one for each filter; none = they are made of the exposures.
    passes : int, default 2
        Mosaics that are made one after the other; 0 = every exposure is cleaned by itself.
    wisp_template : sequence of paths, optional
        Wisps of detectors, pixel by pixel, one for each (its name in the header or in the name of the file); their
        strength is fitted in each exposure.
    overwrite : bool, default False
        Replace cleaned exposures that stand there.
    s3, workers, report
        Endpoint of ``s3://`` addresses; where exposures are cleaned; told of each.

    Returns
    -------
    list of ImageMade
        In the order of `images`. ``results`` says what was measured before and after, and how much was taken; the
        plane ``clean_model`` holds it pixel by pixel: ``sci + clean_model`` are the samples that were there.

    Raises
    ------
    DataError
        A combined image, or a mosaic that does not fit.
    ConflictError
        Another image stands where one is to go.

    Examples
    --------
    >>> jwstpipe.clean(["a_cal.fits", "b_cal.fits"], "cleaned")  # doctest: +SKIP
    """
    if not 0 <= passes <= MOST_PASSES:
        raise UsageError(f"passes go from 0 to {MOST_PASSES}, not {passes}")
    given = [mosaic] if isinstance(mosaic, str | Path) else list(mosaic)
    templates = [wisp_template] if isinstance(wisp_template, str | Path) else list(wisp_template)
    return clean_files(
        listed(images), Path(folder), options, mosaics=given, passes=passes, wisp_templates=templates,
        overwrite=overwrite, s3=s3, workers=workers, report=report,
    )  # fmt: skip
