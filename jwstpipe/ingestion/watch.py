"""A watch list and what was seen of it: each round asks for what was released since the last one."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from jwstpipe.errors import ConflictError, NotFoundError, UsageError
from jwstpipe.requests import WatchEntry, WatchProgramsRequest, validated
from jwstpipe.storage import ObjectStore, aside

__all__ = ["Mark", "add_entry", "due", "read_marks", "read_watchlist", "write_mark"]

MARKS = "watch/marks.json"
"""Key in the store."""

OLDER_OPTIONS = "wishes"
"""As marks named their options at first; they are read still."""

OVERLAP = timedelta(days=7)
"""Rounds overlap by this: files appear in the archive some days after the date of their release."""


@dataclass(frozen=True)
class Mark:
    """How far the watching of an entry is."""

    options: str
    """The entry as JSON: one that was changed begins anew."""

    seen: date
    """Day of the last round."""

    full: date
    """Day of the last round that looked at everything."""


def read_watchlist(request: WatchProgramsRequest) -> tuple[WatchEntry, ...]:
    """Read the entries that a request means.

    Raises
    ------
    UsageError
        No such file, not TOML, or an entry that is not one; the message names it.
    NotFoundError
        No entry of a name that was asked for, or none at all.
    """
    path = Path(request.watchlist)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}; name a watch list, as jwstpipe config copy writes one") from None
    except ValueError as error:
        raise UsageError(f"{path}: not TOML: {error}") from None
    tables = content.pop("watch", [])
    if content or not isinstance(tables, list):
        raise UsageError(
            f"{path}: holds {', '.join(content) or 'watch'} that is not [[watch]]; see configs/watchlist.toml"
        )
    entries = tuple(_entry(path, number, table) for number, table in enumerate(tables, start=1))
    names = [entry.name for entry in entries]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise UsageError(f"{path}: two entries are called {twice!r}; give one another name")
    if unknown := set(request.entries) - set(names):
        raise NotFoundError(f"{path}: no entry {min(unknown)!r}; there are {', '.join(names)}")
    chosen = tuple(entry for entry in entries if not request.entries or entry.name in request.entries)
    if not chosen:
        raise NotFoundError(f"{path}: no [[watch]] in it; nothing to look after")
    return chosen


def add_entry(path: Path, entry: WatchEntry) -> None:
    """Write an entry at the end of a watch list; what stands in the file stays as it is.

    Raises
    ------
    ConflictError
        An entry of this name is there.
    UsageError
        The file is not a watch list.
    """
    before = path.read_text(encoding="utf-8") if path.is_file() else ""
    if before.strip():
        try:
            held = [str(one.get("name")) for one in tomllib.loads(before).get("watch", [])]
        except (tomllib.TOMLDecodeError, AttributeError) as error:
            raise UsageError(f"{path}: not a watch list: {error}") from None
        if entry.name in held:
            raise ConflictError(f"{path}: an entry {entry.name!r} is there; choose another name, or take it out first")
    given = entry.model_dump(mode="json", exclude_defaults=True)
    lines = [f"{key} = {json.dumps(value)}" for key, value in given.items()]
    with aside(path) as partial:
        partial.write_text("\n".join([*before.rstrip().splitlines(), "", "[[watch]]", *lines, ""]).lstrip("\n"))


def _entry(path: Path, number: int, table: Mapping[str, Any]) -> WatchEntry:
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in dict(table).items()}
    try:
        return validated(WatchEntry, **values)
    except UsageError as error:
        raise UsageError(f"{path}: entry {table.get('name', number)}: {error}") from None


def due(entry: WatchEntry, mark: Mark | None, *, today: date, request: WatchProgramsRequest) -> WatchEntry | None:
    """Give what is to be asked since the last round; None for everything."""
    if request.everything or mark is None or mark.options != _options_of(entry):
        return None
    if today - mark.full >= timedelta(days=request.full_every_days):
        return None
    since = max(filter(None, (entry.released_since, mark.seen - OVERLAP)))
    if entry.released_before is not None and entry.released_before <= since:
        return None
    return entry.model_copy(update={"released_since": since})


def read_marks(store: ObjectStore) -> dict[str, Mark]:
    """Read how far the watching is; what cannot be read counts as not seen."""
    if not store.exists(MARKS):
        return {}
    try:
        held = json.loads(store.read_bytes(MARKS))
        return {
            name: Mark(
                mark.get("options") or mark[OLDER_OPTIONS],
                date.fromisoformat(mark["seen"]),
                date.fromisoformat(mark["full"]),
            )
            for name, mark in held.items()
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def write_mark(store: ObjectStore, entry: WatchEntry, *, today: date, full: bool) -> None:
    """Note that a round over an entry is done."""
    marks = read_marks(store)
    before = marks.get(entry.name)
    last_full = today if full or before is None else before.full
    marks[entry.name] = Mark(_options_of(entry), today, last_full)
    content = {
        name: {"options": mark.options, "seen": mark.seen.isoformat(), "full": mark.full.isoformat()}
        for name, mark in sorted(marks.items())
    }
    store.write_bytes(MARKS, json.dumps(content, indent=1).encode())


def _options_of(entry: WatchEntry) -> str:
    return entry.model_dump_json(exclude={"source", "max_files", "max_gigabytes"})
