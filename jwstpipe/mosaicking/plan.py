"""`MosaicPlan`: what will be computed, before any pixel is read: the plane, its tiles, and which inputs touch each."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from jwstpipe.errors import DataError, NoCoverageError, UsageError
from jwstpipe.execution.workers import ThreadWorkers, Workers
from jwstpipe.fits.dq import dq_mask
from jwstpipe.identity import derived_product_id
from jwstpipe.mosaicking.cost import estimate
from jwstpipe.mosaicking.inputs.brightness_units import quantity_of
from jwstpipe.mosaicking.inputs.same_measure import check_same_measure
from jwstpipe.mosaicking.inputs.settled_options import settled_options
from jwstpipe.mosaicking.inputs.sources import Inspection, InspectJob, Source, identify, inspect, weights_for
from jwstpipe.mosaicking.inputs.weight_units import magnitudes_of
from jwstpipe.mosaicking.sky_model import BackgroundModel
from jwstpipe.mosaicking.tile_job import ALGORITHM, TileJob
from jwstpipe.progress import Reporter, silent
from jwstpipe.requests import MosaicOptions, Weights
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box
from jwstpipe.sky.footprint import Footprint, centre_of, outlines_on
from jwstpipe.sky.frames import lonlat, unit_vectors
from jwstpipe.sky.grid import SkyGrid
from jwstpipe.sky.rotation import SkyRotation
from jwstpipe.storage import is_remote

__all__ = ["MosaicPlan", "common_frame", "common_grid", "plan_mosaic", "with_skies", "with_turns"]

CENTRE_STEP_DEG = 0.01
"""Centres of our own grids are rounded to this, so that a few more exposures do not move the plane."""

FAR_AWAY = 100.0
"""An input farther from the middle than this many times the median distance (and image sizes) is a mistake."""


@dataclass(frozen=True)
class MosaicPlan:
    """A mosaic to be made."""

    grid: SkyGrid
    window: Box
    """Part of the plane that the arrays cover: what the inputs cover, or was asked for, from where a tile begins."""

    sources: tuple[Source, ...]
    """Inputs in the order of combination: by name, so that the order on the command line does not matter."""

    options: MosaicOptions
    weights: Weights
    """Weights that all inputs can give."""

    weights_note: str
    """Why they are not those asked for; empty when they are."""

    is_flux: bool
    """Samples are fluxes in a pixel, not brightness on an area of sky."""

    quantity_note: str
    """What was taken for granted about the unit; empty when it is clear."""

    planes: tuple[str, ...]
    unit: str
    keywords: dict[str, str | float | int | bool]
    """Header keywords on which all inputs agree."""

    tiles: dict[tuple[int, int], tuple[int, ...]]
    """Tiles (ty, tx) with the numbers of the sources that touch them."""

    notes: tuple[str, ...] = field(compare=False)
    """What was mended, chosen or taken for granted about the inputs, for people."""

    outlines: tuple[Footprint, ...] = field(compare=False)
    """Outlines of the sources on the sky."""

    weight_unit: float = 1.0
    """Variance that gives the weight one (see `TileJob`)."""

    wide_errors: bool = False
    """Variances need 64 bits."""

    catalog_name: str = field(default="the catalogue", compare=False)
    """File of the positions to align to, for messages: the options hold what stands in it."""

    @cached_property
    def parameters(self) -> dict[str, Any]:
        """All that decides over the mosaic besides its inputs, as plain JSON values; skies follow from it."""
        return {
            "grid": self.grid.as_dict(),
            "window": _sides(self.window),
            "weights": self.weights,
            "options": self.options.model_dump(mode="json", exclude={"max_gigapixels", "mix"}),
            "wcs": [source.wcs.digest for source in self.sources],
        }

    @cached_property
    def id(self) -> str:
        """Identity of the mosaic: inputs, their maps and options; matched sky levels follow from them."""
        inputs = [source.product_id for source in self.sources]
        return derived_product_id("mosaic", ALGORITHM, self.parameters, inputs)

    def jobs(self, out: str, *, s3: S3Settings | None = None) -> dict[str, TileJob]:
        """Give the work, tile by tile, for a store at `out`."""
        origin = (self.window.y0, self.window.x0)
        found: dict[str, TileJob] = {}
        for tile, numbers in self.tiles.items():
            window = self._tile_window(tile, numbers)
            if window is None:
                continue
            found[f"{tile[0]}_{tile[1]}"] = TileJob(
                out=out,
                tile=tile,
                window=window,
                origin=origin,
                grid=self.grid,
                sources=tuple(self.sources[number] for number in numbers),
                weights=self.weights,
                is_flux=self.is_flux,
                options=self.options,
                planes=self.planes,
                s3=s3 or S3Settings(),
                weight_unit=self.weight_unit,
                wide_errors=self.wide_errors,
            )
        return found

    def _tile_window(self, tile: tuple[int, int], numbers: Sequence[int]) -> Box | None:
        """Cut a tile to its inputs: then it stays what it is when the mosaic grows elsewhere."""
        whole = self.grid.tile_box(tile).intersection(self.window)
        return None if whole is None else Box.around(self.sources[k].box for k in numbers).intersection(whole)

    def summary(self, *, threads: int = 1) -> dict[str, Any]:
        """Tell the size of the work in plain values; time and memory as `estimate` has them."""
        rows, columns = self.window.shape
        cost = estimate(self, threads=threads)
        return {
            "product_id": self.id,
            "inputs": len(self.sources),
            "width": columns,
            "height": rows,
            "scale_arcsec": self.grid.scale_arcsec,
            "centre": list(self.grid.crval),
            "tiles": len(self.tiles),
            "planes": list(self.planes),
            "bytes": cost["bytes"],
            "samples": cost["samples"],
            "estimated_seconds": cost["seconds"],
            "estimated_memory_bytes": cost["memory_bytes"],
            "threads": threads,
            "weights": self.weights,
            "weights_note": self.weights_note,
            "quantity": "flux" if self.is_flux else "surface",
            "quantity_note": self.quantity_note,
            "notes": list(self.notes),
        }


def plan_mosaic(
    images: Sequence[str | Path],
    *,
    options: MosaicOptions | None = None,
    grid: tuple[SkyGrid, Box | None] | None = None,
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
    s3
        Endpoint of ``s3://`` addresses.
    workers
        Where the inputs are looked at; default: threads.
    report
        Told after each input.

    Raises
    ------
    UsageError
        No images, or the same one twice.
    TransformError
        An image that cannot be placed on the sky.
    DataError
        Units that differ, an input far away from the rest, or a mosaic beyond the size limit.
    NoCoverageError
        No image touches the window that was asked for.
    """
    chosen = options or MosaicOptions()
    inspections = _inspect_all(images, s3 or S3Settings(), workers or ThreadWorkers(4), report)
    plane, window = grid or (common_grid(inspections, scale_arcsec=chosen.scale_arcsec), None)
    shapes = _shapes(plane, inspections, window)
    boxes = [_bounding_box(shape) for shape in shapes]
    sources = [replace(found.source, box=box) for found, box in zip(inspections, boxes, strict=True)]
    plane, filled = plane.begun_at(window or Box.around(boxes))
    _check_size(filled, chosen, plane)
    weights, note = weights_for(sources, chosen.weights)
    planes = _planes(sources)
    magnitudes = magnitudes_of(sources, weights, planes, s3=s3 or S3Settings())
    dq_mask(chosen.reject_dq)
    mixed = check_same_measure(inspections, mix=chosen.mix)
    unit = sources[0].unit if len({source.unit for source in sources}) == 1 or not mixed else ""
    is_flux, quantity_note = quantity_of(unit, chosen.quantity)
    tiles = _tiles(plane, filled, shapes)
    if not tiles:
        raise NoCoverageError(f"none of the {len(sources)} images touches the grid that was asked for")
    return MosaicPlan(
        grid=plane,
        window=filled,
        sources=tuple(sources),
        options=settled_options(chosen, sources),
        weights=weights,
        weights_note=note,
        planes=planes,
        unit=unit,
        is_flux=is_flux,
        quantity_note=quantity_note,
        keywords=_agreed(inspections),
        notes=_notes(inspections, (*mixed, quantity_note, magnitudes.note)),
        tiles=tiles,
        outlines=tuple(found.outline for found in inspections),
        weight_unit=magnitudes.weight_unit,
        wide_errors=magnitudes.wide_errors,
        **_catalog_name(chosen),
    )


