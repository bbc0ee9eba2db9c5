"""`Library`: the records of a home as one reader sees them, for the pages of the viewer; it changes nothing."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_args

from pydantic import ValidationError

from jwstpipe.api.images import thumbnail
from jwstpipe.catalog.catalog import Catalog, open_catalog
from jwstpipe.catalog.lineage.graph import LineageNode, ancestors
from jwstpipe.catalog.lineage.staleness import why_stale
from jwstpipe.catalog.query import RecordQuery
from jwstpipe.catalog.records.models import ProductKind, ProductRecord
from jwstpipe.errors import NotFoundError, UsageError
from jwstpipe.operations.registry import algorithms
from jwstpipe.requests import ThumbnailOptions
from jwstpipe.settings import Settings
from jwstpipe.storage import ObjectStore, named_for_people, open_store

__all__ = ["PAGE", "Library", "card_of"]

PAGE = 60
"""Cards of a page."""

SIDE = 256
"""Pixels of a small picture that is made here."""

MOST_THUMBNAIL = 4 << 20

MOST_IMAGES = 1000
"""Images of a target that are listed to choose from."""

_PICTURES = ("png", "jpeg")
"""Formats that a browser shows as they are."""

_LISTS = frozenset({"kind", "level", "instrument", "filter", "tags", "data_type"})
_WORDS = frozenset({"target", "text", "obs_id"})
_SHOWN = tuple(kind for kind in get_args(ProductKind) if kind != "thumbnail")
"""Small pictures stand on the cards of what they show, and have none of their own."""

SORTS = ("newest", "oldest", "observed", "file_name", "target", "level", "filter", "largest")


@dataclass(frozen=True)
class Library:
    """The catalogue and the store of a home."""

    settings: Settings
    user: str | None = None
    """Who reads; None = the owner of the home, who sees all."""

    @property
    def exists(self) -> bool:
        """Whether there is a catalogue: looking makes none."""
        address = str(self.settings.catalog_address)
        return "://" in address or Path(address).expanduser().exists()

    @contextmanager
    def catalog(self) -> Iterator[Catalog]:
        """Open the catalogue as this reader.

        Raises
        ------
        NotFoundError
            There is none yet.
        """
        if not self.exists:
            raise NotFoundError("this home has no catalogue yet; fill it with: jwstpipe run TARGET, or jwstpipe demo")
        with open_catalog(self.settings.catalog_address) as found:
            yield found if self.user is None else found.as_user(self.user)

    @property
    def store(self) -> ObjectStore:
        """Where the products stand."""
        return open_store(self.settings.store_root, s3=self.settings.s3)

    def image(self, product_id: str) -> tuple[str, str]:
        """Give address and name of an image, by its id.

        Raises
        ------
        NotFoundError
            No such image, or none that this reader may see.
        """
        with self.catalog() as catalog:
            record = catalog.get(product_id)
        if record.storage_key is None:
            raise NotFoundError(f"{record.file_name}: only its record is here, not its pixels; fetch it first")
        return self.store.url(record.storage_key), record.file_name

    def check(self, product_id: str) -> None:
        """Refuse a product that this reader may not see.

        Raises
        ------
        NotFoundError
            It is not there, or not to be seen.
        """
        with self.catalog() as catalog:
            catalog.get(product_id)

    def mosaics_of(self, target: str) -> list[str]:
        """Give the ids of the newest mosaics of a target, one a filter."""
        with self.catalog() as catalog:
            found = catalog.find(RecordQuery(target=target, kind=("mosaic",)), sort="newest", limit=200)
        newest: dict[str, str] = {}
        for record in found:
            info = record.image_info
            newest.setdefault(str(info and info.filter), record.product_id)
        return list(newest.values())

    def page(self, words: Mapping[str, str]) -> dict[str, Any]:
        """Find records and give a page of cards.

        Parameters
        ----------
        words
            Conditions of `RecordQuery` by name, lists with commas; ``page`` from 0; ``sort``.

        Raises
        ------
        UsageError
            A condition that is none.
        """
        number, sort = words.get("page", "0"), words.get("sort", "newest")
        if not (number.isdecimal() and len(number) < 7) or sort not in SORTS:
            raise UsageError(f"page is a number, and sort one of {', '.join(SORTS)}")
        given: dict[str, Any] = {name: words[name] for name in _WORDS if words.get(name)}
        given["kind"] = _SHOWN
        given |= {name: tuple(words[name].split(",")) for name in _LISTS if words.get(name)}
        try:
            query = RecordQuery(**given)
        except ValidationError as error:
            raise UsageError(f"{error.errors()[0]['loc'][0]}: {error.errors()[0]['msg']}") from None
        with self.catalog() as catalog:
            total = catalog.count(query)
            found = catalog.find(query, sort=sort, limit=PAGE, skip=int(number) * PAGE)  # type: ignore[arg-type]
            stats = catalog.stats()
        return {
            "total": total,
            "page": int(number),
            "pages": -(-total // PAGE),
            "cards": [card_of(record) for record in found],
            "facets": {
                name: {key: share.records for key, share in getattr(stats, f"by_{name}").items() if key}
                for name in ("kind", "instrument", "filter", "level")
            },
            "bytes": stats.total.bytes,
        }

    def images(self, target: str = "") -> dict[str, Any]:
        """List images to choose from, by filter: a file of the archive only where nobody has converted it.

        Parameters
        ----------
        target
            Only of this one; "" = of all.
        """
        query = RecordQuery(target=target or None, kind=("archive", "image", "mosaic"))
        with self.catalog() as catalog:
            found = [card_of(record) for record in catalog.find(query, sort="filter", limit=MOST_IMAGES)]
            files = [card["id"] for card in found if card["kind"] == "archive"]
            made = [child for child in catalog.children(files) if child.operation == "convert"] if files else []
        converted = {parent for child in made for parent in child.parents}
        cards = [card for card in found if card["viewable"] and card["id"] not in converted]
        cards.sort(key=lambda card: (card["filter"] or "", card["name"]))
        return {"cards": cards, "cut": len(found) == MOST_IMAGES}

    def record(self, product_id: str) -> dict[str, Any]:
        """Tell all of a record: what it was made of, what became of it, whether it is stale."""
        with self.catalog() as catalog:
            record = catalog.get(product_id)
            children = catalog.children([product_id])
            tree = ancestors(catalog, product_id)
            stale = [reason.detail for reason in why_stale(catalog, product_id, algorithms=algorithms())]
        return {
            **card_of(record),
            "parameters": record.parameters,
            "parents": _branch(tree)["made_of"],
            "children": [card_of(child) for child in children[:200]],
            "stale": stale,
        }

    def thumbnail(self, product_id: str) -> bytes:
        """Give the small picture of a product.

        Raises
        ------
        NotFoundError
            It has none.
        """
        with self.catalog() as catalog:
            record = catalog.get(product_id)
        key = record.thumbnail
        if key is None and record.file_format in _PICTURES:
            key = record.storage_key
        if key is None and card_of(record)["viewable"] and record.storage_key is not None:
            address = self.store.url(record.storage_key)
            with named_for_people({address: record.file_name}):
                return self._made(address)
        if key is None or self.store.size(key) > MOST_THUMBNAIL:
            raise NotFoundError("no small picture of this product is here")
        return self.store.read_bytes(key)

    def _made(self, address: str) -> bytes:
        """Make the small picture of an image that has none."""
        with TemporaryDirectory(prefix="jwstpipe-small-") as folder:
            made = thumbnail(
                address, Path(folder) / "small.png", options=ThumbnailOptions(size=SIDE), s3=self.settings.s3
            )
            return made.path.read_bytes()


def card_of(record: ProductRecord) -> dict[str, Any]:
    """Say of a record what a card shows."""
    info = record.image_info
    shown = record.kind in ("image", "mosaic", "filtered", "map") or (record.kind == "archive" and record.is_viewable)
    page = _page_of(record)
    viewable = record.storage_key is not None and shown and page not in ("spectrum", "table")
    return {
        "id": record.product_id,
        "name": record.file_name,
        "kind": record.kind,
        "level": record.processing_level,
        "status": record.status,
        "size": record.file_size,
        "created": record.created.isoformat(),
        "tags": list(record.tags),
        "operation": record.operation,
        "archived": record.is_archived,
        "ra": record.ra,
        "dec": record.dec,
        "target": None if info is None else info.target_name,
        "instrument": None if info is None else info.instrument,
        "filter": None if info is None else info.filter,
        "thumbnail": record.thumbnail is not None or record.file_format in _PICTURES or viewable,
        "viewable": viewable,
        "opens": page,
    }


def _page_of(record: ProductRecord) -> str:
    """Name the page that shows what is no picture; empty = there is none."""
    if record.storage_key is None:
        return ""
    suffix = record.file_name.partition(".")[0].rpartition("_")[2]
    if suffix in ("x1d", "x1dints", "c1d"):
        return "spectrum"
    if suffix == "s3d":
        return "cube"
    tabular = record.kind == "catalogue" or suffix in ("cat", "phot", "whtlt")
    return "table" if tabular or record.file_format in ("csv", "ecsv", "parquet") else ""


def _branch(node: LineageNode) -> dict[str, Any]:
    """Write a tree of ancestors as plain values."""
    record = node.record
    known = {"id": node.product_id, "name": node.link.file_name if node.link else "", "kind": "gone"}
    return {**(known if record is None else card_of(record)), "made_of": [_branch(one) for one in node.branches]}
