"""Catalogues of sources as products: detection, with an id, lineage and files."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from astropy.table import Table

from jwstpipe import __version__
from jwstpipe.analysis.catalogues.files import FORMS, write_catalogue
from jwstpipe.analysis.catalogues.sources_table import sources_table
from jwstpipe.analysis.opened import ImageRef, opened
from jwstpipe.analysis.sources.detect import ALGORITHM, find_sources
from jwstpipe.analysis.sources.segmentation import write_segmentation
from jwstpipe.errors import ConflictError, UsageError
from jwstpipe.execution.workers import Workers
from jwstpipe.identity import derived_product_id
from jwstpipe.images.fits_image import FitsImage
from jwstpipe.images.zarr.image_store import ImageStore
from jwstpipe.mosaicking.sources import identity_of
from jwstpipe.progress import Reporter, silent
from jwstpipe.requests.detect import DetectRequest
from jwstpipe.settings import S3Settings
from jwstpipe.sky.grid import TILE

__all__ = ["CatalogueReceipt", "detect", "detect_to_file", "lineage_of"]


@dataclass(frozen=True)
class CatalogueReceipt:
    """What was made."""

    address: str
    product_id: str
    sources: int
    segmentation: str | None
    facts: dict[str, Any] = field(default_factory=dict)
    """Noise, its correlation, filled mesh boxes, huge components."""

    def as_dict(self) -> dict[str, Any]:
        """Give plain values."""
        return asdict(self)


def lineage_of(
    operation: str, algorithm: str, parameters: dict[str, Any], images: list[ImageRef]
) -> tuple[str, dict[str, Any]]:
    """Give the id of a catalogue, and what it says of itself."""
    inputs = [
        {
            "address": image.address,
            "product_id": identity_of(image) if isinstance(image, FitsImage | ImageStore) else None,
        }
        for image in (opened(one) for one in images)
    ]
    identity = derived_product_id(operation, algorithm, parameters, [str(one["product_id"]) for one in inputs])
    return identity, {
        "product_id": identity, "operation": operation, "algorithm": algorithm, "parameters": parameters,
        "inputs": inputs, "software": {"jwstpipe": __version__},
    }  # fmt: skip


def detect(
    image: ImageRef | Path,
    *,
    options: DetectRequest | None = None,
    tile: int = TILE,
    s3: S3Settings | None = None,
    workers: Workers | None = None,
    report: Reporter = silent,
) -> Table:
    """Find the sources of an image.

    Parameters
    ----------
    image
        An image, or its address.
    options
        Threshold, background, deblending.
    tile, s3, workers, report
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
    wanted = options or DetectRequest()
    source = opened(image, s3=s3)
    found = find_sources(image, options=wanted, tile=tile, s3=s3, workers=workers, report=report)
    table = sources_table(found, source)
    table.meta["jwstpipe"] = lineage_of("detect", ALGORITHM, wanted.model_dump(mode="json"), [source])[1]
    return table


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
) -> CatalogueReceipt:
    """Find the sources of an image, and write the catalogue and, if wanted, the segmentation.

    Raises
    ------
    ConflictError, UsageError
        Files that stand there, or of forms that are not written; before any work.
    JwstPipeError
        As `detect`.
    """
    wanted = options or DetectRequest()
    for path in (out, segmentation):
        if path is not None and Path(path).exists() and not overwrite:
            raise ConflictError(f"{path}: exists; choose another name, or use --overwrite")
    if Path(out).suffix.lower() not in FORMS:
        raise UsageError(f"{out}: a catalogue is written as {', '.join(FORMS)}; choose one by the end of the name")
    source = opened(image, s3=s3)
    found = find_sources(image, options=wanted, s3=s3, workers=workers, report=report)
    table = sources_table(found, source)
    identity, told = lineage_of("detect", ALGORITHM, wanted.model_dump(mode="json"), [source])
    table.meta["jwstpipe"] = told
    write_catalogue(table, out, overwrite=overwrite)
    if segmentation is not None:
        write_segmentation(found, source, segmentation, product_id=identity, overwrite=overwrite)
    return CatalogueReceipt(
        str(out), identity, len(table), None if segmentation is None else str(segmentation), found.facts
    )
