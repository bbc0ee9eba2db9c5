"""From images to a finished mosaic: plan, match backgrounds, run the tiles, build the pyramid, publish."""

import os
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from jwstpipe.errors import ConflictError, DataError
from jwstpipe.execution.workers import ThreadWorkers, Workers
from jwstpipe.images.zarr.image_store import open_image_store
from jwstpipe.images.zarr.layout import plane_spec
from jwstpipe.images.zarr.publish import existing_product, new_image
from jwstpipe.images.zarr.pyramid import build_pyramid
from jwstpipe.mosaicking.background.noise import with_noise
from jwstpipe.mosaicking.documents import write_documents
from jwstpipe.mosaicking.inputs.no_pixels import why_empty
from jwstpipe.mosaicking.plan import MosaicPlan, with_skies
from jwstpipe.mosaicking.planning import plan_mosaic
from jwstpipe.mosaicking.receipt import MosaicReceipt, receipt_of, standing_receipt
from jwstpipe.mosaicking.reuse import Earlier, FilledTile, fill_tile, known_tiles
from jwstpipe.progress import Reporter, silent
from jwstpipe.requests import MosaicOptions
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box
from jwstpipe.sky.grid import SkyGrid

if TYPE_CHECKING:
    from jwstpipe.mosaicking.astrometry.align import Alignment
    from jwstpipe.mosaicking.background.match import Match

__all__ = ["build_mosaic", "mosaic"]


def mosaic(
    images: Sequence[str | Path],
    out: str | Path,
    *,
    options: MosaicOptions | None = None,
    grid: tuple[SkyGrid, Box | None] | None = None,
    fits: str | Path | None = None,
    residuals: str | Path | None = None,
    overwrite: bool = False,
    update: bool = False,
    pyramid: bool = True,
    s3: S3Settings | None = None,
    workers: Workers | None = None,
    report: Reporter = silent,
) -> MosaicReceipt:
    """Make a mosaic of images.

    Parameters
    ----------
    images
        FITS files or image stores, local or ``s3://``, in any order.
    out
        Image store to make.
    options
        Kernel, combination, weights, background matching.
    grid
        Plane and window to fill (None = around the inputs); default: north up, at the finest scale among them.
    fits
        Write the mosaic as a FITS file too.
    residuals
        Write what alignment leaves of each star's position: a map (``.png``) or a table (``.ecsv``, ``.csv``).
    overwrite
        Replace what stands at `out` and `fits`.
    update
        Bring the mosaic that stands at `out` up to date: its grid is kept (unless `grid` names another), and tiles
        whose inputs did not change are taken from it. The bytes are those of a mosaic made anew on that grid.
    pyramid
        Make the halved levels too; a store that is only on its way to a FITS file needs none.
    s3
        Endpoint of ``s3://`` addresses.
    workers
        Where tiles are computed; default: as many threads as cores.
    report
        Told after each input and tile.

    Returns
    -------
    MosaicReceipt
        With the product id, which depends on inputs and options alone.

    Raises
    ------
    JwstPipeError
        As `plan_mosaic`, and `ConflictError` where something else stands at `out`, `StorageError` where it cannot be
        written.
    """
    at_work = workers or ThreadWorkers(os.cpu_count() or 1)
    standing = existing_product(out, s3=s3) if update else None
    if standing is not None and standing.grid is not None and grid is None:
        grid = standing.grid[0], None
    plan = plan_mosaic(images, options=options, grid=grid, s3=s3, workers=at_work, report=report)
    if residuals is not None:
        from jwstpipe.mosaicking.astrometry.residuals import write_residuals  # noqa: PLC0415 - not for every mosaic

        write_residuals(plan, residuals, s3=s3, workers=at_work, report=report)
    reuse = () if standing is None else (str(out),)
    receipt = build_mosaic(
        plan, out, overwrite=overwrite or update, reuse=reuse, pyramid=pyramid, s3=s3, workers=at_work, report=report
    )  # fmt: skip
    if fits is None:
        return receipt
    from jwstpipe.images.export import write_fits  # noqa: PLC0415 - not for every mosaic

    write_fits(out, fits, overwrite=overwrite or update, s3=s3)
    return replace(receipt, fits=str(fits))


def build_mosaic(
    plan: MosaicPlan,
    out: str | Path,
    *,
    overwrite: bool = False,
    reuse: Sequence[str] = (),
    pyramid: bool = True,
    s3: S3Settings | None = None,
    workers: Workers,
    report: Reporter = silent,
) -> MosaicReceipt:
    """Carry out a plan (see `mosaic`).

    Parameters
    ----------
    plan
        What to make.
    out, overwrite, pyramid, s3, workers, report
        As `mosaic` has them.
    reuse
        Earlier mosaics, on whatever grid, whose tiles are taken where the same job made them.
    """
    started = time.perf_counter()
    standing = existing_product(out, s3=s3)
    if standing is not None:
        same = standing.provenance.get("product_id") == plan.id
        if same and (not overwrite or str(out) in reuse):
            return standing_receipt(standing, str(out))
        if not overwrite:
            raise ConflictError(
                f"{out}: another image stands here; choose another name, or use --overwrite or --update"
            )
    known: dict[str, Earlier] = {}
    for address in reuse:
        known |= known_tiles(open_image_store(address, s3=s3))
    final, alignment, match = _corrected(plan, s3=s3, workers=workers, report=report)
    with new_image(out, s3=s3) as writer:
        shape = final.window.shape
        for plane in final.planes:
            writer.create_plane(plane, shape, plane_spec(plane, unit=final.unit))
        jobs = {key: FilledTile(job, known.get(job.id)) for key, job in final.jobs(writer.address, s3=s3).items()}
        receipts = workers.run(fill_tile, jobs, name="tiles", report=report, unit="tiles")
        if not any(tile.pixels for tile in receipts.values()):
            raise DataError(why_empty(final, s3=s3))
        for tile in receipts.values():
            writer.note(tile.stored)
        levels = 1
        if pyramid:
            levels = build_pyramid(writer, shape, weighted=True, workers=workers, s3=s3, report=report)
        receipt = receipt_of(
            final, str(out), list(receipts.values()), levels, match, alignment, time.perf_counter() - started
        )
        write_documents(writer, final, receipt, receipts)
    return receipt


def _corrected(
    plan: MosaicPlan, *, s3: S3Settings | None, workers: Workers, report: Reporter
) -> tuple[MosaicPlan, "Alignment | None", "Match | None"]:
    """Find what the options ask to be found in the inputs first: positions, skies, noise."""
    final, alignment, match = plan, None, None
    options = plan.options
    if options.align != "none":
        from jwstpipe.mosaicking.astrometry.align import align  # noqa: PLC0415 - scipy, which plain mosaics do without

        final, alignment = align(final, s3=s3, workers=workers, report=report)
    if options.background != "none" or options.sky or options.sky_region is not None or options.anchor is not None:
        from jwstpipe.mosaicking.background.match import match_skies  # noqa: PLC0415 - as above

        match = match_skies(final, s3=s3, workers=workers, report=report)
        final = final if match is None else with_skies(final, match.skies)
    return with_noise(final, s3=s3, workers=workers, report=report), alignment, match
