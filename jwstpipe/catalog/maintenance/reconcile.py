"""Store against catalogue, both ways: what lies there that nobody knows, and what is known and does not lie there.

A survey changes nothing. What a repair would do stands in each finding, and nothing younger than a grace period, or
being made by somebody at this moment, is touched.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, get_args

from jwstpipe.catalog.catalog import Catalog
from jwstpipe.catalog.leases import holders
from jwstpipe.catalog.lineage.archive_links import link_archive
from jwstpipe.catalog.maintenance.adopt import adopt_file, adopt_image, is_archive_file
from jwstpipe.catalog.maintenance.by_target import keep_links
from jwstpipe.catalog.query import RecordQuery
from jwstpipe.catalog.records.models import ProductRecord
from jwstpipe.catalog.visibility import require_site
from jwstpipe.errors import JwstPipeError, StoreError, StoreVersionError
from jwstpipe.images.zarr.verify_store import verify_store
from jwstpipe.storage import ObjectStore, StoredObject, tree_digest

__all__ = ["FINDING_KINDS", "GRACE", "PRODUCT_FOLDERS", "Finding", "FindingKind", "Repair", "repair", "survey"]

GRACE = timedelta(hours=24)
"""Whatever is younger may still be in the making."""

PRODUCT_FOLDERS = (
    "mast", "images", "cleaned", "mosaics", "pictures", "thumbnails", "exports", "catalogues", "segmentations",
    "filtered", "spectra", "cubes", "maps", "tables",
)  # fmt: skip
"""Folders of the store that hold products, one object or image store each."""

FindingKind = Literal["unregistered", "unfinished", "duplicate", "unknown", "missing", "altered", "abandoned"]
FINDING_KINDS: frozenset[FindingKind] = frozenset(get_args(FindingKind))
Action = Literal["register", "delete", "mark", "forget", "wait"]

_HALF_MADE = re.compile(r"\.(?:partial|retired|part)$|^\.probe-")
_TRANSFERS = "mast/.transfer/"
"""What transfers keep of files that are here, and of such as are on their way."""


@dataclass(frozen=True)
class Finding:
    """One place where store and catalogue do not agree."""

    kind: FindingKind
    """unregistered: an archive file or finished image without record; unfinished: an attempt that died; duplicate: a
    second copy of a product; unknown: a file that nobody needs; missing: a record without bytes; altered: other bytes
    than recorded; abandoned: a record that was staged and never published."""

    storage_key: str | None
    product_id: str | None
    bytes: int
    detail: str
    action: Action
    """What a repair does; wait = it is too young, or somebody is at it."""


@dataclass(frozen=True)
class Repair:
    """What a repair did."""

    registered: int
    deleted: int
    bytes_freed: int
    marked: int
    failures: tuple[str, ...]


@dataclass(frozen=True)
class _Unit:
    """One product's worth of objects: a file, or an image store with all inside."""

    key: str
    bytes: int
    modified: datetime
    finished: bool
    """For an image store: its root metadata are there."""

    @property
    def is_image(self) -> bool:
        return self.key.endswith(".zarr")

    @property
    def half_made(self) -> bool:
        return _HALF_MADE.search(self.key.rpartition("/")[2]) is not None or (self.is_image and not self.finished)


def survey(
    catalog: Catalog,
    store: ObjectStore,
    *,
    verify: bool = False,
    grace: timedelta = GRACE,
    now: datetime | None = None,
) -> tuple[Finding, ...]:
    """Compare the store with the catalogue; nothing is changed.

    Parameters
    ----------
    catalog, store
        What is compared.
    verify
        Read every file and every image store and compare them with their digests, too.
    grace
        What is younger is left alone.
    now
        Time of the comparison.

    Returns
    -------
    tuple of Finding
        By kind and key.
    """
    require_site(catalog.user, "comparing store and catalogue")
    moment = now or datetime.now(UTC)
    records = catalog.find(RecordQuery(status=()))
    units = {unit.key: unit for folder in PRODUCT_FOLDERS for unit in _units(store.objects(folder))}
    busy = {lease.key for lease in holders(catalog, now=moment)}
    found = [
        *_without_record(units, records, busy, young_since=moment - grace),
        *_without_bytes(units, records),
        *_never_published(records, busy, young_since=moment - grace),
    ]
    if verify:
        found += _altered(units, records, store)
    return tuple(sorted(found, key=lambda finding: (finding.kind, finding.storage_key or "", finding.product_id or "")))


def repair(catalog: Catalog, store: ObjectStore, findings: Iterable[Finding], *, now: datetime | None = None) -> Repair:
    """Do what the findings say; a place that cannot be repaired is told and the others go on."""
    require_site(catalog.user, "putting store and catalogue right")
    moment = now or datetime.now(UTC)
    registered = deleted = freed = marked = 0
    failures: list[str] = []
    for finding in findings:
        try:
            if finding.action == "register":
                _register(catalog, store, finding, moment)
                registered += 1
            elif finding.action == "delete":
                store.delete(str(finding.storage_key))
                deleted, freed = deleted + 1, freed + finding.bytes
            elif finding.action == "mark":
                catalog.mark_invalid(str(finding.product_id), finding.detail)
                marked += 1
            elif finding.action == "forget":
                catalog.delete(str(finding.product_id))
                deleted += 1
        except JwstPipeError as error:
            failures.append(f"{finding.storage_key or finding.product_id}: {error}")
    if registered:
        link_archive(catalog, store)
    keep_links(catalog, store)
    return Repair(registered, deleted, freed, marked, tuple(failures))


