"""From images to a finished mosaic: plan, match backgrounds, run the tiles, build the pyramid, publish."""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from jwstpipe.errors import ConflictError, DataError, UsageError
from jwstpipe.execution.workers import ThreadWorkers, Workers
from jwstpipe.images.zarr.image_store import open_image_store
from jwstpipe.images.zarr.layout import plane_spec
from jwstpipe.images.zarr.publish import existing_product, new_image
from jwstpipe.images.zarr.pyramid import build_pyramid
from jwstpipe.images.zarr.writer import ImageWriter
from jwstpipe.mosaicking.background.noise import with_noise
from jwstpipe.mosaicking.documents import told_of, write_documents
from jwstpipe.mosaicking.halved_tiles import HalvedTiles
from jwstpipe.mosaicking.inputs.no_pixels import why_empty
from jwstpipe.mosaicking.plan import MosaicPlan, with_skies
from jwstpipe.mosaicking.planning import plan_mosaic
from jwstpipe.mosaicking.receipt import MosaicReceipt, receipt_of, standing_receipt
from jwstpipe.mosaicking.reuse import Earlier, FilledTile, fill_tile, known_tiles, shard_of
from jwstpipe.mosaicking.tile import TileReceipt
from jwstpipe.progress import Reporter, silent
from jwstpipe.requests import MosaicOptions
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box
from jwstpipe.sky.grid import SkyGrid
from jwstpipe.storage import is_remote, require_absent

if TYPE_CHECKING:
    from jwstpipe.images.exporting.tiles import FitsTiles
    from jwstpipe.mosaicking.astrometry.align import Alignment
    from jwstpipe.mosaicking.background.match import Match

__all__ = ["build_mosaic", "filled_by_tiles", "mosaic"]


