"""What came from what: trees of ancestors and descendants.

The edges are the `parents` of the records; nothing else has to be kept in step. A tree is read level by level, one
question to the database each. A product met a second time is shown again but not followed again.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from jwstpipe.catalog.catalog import Catalog
from jwstpipe.catalog.query import RecordQuery
from jwstpipe.catalog.records.components import InputLink
from jwstpipe.catalog.records.models import ProductRecord
from jwstpipe.names import LEVEL_ORDER
from jwstpipe.notebook import tree_html

__all__ = [
    "Edge",
    "LineageNode",
    "ancestors",
    "descendants",
    "edges_of",
    "observation_records",
    "walk",
]


@dataclass(frozen=True, order=True)
class Edge:
    """One product went into another."""

    child: str
    """Id of the product that was made."""

    parent: str
    """Id of the input."""


@dataclass(frozen=True, repr=False)
class LineageNode:
    """A product in a tree of lineage."""

    product_id: str
    record: ProductRecord | None
    """None for a product that the catalogue does not have (any more)."""

    branches: tuple["LineageNode", ...] = ()
    """Its parents, or its children in a tree of descendants."""

    repeated: bool = False
    """True where its branches stand at an earlier place of the tree."""

    link: InputLink | None = None
    """What its child knows of it, in a tree of ancestors."""

    def __str__(self) -> str:
        """Draw the tree, a product a line."""
        from jwstpipe.catalog.lineage.formats import render_tree_text  # noqa: PLC0415 - draws this type

        return render_tree_text(self)

    def __repr__(self) -> str:
        """Tell the product in a line, and how many stand below it."""
        name = self.record.file_name if self.record else self.link.file_name if self.link else "not in the catalogue"
        return f"<LineageNode {name} {self.product_id[:12]}: {sum(1 for _ in walk(self)) - 1} below it>"

    def _repr_html_(self) -> str:
        """Draw the tree in a notebook."""
        return tree_html(str(self))


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
    return _tree(product_id, links, records, upward=True)


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
    return _tree(product_id, links, records, upward=False)


def observation_records(catalog: Catalog, observation_base_id: str) -> list[ProductRecord]:
    """List the published products of one observation from raw to combined, then by exposure and name."""
    found = catalog.find(RecordQuery(observation_base_id=observation_base_id))
    return sorted(found, key=lambda r: (LEVEL_ORDER.index(r.processing_level), r.exposure_id or "", r.file_name))


def _once(groups: Iterable[Iterable[str]]) -> list[str]:
    return list(dict.fromkeys(key for group in groups for key in group))


def walk(root: LineageNode) -> Iterator[LineageNode]:
    """Go through a tree, each place of it once, parents before what is below them."""
    yield root
    for branch in root.branches:
        yield from walk(branch)


def _tree(
    root: str, links: dict[str, tuple[str, ...]], records: dict[str, ProductRecord], *, upward: bool
) -> LineageNode:
    seen: set[str] = set()

    def grow(key: str, link: InputLink | None) -> LineageNode:
        below = links.get(key, ())
        record = records.get(key)
        known = {} if record is None else {link_of.product_id: link_of for link_of in record.inputs}
        nameless = (
            ()
            if record is None or not upward
            else tuple(LineageNode("", None, link=link_of) for link_of in record.inputs if link_of.product_id is None)
        )
        if key in seen and below:
            return LineageNode(key, record, repeated=True, link=link)
        seen.add(key)
        branches = tuple(grow(other, known.get(other)) for other in below)
        return LineageNode(key, record, branches + nameless, link=link)

    return grow(root, None)
