"""What a file says of itself: id, operation, parameters and inputs, in whatever format it is.

Image stores say it in their attributes, FITS files in an extension, pictures in their XMP packet, catalogues in their
headers; all in the words of `jwstpipe.identity.provenance_document`. No more is needed to know where a product
came from.
"""

import json
import mmap
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast, get_args
from xml.sax.saxutils import unescape

from jwstpipe.catalog.catalog import Catalog
from jwstpipe.catalog.lineage.embedded_id import PICTURE_ENDINGS, hips_packet
from jwstpipe.catalog.lineage.graph import LineageNode, ancestors
from jwstpipe.catalog.lineage.table_provenance import TABLE_ENDINGS, TABLE_MAGIC, table_provenance
from jwstpipe.catalog.records.components import InputLink
from jwstpipe.catalog.records.models import ProductKind, ProductRecord, checked_record
from jwstpipe.errors import DataError, FitsError, NotFoundError, StoreError
from jwstpipe.fits.provenance_hdu import read_provenance_hdu
from jwstpipe.identity import derived_product_id
from jwstpipe.settings import S3Settings
from jwstpipe.storage import is_remote, local_copy, storage_errors

__all__ = ["Carried", "carried_provenance", "carried_tree", "stated_record", "tree_of_file"]

_IN_PICTURE = re.compile(rb"<jwstpipe:Provenance>([^<]{2,67108864})</jwstpipe:Provenance>")

MOST_INPUTS = 100_000


@dataclass(frozen=True)
class Carried:
    """What a file says of itself, checked for its form."""

    product_id: str
    kind: ProductKind
    operation: str
    algorithm_version: str
    parameters: dict[str, Any]
    inputs: tuple[InputLink, ...]
    software: dict[str, str]
    shortened: bool
    """Long parameters stand as their digests, and not all inputs are named: a JPEG holds no more."""

    def require_true(self, *, name: str) -> None:
        """Make sure that the id follows from the rest.

        Raises
        ------
        DataError
            It does not: somebody has edited the file.
        """
        if self.shortened:
            return
        inputs = [str(link.product_id) for link in self.inputs]
        found = derived_product_id(self.operation, self.algorithm_version, self.parameters, inputs)
        if found != self.product_id:
            raise DataError(
                f"{name}: says that it is product {self.product_id}, but what it says of its making gives {found}; it"
                " was edited, or made by an older version"
            )


def carried_provenance(address: str | Path, *, s3: S3Settings | None = None) -> Carried:
    """Read what a file says of itself.

    Parameters
    ----------
    address
        Image store, FITS file, picture (PNG, JPEG, TIFF, FITS, Zarr) or catalogue (ECSV, Parquet, FITS, VOTable).
    s3
        Endpoint of an ``s3://`` address.

    Raises
    ------
    NotFoundError
        It says nothing, or is not there.
    DataError
        What it says cannot be understood.
    """
    packet = hips_packet(address)
    found = _document(str(address), s3) if packet is None else _in_packet(packet)
    if found is None:
        raise NotFoundError(f"{address}: says nothing of what it was made of; jwstpipe did not make it, or long ago")
    return _checked(found, str(address))


def stated_record(address: str | Path, carried: Carried) -> ProductRecord:
    """Give what a file says of itself as a record to look at: nothing that it does not say stands in it."""
    name = str(address).rstrip("/").rpartition("/")[2]
    values = {
        **{name: getattr(carried, name) for name in ("product_id", "kind", "operation", "algorithm_version")},
        **{name: getattr(carried, name) for name in ("parameters", "inputs", "software")},
        "file_name": name,
        "status": "published",
        "created": datetime.now(UTC),
    }
    return checked_record(values, what=name)


