"""An update of one document by MongoDB's operators, applied to the document here.

Whoever writes very many documents at once needs them whole: the embedded file, to write each in one statement, and a
server, to insert those that are new. The operators are those that `jwstpipe.catalog` writes, on fields of the document
itself.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

__all__ = ["Updates", "applied", "in_batches"]

Updates = Mapping[str, Mapping[str, Any]]
"""Updates by the id of their document."""


def applied(update: Mapping[str, Any], document: Mapping[str, Any] | None) -> dict[str, Any]:
    """Give a document as it is after an update; the one given stays as it is.

    Parameters
    ----------
    update
        Values by operator: ``$set``, ``$setOnInsert``, ``$unset``, ``$addToSet`` with ``$each``, ``$pullAll``.
    document
        What is there; None = nothing yet.

    Raises
    ------
    ValueError
        Another operator, or a path into a field.
    """
    unknown = set(update) - {"$set", "$setOnInsert", "$unset", "$addToSet", "$pullAll"}
    if unknown or any("." in field for fields in update.values() for field in fields):
        raise ValueError(f"an update of whole documents by other means: {sorted(unknown) or sorted(update)}")
    made = dict(document or {}) | dict(update.get("$set", {}))
    if document is None:
        made |= update.get("$setOnInsert", {})
    for field in update.get("$unset", {}):
        made.pop(field, None)
    for field, wanted in update.get("$addToSet", {}).items():
        made[field] = list(dict.fromkeys((*made.get(field, ()), *wanted["$each"])))
    for field, unwanted in update.get("$pullAll", {}).items():
        if field in made:
            made[field] = [member for member in made[field] if member not in unwanted]
    return made


def in_batches(updates: Updates, size: int) -> Iterator[dict[str, Mapping[str, Any]]]:
    """Give updates in groups of a size."""
    rest: Iterable[tuple[str, Mapping[str, Any]]] = iter(updates.items())
    while batch := dict(islice(rest, size)):
        yield batch
