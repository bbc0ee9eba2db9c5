"""Cores repaired before an image is resampled: a kernel would smear a hole, and ring around it.

What is lost: samples that are NaN, and those that were saturated from the first read on (SATURATED together with
DO_NOT_USE), whatever number stands there. The image itself stays as it is; a repaired copy is made, whose data quality
plane marks the pixels (FLUX_ESTIMATED). Once all images lie on one grid, what any of them had filled is filled in all.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jwstpipe.execution.workers import Workers
from jwstpipe.fits.dq import DQ_BITS, LOST, REJECTED, dq_mask
from jwstpipe.identity import derived_product_id
from jwstpipe.images.image import SkyImage
from jwstpipe.images.zarr.layout import SHARD, plane_spec, root_attributes
from jwstpipe.images.zarr.publish import new_image
from jwstpipe.images.zarr.pyramid import build_pyramid
from jwstpipe.images.zarr.stored_wcs import write_place
from jwstpipe.render.cores.holes import LEAST_PIXELS, CoreLimits, Region, find_holes, regions_of
from jwstpipe.render.cores.profile import profile_filling
from jwstpipe.render.cores.rim import stand_out
from jwstpipe.sky.box import Box

__all__ = [
    "REPAIRED", "Patch", "apply_patch", "find_patches", "joint_patches", "known_samples",
    "patched_copy", "patches_in",
]  # fmt: skip

ALGORITHM = "2"

REPAIRED = "repair-cores"
"""Operation that a repaired copy names."""


@dataclass(frozen=True, eq=False)
class Patch:
    """What stands in for one core."""

    box: Box
    """Pixels of the image."""

    mask: NDArray[np.bool_]
    """The core, in `box`."""

    values: NDArray[np.float32]
    """Samples for it."""


def find_patches(image: SkyImage, *, limits: CoreLimits | None = None) -> list[Patch]:
    """Find the lost cores of an image at full resolution, tile by tile, and what to fill them with."""
    limits = limits or CoreLimits()
    whole = Box.of_shape(image.shape)
    read = partial(known_samples, image)
    return [patch for cell in whole.cells(SHARD) for patch in patches_in(read, whole, cell, limits)]


def patches_in(read: Callable[[Box], NDArray[np.float32]], whole: Box, cell: Box, limits: CoreLimits) -> list[Patch]:
    """Find the lost cores that begin in a cell of an image.

    Parameters
    ----------
    read
        Gives samples of a window, NaN where nothing of them is known (`known_samples`).
    whole
        All of the image.
    cell
        Part of it; each core belongs to the cell of its first pixel.
    limits
        Largest core.
    """
    if not np.isnan(read(cell)).any():
        return []
    window = cell.dilated(limits.margin).intersection(whole) or cell
    values = read(window)
    table = find_holes(np.isnan(values), limits=limits)
    rows, columns = table.bounds[:, 0] + window.y0, table.first + window.x0
    table = table.where((table.area >= LEAST_PIXELS) & _starts_in(cell, rows, columns))
    found = []
    for region in table.where(stand_out(values, table, reach=limits.wings)).regions():
        place = region.around.shifted(window.y0, window.x0)
        found.append(Patch(place, region.mask, profile_filling(values, region, reach=limits.wings)))
    return found


def joint_patches(images: Sequence[SkyImage], *, limits: CoreLimits | None = None) -> list[list[Patch]]:
    """Find what any of the images had filled, and what to fill it with in all of them.

    Parameters
    ----------
    images
        On one grid; a ``dq`` plane tells what was filled (FLUX_ESTIMATED).
    limits
        Largest core; None = the defaults.

    Returns
    -------
    list of list of Patch
        For each image: the same pixels, from its own wings; so the colours of a star are those of its wings.
    """
    limits = limits or CoreLimits()
    whole = Box.of_shape(images[0].shape)
    found: list[list[Patch]] = [[] for _ in images]
    for cell in whole.cells(SHARD):
        window = cell.dilated(limits.margin).intersection(whole) or cell
        mask = np.logical_or.reduce([_estimated(image, window) for image in images])
        regions = (
            [region for region in regions_of(mask) if _belongs(region, window, cell, limits)] if mask.any() else []
        )
        for image, patches in zip(images, found, strict=True) if regions else ():
            values = known_samples(image, window)
            for region in regions:
                if np.isfinite(values[region.around.slices][~region.mask]).all():
                    filling = profile_filling(values, region, reach=limits.wings)
                    patches.append(Patch(region.around.shifted(window.y0, window.x0), region.mask, filling))
    return found


def patched_copy(image: SkyImage, out: Path, patches: Sequence[Patch], *, workers: Workers) -> int:
    """Make an image store of an image with patches in it.

    Parameters
    ----------
    image
        FITS file or image store.
    out
        Local image store to make: planes ``sci`` and ``dq``.
    patches
        What to put where.
    workers
        Where its pyramid is built.

    Returns
    -------
    int
        Pixels that were filled; with 0 nothing is made.
    """
    if not patches:
        return 0
    unit = str(image.header.get("BUNIT", ""))
    parent = str(image.provenance.get("product_id") or image.name)
    with new_image(out) as writer:
        for plane in ("sci", "dq"):
            writer.create_plane(plane, image.shape, plane_spec(plane, unit=unit))
        for band in Box.of_shape(image.shape).bands(SHARD):
            values, flags = known_samples(image, band), np.zeros(band.shape, np.uint32)
            if "dq" in image.planes:
                flags = image.read("dq", band) & np.uint32(0xFFFFFFFF ^ LOST)
                values[(flags & np.uint32(dq_mask(REJECTED))) != 0] = np.nan
            for patch in patches:
                apply_patch(patch, band, values, flags)
            writer.write("sci", band, values)
            writer.write("dq", band, flags)
        for name, header in (("primary", image.primary), ("sci", image.header)):
            writer.write_header(name, header.tostring(padding=False).encode("latin-1"))
        levels = build_pyramid(writer, image.shape, weighted=False, workers=workers)
        write_place(writer, image.image_wcs, image.shape, levels)
        writer.finish(
            root_attributes(
                kind="image", name=image.name, shape=image.shape, planes=("sci", "dq"), unit=unit, levels=levels,
                product_id=derived_product_id(REPAIRED, ALGORITHM, {}, [parent]),
                provenance={"operation": REPAIRED, "parents": [parent]}, fits={"hdus": [], "omitted": []},
                wcs=image.image_wcs,
            )
        )  # fmt: skip
    return sum(int(patch.mask.sum()) for patch in patches)


def known_samples(image: SkyImage, box: Box) -> NDArray[np.float32]:
    """Read samples at full resolution, NaN where nothing of them is known."""
    values = np.array(image.read("sci", box), dtype=np.float32)
    values[~np.isfinite(values)] = np.nan
    if "dq" in image.planes:
        values[(image.read("dq", box) & np.uint32(LOST)) == LOST] = np.nan
    return values


def _estimated(image: SkyImage, box: Box) -> NDArray[np.bool_]:
    if "dq" not in image.planes:
        return np.zeros(box.shape, bool)
    return np.asarray((image.read("dq", box) & np.uint32(DQ_BITS["FLUX_ESTIMATED"])) != 0)


def _belongs(region: Region, window: Box, cell: Box, limits: CoreLimits) -> bool:
    """Tell whether a region is small enough for a core, and of this tile."""
    hole = region.hole(window)
    small = max(region.mask.shape) - 2 <= limits.joint_extent
    starts = _starts_in(cell, np.array([hole.row]), np.array([hole.column]))
    return bool(small and hole.area >= LEAST_PIXELS and starts[0])


def _starts_in(cell: Box, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell which holes belong to a tile: each belongs to the one of its first pixel."""
    return np.asarray((cell.y0 <= rows) & (rows < cell.y1) & (cell.x0 <= columns) & (columns < cell.x1))


def apply_patch(patch: Patch, band: Box, values: NDArray[np.float32], flags: NDArray[np.uint32]) -> None:
    """Put a patch into the samples and flags of a window of its image."""
    common = patch.box.intersection(band)
    if common is None:
        return
    part = common.relative_to(patch.box).slices
    mask = patch.mask[part]
    view, flagged = values[common.relative_to(band).slices], flags[common.relative_to(band).slices]
    view[mask] = patch.values[part][mask]
    flagged[mask] = np.uint32(DQ_BITS["FLUX_ESTIMATED"])