def mosaic(
    images: Sequence[str | Path],
    out: str | Path | None,
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
        Image store to make; None where `fits` is all that is wanted, and is `filled_by_tiles`.
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
    standing = existing_product(out, s3=s3) if update and out is not None else None
    if standing is not None and standing.grid is not None and grid is None:
        grid = standing.grid[0], None
    plan = plan_mosaic(images, options=options, grid=grid, s3=s3, workers=at_work, report=report)
    if residuals is not None:
        from jwstpipe.mosaicking.astrometry.residuals import write_residuals  # noqa: PLC0415 - not for every mosaic

        write_residuals(plan, residuals, s3=s3, workers=at_work, report=report)
    reuse = () if standing is None else (str(out),)
    receipt = build_mosaic(
        plan, out, fits=fits, overwrite=overwrite or update, reuse=reuse, pyramid=pyramid, s3=s3, workers=at_work,
        report=report,
    )  # fmt: skip
    if fits is None or receipt.fits is not None or out is None:
        return receipt
    from jwstpipe.images.export import write_fits  # noqa: PLC0415 - not for every mosaic

    write_fits(out, fits, overwrite=overwrite or update, s3=s3)
    return replace(receipt, fits=str(fits))


def build_mosaic(
    plan: MosaicPlan,
    out: str | Path | None,
    *,
    fits: str | Path | None = None,
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
    out
        Image store to make; None where the FITS file is all that is wanted, and can be filled by tiles.
    fits
        FITS file to fill while tiles are computed; left to the caller, with no `fits` in the receipt, where that cannot
        be: see `filled_by_tiles`, and where the mosaic, or tiles of it, stand already.
    overwrite, pyramid, s3, workers, report
        As `mosaic` has them.
    reuse
        Earlier mosaics, on whatever grid, whose tiles are taken where the same job made them.

    Raises
    ------
    UsageError
        Neither a store nor a FITS file that can be filled by tiles is asked for.
    """
    if out is None and (fits is None or reuse or not filled_by_tiles(fits, workers)):
        raise UsageError(f"{fits}: only threads of this process, on its own disk, fill a FITS file without a store")
    started = time.perf_counter()
    standing = None if out is None else existing_product(out, s3=s3)
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
    by_tiles = fits if fits is not None and not known and filled_by_tiles(fits, workers) else None
    address = str(out or fits)
    with (
        _fits_tiles(final, by_tiles, overwrite=overwrite) as tiles,
        _store(final, out, s3=s3) as writer,
    ):
        here = writer if isinstance(workers, ThreadWorkers) else None
        halved = _halved(final, here if pyramid else None, s3=s3)
        out_address = "" if writer is None else writer.address
        jobs = {
            key: FilledTile(job, known.get(job.id), tiles, halved, here)
            for key, job in final.jobs(out_address, s3=s3).items()
        }
        receipts = _filled(final, jobs, tiles, s3=s3, workers=workers, report=report)
        levels = _levels(final, writer, receipts, halved, pyramid=pyramid, s3=s3, workers=workers, report=report)
        receipt = receipt_of(
            final, address, list(receipts.values()), levels, match, alignment, time.perf_counter() - started
        )
        if writer is not None:
            write_documents(writer, final, receipt, receipts)
    return receipt if by_tiles is None else replace(receipt, fits=str(by_tiles))


def filled_by_tiles(fits: str | Path, workers: Workers | None) -> bool:
    """Tell whether a FITS file can be filled while tiles are computed: by threads of this process, on its disk."""
    return (workers is None or isinstance(workers, ThreadWorkers)) and not is_remote(fits)


@contextmanager
def _store(plan: MosaicPlan, out: str | Path | None, *, s3: S3Settings | None) -> Iterator[ImageWriter | None]:
    """Give the writer of a store with the planes of a mosaic; None where there is to be none."""
    if out is None:
        yield None
        return
    with new_image(out, s3=s3) as writer:
        for plane in plan.planes:
            writer.create_plane(plane, plan.window.shape, plane_spec(plane, unit=plan.unit))
        yield writer


def _levels(
    plan: MosaicPlan, writer: ImageWriter | None, receipts: dict[str, TileReceipt], halved: HalvedTiles | None, *,
    pyramid: bool, s3: S3Settings | None, workers: Workers, report: Reporter,
) -> int:  # fmt: skip
    """Note what tiles wrote, make what is lacking of the levels, and give their number."""
    if writer is None:
        return 1
    for tile in receipts.values():
        writer.note(tile.stored)
    if not pyramid:
        return 1
    made = () if halved is None else halved.made
    return build_pyramid(writer, plan.window.shape, weighted=True, workers=workers, s3=s3, made=made, report=report)


def _halved(plan: MosaicPlan, writer: ImageWriter | None, *, s3: S3Settings | None) -> HalvedTiles | None:
    """Give what makes the first levels of a store from tiles in memory; None where there is no store."""
    if writer is None:
        return None
    corner = plan.window.y0, plan.window.x0
    tiles = [shard_of(plan.grid, job.tile, corner) for job in plan.jobs(writer.address, s3=s3).values()]
    return HalvedTiles(writer, plan.window.shape, tiles)


@contextmanager
def _fits_tiles(plan: MosaicPlan, fits: str | Path | None, *, overwrite: bool) -> "Iterator[FitsTiles | None]":
    """Give a FITS file to fill; None where there is to be none."""
    if fits is None:
        yield None
        return
    from jwstpipe.images.exporting.tiles import fits_tiles  # noqa: PLC0415 - not for every mosaic

    if not overwrite:
        require_absent(fits)
    with fits_tiles(fits, told_of(plan)) as tiles:
        yield tiles


def _filled(
    plan: MosaicPlan, jobs: dict[str, FilledTile], fits: "FitsTiles | None", *,
    s3: S3Settings | None, workers: Workers, report: Reporter,
) -> dict[str, TileReceipt]:  # fmt: skip
    """Fill all tiles, and give their receipts."""
    receipts = workers.run(fill_tile, jobs, name="tiles", report=report, unit="tiles")
    if not any(tile.pixels for tile in receipts.values()):
        raise DataError(why_empty(plan, s3=s3))
    if fits is not None:
        filled = {work.job.tile for work in jobs.values()}
        for tile in plan.grid.tiles(plan.window):
            if tile not in filled:
                with fits.tile(plan.grid.tile_box(tile).shifted(-plan.window.y0, -plan.window.x0)):
                    pass  # nothing stands there
    return receipts


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
