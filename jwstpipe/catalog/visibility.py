"""Who may see and change what: the rules of ownership, stated once.

The site (no user) sees and changes everything. A user sees public, own and shared records and changes own ones.
Somebody without a name ("") sees public records and changes nothing. What a record says of its inputs is shown as far
as the inputs themselves are.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from jwstpipe.catalog.records.documents import owner_path
from jwstpipe.errors import UsageError

__all__ = ["HIDDEN", "admitted", "inputs_of", "require_name", "require_site", "shown", "with_hidden_links"]

HIDDEN = "(not yours to see)"
"""Stands in the place of the file name of an input."""

Document = dict[str, Any]


def require_site(user: str | None, what: str) -> None:
    """Refuse work on all records to a user, who does not see them all."""
    if user is not None:
        raise UsageError(f"{what} is work of the site: a user does not see all records; leave the user out")


def require_name(user: str | None) -> None:
    """Refuse changes to somebody without a name."""
    if user == "":
        raise UsageError("somebody without a name changes no records; say who you are")


def admitted(document: Document, *, user: str | None, owners: Mapping[str, str | None]) -> Document:
    """Give a document as somebody may enter it: with its owner.

    Parameters
    ----------
    document
        What is to be entered.
    user
        Who enters it.
    owners
        Owner by product id, of those that are there. A record keeps its owner for ever.

    Raises
    ------
    UsageError
        A user enters a record over another's, or as another's.
    """
    key, stated = document["_id"], document["user_id"]
    require_name(user)
    if user is None:
        owner = owners.get(key, stated)
    else:
        if owners.get(key, user) != user:
            raise UsageError(f"product {key} is there already and not yours to change; ask its owner or the site")
        if stated not in (None, user):
            raise UsageError(f"the record of {document['file_name']!r} names another owner; enter records of your own")
        owner = user
    found = {**document, "user_id": owner}
    if "owner_path" in found:
        found["owner_path"] = owner_path(owner, str(found["file_path"]))
    return found


def inputs_of(documents: Iterable[Document]) -> set[str]:
    """List the ids of all inputs that documents tell of."""
    return {
        link["product_id"]
        for document in documents
        for link in document.get("inputs") or ()
        if link.get("product_id") is not None
    }


def shown(document: Document, seen: Mapping[str, Any]) -> Document:
    """Give a document without name and digest of the inputs that are not among those seen."""
    links = document.get("inputs") or ()
    return {**document, "inputs": [link if _is_seen(link, seen) else _without_name(link) for link in links]}


def with_hidden_links(document: Document, before: Document) -> Document:
    """Put back the links that were hidden when a document was shown, from what the catalogue has."""
    known = {link.get("product_id"): link for link in before.get("inputs") or ()}
    links = document.get("inputs") or ()
    back = [known.get(link["product_id"], link) if link["file_name"] == HIDDEN else link for link in links]
    return {**document, "inputs": back}


def _is_seen(link: Mapping[str, Any], seen: Mapping[str, Any]) -> bool:
    return link.get("product_id") is None or link["product_id"] in seen


def _without_name(link: Mapping[str, Any]) -> dict[str, Any]:
    return {**link, "file_name": HIDDEN, "digest": None}
