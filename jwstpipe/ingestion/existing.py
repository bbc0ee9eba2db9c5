"""Files that are here already, from other tools or an older store: verified, placed and registered, without network."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from jwstpipe.archive.search.products import FITS_ENDINGS
from jwstpipe.archive.transfer.destinations.destination import LocalFolder
from jwstpipe.archive.transfer.destinations.s3 import RemoteFolder
from jwstpipe.archive.transfer.fetch import Failure
from jwstpipe.archive.transfer.state import FileRecord, Places, save
from jwstpipe.archive.transfer.verify import FileReader, check_file, sha256_of
from jwstpipe.catalog.catalog import Catalog, open_catalog
from jwstpipe.catalog.query import RecordQuery
from jwstpipe.catalog.records.archive_record import record_from_archive
from jwstpipe.catalog.records.models import ProductRecord
from jwstpipe.errors import DataError, JwstPipeError, NotFoundError
from jwstpipe.ingestion.ingest import arrivals, header_cards
from jwstpipe.names import parse_name
from jwstpipe.progress import Progress, Reporter, silent
from jwstpipe.settings import Settings
from jwstpipe.storage import ObjectStore, aside, open_store, writing_errors

__all__ = ["ExistingResult", "register_existing"]


@dataclass(frozen=True)
class ExistingResult:
    """What became of files that were here."""

    registered: tuple[ProductRecord, ...]
    known: tuple[str, ...]
    """Files that the catalogue knew already, with these very bytes."""

    failures: tuple[Failure, ...]
    """Files that are not whole, or not JWST's."""


def register_existing(folder: Path | None, *, settings: Settings, report: Reporter = silent) -> ExistingResult:
    """Register the JWST files of a folder, and of the folders in it.

    Each file is verified as one that arrives over the network. One from outside the store is linked into it where the
    file system allows, and copied otherwise; the original stays. What MAST knows beyond the header is added by
    `jwstpipe.ingestion.refresh.refresh_records`.

    Parameters
    ----------
    folder
        Where to look; None = the archive files of the store itself.
    settings
        Store and catalogue.
    report
        Told of files.

    Raises
    ------
    NotFoundError
        No such folder, or no FITS file in it.
    """
    store = open_store(settings.store_root, s3=settings.s3)
    place = arrivals(store, settings)
    root = folder if folder is not None else getattr(place, "root", None)
    if root is None or not Path(root).is_dir():
        raise NotFoundError(f"{root}: no such folder; name one with JWST files")
    paths = sorted(_files(Path(root)))
    if not paths:
        raise NotFoundError(f"{root}: no FITS files in it")
    registered, known, failures = [], [], []
    with open_catalog(settings.catalog_address) as catalog:
        for number, path in enumerate(paths, start=1):
            try:
                record = _register(path, place, store, catalog)
            except JwstPipeError as error:
                failures.append(Failure(f"file:{path}", path.name, str(error)))
            else:
                if record is None:
                    known.append(path.name)
                else:
                    registered.append(record)
            report(Progress("register", number, len(paths), "files"))
    return ExistingResult(tuple(registered), tuple(known), tuple(failures))


def _files(root: Path) -> Iterator[Path]:
    for path in root.rglob("*"):
        hidden = any(part.startswith(".") for part in path.relative_to(root).parts)
        if path.name.lower().endswith(FITS_ENDINGS) and not hidden and path.is_file():
            yield path


def _register(
    path: Path, place: LocalFolder | RemoteFolder, store: ObjectStore, catalog: Catalog
) -> ProductRecord | None:
    """Verify, place and register one file; None when the catalogue knows it."""
    name = parse_name(path.name)
    if name.kind == "unknown":
        raise DataError(f"{path.name}: not a JWST file name ({name.reason})")
    inside = isinstance(place, LocalFolder) and path.resolve().is_relative_to(place.root)
    obs_id = path.parent.name if inside else path.name.rpartition("_")[0].lower()
    key = f"mast/{obs_id}/{path.name}"
    with FileReader(path) as reader:
        check_file(reader, name=path.name)
        digest, size = sha256_of(reader), reader.size
    held = catalog.find(RecordQuery(storage_key=key, kind=("archive",)))
    if any(record.digest == digest for record in held) and store.exists(key):
        return None
    cards = header_cards(str(path), store)
    version = str(cards.get("CAL_VER") or "")
    uri = f"mast:JWST/product/{path.name}"
    _place(path, place, obs_id, FileRecord(uri, size, version, size, digest, "existing", None, None, 0))
    fields = {"dataURI": uri, "obs_id": obs_id, "productFilename": path.name, "prvversion": version or None}
    record = record_from_archive(
        fields, cards, storage_key=key, digest=digest, file_size=size, imported=datetime.now(UTC)
    )
    catalog.publish(record)  # an older version under this key is superseded, and stays known to what was made of it
    return record


def _place(path: Path, place: LocalFolder | RemoteFolder, obs_id: str, record: FileRecord) -> None:
    """Bring a file to its place in the store, and remember it so that it is not fetched again."""
    places = Places.of(place.side, obs_id, path.name)
    places.record.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(place, RemoteFolder):
        with writing_errors(place.root):
            where = {"Bucket": place.bucket, "Key": place.key(f"{obs_id}/{path.name}")}
            place.client.upload_file(str(path), where["Bucket"], where["Key"])
            stored = place.client.head_object(**where).get("ETag")
        save(FileRecord(**{**vars(record), "stored_etag": stored}), places.record)
        return
    final = place.root / obs_id / path.name
    if not (final.exists() and final.samefile(path)):
        with aside(final) as partial:
            try:
                os.link(path, partial)
            except OSError:
                shutil.copyfile(path, partial)
    save(FileRecord(**{**vars(record), "mtime_ns": final.stat().st_mtime_ns}), places.record)