def _register(catalog: Catalog, store: ObjectStore, finding: Finding, moment: datetime) -> None:
    key = str(finding.storage_key)
    record = (
        adopt_file(store, key, now=moment) if key.startswith("mast/") else adopt_image(catalog, store, key, now=moment)
    )
    catalog.publish(record)


def _units(objects: Sequence[StoredObject]) -> Iterator[_Unit]:
    """Put the objects of each product together."""
    grouped: dict[str, list[StoredObject]] = {}
    for item in objects:
        grouped.setdefault(_unit_key(item.key), []).append(item)
    for key, members in grouped.items():
        root = any(item.key == f"{key}/zarr.json" for item in members)
        yield _Unit(key, sum(item.size for item in members), max(item.modified for item in members), root)


def _unit_key(key: str) -> str:
    parts = key.split("/")
    for index, part in enumerate(parts):
        if part.endswith(".zarr") or _HALF_MADE.search(part):
            return "/".join(parts[: index + 1])
    return key


def _without_record(
    units: Mapping[str, _Unit], records: Sequence[ProductRecord], busy: set[str], *, young_since: datetime
) -> Iterator[Finding]:
    known = {record.storage_key for record in records} | {record.thumbnail for record in records}
    standing = {record.product_id for record in records if record.status == "published" and record.storage_key in units}
    for key, unit in units.items():
        product_id = _product_of(key)
        if key in known and not unit.half_made:
            continue
        if key.startswith(_TRANSFERS) and not unit.half_made:
            continue
        waiting = unit.modified > young_since or product_id in busy
        if unit.half_made:
            kind, detail, action = "unfinished", "an attempt that did not come to its end", "delete"
        elif is_archive_file(key):
            kind, detail, action = "unregistered", "a file that the catalogue does not know", "register"
        elif product_id in standing:
            kind, detail, action = "duplicate", f"product {product_id} stands elsewhere", "delete"
        elif unit.is_image:
            kind, detail, action = "unregistered", "a finished image that was never published", "register"
        else:
            kind, detail, action = "unknown", "no product needs it", "delete"
        if waiting and action == "delete":
            detail, action = f"{detail}; too young, or in the making", "wait"
        yield Finding(kind, key, product_id, unit.bytes, detail, action)  # type: ignore[arg-type]


def _without_bytes(units: Mapping[str, _Unit], records: Sequence[ProductRecord]) -> Iterator[Finding]:
    for record in records:
        key = record.storage_key
        if record.status != "published" or key is None or key.split("/")[0] not in PRODUCT_FOLDERS:
            continue
        unit = units.get(key)
        if unit is None or (unit.is_image and not unit.finished):
            detail = f"{key} is not in the store"
            action: Action = "mark" if record.validation_error != detail else "wait"
            yield Finding("missing", key, record.product_id, record.file_size or 0, detail, action)
        elif not unit.is_image and record.file_size is not None and unit.bytes != record.file_size:
            detail = f"{key} has {unit.bytes:,} bytes, its record says {record.file_size:,}"
            yield Finding("altered", key, record.product_id, unit.bytes, detail, "mark")


def _never_published(records: Sequence[ProductRecord], busy: set[str], *, young_since: datetime) -> Iterator[Finding]:
    for record in records:
        if record.status == "staged":
            waiting = record.created > young_since or record.product_id in busy
            detail = f"staged at {record.created:%Y-%m-%d %H:%M} by run {record.run_id}, never published"
            action: Action = "wait" if waiting else "forget"
            yield Finding("abandoned", record.storage_key, record.product_id, 0, detail, action)


def _altered(units: Mapping[str, _Unit], records: Sequence[ProductRecord], store: ObjectStore) -> Iterator[Finding]:
    for record in records:
        unit = units.get(record.storage_key or "")
        if unit is None or record.status != "published":
            continue
        if unit.is_image and unit.finished and record.kind in ("image", "mosaic", "picture", "cube", "map"):
            try:
                verify_store(store.url(unit.key), s3=store.s3)
            except StoreVersionError:  # of layout 1: it cannot tell
                continue
            except StoreError as error:
                yield Finding("altered", unit.key, record.product_id, unit.bytes, str(error), "mark")
        if unit.is_image or record.digest is None:
            continue
        if record.file_size is not None and unit.bytes != record.file_size:
            continue  # told by its size already
        found = tree_digest(store, unit.key)
        if found != record.digest:
            detail = f"{unit.key} has sha256 {found}, its record says {record.digest}"
            yield Finding("altered", unit.key, record.product_id, unit.bytes, detail, "mark")


def _product_of(key: str) -> str | None:
    """Read the product id out of a key of ours."""
    parts = key.split("/")
    if parts[0] in ("images", "mosaics", "pictures") and len(parts) > 2:
        return parts[1]
    return parts[1].partition(".")[0] if parts[0] == "thumbnails" and len(parts) == 2 else None
