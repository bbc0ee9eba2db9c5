"""The product id that a file carries: in Zarr attributes, the header of a FITS file or table, a picture's metadata."""

import mmap
import re
from dataclasses import dataclass
from pathlib import Path

from jwstpipe.catalog.catalog import Catalog
from jwstpipe.catalog.lineage.table_provenance import TABLE_ENDINGS, TABLE_MAGIC, table_provenance
from jwstpipe.catalog.query import RecordQuery
from jwstpipe.catalog.records.models import ProductRecord
from jwstpipe.errors import ConflictError, FitsError, NotFoundError
from jwstpipe.identity import HIPS_PACKET
from jwstpipe.settings import S3Settings
from jwstpipe.storage import file_digest, is_remote, local_copy, storage_errors

__all__ = ["PICTURE_ENDINGS", "Identified", "carried_id", "find_product", "hips_packet"]

FITS_KEYWORD = "JPPRODID"
PICTURES = (
    b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"<svg xml", b"<!DOCTYP",
)  # fmt: skip
"""First bytes of PNG, JPEG, TIFF and BigTIFF, and of an SVG and an HTML page of ours."""

PICTURE_ENDINGS = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".svg", ".html")

MOST_PACKET = 1 << 26

_IN_PICTURE = re.compile(rb"jwstpipe:ProductId(?:>|=[\"'])\s*([A-Za-z0-9_:.-]{1,128})")
_ID_SHAPE = re.compile(r"[0-9a-f]{6,32}")


@dataclass(frozen=True)
class Identified:
    """A product that a word or a file was found to mean."""

    record: ProductRecord
    by: str
    """What told: id, file name, storage key, header, attributes, metadata or digest."""


def carried_id(address: str | Path, *, s3: S3Settings | None = None) -> tuple[str, str] | None:
    """Read the product id that a file carries.

    Parameters
    ----------
    address
        Image store, FITS file, table or picture.
    s3
        Endpoint of an ``s3://`` address.

    Returns
    -------
    tuple of str, or None
        The id and where it stood; None = the file carries none.

    Raises
    ------
    StoreError, StorageError
        The address cannot be read.
    """
    if (packet := hips_packet(address)) is not None:
        found = _IN_PICTURE.search(packet)
        return None if found is None else (found[1].decode(), "metadata")
    if str(address).rstrip("/").endswith(".zarr") or Path(address).is_dir():
        return _of_store(str(address), s3)
    if is_remote(address) and not str(address).lower().endswith((*PICTURE_ENDINGS, *TABLE_ENDINGS)):
        return _of_fits(str(address), s3)
    with local_copy(address, s3=s3) as path, storage_errors(path), path.open("rb") as stream:
        begin = stream.read(8)
        if begin.startswith(TABLE_MAGIC):
            told = (table_provenance(path) or {}).get("product_id")
            return None if told is None else (str(told), "header")
        if not begin.startswith(PICTURES):
            return _of_fits(str(path), s3)
        with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
            found = _IN_PICTURE.search(content)
            return None if found is None else (found[1].decode(), "metadata")


def hips_packet(address: str | Path) -> bytes | None:
    """Read what a HiPS says of itself; None = the address is no HiPS of ours."""
    path = Path(address, HIPS_PACKET)
    if is_remote(address) or not path.is_file():
        return None
    with storage_errors(path), path.open("rb") as stream:
        return stream.read(MOST_PACKET)


def find_product(catalog: Catalog, what: str, *, s3: S3Settings | None = None) -> Identified:
    """Find the product that a word means: an id or its beginning, a file name, a storage key, or any file of it.

    Raises
    ------
    NotFoundError
        The catalogue has no such product.
    ConflictError
        The beginning of an id, or a file name, that several products share; the message names some.
    """
    if is_remote(what) or Path(what).exists():
        return _of_file(catalog, what, s3)
    known = catalog.get_many([what])
    if known:
        return Identified(known[what], "id")
    for by, query in (
        ("storage key", RecordQuery(storage_key=what)),
        ("file name", RecordQuery(file_name=what)),
        ("file name", RecordQuery(file_name=what, status=("superseded",))),
    ):
        found = catalog.find(query, limit=5)
        if found:
            return Identified(_only(found, what), by)
    if _ID_SHAPE.fullmatch(what):
        begun = catalog.starting_with(what, most=5)
        if begun:
            return Identified(_only(begun, what), "id")
    raise NotFoundError(
        f"{what}: no such file here, and no product of this id, name or key in the catalogue"
        f" {catalog.database.address}; jwstpipe catalog find lists them"
    )


def _of_file(catalog: Catalog, address: str, s3: S3Settings | None) -> Identified:
    carried = carried_id(address, s3=s3)
    if carried is not None:
        known = catalog.get_many([carried[0]])
        if known:
            return Identified(known[carried[0]], carried[1])
        raise NotFoundError(
            f"{address}: its {carried[1]} say product {carried[0]}, which the catalogue {catalog.database.address} does"
            " not have; give the right one with --home or JWSTPIPE_CATALOG, or enter it with jwstpipe catalog add"
        )
    with local_copy(address, s3=s3) as path:
        digest = file_digest(path)
    found = catalog.find(RecordQuery(digest=digest, status=("published", "superseded")), limit=5)
    if found:
        return Identified(_only(found, address), "digest")
    raise NotFoundError(
        f"{address}: carries no product id, and no product of the catalogue {catalog.database.address} has its digest"
    )


def _of_store(address: str, s3: S3Settings | None) -> tuple[str, str] | None:
    """Read the attributes of an image store, or the description in those of a picture as a store."""
    from jwstpipe.images.zarr.image_store import open_image_store  # noqa: PLC0415 - ids and names need no images

    attributes = open_image_store(address, s3=s3).attributes
    if "product_id" in attributes:
        return str(attributes["product_id"]), "attributes"
    found = _IN_PICTURE.search(str(attributes.get("xmp", "")).encode())
    return None if found is None else (found[1].decode(), "attributes")


def _of_fits(address: str, s3: S3Settings | None) -> tuple[str, str] | None:
    """Look into the first headers of any FITS file: images, tables, cubes of colours."""
    from jwstpipe.fits.fits_file import open_fits_file  # noqa: PLC0415

    try:
        hdus = open_fits_file(address, s3=s3).hdus[:2]
    except FitsError:
        return None
    value = next(filter(None, (hdu.words.get(FITS_KEYWORD) for hdu in hdus)), None)
    return None if value is None else (value, "header")


def _only(found: list[ProductRecord], what: str) -> ProductRecord:
    ids = {record.product_id for record in found}
    if len(ids) > 1:
        names = ", ".join(f"{record.product_id} ({record.kind} {record.file_name})" for record in found[:4])
        raise ConflictError(f"{what}: may be any of {names}; say which by its id")
    return found[0]