def _catalog_name(options: MosaicOptions) -> dict[str, str]:
    named = options.align_catalog is not None and "\n" not in options.align_catalog
    return {"catalog_name": str(options.align_catalog)} if named else {}


def common_grid(inspections: Sequence[Inspection], *, scale_arcsec: float | None = None) -> SkyGrid:
    """Choose a plane for several images: north up, centre rounded, finest scale rounded to three digits."""
    ra, dec = centre_of([found.outline for found in inspections])
    finest = min(found.outline.scale_arcsec for found in inspections)
    scale = scale_arcsec or float(f"{finest:.2e}")
    step = CENTRE_STEP_DEG
    return SkyGrid.north_up(round(ra / step) * step, max(-90.0, min(90.0, round(dec / step) * step)), scale)


def common_frame(
    images: Sequence[str | Path],
    *,
    scale_arcsec: float | None = None,
    s3: S3Settings | None = None,
    workers: Workers | None = None,
) -> tuple[SkyGrid, Box]:
    """Choose one plane, and a window of it, for all images: what every filter of a target shares.

    Parameters
    ----------
    images
        FITS files or image stores of all filters.
    scale_arcsec
        Pixel size; default: that of the finest image.
    s3
        Endpoint of ``s3://`` addresses.
    workers
        Where the images are looked at; default: threads.
    """
    inspections = _inspect_all(images, s3 or S3Settings(), workers or ThreadWorkers(4), silent)
    plane = common_grid(inspections, scale_arcsec=scale_arcsec)
    shapes = _shapes(plane, inspections)
    return plane, Box.around([_bounding_box(shape) for shape in shapes])


