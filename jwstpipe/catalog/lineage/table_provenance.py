"""What a table of sources says of itself: in the header of ECSV, in the metadata of Parquet, in an INFO of a VOTable.

A table in FITS says it as images do, in an extension; CSV has no place for it.
"""

import html
import json
import mmap
import re
from itertools import takewhile
from pathlib import Path
from typing import Any

from jwstpipe.errors import DataError

__all__ = ["INFO_NAME", "TABLE_ENDINGS", "TABLE_MAGIC", "table_provenance"]

TABLE_MAGIC = (b"# %ECSV", b"PAR1", b"<?xml", b"<VOTABLE")
"""Bytes that tables begin with."""

TABLE_ENDINGS = (".ecsv", ".parquet", ".vot")
"""Ends of names of tables that are fetched to be asked."""

INFO_NAME = "jwstpipe_provenance"
"""Name of the INFO of a VOTable whose value is the document, as JSON."""

_INFO = re.compile(
    rb"<INFO\b[^>]{0,200}\bname=\"" + INFO_NAME.encode() + rb"\"[^>]{0,200}?\bvalue=\"([^\"]{2,67108864})\""
)


def table_provenance(path: Path) -> dict[str, Any] | None:
    """Read what a table says of itself; None where it says nothing.

    Parameters
    ----------
    path
        Local file that begins with one of `TABLE_MAGIC`.
    """
    with path.open("rb") as stream:
        begin = stream.read(9)
    if begin.startswith(b"# %ECSV"):
        return _in_header(_header_lines(path), path)
    if begin.startswith(b"PAR1"):
        return _in_header(_parquet_lines(path), path)
    return _in_votable(path) if begin else None


def _header_lines(path: Path) -> list[str]:
    """Take the lines of an ECSV header behind its first two."""
    from jwstpipe.storage.bounded_tables import MOST_HEADER  # noqa: PLC0415 - arrays; ids of other files need none

    with path.open("rb") as stream:
        content = stream.read(MOST_HEADER + (1 << 20))
    lines = content.decode("utf-8", errors="replace").splitlines()
    return [line[2:] for line in takewhile(lambda line: line.startswith("#"), lines)][2:]


def _parquet_lines(path: Path) -> list[str]:
    from pyarrow import ArrowException, parquet  # noqa: PLC0415 - slow to load

    try:
        known = parquet.read_schema(path).metadata or {}
    except (OSError, ValueError, ArrowException):
        return []
    header: bytes = known.get(b"table_meta_yaml", b"")
    return header.decode("utf-8", errors="replace").splitlines()


def _in_header(lines: list[str], path: Path) -> dict[str, Any] | None:
    import yaml  # noqa: PLC0415 - both for tables alone
    from astropy.table.meta import YamlParseError, get_header_from_yaml  # noqa: PLC0415

    from jwstpipe.storage.bounded_tables import MOST_HEADER  # noqa: PLC0415

    size = sum(map(len, lines))
    if size > MOST_HEADER:
        raise DataError(f"{path}: a header of more than {MOST_HEADER:,} bytes; refused")
    try:
        found = get_header_from_yaml(lines).get("meta", {}).get("jwstpipe")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, yaml.YAMLError, YamlParseError):
        return None
    return found if isinstance(found, dict) else None


def _in_votable(path: Path) -> dict[str, Any] | None:
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
        found = _INFO.search(content)
        text = None if found is None else html.unescape(found[1].decode("utf-8", errors="replace"))
    try:
        found = None if text is None else json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
