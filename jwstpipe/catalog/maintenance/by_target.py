"""The folder ``by-target/TARGET/FILTER`` of a local store: links that show a person what lies under ids.

Products lie under their ids, which say nothing. The links beside them are made of the records, each time products are
published, deleted or put right; nothing reads them, and nothing is lost with them.
"""

import logging
import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from jwstpipe.catalog.catalog import Catalog
from jwstpipe.catalog.query import RecordQuery
from jwstpipe.catalog.records.models import ProductRecord
from jwstpipe.errors import JwstPipeError
from jwstpipe.storage import ObjectStore, is_remote
from jwstpipe.storage.leftovers import partial_name

__all__ = ["BY_TARGET", "NOT_SHOWN", "Links", "add_links", "keep_links", "target_folder"]

BY_TARGET = "by-target"

SEVERAL = "several"
"""Folder of what is made of several filters, or of none."""

NOT_SHOWN = frozenset({"archive", "thumbnail"})
"""Archive files lie under names that say what they are; thumbnails stand for what is shown."""

ID_LETTERS = 8
"""Letters of a product's id behind its name, where a newer product of the same name stands beside it."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Links:
    """What was changed."""

    made: int = 0
    removed: int = 0


def target_folder(name: str) -> str:
    """Write a target, or another word, as the name of a folder: ``NGC 3132`` and ``NGC-3132`` are one."""
    words = "".join(letter if letter.isprintable() and letter not in "/\\" else " " for letter in name)
    return re.sub(r"[\s_-]+", "-", words).strip("-.")[:120] or "unnamed"


def keep_links(catalog: Catalog, store: ObjectStore, targets: Iterable[str] | None = None) -> Links:
    """Make the links of some targets as their records say.

    Parameters
    ----------
    catalog
        Open catalogue. What a single user's view of it leaves out keeps its links.
    store
        In one on S3 there are no links, and nothing is done.
    targets
        Names of targets; None = all, and folders of targets that have no records any more.

    Returns
    -------
    Links
        How many were made anew and taken away. A file system that has no links, or lets none be made, is told of in
        the log, and no error.
    """
    if is_remote(store.root):
        return Links()
    root = Path(store.root)
    try:
        names = None if targets is None else sorted(set(targets))
        wanted = _wanted(root, _records(catalog, names))
        folders = {place.parts[1] for place in wanted} if names is None else {target_folder(name) for name in names}
        standing = _standing(root, None if names is None else folders)
        made = sum(_link(root, place, key) for place, key in wanted.items() if standing.get(place) != key)
        shown = set(wanted.values())
        stale = {place: key for place, key in standing.items() if place not in wanted}
        gone = [place for place, key in stale.items() if key in shown or _is_gone(catalog, key)]
        for place in gone:
            _remove(root / place)
    except (OSError, JwstPipeError) as error:
        _log.warning("%s is not up to date: %s", root / BY_TARGET, error)
        return Links()
    return Links(made, len(gone))


def add_links(catalog: Catalog, store: ObjectStore, records: Sequence[ProductRecord]) -> None:
    """Make the links of new products; all links of their target, where a name is taken or an older product gave way.

    Parameters
    ----------
    catalog, store
        As `keep_links` has them.
    records
        Products that were just published.
    """
    if is_remote(store.root):
        return
    root, new = Path(store.root), {record.product_id for record in records}
    placed: dict[str, dict[Path, str]] = defaultdict(dict)
    unclear: set[str] = set()
    for record in records:
        place = _place(record)
        if place is None or record.image_info is None or record.storage_key is None:
            continue
        target = str(record.image_info.target_name)
        if placed[target].setdefault(place, record.storage_key) != record.storage_key:
            unclear.add(target)
    for target, wanted in placed.items():
        try:
            older = catalog.find(RecordQuery(target=target, status=("superseded",)))
            clear = target not in unclear and not any(record.superseded_by in new for record in older)
            if clear and all(_is_free(root, place, key) for place, key in wanted.items()):
                for place, key in wanted.items():
                    _link(root, place, key)
                continue
        except (OSError, JwstPipeError) as error:
            _log.warning("%s is not up to date: %s", root / BY_TARGET, error)
            continue
        keep_links(catalog, store, [target])


def _is_free(root: Path, place: Path, key: str) -> bool:
    """Tell whether no other product has a name."""
    link = root / place
    return not link.is_symlink() or link.readlink() == Path(os.path.relpath(root / key, link.parent))


def _records(catalog: Catalog, names: list[str] | None) -> Iterator[ProductRecord]:
    if names is None:
        yield from catalog.each()
        return
    for name in names:
        yield from catalog.each(RecordQuery(target=name))


def _wanted(root: Path, records: Iterable[ProductRecord]) -> dict[Path, str]:
    """Say which links there are to be, with the keys that they point to; records come with the newest first."""
    wanted: dict[Path, str] = {}
    for record in records:
        place, key = _place(record), record.storage_key
        if place is None or key is None or not (root / key).exists():
            continue
        if wanted.get(place, key) != key:
            stem, dot, ending = place.name.partition(".")
            place = place.with_name(f"{stem}-{record.product_id[:ID_LETTERS]}{dot}{ending}")
        wanted[place] = key
    return wanted


def _place(record: ProductRecord) -> Path | None:
    """Tell where the link of a product stands, if no other has its name; None for what is not shown."""
    info = record.image_info
    if record.kind in NOT_SHOWN or info is None or not info.target_name or record.storage_key is None:
        return None
    folder = Path(BY_TARGET, target_folder(info.target_name), target_folder(info.filter or SEVERAL))
    return folder / Path(record.file_name).name


def _standing(root: Path, folders: set[str] | None) -> Mapping[Path, str]:
    """List the links that there are, with the keys that they point to; other things are not ours."""
    found: dict[Path, str] = {}
    for target in _inside(root / BY_TARGET):
        if folders is not None and target.name not in folders:
            continue
        for place in (place for group in _inside(target) for place in _inside(group) if place.is_symlink()):
            pointed = Path(os.path.normpath(place.parent / place.readlink()))
            if pointed.is_relative_to(root):
                found[place.relative_to(root)] = pointed.relative_to(root).as_posix()
    return found


def _inside(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() and not folder.is_symlink() else []


def _is_gone(catalog: Catalog, key: str) -> bool:
    """Ask once more before a link is taken away: another process may have published meanwhile."""
    if catalog.user is not None:  # who does not see everything takes nothing away
        return False
    return not catalog.count(RecordQuery(storage_key=key))


def _link(root: Path, place: Path, key: str) -> bool:
    """Make a link, or turn it; what stands there and is no link is somebody's own, and stays."""
    link = root / place
    if link.exists() and not link.is_symlink():
        return False
    link.parent.mkdir(parents=True, exist_ok=True)
    fresh = link.with_name(partial_name(link.name))
    fresh.symlink_to(os.path.relpath(root / key, link.parent))
    fresh.replace(link)
    return True


def _remove(link: Path) -> None:
    link.unlink(missing_ok=True)
    with suppress(OSError):  # something else is in it
        link.parent.rmdir()
        link.parent.parent.rmdir()
