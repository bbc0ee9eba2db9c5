"""From images to a plan: they are looked at, placed on the plane, and what all of them can give is settled."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

import shapely

from jwstpipe.errors import NoCoverageError, UsageError
from jwstpipe.execution.workers import ThreadWorkers, Workers
from jwstpipe.fits.dq import require_dq_names
from jwstpipe.mosaicking.inputs.brightness_units import quantity_of
from jwstpipe.mosaicking.inputs.following import Followed
from jwstpipe.mosaicking.inputs.handed_on import agreed, different_zero_points, when, year_of
from jwstpipe.mosaicking.inputs.same_measure import check_same_measure
from jwstpipe.mosaicking.inputs.settled_options import settled_options
from jwstpipe.mosaicking.inputs.sources import MOMENT, Inspection, Source, weights_for
from jwstpipe.mosaicking.inputs.weight_units import magnitudes_of
from jwstpipe.mosaicking.placement import bounding_box, common_grid, look_at, shapes_on, tiles_of
from jwstpipe.mosaicking.plan import MosaicPlan
from jwstpipe.mosaicking.size_limits import check_not_empty, check_size
from jwstpipe.mosaicking.tile_job import JUDGED
from jwstpipe.progress import Reporter, silent
from jwstpipe.requests import MosaicOptions
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box
from jwstpipe.sky.grid import SkyGrid

__all__ = ["plan_mosaic"]


def plan_mosaic(
    images: Sequence[str | Path],
    *,
    options: MosaicOptions | None = None,
    grid: tuple[SkyGrid, Box | None] | None = None,
    planes: Collection[str] | None = None,
    s3: S3Settings | None = None,
    workers: Workers | None = None,
    report: Reporter = silent,
) -> MosaicPlan:
    """Plan a mosaic of images.

    Parameters
    ----------
    images
        FITS files or image stores, local or ``s3://``.
    options
        Kernel, combination, weights and so on.
    grid
        Plane and window to fill (None = around the inputs); default: north up, at the finest scale among them. A plane
        with a tile corner keeps it, so that a mosaic which grows downwards or to the left gets whole tiles there.
    planes
        Planes to make (None = all that the inputs can give): ``sci``, ``wht`` and ``n`` among them.
    s3
        Endpoint of ``s3://`` addresses.
    workers
        Where the inputs are looked at; default: threads.
    report
        Told after each input.

    Raises
    ------
    UsageError
        No images, the same one twice, or planes without those that every mosaic has.
    TransformError
        An image that cannot be placed on the sky.
    DataError
        Units that differ, a moving target whose place is not known in each image, inputs so far apart that a large
        mosaic would be empty, or one beyond the size limit.
    NoCoverageError
        No image touches the window that was asked for.
    """
    chosen = options or MosaicOptions()
    require_dq_names(chosen.reject_dq)
    standing = None if grid is None else grid[0]
    placed = look_at(images, options=chosen, plane=standing, s3=s3, workers=workers, report=report)
    inspections = placed.inspections
    plane, window = grid or (common_grid(placed, scale_arcsec=chosen.scale_arcsec), None)
    shapes = shapes_on(plane, inspections, window)
    boxes = [bounding_box(shape) for shape in shapes]
    sources = [replace(found.source, box=box) for found, box in zip(inspections, boxes, strict=True)]
    plane, filled = plane.begun_at(window or Box.around(boxes))
    check_size(filled, chosen, plane)
    if window is None and not chosen.sparse:
        check_not_empty(filled, shapes, inspections, plane)
    plan = _settled(placed, sources, shapes, (plane, filled), chosen, planes, s3 or S3Settings())
    if chosen.anchor is None:
        return plan
    from jwstpipe.mosaicking.background.anchor import anchored  # noqa: PLC0415 - scipy, which plain mosaics do without

    return anchored(plan, s3=s3, workers=workers or ThreadWorkers(4), report=report)


def _settled(
    placed: Followed, sources: list[Source], shapes: Sequence[shapely.Polygon], frame: tuple[SkyGrid, Box],
    chosen: MosaicOptions, asked: Collection[str] | None, s3: S3Settings,
) -> MosaicPlan:  # fmt: skip
    """Settle what all inputs can give, once it is known where they lie."""
    plane, filled = frame
    weights, note = weights_for(sources, chosen.weights)
    given = _planes(sources)
    planes = _asked_planes(given, asked)
    magnitudes = magnitudes_of(sources, weights, planes, s3=s3)
    inspections = placed.inspections
    mixed = check_same_measure(inspections, mix=chosen.mix)
    unit = sources[0].unit if len({source.unit for source in sources}) == 1 or not mixed else ""
    is_flux, quantity_note = quantity_of(unit, chosen.quantity)
    keywords = [found.keywords for found in inspections]
    tiles = tiles_of(plane, filled, shapes, margin=1.0 if chosen.outliers == "none" else JUDGED)
    if not tiles:
        raise NoCoverageError(f"none of the {len(sources)} images touches the grid that was asked for")
    return MosaicPlan(
        grid=plane,
        window=filled,
        sources=tuple(sources),
        options=settled_options(chosen, sources, follow=placed.follow, s3=s3),
        weights=weights,
        weights_note=note,
        planes=planes,
        unit=unit,
        is_flux=is_flux,
        quantity_note=quantity_note,
        keywords={
            **agreed(keywords),
            **when([found.times for found in inspections], [source.exposure_s for source in sources]),
            **placed.keywords(),
        },
        notes=_notes(
            inspections, (placed.note, *mixed, quantity_note, magnitudes.note, different_zero_points(keywords))
        ),
        tiles=tiles,
        outlines=tuple(found.outline for found in inspections),
        weight_unit=magnitudes.weight_unit,
        wide_errors=magnitudes.wide_errors,
        years=tuple(year_of(found.times) for found in inspections),
        together=_together(inspections, chosen),
        fewer=planes != given,
        **_catalog_name(chosen),
    )


def _together(inspections: Sequence[Inspection], options: MosaicOptions) -> tuple[int, ...]:
    """Give each image the number of its group, which shares one correction; one of no known exposure is its own."""
    length = {"image": 0, "exposure": len(MOMENT), "visit": 3}[options.align_together]
    keys: dict[tuple[str, ...], int] = {}
    return tuple(keys.setdefault(found.moment[:length] or (found.source.address,), len(keys)) for found in inspections)


def _catalog_name(options: MosaicOptions) -> dict[str, str]:
    named = options.align_catalog is not None and "\n" not in options.align_catalog
    return {"catalog_name": str(options.align_catalog)} if named else {}


def _planes(sources: Sequence[Source]) -> tuple[str, ...]:
    """Name the planes that the mosaic can have: an error or DQ plane needs one in every input."""
    planes = ["sci"]
    if all("err" in source.planes for source in sources):
        planes.append("err")
    planes += ["wht", "n"]
    if any("dq" in source.planes for source in sources):
        planes.append("dq")
    return tuple(planes)


def _asked_planes(given: tuple[str, ...], asked: Collection[str] | None) -> tuple[str, ...]:
    """Choose the planes to make out of those that can be."""
    if asked is None:
        return given
    if missing := {"sci", "wht", "n"}.difference(asked):
        raise UsageError(f"planes {', '.join(asked)}: a mosaic has {', '.join(sorted(missing))} too; ask for them")
    return tuple(plane for plane in given if plane in asked)


def _notes(inspections: Sequence[Inspection], more: Sequence[str]) -> tuple[str, ...]:
    """Gather what is to be told; the same of many inputs once."""
    first: dict[str, list[str]] = {}
    for found in inspections:
        for note in found.notes:
            first.setdefault(note, []).append(found.source.name)
    shared = [
        f"{names[0]}: {note}" + (f" (and {len(names) - 1} more)" if len(names) > 1 else "")
        for note, names in first.items()
    ]
    return (*shared, *(note for note in more if note))
