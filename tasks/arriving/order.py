"""The order in which files of a run are fetched: what tells most comes first."""

from collections import Counter
from collections.abc import Sequence
from itertools import groupby

from jwstpipe.archive.search.products import Product
from jwstpipe.mosaicking.expected_frame import reaching_the_rim

__all__ = ["by_filter", "fetch_order", "listed_as"]

WHOLE_FIRST = 1 / 2
"""Part of all bytes that comes in whole filters at least: what is brought forward keeps the filter waiting that is
under way, and is of no use before filters are cleaned."""


def listed_as(product: Product) -> tuple[str, ...]:
    """Tell what a file will be combined with, as far as the archive says it."""
    return (product.instrument, *product.filters)


def fetch_order(products: Sequence[Product]) -> list[Product]:
    """Put files in the order in which they are fetched: large filters, then those at the rim of all, then the others.

    Filters come whole, the largest first (`by_filter`). When those at the rim are here, the frame of all mosaics is
    known, and that of a filter begins as soon as its files are.
    """
    ordered = by_filter(products)
    rim = reaching_the_rim({one.data_uri: str(one.mast.get("s_region") or "") for one in ordered})
    wanted, number = WHOLE_FIRST * sum(one.size for one in ordered), 0
    for _, members in groupby(ordered, key=listed_as):
        if wanted <= 0:
            break
        for one in members:
            wanted, number = wanted - one.size, number + 1
    rest = ordered[number:]
    first = [one for one in rest if one.data_uri in rim]
    return [*ordered[:number], *first, *(one for one in rest if one.data_uri not in rim)]


def by_filter(products: Sequence[Product]) -> list[Product]:
    """Put one filter after the other, the largest first.

    Filters go through two machines, the network and the workers, which take one up when it is whole. Where the network
    is the slower one, both have done soonest when what is the most work comes first (S. M. Johnson's rule), and what is
    left when the last file is here is the work on the smallest filter.
    """
    size: Counter[tuple[str, ...]] = Counter()
    for product in products:
        size[listed_as(product)] += product.size
    return sorted(products, key=lambda one: (-size[listed_as(one)], listed_as(one)))
