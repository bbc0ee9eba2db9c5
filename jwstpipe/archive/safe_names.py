"""What names the archive may give us: identifiers are checked before they become addresses or paths."""

import re
from urllib.parse import quote, unquote

from jwstpipe.errors import DataError

__all__ = ["checked_file_name", "checked_obs_id", "checked_uri", "download_address", "suffix_of"]

_URI = re.compile(r"mast:[A-Za-z0-9_\-./]+")
_FILE_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_OBS_ID = re.compile(r"[A-Za-z0-9._-]+")
_DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
_EXTENSION = re.compile(r"\.(fits|fits\.gz|fits\.bz2|json|ecsv|csv|asdf|jpg|png)$", re.IGNORECASE)
_ACTIVITY = re.compile(r"-\d{2}$")

LONGEST = 200
DECODING_ROUNDS = 4
"""How often a name is percent-decoded to find what it hides."""


def checked_uri(uri: str) -> str:
    """Give back a MAST URI, as ``mast:JWST/product/jw..._i2d.fits``.

    Raises
    ------
    DataError
        Another scheme, ``..``, or a character that MAST does not use.
    """
    if not _URI.fullmatch(uri) or ".." in uri or "//" in uri:
        raise DataError(f"not a MAST URI: {uri[:LONGEST]!r}; refused")
    return uri


def checked_file_name(name: str) -> str:
    """Give back a file name that is safe on every system.

    Raises
    ------
    DataError
        Folders, ``..``, hidden or too long names, devices, characters beyond letters, digits and ``_.-``; also when
        they show only after percent-decoding.
    """
    plain = name
    for _ in range(DECODING_ROUNDS):
        plain = unquote(plain)
    safe = plain == name and _FILE_NAME.fullmatch(name) and ".." not in name and len(name) <= LONGEST
    if not safe or name.startswith(("-", ".")) or _DEVICE.fullmatch(name):
        raise DataError(f"not a safe file name: {name[:LONGEST]!r}; refused")
    return name


def checked_obs_id(obs_id: str) -> str:
    """Give back an observation id, which becomes the name of a folder.

    Raises
    ------
    DataError
        As for file names.
    """
    safe = _OBS_ID.fullmatch(obs_id) and ".." not in obs_id and len(obs_id) <= LONGEST
    if not safe or obs_id.startswith(("-", ".")) or _DEVICE.fullmatch(obs_id):
        raise DataError(f"not a safe observation id: {obs_id[:LONGEST]!r}; refused")
    return obs_id


def download_address(server: str, uri: str) -> str:
    """Give the address under which a MAST server hands out a file."""
    return f"{server}/api/v0.1/Download/file?uri={quote(checked_uri(uri), safe='')}"


def suffix_of(file_name: str) -> str:
    """Give the kind of product that stands at the end of a name, as ``i2d``; empty when there is none."""
    stem = _ACTIVITY.sub("", _EXTENSION.sub("", file_name))
    return stem.rpartition("_")[2].lower() if "_" in stem else ""
