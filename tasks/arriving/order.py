"""The order in which files of a run are fetched: what tells most comes first."""

from collections import Counter
from collections.abc import Sequence

from jwstpipe.archive.search.products import Product
from jwstpipe.mosaicking.expected_frame import reaching_the_rim

__all__ = ["by_filter", "fetch_order", "listed_as"]

MOST_FIRST = 1 / 3
"""Largest part of all bytes that comes before its filter: filters would wait longer than is gained."""


def listed_as(product: Product) -> tuple[str, ...]:
    """Tell what a file will be combined with, as far as the archive says it."""
    return (product.instrument, *product.filters)


def fetch_order(products: Sequence[Product]) -> list[Product]:
    """Put files in the order in which they are fetched: those at the rim, then filter by filter.

    When those at the rim are here, the frame of all mosaics is known, and that of a filter begins as soon as its files
    are.
    """
    ordered = by_filter(products)
    rim = reaching_the_rim({one.data_uri: str(one.mast.get("s_region") or "") for one in ordered})
    first = [one for one in ordered if one.data_uri in rim]
    if sum(one.size for one in first) > MOST_FIRST * sum(one.size for one in ordered):
        return ordered
    return [*first, *(one for one in ordered if one.data_uri not in rim)]


def by_filter(products: Sequence[Product]) -> list[Product]:
    """Put one filter after the other, the largest first.

    What is left to do when the last file is here is the work on its filter.
    """
    size: Counter[tuple[str, ...]] = Counter()
    for product in products:
        size[listed_as(product)] += product.size
    return sorted(products, key=lambda one: (-size[listed_as(one)], listed_as(one)))
