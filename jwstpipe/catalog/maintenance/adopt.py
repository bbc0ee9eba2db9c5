"""Records for what lies in the store without one: archive files by name and header, images by their own provenance."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from jwstpipe.catalog.catalog import Catalog
from jwstpipe.catalog.records.archive_record import record_from_archive
from jwstpipe.catalog.records.derived_record import derived_record, shared_image_info
from jwstpipe.catalog.records.models import ProductRecord
from jwstpipe.errors import DataError, FitsError
from jwstpipe.fits.fits_file import open_fits_file
from jwstpipe.images.zarr.image_store import ImageStore, open_image_store
from jwstpipe.names import parse_name
from jwstpipe.storage import ObjectStore, tree_digest

__all__ = ["adopt_file", "adopt_image", "is_archive_file"]

_TABLES_AND_LISTS = (".json", ".csv", ".ecsv", ".asdf")
_MOST_HDUS = 2


def is_archive_file(key: str) -> bool:
    """Tell whether a key is that of a file of the archive, by its place and name."""
    parts = key.split("/")
    return parts[0] == "mast" and len(parts) == 3 and parse_name(parts[2]).extension != ""


def adopt_file(store: ObjectStore, key: str, *, now: datetime) -> ProductRecord:
    """Make the record of an archive file that lies in the store: from its name, its header and its bytes.

    Parameters
    ----------
    store
        Holds the file.
    key
        ``mast/<obs_id>/<file name>``.
    now
        Time of the import.

    Raises
    ------
    DataError
        Another kind of key, or a FITS file that is none.
    """
    if not is_archive_file(key):
        raise DataError(f"{key}: not the key of an archive file (mast/<obs_id>/<file name>)")
    _, obs_id, file_name = key.split("/")
    return record_from_archive(
        {"dataURI": f"mast:JWST/product/{file_name}", "obs_id": obs_id, "productFilename": file_name},
        {} if file_name.lower().endswith(_TABLES_AND_LISTS) else _cards(store, key),
        storage_key=key,
        digest=tree_digest(store, key),
        file_size=store.size(key),
        imported=now,
    )


def adopt_image(catalog: Catalog, store: ObjectStore, key: str, *, now: datetime) -> ProductRecord:
    """Make the record of a finished image store that was never published, from its own provenance.

    Raises
    ------
    DataError
        Its inputs are not in the catalogue, or its provenance does not say how it was made.
    """
    image = open_image_store(store.url(key), s3=store.s3)
    provenance = image.provenance
    inputs = [str(entry.get("product_id") or "") for entry in provenance.get("inputs", ())]
    known = catalog.get_many(filter(None, inputs))
    if not inputs or len(known) < len(set(inputs)):
        raise DataError(f"{key}: its inputs are not all in the catalogue, so that its lineage would be lost; delete it")
    parents = [known[key] for key in inputs]
    operation = str(provenance.get("operation", ""))
    single = operation == "convert"
    return derived_record(
        str(provenance["product_id"]),
        kind=provenance.get("kind", "image" if single else "mosaic"),
        storage_key=key,
        parents=parents,
        operation=operation,
        algorithm_version=str(provenance.get("algorithm_version", provenance.get("algorithm", ""))),
        parameters=_parameters(image, provenance),
        image=shared_image_info(parents, shape=image.window.shape),
        created=now,
        run_id=None,
        file_name=f"{PurePosixPath(parents[0].file_name).stem}.zarr" if single else f"{image.name}_mosaic.zarr".lower(),
        results=_results(provenance),
    )


def _parameters(image: ImageStore, provenance: Mapping[str, Any]) -> dict[str, Any]:
    """Write the parameters as the flow would have written them."""
    given = dict(provenance.get("parameters", {}))
    found = image.attributes.get("grid")
    if found is None or "grid" in given or provenance.get("operation") != "mosaic":
        return given
    y0, x0, _, _ = found["box"]
    inner = found["window"]
    window = [inner[0] + y0, inner[1] + x0, inner[2] + y0, inner[3] + x0]
    return {"options": given, "grid": found["grid"], "window": window}


def _results(provenance: Mapping[str, Any]) -> dict[str, Any] | None:
    receipt = provenance.get("receipt")
    return None if receipt is None else {key: receipt.get(key) for key in ("weights", "background", "digest")}


def _cards(store: ObjectStore, key: str) -> dict[str, Any]:
    try:
        opened = open_fits_file(store.url(key), s3=store.s3, name=key)
        headers = [hdu.header for hdu in opened.hdus[:_MOST_HDUS]]
    except FitsError as error:
        raise DataError(f"{key}: {error}") from None
    return {name: value for header in headers for name, value in header.items() if name and value is not None}
