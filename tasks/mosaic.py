"""One mosaic for each filter, all on one grid."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from prefect import get_run_logger

from jwstpipe.catalog.query import RecordQuery
from jwstpipe.catalog.records.models import ProductRecord
from jwstpipe.errors import DataError, NotFoundError
from jwstpipe.mosaicking.footprints import overlap_depth
from jwstpipe.mosaicking.placement import common_frame
from jwstpipe.mosaicking.plan import MosaicPlan
from jwstpipe.mosaicking.planning import plan_mosaic
from jwstpipe.mosaicking.receipt import MosaicReceipt
from jwstpipe.mosaicking.reuse import with_known_corner
from jwstpipe.operations.make.make_products import MOST_EARLIER, Order, inputs_of, make_products
from jwstpipe.operations.mosaic import MOSAIC, identity_of_plan, recipe_of_plan
from jwstpipe.requests import MosaicRequest, ProcessTargetRequest
from jwstpipe.sky.box import Box
from jwstpipe.sky.grid import SkyGrid
from jwstpipe.tasks.artifacts import named, progress_artifacts
from jwstpipe.tasks.run_context import Run
from jwstpipe.tasks.selection import asked_records
from jwstpipe.tasks.steps.step_task import step_task
from jwstpipe.tasks.steps.together import together

__all__ = [
    "FILTERS_AT_ONCE",
    "FilterPlan",
    "build_filter",
    "build_filters",
    "chosen_images",
    "grouped_by_filter",
    "plan_filter",
    "plan_filters",
    "with_earlier_corner",
]

Filter = tuple[str, str]
"""Instrument and filter."""

FILTERS_AT_ONCE = 3
"""Filters that are cleaned side by side, and filters whose mosaics are: enough that no worker waits where one of them
has work for a single one, few enough for the memory of the run."""


@dataclass(frozen=True, eq=False)
class FilterPlan:
    """What will become the mosaic of one filter."""

    instrument: str
    filter: str
    images: tuple[ProductRecord, ...]
    plan: MosaicPlan


@step_task("resolve")
def chosen_images(run: Run, request: MosaicRequest) -> tuple[ProductRecord, ...]:
    """Find the image stores of the catalogue that a request means."""
    found = asked_records(run, request, kinds=("image",), called="image")
    if not found:
        raise NotFoundError(
            f"{request.summary()}: the catalogue has no such images; jwstpipe submit convert makes them"
        )
    return tuple(found)


@step_task("plan")
def plan_filters(
    run: Run, request: ProcessTargetRequest | MosaicRequest, images: Sequence[ProductRecord]
) -> tuple[FilterPlan, ...]:
    """Choose one grid for all images, and plan the mosaic of each filter on it."""
    groups = grouped_by_filter(images)
    addresses = [run.store.url(str(image.storage_key)) for image in images]
    plane, window = common_frame(
        addresses, scale_arcsec=request.scale_arcsec, follow=request.follow, ephemeris=request.ephemeris,
        s3=run.settings.s3, workers=run.workers,
    )  # fmt: skip
    frame = with_earlier_corner(run, plane, images), window
    aligned = _aligned_together(run, request, addresses, frame) if len(groups) > 1 else {}
    return tuple(
        plan_filter(run, request, key, members, frame, aligned=aligned) for key, members in sorted(groups.items())
    )


def grouped_by_filter(images: Sequence[ProductRecord]) -> dict[Filter, list[ProductRecord]]:
    """Put together what becomes one mosaic.

    Raises
    ------
    DataError
        An image of which nothing names the filter.
    """
    groups: dict[Filter, list[ProductRecord]] = defaultdict(list)
    for image in images:
        info = image.image_info
        if info is None or info.filter is None:
            raise DataError(f"{image.file_name}: neither archive nor header names its filter; it cannot be grouped")
        groups[info.instrument or "", info.filter].append(image)
    return groups


def plan_filter(
    run: Run,
    request: ProcessTargetRequest | MosaicRequest,
    key: Filter,
    members: Sequence[ProductRecord],
    frame: tuple[SkyGrid, Box],
    *,
    aligned: Mapping[str, Any] | None = None,
) -> FilterPlan:
    """Plan the mosaic of one filter.

    Parameters
    ----------
    run, request
        The run, and what it was asked for.
    key, members
        The filter, and its images.
    frame
        Plane and window that all filters share.
    aligned
        Options that align the mosaics of all filters to one reference.
    """
    instrument, name = key
    inputs = [run.store.url(str(image.storage_key)) for image in members]
    options = request.mosaic_options().model_copy(update=aligned)
    plan = plan_mosaic(inputs, options=options, grid=frame, s3=run.settings.s3, workers=run.workers)
    fitting = request.mosaic_options(depth=overlap_depth(plan))
    chosen = {field: getattr(fitting, field) for field in ("combine", "background", "align")}
    chosen["align"] = (aligned or {}).get("align", chosen["align"])
    plan = replace(plan, options=plan.options.model_copy(update=chosen))
    rows, columns = plan.window.shape
    get_run_logger().info(
        "%s %s: %d images, %d x %d px of %.4g arcsec, %d tiles, %s, background %s, align %s",
        instrument, name, len(members), columns, rows, plan.grid.scale_arcsec, len(plan.tiles),
        plan.options.combine, plan.options.background, plan.options.align,
    )  # fmt: skip
    return FilterPlan(instrument, name, tuple(members), plan)


def with_earlier_corner(run: Run, plane: SkyGrid, images: Sequence[ProductRecord]) -> SkyGrid:
    """Lay out a plane as an earlier mosaic of these filters that lies on it, whose tiles can then be taken."""
    return with_known_corner(plane, _earlier_planes(run, sorted(grouped_by_filter(images))))


def _aligned_together(
    run: Run, request: ProcessTargetRequest | MosaicRequest, addresses: Sequence[str], grid: tuple[SkyGrid, Box]
) -> dict[str, Any]:
    """Give what aligns the mosaics of all filters to one reference; nothing where that is not asked for."""
    if request.align_filters == "apart":
        return {}
    from jwstpipe.mosaicking.astrometry.joint_reference import joint_reference  # noqa: PLC0415 - scipy

    options = request.mosaic_options()
    wished = options.align if options.align in ("shift", "rotate") else "rotate"
    options = options.model_copy(update={"align": wished})
    reference = joint_reference(addresses, options=options, grid=grid, s3=run.settings.s3, workers=run.workers)
    if reference is None:
        run.note("the filters have too few stars in common: each is aligned by itself")
        return {"align": wished}
    get_run_logger().info("all filters are aligned to %d stars of theirs", reference.count("\n") - 1)
    return {"align": wished, "align_catalog": reference}


@step_task("mosaic", run_name="mosaic-{planned.filter}")
def build_filter(run: Run, planned: FilterPlan) -> ProductRecord:
    """Compute the mosaic of one filter, one tile a Dask task, and publish it; a finished one is not made again."""
    plan = planned.plan
    identity = identity_of_plan(plan, inputs_of(run.store, planned.images))
    name = _mosaic_name(planned.instrument, planned.filter)
    order = Order(recipe_of_plan(plan), planned.images, name, identity)
    with progress_artifacts() as report:
        (done,) = make_products(run.operations(named(report, planned.filter)), MOSAIC, [order])
    if done.receipt is None:
        get_run_logger().info("%s stands already: %s", planned.filter, done.record.storage_key)
        return done.record
    made: MosaicReceipt = done.receipt.detail
    run.count(tiles=made.tiles, tiles_reused=made.tiles_reused)
    for note in done.receipt.notes:
        get_run_logger().warning("%s: %s", planned.filter, note)
        run.note(f"{planned.filter}: {note}")
    return done.record


def build_filters(run: Run, plans: Sequence[FilterPlan], *, percent: float) -> list[ProductRecord]:
    """Compute the mosaics of all filters side by side, so that the last tiles of one leave no worker idle.

    Parameters
    ----------
    percent
        What all of them are worth of the whole run.
    """
    with together(run, at_once=FILTERS_AT_ONCE) as steps:
        begun = [
            steps.begin(
                f"mosaic {planned.filter}", percent=percent / len(plans), step=build_filter, given=(run, planned)
            )
            for planned in plans
        ]
    return [one.result() for one in begun]


def _earlier_planes(run: Run, groups: Sequence[Filter]) -> Iterator[dict[str, Any]]:
    """Give the planes of mosaics that earlier runs made of these filters, the newest of each first."""
    for instrument, name in groups:
        query = RecordQuery(kind=("mosaic",), file_name=_mosaic_name(instrument, name))
        earlier = [record for record in run.catalog.find(query, sort="newest") if record.run_id != run.run_id]
        for record in earlier[:MOST_EARLIER]:
            if isinstance(grid := record.parameters.get("grid"), dict):
                yield grid


def _mosaic_name(instrument: str, name: str) -> str:
    return f"{instrument}_{name}_mosaic.zarr".lower()
