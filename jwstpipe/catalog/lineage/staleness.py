"""Is a product still current? Reasons why not, for one product or for all.

A product is stale when something that went into it, near or far, was replaced by a newer version, is gone, or was made
by an algorithm that has changed since; or when a newer product has taken its own place.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from jwstpipe.catalog.catalog import Catalog
from jwstpipe.catalog.database.backend import RecordSummary
from jwstpipe.catalog.visibility import HIDDEN

__all__ = ["Cause", "Reason", "stale_products", "why_stale"]

Cause = Literal["reprocessed", "superseded", "missing", "algorithm"]


@dataclass(frozen=True, order=True)
class Reason:
    """One reason why a product is not current."""

    cause: Cause
    product_id: str
    """The product that is to blame: an input, or the product itself."""

    file_name: str
    detail: str
    """A sentence with both values."""


Presence = Callable[[str, str | None], bool]
"""Tells whether the bytes of a storage key (of a file format) are there."""


def why_stale(
    catalog: Catalog, product_id: str, *, algorithms: Mapping[str, str], present: Presence | None = None
) -> tuple[Reason, ...]:
    """Give the reasons why a product is not current; none = it is.

    Parameters
    ----------
    catalog
        Open catalogue.
    product_id
        Of the product.
    algorithms
        Version of each operation as this installation has it.
    present
        Asks the store for bytes; None = the catalogue's word is taken.

    Raises
    ------
    NotFoundError
        No product of this id.
    """
    catalog.get(product_id)
    everything = replace(catalog, user=None)
    nodes: dict[str, RecordSummary] = {}
    asked: set[str] = set()
    frontier = [product_id]
    while frontier:
        asked |= set(frontier)
        fresh = {node.product_id: node for node in everything.summaries(frontier)}
        nodes |= fresh
        near = {key for node in fresh.values() for key in (*node.parents, node.superseded_by) if key is not None}
        frontier = sorted(near - asked)
    found: dict[Reason, None] = {}
    seen: set[str] = set()
    stack = [product_id]
    while stack:
        key = stack.pop()
        if key in seen or key not in nodes:
            continue
        seen.add(key)
        found |= dict.fromkeys(_reasons(nodes[key], nodes, algorithms, present, root=key == product_id))
        stack += reversed(nodes[key].parents)
    return _reported(catalog, found)


def stale_products(
    catalog: Catalog, *, algorithms: Mapping[str, str], present: Presence | None = None
) -> dict[str, tuple[Reason, ...]]:
    """Find every published product that is not current.

    Returns
    -------
    dict
        The reasons by product id, sorted by id. One look at the whole catalogue; reasons are followed downwards once.
    """
    nodes = {node.product_id: node for node in replace(catalog, user=None).summaries()}
    children: dict[str, list[str]] = defaultdict(list)
    for node in nodes.values():
        for parent in node.parents:
            children[parent].append(node.product_id)
    own = {key: tuple(_reasons(node, nodes, algorithms, present, root=False)) for key, node in nodes.items()}
    reasons: dict[str, dict[Reason, None]] = defaultdict(dict)
    for key, causes in own.items():
        if not causes:
            continue
        reached, stack = {key}, [key]
        while stack:
            below = stack.pop()
            reasons[below] |= dict.fromkeys(causes)
            fresh = [child for child in children[below] if child not in reached]
            reached |= set(fresh)
            stack += fresh
    seen = sorted(catalog.published(reasons))
    return {key: _reported(catalog, reasons[key]) for key in seen}


def _reported(catalog: Catalog, reasons: Collection[Reason]) -> tuple[Reason, ...]:
    """Tell reasons without name and digest of products that this user may not see."""
    if catalog.user is None:
        return tuple(reasons)
    seen = {node.product_id for node in catalog.summaries({reason.product_id for reason in reasons})}
    hidden = "a product that is not yours to see, or not there any more"
    return tuple(
        reason if reason.product_id in seen else replace(reason, file_name=HIDDEN, detail=hidden) for reason in reasons
    )


def _reasons(
    node: RecordSummary,
    nodes: Mapping[str, RecordSummary],
    algorithms: Mapping[str, str],
    present: Presence | None,
    *,
    root: bool,
) -> list[Reason]:
    """Give what is wrong with a product by itself and with its direct inputs."""
    found = []
    if root and node.status == "superseded":
        found.append(Reason("superseded", node.product_id, node.file_name, f"{node.superseded_by} has taken its place"))
    current = algorithms.get(node.operation or "")
    if current is not None and node.algorithm != current:
        detail = f"{node.operation} was of version {node.algorithm}, and is of version {current} now"
        found.append(Reason("algorithm", node.product_id, node.file_name, detail))
    for key in node.parents:
        found += _reasons_of_input(key, nodes.get(key), nodes, present)
    return found


def _reasons_of_input(
    key: str, parent: RecordSummary | None, nodes: Mapping[str, RecordSummary], present: Presence | None
) -> list[Reason]:
    if parent is None:
        return [Reason("missing", key, key, "the catalogue does not have this input any more")]
    if parent.status == "superseded":
        heir = nodes.get(parent.superseded_by or "")
        if parent.kind == "archive":
            detail = f"version {_version(parent)} was replaced by {_version(heir) if heir else parent.superseded_by}"
            return [Reason("reprocessed", key, parent.file_name, detail)]
        return [Reason("superseded", key, parent.file_name, f"{parent.superseded_by} has taken its place")]
    if present is not None and parent.storage_key is not None and not present(parent.storage_key, parent.file_format):
        return [Reason("missing", key, parent.file_name, f"{parent.storage_key} is not in the store any more")]
    return []


def _version(node: RecordSummary) -> str:
    return f"{node.version or 'unnamed'} (sha256 {(node.digest or '?')[:12]})"
