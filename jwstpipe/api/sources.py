"""Verbs on sources: find them, and look into their catalogues."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jwstpipe.analysis.catalogues.forms import check_target
from jwstpipe.api.outputs import check_output
from jwstpipe.errors import UsageError
from jwstpipe.execution.workers import ThreadWorkers, Workers
from jwstpipe.operations.inputs.carried_inputs import input_at
from jwstpipe.operations.sources.detect import DETECT, CatalogueMade, catalogue_of, searched
from jwstpipe.operations.sources.segmentation import SEGMENTATION, write_labels
from jwstpipe.operations.spec import MakeContext
from jwstpipe.progress import Reporter, silent
from jwstpipe.requests.analysis.detect import DetectRequest
from jwstpipe.requests.fields.keywords import request_keywords
from jwstpipe.settings import S3Settings

if TYPE_CHECKING:
    from astropy.table import Table

    from jwstpipe.images.memory import ImageLike

__all__ = ["detect", "detect_to_file"]


@request_keywords(DetectRequest)
def detect(
    images: "ImageLike | Sequence[ImageLike]",
    *,
    options: DetectRequest,
    wcs: Any = None,
    unit: Any = None,
    s3: S3Settings | None = None,
    workers: Workers | None = None,
    report: Reporter = silent,
) -> "Table":
    """Find the sources of an image, or of several on one grid, searched as one.

    Parameters
    ----------
    images : path, SkyImage, MaskedImage, CCDData or ndarray; or a list of them
        What to search.
    **options
    wcs, unit : optional
        Place on the sky and unit of plain arrays.
    s3, workers, report
        Endpoint of ``s3://`` addresses; where tiles are searched; told of each.

    Returns
    -------
    astropy.table.Table
        A row a source, with units and meanings. Of files, ``meta["jwstpipe"]`` holds id, parameters and inputs.

    Raises
    ------
    DataError
        No noise can be measured.
    UsageError
        More sources than `max_sources`, or images that are not on one grid.

    Examples
    --------
    >>> found = jwstpipe.detect("f200w.zarr", threshold=5.0)
    >>> found["ra", "dec", "mag_segment"].colnames
    ['ra', 'dec', 'mag_segment']
    """
    several: list[Any] = list(images) if isinstance(images, list | tuple) else [images]
    if not several:
        raise UsageError("detect: no image; give one or more")
    at_work = workers or ThreadWorkers(os.cpu_count() or 1)
    if all(isinstance(one, str | Path) for one in several):
        context = MakeContext(at_work, s3 or S3Settings(), report)
        identity = DETECT.identify(options, [input_at(one, s3=s3) for one in several], context=context)
        return catalogue_of(identity, options, "", context=context).table
    from jwstpipe.images.memory import as_image  # noqa: PLC0415 - astropy with it, and files need none

    opened = [as_image(one, wcs=wcs, unit=unit, s3=s3) for one in several]
    return searched(opened, options, s3=s3, workers=at_work, report=report).table


@request_keywords(DetectRequest)
def detect_to_file(
    images: str | Path | Sequence[str | Path],
    out: str | Path,
    *,
    options: DetectRequest,
    segmentation: str | Path | None = None,
    overwrite: bool = False,
    update: bool = False,
    s3: S3Settings | None = None,
    workers: Workers | None = None,
    report: Reporter = silent,
) -> CatalogueMade:
    """Find sources, and write their catalogue and, if wanted, the segmentation.

    Parameters
    ----------
    images : path or list of paths
        FITS files or image stores, local or ``s3://``; several are searched as one.
    out : str or Path
        Catalogue to write: ``.ecsv``, ``.parquet``, ``.fits``, ``.vot`` or ``.csv``.
    **options
    segmentation : str or Path, optional
        FITS image of labels to write, the same that ``jwstpipe.segmentation`` makes.
    overwrite : bool, default False
        Replace what stands there.
    update : bool, default False
        Replace a catalogue of Parquet that stands at `out`, and search only tiles whose samples changed since.
    s3, workers, report
        As `detect`.

    Returns
    -------
    CatalogueMade
        Product id, number of sources, and what was measured of the noise.

    Raises
    ------
    ConflictError, UsageError
        Files that stand there, or of forms that are not written; before any work.
    JwstPipeError
        As `detect`.

    Examples
    --------
    >>> made = jwstpipe.detect_to_file("f200w.zarr", "found.ecsv", overwrite=True)
    >>> made.sources > 0
    True
    """
    several = [images] if isinstance(images, str | Path) else list(images)
    if update and not str(out).lower().endswith(".parquet"):
        raise UsageError(f"{out}: only Parquet holds what its tiles gave; --update needs a name that ends in .parquet")
    check_target(out, overwrite=overwrite or update)
    if segmentation is not None:
        check_output(segmentation, (".fits",), what="a segmentation", overwrite=overwrite or update)
    earlier = (str(out),) if update and Path(out).is_file() else ()
    context = MakeContext(workers or ThreadWorkers(os.cpu_count() or 1), s3 or S3Settings(), report, earlier)
    identity = DETECT.identify(options, [input_at(one, s3=s3) for one in several], context=context)
    receipt = DETECT.make(identity, str(out), options, context=context)
    found = receipt.detail.found
    if segmentation is not None:
        labelled = SEGMENTATION.identify(options, identity.inputs, context=context)
        write_labels(labelled, found, str(segmentation), options, context=context)
    labels = None if segmentation is None else str(segmentation)
    return CatalogueMade(
        str(out), identity.id, len(found.rows), labels, receipt.detail.tiles_reused, found.facts, receipt.notes
    )
