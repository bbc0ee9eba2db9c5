"""The record of what we make: images, mosaics, pictures, thumbnails, with exact parents and parameters."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from jwstpipe import __version__
from jwstpipe.catalog.records.components import ImageInfo, InputLink, ProcessingResult
from jwstpipe.catalog.records.documents import sky_vector, wrapped
from jwstpipe.catalog.records.models import FileFormat, ProductKind, ProductRecord, checked_record
from jwstpipe.identity import product_slot

__all__ = ["derived_record", "file_format_of", "shared_image_info", "software_versions"]

_FORMATS: dict[str, FileFormat] = {
    ".zarr": "zarr",
    ".png": "png",
    ".jpg": "jpeg",
    ".jpeg": "jpeg",
    ".fits": "fits",
    ".tif": "tiff",
    ".tiff": "tiff",
    ".ecsv": "ecsv",
    ".csv": "csv",
    ".json": "json",
    ".parquet": "parquet",
    ".svg": "svg",
    ".html": "html",
    ".vot": "votable",
}
_PACKAGES = (
    "numpy",
    "scipy",
    "numba",
    "astropy",
    "zarr",
    "numcodecs",
    "dask",
    "distributed",
    "prefect",
    "pillow",
    "gwcs",
)
"""Packages whose versions may show in a product."""

_OURS = {"is_validated": True, "data_type": "processed", "is_viewable": True}
"""What holds for whatever we made."""

_SURROUNDING = 1e-3
"""Length of a mean direction below which there is no middle."""


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
    results: Mapping[str, Any] | None = None,
    slot: str | None = None,
    shown: Sequence[ProductRecord] | None = None,
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
        What was done: all that is needed to do it again on the same inputs.
    image
        What it shows, see `shared_image_info`.
    created
        When; with a time zone.
    run_id
        Run that made it.
    file_size, digest
        Bytes and SHA-256, where it is one file.
    file_name
        Name for people; default: the last part of the key.
    results
        What was found on the way, as matched sky levels; it follows from inputs and parameters.
    slot
        What it is, whatever the versions of its inputs; default: what follows from all parameters.
    shown
        The inputs that it shows: place and observation are theirs. Default: all.

    Raises
    ------
    DataError
        A value that no record may have.
    """
    name = file_name or PurePosixPath(storage_key).name
    values = {
        **_OURS,
        **_inherited(parents, shown or parents, combined=kind in ("mosaic", "picture")),
        **_processing(operation, algorithm_version, parameters, results, created),
        "slot": slot or product_slot(operation, parameters, [parent.slot or parent.product_id for parent in parents]),
        "product_id": product_id, "kind": kind, "run_id": run_id,
        "file_name": name, "storage_key": storage_key, "file_format": file_format_of(storage_key),
        "file_size": file_size, "digest": digest,
        "image_info": image, "tags": [tag for tag in (image.instrument, image.filter) if tag],
    }  # fmt: skip
    return checked_record(values, what=name)


def _processing(
    operation: str,
    algorithm_version: str,
    parameters: Mapping[str, Any],
    results: Mapping[str, Any] | None,
    created: datetime,
) -> dict[str, Any]:
    """Say what was done, with what, when, and what was found on the way."""
    done = ProcessingResult(
        algorithm=operation, processed_date=created, algorithm_version=algorithm_version, results=dict(results or {})
    )
    return {
        "operation": operation,
        "algorithm_version": algorithm_version,
        "parameters": dict(parameters),
        "software": software_versions(),
        "created": created,
        "processing_results": [done] if results else [],
    }


def file_format_of(name: str) -> FileFormat | None:
    """Tell the format of a file or store by the end of its name; None for one that records do not know."""
    return _FORMATS.get(PurePosixPath(name).suffix.lower())


def _inherited(
    parents: Sequence[ProductRecord], shown: Sequence[ProductRecord], *, combined: bool
) -> dict[str, Any]:  # fmt: skip
    """Take from the inputs what they tell of a product: links, place, and what all of them agree on."""
    base_ids = {parent.observation_base_id for parent in shown if parent.observation_base_id}
    programs = {parent.program for parent in shown if parent.program is not None}
    levels = {parent.processing_level for parent in shown}
    owners = {parent.user_id for parent in parents if not parent.is_public}
    ra, dec = _middle(shown) or (None, None)
    return {
        "parents": [parent.product_id for parent in parents],
        "inputs": [
            InputLink(product_id=parent.product_id, file_name=parent.file_name, digest=parent.digest)
            for parent in parents
        ],
        "ra": ra,
        "dec": dec,
        "processing_level": "L3" if combined else levels.pop() if len(levels) == 1 else "unknown",
        "observation_base_id": base_ids.pop() if len(base_ids) == 1 else None,
        "program": programs.pop() if len(programs) == 1 else None,
        "is_public": not owners,
        "user_id": owners.pop() if len(owners) == 1 else None,
    }


@lru_cache(maxsize=1)
def _versions() -> tuple[tuple[str, str], ...]:
    found = [("jwstpipe", __version__)]
    for package in _PACKAGES:
        try:
            found.append((package, version(package)))
        except PackageNotFoundError:
            continue
    return tuple(found)


def software_versions() -> dict[str, str]:
    """Give the version of each package that may show in a product; those that are not installed are left out."""
    return dict(_versions())


def _middle(parents: Sequence[ProductRecord]) -> tuple[float, float] | None:
    """Take the middle of the inputs' positions, degrees; None where one has none or they surround the sky."""
    vectors = [
        sky_vector(parent.ra, parent.dec) for parent in parents if parent.ra is not None and parent.dec is not None
    ]
    if not vectors or len(vectors) < len(parents):
        return None
    x, y, z = np.mean(vectors, axis=0)
    if np.hypot(np.hypot(x, y), z) < _SURROUNDING:
        return None
    return wrapped(float(np.degrees(np.arctan2(y, x)))), float(np.degrees(np.arctan2(z, np.hypot(x, y))))


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
