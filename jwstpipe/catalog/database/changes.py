"""What is changed of a record, as values; each database writes it in its own words."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeVar

__all__ = ["RecordChange", "changed", "in_batches", "published_over"]

ItemT = TypeVar("ItemT")

USER_FIELDS = frozenset(
    {
        "upload_date",
        "created_ms",
        "last_accessed",
        "description",
        "note_key",
        "user_id",
        "is_public",
        "shared_with",
        "is_archived",
        "archived_date",
        "thumbnail",
    }
)
"""Fields of a document that publishing sets once and then leaves to the users; tags are only added to."""


@dataclass(frozen=True)
class RecordChange:
    """Fields that get other values, and tags that come and go."""

    values: Mapping[str, Any] = field(default_factory=dict)
    """New values by field of the document."""

    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()


def changed(document: Mapping[str, Any], change: RecordChange) -> dict[str, Any]:
    """Give a document as it is after a change; the one given stays as it is."""
    made = {**document, **change.values}
    if change.add_tags or change.remove_tags:
        tags = dict.fromkeys((*made.get("tags", ()), *change.add_tags))
        made["tags"] = [tag for tag in tags if tag not in change.remove_tags]
    return made


def published_over(document: Mapping[str, Any], before: Mapping[str, Any] | None) -> dict[str, Any]:
    """Give a document as publishing leaves it.

    Parameters
    ----------
    document
        What is published, complete.
    before
        What stood under its id; None = nothing. What belongs to users stays as it is there, tags are added to.
    """
    made = {**document, "status": "published", "superseded_by": None}
    if before is None:
        return made
    made |= {name: before[name] for name in USER_FIELDS if name in before}
    made["tags"] = list(dict.fromkeys((*before.get("tags", ()), *document.get("tags", ()))))
    return {**{name: value for name, value in before.items() if name != "owner_path"}, **made}


def in_batches(items: Iterable[ItemT], size: int) -> Iterator[list[ItemT]]:
    """Give items in groups of a size."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch
