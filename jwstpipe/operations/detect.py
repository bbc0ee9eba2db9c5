"""The operation ``detect``: the catalogue of the sources of an image."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from astropy.table import Table

from jwstpipe.analysis.catalogues.files import check_target, write_catalogue
from jwstpipe.analysis.catalogues.sources_table import sources_table
from jwstpipe.analysis.sources.detect import Detection, find_sources
from jwstpipe.analysis.sources.segmentation import write_segmentation
from jwstpipe.errors import ConflictError
from jwstpipe.execution.workers import ThreadWorkers, Workers
from jwstpipe.images.open import open_image
from jwstpipe.operations.carried_inputs import input_at, provenance_for
from jwstpipe.operations.spec import Identity, Input, MakeContext, Operation, Receipt, derived_identity
from jwstpipe.progress import Reporter, silent
from jwstpipe.requests.detect import DetectRequest
from jwstpipe.settings import S3Settings
from jwstpipe.storage import path_digest, path_size

__all__ = ["DETECT", "CatalogueMade", "detect", "detect_to_file"]


@dataclass(frozen=True, eq=False)
class _Searched:
    """What a detection gave: the catalogue, and what it was made of."""

    table: Table
    found: Detection


@dataclass(frozen=True)
class CatalogueMade:
    """Files that were made."""

    address: str
    product_id: str
    sources: int
    segmentation: str | None
    facts: dict[str, Any]
    """Noise, its correlation, filled mesh boxes, huge components."""

    def as_dict(self) -> dict[str, Any]:
        """Give plain values."""
        return asdict(self)


def _identify(request: DetectRequest, inputs: Sequence[Input], *, context: MakeContext) -> Identity:
    del context
    return derived_identity(DETECT.name, DETECT.version, request.model_dump(mode="json"), inputs)


def _searched(identity: Identity, request: DetectRequest, target: str, context: MakeContext) -> _Searched:
    address = identity.inputs[0].address
    image = open_image(address, s3=context.s3)
    found = find_sources(address, options=request, s3=context.s3, workers=context.workers, report=context.report)
    table = sources_table(found, image)
    table.meta["jwstpipe"] = provenance_for(DETECT, identity, [image], target)
    return _Searched(table, found)


def _make(identity: Identity, target: str, request: DetectRequest, *, context: MakeContext) -> Receipt:
    made = _searched(identity, request, target, context)
    path = write_catalogue(made.table, target, overwrite=True)
    results = {"sources": len(made.table), **made.found.facts}
    return Receipt(identity.id, made.found.shape, path_size(path), path_digest(path), results, detail=made)


DETECT = Operation(
    name="detect",
    version="1",
    request=DetectRequest,
    kind="catalogue",
    place="catalogues/{id}.parquet",
    forms=(".parquet", ".ecsv", ".fits", ".vot"),
    identify=_identify,
    make=_make,
)


def detect(
    image: str | Path,
    *,
    options: DetectRequest | None = None,
    s3: S3Settings | None = None,
    workers: Workers | None = None,
    report: Reporter = silent,
) -> Table:
    """Find the sources of an image.

    Parameters
    ----------
    image
        FITS file or image store, local or ``s3://``.
    options
        Threshold, background, deblending.
    s3, workers, report
        As `jwstpipe.analysis.sources.detect.find_sources` has them.

    Returns
    -------
    astropy.table.Table
        A row a source; ``meta["jwstpipe"]`` holds id, parameters and inputs.

    Raises
    ------
    JwstPipeError
        As `find_sources`.

    Examples
    --------
    >>> found = jwstpipe.detect("m51_f200w.zarr")  # doctest: +SKIP
    >>> found["ra", "dec", "mag_segment"]  # doctest: +SKIP
    """
    request = options or DetectRequest()
    context = MakeContext(workers or ThreadWorkers(2), s3 or S3Settings(), report)
    identity = DETECT.identify(request, [input_at(image, s3=s3)], context=context)
    return _searched(identity, request, "", context).table


def detect_to_file(
    image: str | Path,
    out: str | Path,
    *,
    options: DetectRequest | None = None,
    segmentation: str | Path | None = None,
    overwrite: bool = False,
    s3: S3Settings | None = None,
    workers: Workers | None = None,
    report: Reporter = silent,
) -> CatalogueMade:
    """Find the sources of an image, and write the catalogue and, if wanted, the segmentation.

    Raises
    ------
    ConflictError, UsageError
        Files that stand there, or of forms that are not written; before any work.
    JwstPipeError
        As `detect`.
    """
    request = options or DetectRequest()
    check_target(out, overwrite=overwrite)
    if segmentation is not None and Path(segmentation).exists() and not overwrite:
        raise ConflictError(f"{segmentation}: exists; choose another name, or use --overwrite")
    context = MakeContext(workers or ThreadWorkers(2), s3 or S3Settings(), report)
    identity = DETECT.identify(request, [input_at(image, s3=s3)], context=context)
    receipt = DETECT.make(identity, str(out), request, context=context)
    found: Detection = receipt.detail.found
    if segmentation is not None:
        source = open_image(image, s3=s3)
        write_segmentation(found, source, segmentation, product_id=identity.id, overwrite=overwrite)
    told = None if segmentation is None else str(segmentation)
    return CatalogueMade(str(out), identity.id, len(found.rows), told, found.facts)
