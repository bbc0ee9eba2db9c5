"""Archive files into the catalogue, into image stores, and their thumbnails."""

from collections.abc import Sequence
from pathlib import Path

from prefect import get_run_logger

from jwstpipe.catalog.lineage.archive_links import link_archive
from jwstpipe.catalog.records.models import ProductRecord
from jwstpipe.errors import NotFoundError, UsageError
from jwstpipe.ingestion import record_of
from jwstpipe.names.suffixes import suffix_at_end
from jwstpipe.operations.convert import CONVERT, ConvertRecipe
from jwstpipe.operations.cubes.convert_cube import CONVERT_CUBE, CubeStoreRecipe
from jwstpipe.operations.make.make_products import Made, Order, make_products
from jwstpipe.operations.thumbnail import THUMBNAIL
from jwstpipe.progress import Reporter
from jwstpipe.requests import ConvertRequest, ThumbnailOptions
from jwstpipe.tasks.archive import Fetched
from jwstpipe.tasks.artifacts import progress_artifacts
from jwstpipe.tasks.run_context import Run
from jwstpipe.tasks.selection import asked_records
from jwstpipe.tasks.steps.step_task import step_task
from jwstpipe.tasks.steps.stream import Batched, Stream

__all__ = ["chosen_files", "convert_files", "make_thumbnails", "register_files"]


@step_task("register")
def register_files(run: Run, files: Stream[Fetched], onward: Stream[ProductRecord]) -> dict[str, ProductRecord]:
    """Publish a record for each file as it comes, with MAST's fields, its header and its digest.

    Returns
    -------
    dict
        Record by data URI.
    """
    records: dict[str, ProductRecord] = {}
    try:
        for batch in files.batches():
            onward.put(_registered(run, batch, records))
    finally:
        onward.close()
    programs = {record.program for record in records.values() if record.program is not None}
    link_archive(run.catalog.of_site(), run.store, programs=programs)
    get_run_logger().info("%d files registered", len(records))
    return records


def _registered(run: Run, files: Sequence[Fetched], records: dict[str, ProductRecord]) -> list[ProductRecord]:
    """Publish the records of some files, note them, and give them."""
    new: list[ProductRecord] = []
    some: list[ProductRecord] = []
    try:
        for found in files:
            record = found.record
            if found.receipt is not None:
                record = record_of(found.product, found.receipt, store=run.store, run_id=run.run_id, now=run.now())
                new.append(record)
            assert record is not None
            records[found.product.data_uri] = record
            some.append(record)
    finally:  # a file that cannot be read does not keep those before it out of the catalogue
        run.catalog.publish_many(new)
    return some


@step_task("resolve")
def chosen_files(run: Run, request: ConvertRequest) -> tuple[ProductRecord, ...]:
    """Find the archive files that a request means; those that hold no image are left out, and that is said."""
    found = asked_records(run, request, kinds=("archive",), called="archive file")
    images = tuple(record for record in found if record.is_viewable)
    if not images:
        raise NotFoundError(f"{request.summary()}: the catalogue has no such archive images; jwstpipe ingest gets them")
    if len(images) > request.max_files:
        raise UsageError(
            f"{len(images)} files are more than the limit of {request.max_files}; narrow it or raise max_files"
        )
    if len(images) < len(found):
        run.note(f"{len(found) - len(images)} files hold no image and were left out")
    return images


@step_task("convert")
def convert_files(
    run: Run, files: Stream[ProductRecord], onward: Sequence[Stream[ProductRecord]], expected: int
) -> dict[str, ProductRecord]:
    """Convert FITS files to image stores as they come, one file a Dask task; those that were converted before stay.

    Parameters
    ----------
    onward
        Streams that each get every image.

    Returns
    -------
    dict
        Image by the id of its file.
    """
    images: dict[str, ProductRecord] = {}
    made = 0
    try:
        with progress_artifacts() as report:
            batched = Batched(report, expected=expected)
            for batch in files.batches():
                batched.begin()
                done = _converted(run, batch, batched)
                images |= {one.record.parents[0]: one.record for one in done}
                made += sum(one.receipt is not None for one in done)
                for stream in onward:
                    stream.put(one.record for one in done)
    finally:
        for stream in onward:
            stream.close()
    get_run_logger().info("%d images converted, %d were there", made, len(images) - made)
    return images


def _converted(run: Run, files: Sequence[ProductRecord], report: Reporter) -> list[Made]:
    cubes = {record.product_id for record in files if suffix_at_end(Path(record.file_name).stem) == "s3d"}
    done: list[Made] = []
    for operation, recipe in ((CONVERT, ConvertRecipe()), (CONVERT_CUBE, CubeStoreRecipe())):
        chosen = [one for one in files if (one.product_id in cubes) == (operation is CONVERT_CUBE)]
        orders = [Order(recipe, (record,), f"{Path(record.file_name).stem}.zarr") for record in chosen]
        done += make_products(run.operations(report), operation, orders) if orders else []
    return done


@step_task("thumbnails")
def make_thumbnails(run: Run, images: Stream[ProductRecord], expected: int) -> dict[str, ProductRecord]:
    """Make a small picture of each image that has none yet, as they come, and publish them.

    Returns
    -------
    dict
        Thumbnail by the id of its image.
    """
    pictures: dict[str, ProductRecord] = {}
    new = 0
    with progress_artifacts() as report:
        batched = Batched(report, expected=expected)
        for batch in images.batches():
            batched.begin()
            orders = [Order(ThumbnailOptions(), (image,), f"{Path(image.file_name).stem}.png") for image in batch]
            done = make_products(run.operations(batched), THUMBNAIL, orders)
            pictures |= {one.record.parents[0]: one.record for one in done}
            made = {one.record.parents[0]: str(one.record.storage_key) for one in done if one.receipt is not None}
            run.catalog.of_site().set_thumbnails(made)
            new += len(made)
    get_run_logger().info("%d thumbnails made, %d were there", new, len(pictures) - new)
    return pictures
