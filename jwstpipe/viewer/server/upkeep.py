"""What lies in the store that nobody knows, and what is known and does not lie there: shown first, then put right."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from jwstpipe.catalog.maintenance.reconcile import repair, survey
from jwstpipe.errors import UsageError
from jwstpipe.viewer.server.library import Library

__all__ = ["orphans", "put_right"]

MOST_ROWS = 500
"""Most that are shown, and put right, at a time."""


def orphans(library: Library) -> dict[str, Any]:
    """Compare store and catalogue, and change nothing: what would be put right, and how."""
    with library.catalog() as catalog:
        found = survey(catalog, library.store)
    return {
        "total": len(found),
        "bytes": sum(one.bytes for one in found if one.action == "delete"),
        "rows": [
            {"kind": one.kind, "key": one.storage_key or one.product_id, "bytes": one.bytes, "detail": one.detail,
             "action": one.action}
            for one in found[:MOST_ROWS]
        ],
    }  # fmt: skip


def put_right(library: Library, chosen: Sequence[Any]) -> dict[str, Any]:
    """Do what was shown, where a new look still finds it so.

    Parameters
    ----------
    library
        Of the owner of the home.
    chosen
        Kind, key and action of what was shown.
    """
    wanted = {tuple(one) for one in chosen if isinstance(one, list) and len(one) == 3 and all(map(_is_text, one))}
    if len(wanted) != len(chosen) or len(wanted) > MOST_ROWS:
        raise UsageError(f"rows: at most {MOST_ROWS}, each its kind, key and action")
    with library.catalog() as catalog:
        found = [
            one
            for one in survey(catalog, library.store)
            if (one.kind, one.storage_key or one.product_id, one.action) in wanted
        ]
        done = repair(catalog, library.store, found)
    return {**asdict(done), "changed": len(wanted) - len(found)}


def _is_text(value: Any) -> bool:
    return isinstance(value, str)