def with_skies(plan: MosaicPlan, skies: Sequence[BackgroundModel]) -> MosaicPlan:
    """Give the sources of a plan the skies to subtract."""
    sources = tuple(replace(source, sky=sky) for source, sky in zip(plan.sources, skies, strict=True))
    return replace(plan, sources=sources)


def with_turns(plan: MosaicPlan, turns: Sequence[SkyRotation | None]) -> MosaicPlan:
    """Give the sources of a plan the corrections of their positions, and find out anew which tiles they touch."""
    outlines = []
    for outline, turn in zip(plan.outlines, turns, strict=True):
        if turn is not None:
            ra, dec = lonlat(turn.apply(unit_vectors(outline.ra, outline.dec)))
            outline = replace(outline, ra=ra, dec=dec)  # noqa: PLW2901 - the same outline, moved
        outlines.append(outline)
    names = [source.address for source in plan.sources]
    shapes = outlines_on(plan.grid, outlines, names=names, window=plan.window)
    sources = tuple(
        replace(source, turn=turn, box=_bounding_box(shape))
        for source, turn, shape in zip(plan.sources, turns, shapes, strict=True)
    )
    return replace(plan, sources=sources, outlines=tuple(outlines), tiles=_tiles(plan.grid, plan.window, shapes))


def _inspect_all(images: Sequence[str | Path], s3: S3Settings, workers: Workers, report: Reporter) -> list[Inspection]:
    times = Counter(str(image) for image in images)
    addresses = sorted(times)
    if not addresses:
        raise UsageError("a mosaic needs at least one image")
    if len(addresses) < len(images):
        twice = next(address for address in addresses if times[address] > 1)
        raise UsageError(f"the same image is given twice: {twice}; name each once")
    jobs = {f"{index:05d}": InspectJob(address, s3) for index, address in enumerate(addresses)}
    local = isinstance(workers, ThreadWorkers) and not any(map(is_remote, addresses))
    # headers are read in Python: threads would only wait for each other
    readers = ThreadWorkers(1) if local else workers
    files = readers.run(inspect, jobs, name="inspect", report=report, unit="images")
    seen = {f"{key}.{number}": found for key, images in files.items() for number, found in enumerate(images)}
    unknown = {key: InspectJob(found.source.address, s3) for key, found in seen.items() if not found.source.product_id}
    identities = workers.run(identify, unknown, name="identify", report=report, unit="images") if unknown else {}
    found = [_identified(inspection, identities.get(key)) for key, inspection in seen.items()]
    _check_distances(found)
    return sorted(found, key=lambda item: (item.source.name, item.source.product_id))


