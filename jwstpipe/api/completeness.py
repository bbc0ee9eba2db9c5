"""The verb `completeness`: stars put into an image and found again."""

from pathlib import Path
from typing import Any

from astropy.table import Table

from jwstpipe.analysis.catalogues.completeness_table import completeness_table
from jwstpipe.analysis.sources.injection import inject_and_find
from jwstpipe.execution.workers import Workers
from jwstpipe.images.memory import ImageLike, as_image
from jwstpipe.operations.inputs.carried_inputs import input_at
from jwstpipe.progress import Reporter, silent
from jwstpipe.requests.analysis.completeness import ONE_IMAGE, CompletenessRequest
from jwstpipe.requests.fields.keywords import request_keywords
from jwstpipe.settings import S3Settings

__all__ = ["completeness"]


@request_keywords(CompletenessRequest, only=ONE_IMAGE)
def completeness(
    image: ImageLike,
    *,
    options: CompletenessRequest,
    wcs: Any = None,
    unit: Any = None,
    s3: S3Settings | None = None,
    workers: Workers | None = None,
    report: Reporter = silent,
) -> Table:
    """Put stars into an image, search it again, and count how many are found, by their brightness.

    Parameters
    ----------
    image : path, SkyImage, MaskedImage, CCDData or ndarray
        Of any size; it is not changed.
    **options
    wcs, unit : optional
        Place on the sky and unit of a plain array.
    s3, workers, report
        As `detect`.

    Returns
    -------
    astropy.table.Table
        A row a bin of brightness, with the share that was found; ``meta["half_snr"]`` and ``meta["half_mag"]`` say
        where it is one half.

    Raises
    ------
    DataError
        No noise can be measured, or there is no place for a star.

    Examples
    --------
    >>> found = jwstpipe.completeness("f200w.zarr", stars=50)
    >>> "half_mag" in found.meta
    True
    """
    source = as_image(image, wcs=wcs, unit=unit, s3=s3)
    reference = str(image) if isinstance(image, str | Path) else source
    made = inject_and_find(reference, options=options, s3=s3, workers=workers, report=report)
    table = completeness_table(made, source, bins=options.bins)
    table.meta["parameters"] = options.model_dump(mode="json")
    if isinstance(image, str | Path):
        table.meta["inputs"] = [input_at(image, s3=s3).carried()]
    return table
