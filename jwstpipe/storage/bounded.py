"""Reading small documents that somebody else wrote: bounded in size and depth, from regular files only.

A text that should have a few kilobytes may be a device without end, a pipe that nobody writes to, or JSON of a hundred
thousand levels that no parser survives.
"""

import json
import os
import re
import stat
from itertools import accumulate
from pathlib import Path
from typing import Any

from jwstpipe.errors import DataError, NotFoundError

__all__ = ["parse_json", "read_document", "refuse_strange_entries"]

MOST_DOCUMENT = 16 << 20
"""Largest document, bytes."""

MOST_LEVELS = 64
"""Deepest nesting of JSON; what this project writes has ten."""

MOST_ENTRIES = 200_000
"""Entries of a folder that are looked at."""

_TEXT = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)

_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))

_STEPS = [1 if mark in b"[{" else -1 for mark in range(256)]
"""What a bracket adds to the level, by its byte."""


def read_document(path: str | Path, *, most: int = MOST_DOCUMENT) -> bytes:
    """Read a small file whole.

    Raises
    ------
    NotFoundError
        No such file.
    DataError
        Not a regular file, or larger than `most` bytes.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except FileNotFoundError:
        raise NotFoundError(f"{path}: no such file; check the path") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {os.strerror(error.errno or 0).lower()}") from None
    facts = os.fstat(descriptor)
    if not stat.S_ISREG(facts.st_mode):
        os.close(descriptor)
        raise DataError(f"{path}: a folder, device or pipe, not a file; give a regular file")
    with os.fdopen(descriptor, "rb") as stream:
        if facts.st_size > most:
            raise DataError(f"{path}: {facts.st_size:,} bytes; refused above {most:,}")
        return stream.read(most + 1)[:most]


def parse_json(content: bytes, *, name: str, most: int = MOST_DOCUMENT) -> Any:
    """Parse a JSON document within bounds; numbers that are none (NaN, Infinity) are refused.

    Raises
    ------
    DataError
        Too large, too deep, or no JSON.
    """
    if len(content) > most:
        raise DataError(f"{name}: {len(content):,} bytes of JSON; refused above {most:,}")
    brackets = _TEXT.sub(b"", content).translate(None, _NO_BRACKETS)
    if max(accumulate(map(_STEPS.__getitem__, brackets)), default=0) > MOST_LEVELS:
        raise DataError(f"{name}: JSON of more than {MOST_LEVELS} levels; refused")
    try:
        return json.loads(content, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{name}: not JSON: {' '.join(str(error).split())[:120]}") from None


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is not a number")


def refuse_strange_entries(folder: str | Path) -> None:
    """Refuse a folder that holds links, devices or pipes: what is read must be what stands in it.

    Raises
    ------
    DataError
        With the first such entry.
    """
    waiting, seen = [str(folder)], 0
    while waiting and seen < MOST_ENTRIES:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                seen += 1
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                elif not entry.is_file(follow_symlinks=False):
                    raise DataError(f"{entry.path}: a link, device or pipe inside a store; copy what it stands for")
