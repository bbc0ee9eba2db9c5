"""Long links, kept in the store of the home: a short one leads to each.

``#v=1&view=NAME`` stands for the link in ``views/NAME.json``; the name follows from what the link says.
"""

import hashlib
import re

from jwstpipe.errors import DataError, NotFoundError, UsageError
from jwstpipe.identity import canonical_json
from jwstpipe.storage import ObjectStore
from jwstpipe.storage.bounded import parse_json
from jwstpipe.viewer.state import LINK_VERSION, MOST_LETTERS, link_of, read_link

__all__ = ["LONG", "MOST_VIEWS", "keep_view", "kept_view", "short_link", "view_named"]

LONG = 2000
"""Letters of a link from which on people cannot pass it on everywhere."""

MOST_VIEWS = 10_000
"""Most views that a home keeps."""

_FOLDER = "views"
_NAME = re.compile(r"[0-9a-f]{20}")
_SHORT = re.compile(r"(?:^|[#&])view=([0-9a-f]{20})(?:&|$)")


def keep_view(store: ObjectStore, link: str) -> str:
    """Keep a link and give its name; the same view has the same one.

    Raises
    ------
    UsageError
        Not a link to a view, or there are too many.
    """
    state, _ = read_link(link)
    whole = link_of(state)
    name = hashlib.blake2b(whole.encode(), digest_size=10).hexdigest()
    key = _key(name)
    if not store.exists(key):
        if len(store.list(_FOLDER)) >= MOST_VIEWS:
            raise UsageError(
                f"this home keeps {MOST_VIEWS:,} views already; remove some in the folder {_FOLDER} of the store"
            )
        store.write_bytes(key, canonical_json({"link": whole}))
    return name


def kept_view(store: ObjectStore, name: str) -> str:
    """Give the link of a name.

    Raises
    ------
    NotFoundError
        There is none.
    DataError
        What is kept there is no view.
    """
    if not _NAME.fullmatch(name):
        raise NotFoundError(f"no view is kept under {name[:40]!r}")
    if not store.exists(_key(name)):
        raise NotFoundError(f"this home keeps no view {name}; it was made in another one, or removed")
    if store.size(_key(name)) > 2 * MOST_LETTERS:
        raise DataError(f"{_key(name)}: too long for a view")
    found = parse_json(store.read_bytes(_key(name)), name=_key(name))
    if not isinstance(found, dict) or not isinstance(found.get("link"), str):
        raise DataError(f"{_key(name)}: no view")
    state, _ = read_link(found["link"])
    return link_of(state)


def short_link(name: str) -> str:
    """Write the fragment that leads to a kept view."""
    return f"v={LINK_VERSION}&view={name}"


def view_named(link: str) -> str | None:
    """Give the name in a short link, or None where a link says all by itself."""
    found = _SHORT.search(link.rpartition("#")[2])
    return found[1] if found else None


def _key(name: str) -> str:
    return f"{_FOLDER}/{name}.json"
