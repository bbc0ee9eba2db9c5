"""What came from what: trees of ancestors and descendants.

The edges are the `parents` of the records; nothing else has to be kept in step. A tree is read level by level, one
question to the database each. A product met a second time is shown again but not followed again.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from jwstpipe.catalog.catalog import Catalog
from jwstpipe.catalog.models import ProductRecord
from jwstpipe.catalog.query import RecordQuery
from jwstpipe.names import LEVEL_ORDER

__all__ = [
    "Edge",
    "LineageNode",
    "ancestors",
    "descendants",
    "edges_of",
    "observation_records",
    "render_tree_text",
    "tree_json",
]


@dataclass(frozen=True, order=True)
class Edge:
    """One product went into another."""

    child: str
    """Id of the product that was made."""

    parent: str
    """Id of the input."""


@dataclass(frozen=True)
class LineageNode:
    """A product in a tree of lineage."""

    product_id: str
    record: ProductRecord | None
    """None for a product that the catalogue does not have (any more)."""

    branches: tuple["LineageNode", ...] = ()
    """Its parents, or its children in a tree of descendants."""

    repeated: bool = False
    """True where its branches stand at an earlier place of the tree."""


def edges_of(records: Iterable[ProductRecord]) -> tuple[Edge, ...]:
    """List the edges that records tell of, sorted, each once."""
    return tuple(sorted({Edge(record.product_id, parent) for record in records for parent in record.parents}))


def ancestors(catalog: Catalog, product_id: str) -> LineageNode:
    """Give the tree of all that went into a product.

    Raises
    ------
    NotFoundError
        No product of this id.
    """
    records = {product_id: catalog.get(product_id)}
    links: dict[str, tuple[str, ...]] = {}
    frontier = [product_id]
    while frontier:
        for key in frontier:
            links[key] = records[key].parents if key in records else ()
        frontier = [key for key in _once(links[key] for key in frontier) if key not in links]
        records |= catalog.get_many(frontier)
    return _tree(product_id, links, records)


def descendants(catalog: Catalog, product_id: str) -> LineageNode:
    """Give the tree of all that a product went into.

    Raises
    ------
    NotFoundError
        No product of this id.
    """
    records = {product_id: catalog.get(product_id)}
    links: dict[str, tuple[str, ...]] = {}
    frontier = [product_id]
    while frontier:
        made = catalog.children(frontier)
        for key in frontier:
            links[key] = tuple(record.product_id for record in made if key in record.parents)
        records |= {record.product_id: record for record in made}
        frontier = [record.product_id for record in made if record.product_id not in links]
    return _tree(product_id, links, records)


def observation_records(catalog: Catalog, observation_base_id: str) -> list[ProductRecord]:
    """List the published products of one observation from raw to combined, then by exposure and name."""
    found = catalog.find(RecordQuery(observation_base_id=observation_base_id))
    return sorted(found, key=lambda r: (LEVEL_ORDER.index(r.processing_level), r.exposure_id or "", r.file_name))


def render_tree_text(root: LineageNode) -> str:
    """Draw a tree as text, one product a line."""
    return "\n".join(_lines(root, "", ""))


def tree_json(root: LineageNode) -> dict[str, Any]:
    """Give a tree as plain JSON values: the record's main fields, and its branches."""
    record = root.record
    return {
        "product_id": root.product_id,
        "found": record is not None,
        "kind": record.kind if record else None,
        "file_name": record.file_name if record else None,
        "level": record.processing_level if record else None,
        "operation": record.operation if record else None,
        "repeated": root.repeated,
        "branches": [tree_json(branch) for branch in root.branches],
    }


def _once(groups: Iterable[Iterable[str]]) -> list[str]:
    return list(dict.fromkeys(key for group in groups for key in group))


def _tree(root: str, links: dict[str, tuple[str, ...]], records: dict[str, ProductRecord]) -> LineageNode:
    seen: set[str] = set()

    def grow(key: str) -> LineageNode:
        below = links.get(key, ())
        if key in seen and below:
            return LineageNode(key, records.get(key), repeated=True)
        seen.add(key)
        return LineageNode(key, records.get(key), tuple(grow(other) for other in below))

    return grow(root)


def _lines(node: LineageNode, lead: str, below: str) -> Iterator[str]:
    yield lead + _label(node)
    for branch in node.branches:
        last = branch is node.branches[-1]
        yield from _lines(branch, below + ("└── " if last else "├── "), below + ("    " if last else "│   "))


def _label(node: LineageNode) -> str:
    if node.record is None:
        return f"{node.product_id} (not in the catalogue)"
    made = f", {node.record.operation}" if node.record.operation else ""
    again = " (see above)" if node.repeated else ""
    return f"{node.record.file_name} [{node.record.kind}{made}] {node.product_id}{again}"
