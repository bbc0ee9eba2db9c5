"""The record of what we make: images, mosaics, pictures, thumbnails, with exact parents and parameters."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from jwstpipe import __version__
from jwstpipe.catalog.models import FileFormat, ProductKind, ProductRecord, checked_record
from jwstpipe.catalog.parts import ImageInfo

__all__ = ["derived_record", "shared_image_info"]

_FORMATS: dict[str, FileFormat] = {".zarr": "zarr", ".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".fits": "fits"}


def derived_record(
    product_id: str,
    *,
    kind: ProductKind,
    storage_key: str,
    parents: Sequence[ProductRecord],
    operation: str,
    algorithm_version: str,
    parameters: Mapping[str, Any],
    image: ImageInfo,
    created: datetime,
    run_id: str | None,
    file_size: int | None = None,
    digest: str | None = None,
    file_name: str | None = None,
) -> ProductRecord:
    """Make the record of a product of ours.

    Parameters
    ----------
    product_id
        Id of the product, from its inputs and parameters.
    kind
        image, mosaic, picture or thumbnail.
    storage_key
        Where it stands in the store.
    parents
        Records of its inputs, in their order.
    operation, algorithm_version, parameters
        What was done.
    image
        What it shows, see `shared_image_info`.
    created
        When; with a time zone.
    run_id
        Run that made it.
    file_size
        Bytes, where it is one file.
    digest
        SHA-256, where it is one file.
    file_name
        Name for people; default: the last part of the key.

    Raises
    ------
    DataError
        A value that no record may have.
    """
    name = file_name or PurePosixPath(storage_key).name
    base_ids = {parent.observation_base_id for parent in parents if parent.observation_base_id}
    programs = {parent.program for parent in parents if parent.program is not None}
    levels = {parent.processing_level for parent in parents}
    values = {
        "product_id": product_id,
        "kind": kind,
        "file_name": name,
        "storage_key": storage_key,
        "file_size": file_size,
        "file_format": _FORMATS.get(PurePosixPath(storage_key).suffix),
        "digest": digest,
        "is_validated": True,
        "data_type": "processed",
        "processing_level": "L3" if kind in ("mosaic", "picture") else levels.pop() if len(levels) == 1 else "unknown",
        "observation_base_id": base_ids.pop() if len(base_ids) == 1 else None,
        "program": programs.pop() if len(programs) == 1 else None,
        "is_viewable": True,
        "is_public": all(parent.is_public for parent in parents),
        "parents": [parent.product_id for parent in parents],
        "operation": operation,
        "algorithm_version": algorithm_version,
        "parameters": dict(parameters),
        "software": {"jwstpipe": __version__},
        "run_id": run_id,
        "created": created,
        "image_info": image,
        "tags": [tag for tag in (image.instrument, image.filter) if tag],
    }
    return checked_record(values, what=name)


def shared_image_info(parents: Sequence[ProductRecord], *, shape: tuple[int, int] | None = None) -> ImageInfo:
    """Keep what all inputs agree on; what they differ in stays empty, and exposure times add up.

    Parameters
    ----------
    parents
        Records of the inputs.
    shape
        Rows and columns of the product.
    """
    infos = [parent.image_info.model_dump() for parent in parents if parent.image_info is not None]
    kept: dict[str, Any] = {}
    for field in ("target_name", "instrument", "filter", "wavelength", "units", "coordinate_system", "proposal_id"):
        values = {info[field] for info in infos}
        kept[field] = values.pop() if len(values) == 1 else None
    times = [info["exposure_time"] for info in infos]
    if len(parents) > 1 and times and all(time is not None for time in times):
        kept["exposure_time"] = sum(times)
    elif len(parents) == 1:
        kept["exposure_time"] = times[0] if times else None
    rows, columns = shape or (None, None)
    return ImageInfo(**kept, height=rows, width=columns)
