"""Files on their way from the archive to images: each step takes up a file when the one before is done with it."""

from collections.abc import Callable, Sequence
from typing import Literal

from jwstpipe.archive.search.products import Product
from jwstpipe.catalog.records.models import ProductRecord
from jwstpipe.requests import ProcessTargetRequest
from jwstpipe.tasks.archive import Fetched, fetch_files
from jwstpipe.tasks.arriving.early_mosaics import ArrivedFilter
from jwstpipe.tasks.arriving.order import fetch_order
from jwstpipe.tasks.cleaning import clean_arriving
from jwstpipe.tasks.images import convert_files, make_thumbnails, register_files
from jwstpipe.tasks.run_context import Run
from jwstpipe.tasks.steps.stream import Stream
from jwstpipe.tasks.steps.together import together

__all__ = ["bring_files", "bring_images", "convert_images"]


def bring_files(
    run: Run,
    products: Sequence[Product],
    source: Literal["auto", "s3", "https"] | None = None,
    *,
    percent: tuple[float, float],
) -> tuple[ProductRecord, ...]:
    """Fetch and register files of the archive, and count what was moved.

    Parameters
    ----------
    percent
        What transfer and registration are worth of the whole run.

    Returns
    -------
    tuple of ProductRecord
        In the order of `products`.
    """
    arrived: Stream[Fetched] = Stream()
    with together(run) as steps:
        fetched = steps.begin("transfer", percent=percent[0], step=fetch_files, given=(run, products, source, arrived))
        entered = steps.begin("register", percent=percent[1], step=register_files, given=(run, arrived, Stream()))
    _count(run, fetched.result())
    return _in_order(entered.result(), products)


def bring_images(
    run: Run,
    request: ProcessTargetRequest,
    products: Sequence[Product],
    arrived_filter: Callable[[ArrivedFilter], None],
) -> tuple[ProductRecord, ...]:
    """Fetch and register files, convert them, make their thumbnails, clean them; worth 62 percent of a run.

    All this goes on while files come, filter by filter, and a filter is cleaned as soon as it is here. What came before
    a file failed is converted, too.

    Parameters
    ----------
    run, request, products
        The run, what it was asked for, and the files.
    arrived_filter
        Called with each filter when all of it is here and cleaned, while others still come.

    Returns
    -------
    tuple of ProductRecord
        The images, in the order of `products`; where cleaning took something of one, what it left.
    """
    arrived: Stream[Fetched] = Stream()
    entered: Stream[ProductRecord] = Stream()
    shown: Stream[ProductRecord] = Stream()
    dirty: Stream[ProductRecord] = Stream()
    filters: Stream[ArrivedFilter] = Stream()
    count = len(products)
    ordered = fetch_order(products)
    with together(run) as steps:
        fetched = steps.begin("transfer", percent=22, step=fetch_files, given=(run, ordered, None, arrived))
        files = steps.begin("register", percent=5, step=register_files, given=(run, arrived, entered))
        images = steps.begin("convert", percent=20, step=convert_files, given=(run, entered, (shown, dirty), count))
        small = steps.begin("thumbnails", percent=5, step=make_thumbnails, given=(run, shown, count))
        clean = steps.begin("clean", percent=10, step=clean_arriving, given=(run, request, dirty, products, filters))
        clean.future.add_done_callback(lambda _: filters.close())  # however it ended
        for batch in filters.batches():
            for one in batch:
                arrived_filter(one)
    _count(run, fetched.result())
    _show(run, _in_order(files.result(), products), images.result(), small.result())
    return clean.result()


def convert_images(run: Run, files: Sequence[ProductRecord]) -> tuple[ProductRecord, ...]:
    """Convert files of the catalogue and make their thumbnails; worth 95 percent of a run."""
    converted: Stream[ProductRecord] = Stream()
    count = len(files)
    with together(run) as steps:
        given = (run, Stream.of(files), (converted,), count)
        images = steps.begin("convert", percent=75, step=convert_files, given=given)
        small = steps.begin("thumbnails", percent=20, step=make_thumbnails, given=(run, converted, count))
    return _show(run, files, images.result(), small.result())


def _count(run: Run, fetched: Sequence[Fetched]) -> None:
    run.files += len(fetched)
    run.bytes_moved += sum(found.bytes_moved for found in fetched)


def _in_order(records: dict[str, ProductRecord], products: Sequence[Product]) -> tuple[ProductRecord, ...]:
    """Give records in the order of what was chosen: files come as they come, products must not depend on it."""
    return tuple(records[uri] for uri in dict.fromkeys(product.data_uri for product in products))


def _show(
    run: Run,
    files: Sequence[ProductRecord],
    images: dict[str, ProductRecord],
    small: dict[str, ProductRecord],
) -> tuple[ProductRecord, ...]:
    """Show the small pictures on the page of the run, and give the images in the order of their files."""
    ordered = tuple(images[record.product_id] for record in files)
    run.show(small[image.product_id] for image in ordered)
    return ordered
