"""The verb `verify`: whether a product is whole and undamaged, by all that can tell.

An image store is compared with its manifest, a HiPS with the list of its files; a FITS file is held against its
structure, and CHECKSUM and DATASUM where they stand in it; compressed images are unpacked; tables are read to their
last row; pictures are held against the sums of their format. Where the catalogue knows the product, a file is compared
with the digest of its record too.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from jwstpipe.analysis.catalogues.files import read_catalogue
from jwstpipe.archive.transfer.verify import check_file, check_fits, sha256_of
from jwstpipe.catalog.catalog import Catalog
from jwstpipe.catalog.lineage.embedded_id import carried_id, find_product
from jwstpipe.catalog.query import RecordQuery
from jwstpipe.catalog.records.models import ProductRecord
from jwstpipe.errors import DataError, NotFoundError
from jwstpipe.fits.choice import split_choice
from jwstpipe.fits.fits_file import open_fits_file
from jwstpipe.fits.readers.byte_readers import temporary_file
from jwstpipe.fits.readers.local_reader import LocalReader
from jwstpipe.fits.readers.range_reader import RangeReader
from jwstpipe.fits.science_hdus import chosen_hdu
from jwstpipe.images.zarr.verify_store import verify_store
from jwstpipe.progress import Reporter, silent
from jwstpipe.render.files.hips import verify_hips
from jwstpipe.render.files.whole import PICTURE_ENDINGS, check_picture_file
from jwstpipe.settings import S3Settings
from jwstpipe.storage import ObjectStore, is_remote, storage_errors

__all__ = ["Verified", "verify"]

PIECE = 16 << 20
TABLE_ENDINGS = (".parquet", ".ecsv", ".vot")
OTHER_ENDINGS = (".json", ".ecsv", ".asdf", ".csv")


@dataclass(frozen=True)
class Verified:
    """What was read and found whole."""

    address: str
    bytes: int
    by: str
    """What vouches for it, as the end of a sentence."""

    product_id: str = ""
    """Product of the catalogue that it is; empty where none is known."""

    record: str = ""
    """``same``: its digest is that of the record; ``other``: a record of this file name has another digest, so it is
    another version, or damaged; empty: no record has a digest to compare with."""


def verify(
    address: str | Path,
    *,
    catalog: Catalog | None = None,
    store: ObjectStore | None = None,
    s3: S3Settings | None = None,
    report: Reporter = silent,
) -> Verified:
    """Read all of a product, and compare it with whatever tells how it was written.

    Parameters
    ----------
    address
        Image store, HiPS, FITS file (``FILE[SCI,2]`` must have that image, and is read wholly), PNG, JPEG or TIFF,
        local or ``s3://``; or, with `catalog` and `store`, the id of a product or its file name.
    catalog
        Records to compare with; None = none are asked.
    store
        Where the products of the catalogue stand.
    s3
        Endpoint of an ``s3://`` address.
    report
        Told after each object of a store.

    Raises
    ------
    DataError
        Lost, damaged, or other bytes than its record has; the message names the part, and the way out.
    NotFoundError
        Nothing stands there.
    """
    name, record = str(address), None
    file, choice = (name, None) if Path(name).exists() else split_choice(name)
    if not is_remote(file) and not Path(file).exists():
        record = _product(catalog, store, name)
        file, choice = store.url(str(record.storage_key)), None  # type: ignore[union-attr]
        name, s3 = file, store.s3  # type: ignore[union-attr]
    if file.rstrip("/").endswith(".zarr") or Path(file, "zarr.json").is_file():
        found = verify_store(file, s3=s3, report=report)
        return Verified(name, found.bytes, f"{found.objects:,} objects as they were written", found.product_id)
    if Path(file, "properties").is_file():
        files, size = verify_hips(Path(file), report=report)
        return Verified(name, size, f"{files:,} files as they were written", (carried_id(file) or ("",))[0])
    if Path(file).is_dir():
        raise DataError(f"{file}: a folder without an image store; nothing tells what belongs in it")
    with _fetched(file, s3) as (reader, path):
        checked = Verified(name, reader.size, _vouched(reader, path, file, choice))
        known = record or (None if catalog is None else _record_of(catalog, path, file))
        if known is None or known.digest is None:
            return checked
        return _compared(checked, known, sha256_of(reader), sure=record is not None or _carries(path, known))


def _product(catalog: Catalog | None, store: ObjectStore | None, word: str) -> ProductRecord:
    """Find what is meant where no file of that name is here."""
    if catalog is None or store is None:
        raise NotFoundError(f"{word}: no such file or image; check the path")
    record = find_product(catalog, word).record
    if record.storage_key is None:
        raise NotFoundError(f"{word}: product {record.product_id} does not stand in the store")
    return record


@contextmanager
def _fetched(address: str, s3: S3Settings | None) -> Iterator[tuple[LocalReader, Path]]:
    """Give a file as it lies, and a local path of it."""
    if not is_remote(address):
        with storage_errors(address), Path(address).open("rb") as stream:
            yield LocalReader(stream, address, in_place=True), Path(address)
        return
    ranges = RangeReader(address, (s3 or S3Settings()).model_copy(update={"cache_mb": 0}))
    with temporary_file(address) as stream:
        for offset in range(0, ranges.size, PIECE):
            stream.write(ranges.read(offset, PIECE))
        stream.flush()
        yield LocalReader(stream, address, in_place=True), Path(f"/dev/fd/{stream.fileno()}")


def _vouched(reader: LocalReader, path: Path, name: str, choice: tuple[str, int | None] | None) -> str:
    """Check a file by what it carries itself."""
    if name.lower().endswith(PICTURE_ENDINGS):
        return check_picture_file(path, name=name)
    if not is_remote(name) and name.lower().endswith(TABLE_ENDINGS):
        return _read_wholly(path)
    if name.lower().endswith(OTHER_ENDINGS):
        check_file(reader, name=name)
        return "it begins and ends as files of its kind do"
    check_fits(reader, name=name)
    opened = open_fits_file(path, name=name)
    unpacked = opened.unpacked()
    if choice is not None:
        chosen_hdu(unpacked.hdus, choice, name)
    if unpacked is not opened:
        return "structure whole, every checksum that it carries holds, its compressed images unpack"
    return "structure whole, and every checksum that it carries holds"


def _read_wholly(path: Path) -> str:
    """Read a table to its last row: one that is cut off also begins as its kind does."""
    rows = len(read_catalogue(path))
    checked = ", and every checksum of its pages holds" if path.suffix.lower() == ".parquet" else ""
    return f"all of its {rows:,} rows can be read{checked}"


def _record_of(catalog: Catalog, path: Path, address: str) -> ProductRecord | None:
    """Find the record of a file: by the id that it carries, else by its name."""
    carried = carried_id(path)
    if carried is not None:
        return catalog.get_many([carried[0]]).get(carried[0])
    found = catalog.find(RecordQuery(file_name=address.rpartition("/")[2]), limit=2)
    return found[0] if len(found) == 1 else None


def _carries(path: Path, record: ProductRecord) -> bool:
    carried = carried_id(path)
    return carried is not None and carried[0] == record.product_id


def _compared(checked: Verified, record: ProductRecord, digest: str, *, sure: bool) -> Verified:
    """Compare with the digest of a record; a file that only has its name may be another version."""
    if digest == record.digest:
        return replace(checked, product_id=record.product_id, record="same")
    if not sure:
        return replace(checked, record="other")
    again = "fetch it again with jwstpipe ingest" if record.kind == "archive" else "jwstpipe reproduce makes it again"
    raise DataError(
        f"{checked.address}: is product {record.product_id}, but its sha256 is {digest} and its record says"
        f" {record.digest}; damaged or edited: {again}"
    )
