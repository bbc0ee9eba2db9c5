"""Mosaics and images of the catalogue as pictures: colour composites and contact sheets."""

from collections.abc import Sequence
from typing import Any

from prefect import get_run_logger

from jwstpipe.catalog.query import RecordQuery
from jwstpipe.catalog.records.derived_record import shared_image_info
from jwstpipe.catalog.records.models import ProductRecord
from jwstpipe.display.channels import ImageNames
from jwstpipe.errors import NotFoundError, UsageError
from jwstpipe.operations.composite import COMPOSITE, picture_recipe
from jwstpipe.operations.contact_sheet import CONTACT_SHEET
from jwstpipe.operations.make.make_products import Order, make_products
from jwstpipe.operations.make.places import address_of
from jwstpipe.operations.sources.known import with_known_sources
from jwstpipe.operations.spec import Receipt
from jwstpipe.operations.thumbnail import THUMBNAIL
from jwstpipe.render.receipt import Picture
from jwstpipe.requests import (
    CompositeRequest,
    ContactSheetOptions,
    PictureRequest,
    ProcessTargetRequest,
    ThumbnailsRequest,
)
from jwstpipe.tasks.artifacts import progress_artifacts
from jwstpipe.tasks.run_context import Run
from jwstpipe.tasks.selection import slug
from jwstpipe.tasks.steps.step_task import step_task

__all__ = ["chosen_images", "chosen_mosaics", "make_composite", "make_contact_sheet", "make_picture"]


@step_task("composite")
def make_composite(run: Run, request: ProcessTargetRequest, mosaics: Sequence[ProductRecord]) -> ProductRecord:
    """Make one picture of all filters, and publish it; one that stands already is not made again."""
    look = {name: getattr(request, name) for name in ("preset", "recipe", "palette", "stretch")}
    light = None if request.luminance is None else _of_filter(mosaics, request.luminance)
    return _picture(run, CompositeRequest(**look, title=request.target), mosaics, light, form="png")


@step_task("picture")
def make_picture(
    run: Run, request: PictureRequest, inputs: Sequence[ProductRecord], luminance: ProductRecord | None
) -> ProductRecord:
    """Make a picture as a request wants it, and publish it; one that stands already is not made again."""
    options = {name: getattr(request, name) for name in CompositeRequest.model_fields}
    options["title"] = request.title or request.target or _shared_target(inputs) or "picture"
    places = [address for record in inputs if (address := address_of(record, run.store)) is not None]
    wishes = with_known_sources(CompositeRequest(**options), places, catalog=run.catalog, store=run.store)
    return _picture(run, wishes, inputs, luminance, form=request.form)


@step_task("choose")
def chosen_mosaics(run: Run, request: PictureRequest) -> tuple[tuple[ProductRecord, ...], ProductRecord | None]:
    """Find what a picture is made of: the products named, or the newest mosaic of each filter of a target."""
    if not request.products and request.target is None:
        raise UsageError("a picture needs products or a target; name one of them")
    query = RecordQuery(kind=("mosaic", "image"), target=request.target, filter=request.filters)
    found = run.catalog.find(query, sort="newest")
    if request.products:
        chosen = [_named(found, name) for name in request.products]
    else:
        newest: dict[str | None, ProductRecord] = {}
        for record in found:
            if record.kind == "mosaic":
                newest.setdefault(record.image_info.filter if record.image_info else None, record)
        chosen = list(newest.values())
    if not chosen:
        raise NotFoundError(
            f"{request.target}: the catalogue has no mosaics of it; process the target, or name images with products"
        )
    light = (
        None if request.luminance is None else _named(run.catalog.find(RecordQuery(kind=query.kind)), request.luminance)
    )
    return tuple(chosen), light


@step_task("choose")
def chosen_images(run: Run, request: ThumbnailsRequest) -> tuple[ProductRecord, ...]:
    """Find the images, mosaics, cubes, maps of cubes and spectra that get thumbnails."""
    where: dict[str, Any] = {
        "target": request.target, "program": request.program, "observation_base_id": request.observation,
    }  # fmt: skip
    images = RecordQuery(kind=("image", "mosaic", "map", "cube", "spectrum"), **where)
    spectra = RecordQuery(kind=("archive",), data_type=("spectral",), **where)
    found = [*run.catalog.find(images, sort="file_name"), *run.catalog.find(spectra, sort="file_name")]
    found = [record for record in found if THUMBNAIL.takes(record)]
    if request.products:
        found = [_named(found, name) for name in request.products]
    if not found:
        raise NotFoundError(
            f"{request.summary()}: the catalogue has no such images; jwstpipe catalog find lists what there is"
        )
    if len(found) > request.max_images:
        raise UsageError(
            f"{len(found)} images are more than the limit of {request.max_images}; narrow it or raise max_images"
        )
    return tuple(found)


@step_task("contact sheet")
def make_contact_sheet(run: Run, request: ThumbnailsRequest, images: Sequence[ProductRecord]) -> ProductRecord:
    """Put all images on one page, and publish it."""
    name = f"{slug(request.observation or request.target or 'images')}-contact-sheet.png"
    (made,) = make_products(run.operations(), CONTACT_SHEET, [Order(ContactSheetOptions(), tuple(images), name)])
    for failure in made.receipt.notes if made.receipt else ():
        run.note(failure)
    return made.record


def _picture(
    run: Run, options: CompositeRequest, inputs: Sequence[ProductRecord], luminance: ProductRecord | None,
    *, form: str,
) -> ProductRecord:  # fmt: skip
    light = None if luminance is None else _names(run, luminance)
    recipe, shown = picture_recipe(options, [_names(run, record) for record in inputs], light, form=form)
    parents = (*(inputs[number] for number in shown), *([luminance] if luminance else []))
    with progress_artifacts() as report:
        order = Order(recipe, parents, f"{slug(options.title or 'picture')}.{form}")
        (made,) = make_products(run.operations(report), COMPOSITE, [order])
    if made.receipt is not None:
        _tell(run, made.receipt)
    return made.record


def _tell(run: Run, receipt: Receipt) -> None:
    """Log how the channels were treated, and keep what a viewer has to know."""
    made: Picture = receipt.detail
    for channel in made.channels:
        get_run_logger().info(
            "%s in %s, %d holes of %d px filled for display",
            channel.filter, channel.colour, channel.holes, channel.hole_pixels,
        )  # fmt: skip
    get_run_logger().info("picture rated %.1f of 5", made.quality.score)
    for note in receipt.notes:
        get_run_logger().warning(note)
        run.note(note)


def _of_filter(mosaics: Sequence[ProductRecord], name: str) -> ProductRecord:
    by_filter = {str(one.image_info.filter).upper(): one for one in mosaics if one.image_info}
    if name.strip().upper() not in by_filter:
        raise UsageError(f"luminance {name}: no mosaic of this filter was made; there are {', '.join(by_filter)}")
    return by_filter[name.strip().upper()]


def _named(records: Sequence[ProductRecord], name: str) -> ProductRecord:
    for record in records:
        if name in (record.product_id, record.file_name):
            return record
    raise NotFoundError(f"{name}: no such image or mosaic in the catalogue; jwstpipe catalog find lists them")


def _shared_target(records: Sequence[ProductRecord]) -> str | None:
    return shared_image_info(records).target_name


def _names(run: Run, record: ProductRecord) -> ImageNames:
    name = record.image_info.filter if record.image_info else None
    return ImageNames(run.store.url(str(record.storage_key)), record.product_id, name, record.file_name)