def _identified(found: Inspection, identity: str | None) -> Inspection:
    return found if identity is None else replace(found, source=replace(found.source, product_id=identity))


def _check_distances(found: Sequence[Inspection]) -> None:
    """Refuse an input that is out of all proportion away: a wrong file, or a header with a wrong position."""
    centres = np.array([unit_vectors(*map(np.asarray, item.outline.centre)) for item in found])
    middle = np.median(centres, axis=0)
    distances = np.degrees(np.linalg.norm(centres - middle, axis=1))
    sizes = [max(item.source.shape) * item.outline.scale_arcsec / 3600.0 for item in found]
    limit = FAR_AWAY * max(float(np.median(distances)), float(np.median(sizes)))
    worst = int(np.argmax(distances))
    if distances[worst] > limit:
        raise DataError(
            f"{found[worst].source.address}: lies {distances[worst]:.2f} deg from the middle of the"
            f" {len(found)} images, more than {limit:.2f}; leave it out or mend its WCS"
        )


def _shapes(plane: SkyGrid, inspections: Sequence[Inspection], window: Box | None = None) -> list[shapely.Polygon]:
    names = [found.source.address for found in inspections]
    return outlines_on(plane, [found.outline for found in inspections], names=names, window=window)


def _bounding_box(shape: shapely.Geometry) -> Box:
    x0, y0, x1, y1 = shape.bounds
    return Box(math.floor(y0 + 0.5), math.floor(x0 + 0.5), math.ceil(y1 + 0.5), math.ceil(x1 + 0.5))


def _check_size(window: Box, options: MosaicOptions, plane: SkyGrid) -> None:
    limit = options.max_gigapixels * 1e9
    if window.area > limit:
        rows, columns = window.shape
        raise DataError(
            f"the mosaic would have {columns:,} x {rows:,} pixels of {plane.scale_arcsec:.4g} arcsec"
            f" ({window.area / 1e9:.2f} gigapixels, limit {options.max_gigapixels:g});"
            " choose a coarser --scale, fewer images, or raise --max-gigapixels"
        )


def _tiles(grid: SkyGrid, window: Box, shapes: Sequence[shapely.Geometry]) -> dict[tuple[int, int], tuple[int, ...]]:
    """Find the sources that touch each tile, with a pixel of margin for the kernel."""
    tree = shapely.STRtree(list(shapes))
    found: dict[tuple[int, int], tuple[int, ...]] = {}
    for tile in grid.tiles(window):
        part = grid.tile_box(tile).intersection(window)
        if part is None:
            continue
        area = shapely.box(part.x0 - 1.5, part.y0 - 1.5, part.x1 + 0.5, part.y1 + 0.5)
        numbers = sorted(int(number) for number in tree.query(area, predicate="intersects"))
        if numbers:
            found[tile] = tuple(numbers)
    return found


def _planes(sources: Sequence[Source]) -> tuple[str, ...]:
    """Name the planes that the mosaic can have: an error or DQ plane needs one in every input."""
    planes = ["sci"]
    if all("err" in source.planes for source in sources):
        planes.append("err")
    planes += ["wht", "n"]
    if any("dq" in source.planes for source in sources):
        planes.append("dq")
    return tuple(planes)


def _notes(inspections: Sequence[Inspection], more: Sequence[str]) -> tuple[str, ...]:
    """Gather what is to be told; the same of many inputs once."""
    first: dict[str, list[str]] = {}
    for found in inspections:
        for note in found.notes:
            first.setdefault(note, []).append(found.source.name)
    told = [
        f"{names[0]}: {note}" + (f" (and {len(names) - 1} more)" if len(names) > 1 else "")
        for note, names in first.items()
    ]
    return (*told, *(note for note in more if note))


def _agreed(inspections: Sequence[Inspection]) -> dict[str, str | float | int | bool]:
    first = inspections[0].keywords
    return {
        key: value for key, value in first.items() if all(found.keywords.get(key) == value for found in inspections)
    }


def _sides(box: Box) -> list[int]:
    return [box.y0, box.x0, box.y1, box.x1]