def carried_tree(carried: Carried, record: ProductRecord, catalog: Catalog) -> LineageNode:
    """Give the tree of what a file was made of: what the catalogue knows of its inputs, and else what the file says."""
    known = catalog.get_many([str(link.product_id) for link in carried.inputs if link.product_id])
    branches = []
    for link in carried.inputs:
        key = str(link.product_id or "")
        tree = ancestors(catalog, key) if key in known else LineageNode(key, None)
        branches.append(LineageNode(tree.product_id, tree.record, tree.branches, tree.repeated, link))
    return LineageNode(carried.product_id, record, tuple(branches))


def tree_of_file(product: str, catalog: Catalog, *, s3: S3Settings | None = None) -> LineageNode:
    """Give the tree of a file that the catalogue does not know.

    Raises
    ------
    NotFoundError, DataError
        It says nothing of itself, or was edited.
    """
    carried = carried_provenance(product, s3=s3)
    carried.require_true(name=product)
    return carried_tree(carried, stated_record(product, carried), catalog)


def _document(address: str, s3: S3Settings | None) -> dict[str, Any] | None:
    if address.rstrip("/").endswith(".zarr") or (not is_remote(address) and Path(address).is_dir()):
        from jwstpipe.images.zarr.image_store import open_image_store  # noqa: PLC0415 - not for the other formats

        attributes = open_image_store(address, s3=s3).attributes
        if "xmp" in attributes:
            return _in_packet(str(attributes["xmp"]).encode())
        stated = attributes.get("provenance")
        return None if not isinstance(stated, dict) else {"kind": attributes.get("kind"), **stated,
                                                        "product_id": attributes.get("product_id")}  # fmt: skip
    if is_remote(address) and not address.lower().endswith((*PICTURE_ENDINGS, *TABLE_ENDINGS)):
        return _in_fits(address, s3)
    with local_copy(address, s3=s3) as path, storage_errors(path):
        return _in_file(path, address, s3)


def _in_file(path: Path, address: str, s3: S3Settings | None) -> dict[str, Any] | None:
    with path.open("rb") as stream:
        begin = stream.read(9)
        if begin.startswith((b"SIMPLE  =", b"\x1f\x8b")):
            return _in_fits(address, s3)
        if begin.startswith(TABLE_MAGIC):
            return table_provenance(path)
        if not begin:
            return None
        with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return _in_packet(content)


def _in_fits(address: str, s3: S3Settings | None) -> dict[str, Any] | None:
    try:
        return read_provenance_hdu(address, s3=s3)
    except FitsError:
        return None


def _in_packet(content: bytes | mmap.mmap) -> dict[str, Any] | None:
    found = _IN_PICTURE.search(content)
    if found is None:
        return None
    try:
        stated = json.loads(unescape(found[1].decode("utf-8")))
    except ValueError:
        return None
    return stated if isinstance(stated, dict) else None


def _checked(stated: dict[str, Any], name: str) -> Carried:
    kind, inputs = stated.get("kind"), stated.get("inputs")
    if kind not in get_args(ProductKind) or not isinstance(inputs, list) or len(inputs) > MOST_INPUTS:
        raise StoreError(f"{name}: what it says of itself cannot be understood (kind {kind!r}); make it again")
    try:
        return Carried(
            product_id=str(stated["product_id"]),
            kind=cast("ProductKind", kind),
            operation=str(stated["operation"]),
            algorithm_version=str(stated["algorithm_version"]),
            parameters=dict(stated["parameters"]),
            inputs=tuple(_link(one) for one in inputs),
            software={str(key): str(value) for key, value in dict(stated.get("software") or {}).items()},
            shortened=bool(stated.get("shortened", False)),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{name}: what it says of itself cannot be understood ({error}); make it again") from None


def _link(one: dict[str, Any]) -> InputLink:
    digest = one.get("digest")
    known = digest if isinstance(digest, str) and re.fullmatch(r"[0-9a-f]{64}", digest) else None
    return InputLink(product_id=str(one["product_id"]), file_name=str(one["file_name"]), digest=known)
