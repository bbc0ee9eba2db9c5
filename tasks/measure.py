"""The steps of a measurement: images, sources on one of them, fluxes on all, diagrams."""

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from prefect import get_run_logger

from jwstpipe.analysis.catalogues.completeness_table import completeness_table
from jwstpipe.analysis.sources.injection import inject_and_find
from jwstpipe.catalog.records.models import ProductRecord
from jwstpipe.errors import DataError, NotFoundError, UsageError
from jwstpipe.images.open import open_image
from jwstpipe.operations.diagrams import (
    draw_colour_magnitude,
    draw_curves,
    draw_found_again,
    draw_pixels,
    draw_sources,
)
from jwstpipe.operations.inputs.catalogue_inputs import table_at
from jwstpipe.operations.make.make_products import Order, make_products
from jwstpipe.operations.sources.detect import DETECT
from jwstpipe.operations.sources.photometry import PHOTOMETRY, PhotometryRecipe
from jwstpipe.requests.analysis.completeness import CompletenessRequest
from jwstpipe.requests.analysis.detect import DetectRequest
from jwstpipe.requests.analysis.measure import MeasureRequest
from jwstpipe.tasks.artifacts import picture, progress_artifacts
from jwstpipe.tasks.run_context import Run
from jwstpipe.tasks.selection import asked_records, slug
from jwstpipe.tasks.steps.step_task import step_task

__all__ = ["draw_diagrams", "find_sources_on", "images_to_measure", "measure_fluxes"]


@step_task("choose")
def images_to_measure(run: Run, request: MeasureRequest) -> tuple[ProductRecord, ...]:
    """Find the mosaics of a target, or else its images; the one that is searched comes first."""
    found: list[ProductRecord] = []
    for kinds in (("mosaic",), ("image",)):
        found = found or asked_records(run, request, kinds=kinds, called=kinds[0])
    if not found:
        raise NotFoundError(f"{request.summary()}: the catalogue has no such mosaics or images")
    if len(found) > request.max_files:
        raise UsageError(f"{len(found)} images are more than the limit of {request.max_files}; narrow it")
    if request.search_in is None:
        return tuple(found)
    first = [one for one in found if one.image_info and one.image_info.filter == request.search_in.upper()]
    if not first:
        raise NotFoundError(f"{request.search_in}: none of the {len(found)} images is of this filter")
    return (first[0], *(one for one in found if one is not first[0]))


@step_task("detect")
def find_sources_on(run: Run, request: MeasureRequest, image: ProductRecord) -> ProductRecord:
    """Find the sources of an image; a catalogue that stands is not made again."""
    options = DetectRequest(**{name: getattr(request, name) for name in DetectRequest.model_fields})
    name = f"{Path(image.file_name).stem}-detect.parquet"
    with progress_artifacts() as report:
        (done,) = make_products(run.operations(report), DETECT, [Order(options, (image,), name)])
    for note in done.receipt.notes if done.receipt else ():
        run.note(note)
    return done.record


@step_task("photometry")
def measure_fluxes(
    run: Run, request: MeasureRequest, catalogue: ProductRecord, images: Sequence[ProductRecord]
) -> ProductRecord:
    """Measure the sources of a catalogue on all images."""
    fields = [name for name in PhotometryRecipe.model_fields if name != "catalogue"]
    recipe = PhotometryRecipe(**{name: getattr(request, name) for name in fields}, catalogue=True)
    name = f"{slug(request.target or Path(images[0].file_name).stem)}-photometry.parquet"
    with progress_artifacts() as report:
        (done,) = make_products(run.operations(report), PHOTOMETRY, [Order(recipe, (catalogue, *images), name)])
    for note in done.receipt.notes if done.receipt else ():
        run.note(note)
    return done.record


@step_task("diagrams")
def draw_diagrams(
    run: Run, request: MeasureRequest, catalogue: ProductRecord, fluxes: ProductRecord, image: ProductRecord
) -> tuple[str, ...]:
    """Draw what was measured, keep it beside the report, and show it on the page; gives the keys."""
    s3 = run.settings.s3
    found, measured = (table_at(run.store.url(str(one.storage_key)), s3=s3) for one in (catalogue, fluxes))
    address = run.store.url(str(image.storage_key))
    drawings: dict[str, Callable[[Path], Any]] = {
        "sources": lambda path: draw_sources(open_image(address, s3=s3), found, path),
        "histogram": lambda path: draw_pixels(address, path, s3=s3, workers=run.workers),
        "growth": lambda path: draw_curves(measured, path),
        "colours": lambda path: draw_colour_magnitude(measured, path),
    }
    if request.completeness:
        drawings["completeness"] = lambda path: _draw_completeness(run, request, address, path)
    keys = []
    with TemporaryDirectory(prefix="jwstpipe-diagrams-") as folder:
        for name, draw in drawings.items():
            path = Path(folder, f"{name}.png")
            try:
                draw(path)
            except DataError as error:  # one filter has no colours, and few stars no curve
                run.note(f"no diagram of {name}: {error}")
                get_run_logger().info("no diagram of %s: %s", name, error)
                continue
            key = f"runs/{run.run_id}/{name}.png"
            run.store.put_file(path, key)
            picture(run.store, key, key=f"diagram-{name}", description=f"{name} of {image.file_name}")
            keys.append(key)
    return tuple(keys)


def _draw_completeness(run: Run, request: MeasureRequest, address: str, path: Path) -> None:
    """Put stars into the image that was searched, and draw how many are found again."""
    options = CompletenessRequest(**{name: getattr(request, name) for name in DetectRequest.model_fields})
    image = open_image(address, s3=run.settings.s3)
    made = inject_and_find(address, options=options, s3=run.settings.s3, workers=run.workers)
    table = completeness_table(made, image, bins=options.bins)
    draw_found_again(table, path, title=f"{image.name}: stars put in and found again")
