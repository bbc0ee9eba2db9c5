"""From images to a finished mosaic: plan, match backgrounds, run the tiles, build the pyramid, publish."""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from astropy.io.fits import Header

from jwstpipe import __version__
from jwstpipe.errors import ConflictError, DataError
from jwstpipe.execution.workers import ThreadWorkers, Workers
from jwstpipe.identity import provenance_document
from jwstpipe.images.zarr.image_store import ImageStore, open_image_store
from jwstpipe.images.zarr.layout import plane_spec, root_attributes
from jwstpipe.images.zarr.publish import existing_product, new_image
from jwstpipe.images.zarr.pyramid import build_pyramid
from jwstpipe.images.zarr.writer import ImageWriter
from jwstpipe.mosaicking.background.noise import with_noise
from jwstpipe.mosaicking.inputs.no_pixels import why_empty
from jwstpipe.mosaicking.plan import MosaicPlan, plan_mosaic, with_skies
from jwstpipe.mosaicking.reuse import Earlier, FilledTile, fill_tile, known_tiles, tile_records
from jwstpipe.mosaicking.tile import TileReceipt
from jwstpipe.mosaicking.tile_job import ALGORITHM
from jwstpipe.mosaicking.warp.sample_digest import mosaic_digest
from jwstpipe.progress import Reporter, silent
from jwstpipe.requests import MosaicOptions
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box
from jwstpipe.sky.grid import SkyGrid

if TYPE_CHECKING:
    from jwstpipe.mosaicking.astrometry.align import Alignment
    from jwstpipe.mosaicking.background.match import Match

__all__ = ["MosaicReceipt", "build_mosaic", "mosaic"]

MOST_INPUT_CARDS = 200
"""Inputs named one by one in the header; the store's provenance and the catalogue have all."""

PASSING = ("address", "seconds", "reused", "tiles_reused")
"""Fields of a receipt that tell of one run, not of the product."""


@dataclass(frozen=True)
class MosaicReceipt:
    """What was made."""

    address: str
    product_id: str
    shape: tuple[int, int]
    """Rows and columns of the arrays, and of a FITS file of the mosaic."""

    planes: tuple[str, ...]
    levels: int
    tiles: int
    tiles_reused: int
    """Tiles that were taken from an earlier mosaic."""

    pixels: int
    """Pixels with data."""

    weights: str
    weights_note: str
    quantity: str
    """surface or flux: whether samples changed with the area of pixels."""

    quantity_note: str
    background: dict[str, Any] | None
    """What background matching found, see `Match.report`."""

    alignment: dict[str, Any] | None
    """What alignment found, see `Alignment.report`."""

    max_map_error: float
    """Largest error of the interpolated pixel maps, input pixels."""

    clipped: int
    """Samples rejected as outliers."""

    digest: str
    """Of all samples, the same for the same mosaic however it was made."""

    fits: str | None
    seconds: float
    reused: bool
    """The same mosaic stood there already and was left as it is."""

    notes: tuple[str, ...] = ()
    """What was mended, chosen or taken for granted about the inputs."""


def mosaic(
    images: Sequence[str | Path],
    out: str | Path,
    *,
    options: MosaicOptions | None = None,
    grid: tuple[SkyGrid, Box | None] | None = None,
    fits: str | Path | None = None,
    overwrite: bool = False,
    update: bool = False,
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
    overwrite
        Replace what stands at `out` and `fits`.
    update
        Bring the mosaic that stands at `out` up to date: its grid is kept (unless `grid` names another), and tiles
        whose inputs did not change are taken from it. The bytes are those of a mosaic made anew on that grid.
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
    reuse = () if standing is None else (str(out),)
    receipt = build_mosaic(plan, out, overwrite=overwrite or update, reuse=reuse, s3=s3, workers=at_work, report=report)
    if fits is None:
        return receipt
    from jwstpipe.images.export import export  # noqa: PLC0415 - not for every mosaic

    export(out, fits, overwrite=overwrite or update, s3=s3)
    return MosaicReceipt(**{**asdict(receipt), "fits": str(fits)})


def build_mosaic(
    plan: MosaicPlan,
    out: str | Path,
    *,
    overwrite: bool = False,
    reuse: Sequence[str] = (),
    s3: S3Settings | None = None,
    workers: Workers,
    report: Reporter = silent,
) -> MosaicReceipt:
    """Carry out a plan (see `mosaic`).

    Parameters
    ----------
    plan
        What to make.
    out, overwrite, s3, workers, report
        As `mosaic` has them.
    reuse
        Earlier mosaics, on whatever grid, whose tiles are taken where the same job made them.
    """
    started = time.perf_counter()
    standing = existing_product(out, s3=s3)
    if standing is not None:
        same = standing.provenance.get("product_id") == plan.id
        if same and (not overwrite or str(out) in reuse):
            return _standing_receipt(standing, str(out))
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
        levels = build_pyramid(writer, shape, weighted=True, workers=workers, s3=s3, report=report)
        receipt = _receipt(
            final, str(out), list(receipts.values()), levels, match, alignment, time.perf_counter() - started
        )
        _finish(writer, final, receipt, receipts)
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
    if options.background != "none" or options.sky or options.sky_region is not None:
        from jwstpipe.mosaicking.background.match import match_skies  # noqa: PLC0415 - as above

        match = match_skies(final, s3=s3, workers=workers, report=report)
        final = final if match is None else with_skies(final, match.skies)
    return with_noise(final, s3=s3, workers=workers, report=report), alignment, match


def _standing_receipt(standing: ImageStore, out: str) -> MosaicReceipt:
    """Give the receipt of a mosaic that is there already."""
    found = {**standing.provenance["receipt"], "address": out, "seconds": 0.0, "reused": True}
    found["tiles_reused"] = found["tiles"]
    lists = {key: tuple(found.get(key, ())) for key in ("shape", "planes", "notes")}
    return MosaicReceipt(**{**found, **lists})


def _receipt(
    plan: MosaicPlan,
    out: str,
    tiles: Sequence[TileReceipt],
    levels: int,
    match: "Match | None",
    alignment: "Alignment | None",
    seconds: float,
) -> MosaicReceipt:
    return MosaicReceipt(
        address=out,
        product_id=plan.id,
        shape=plan.window.shape,
        planes=plan.planes,
        levels=levels,
        tiles=len(tiles),
        tiles_reused=sum(tile.reused for tile in tiles),
        pixels=sum(tile.pixels for tile in tiles),
        weights=plan.weights,
        weights_note=plan.weights_note,
        quantity="flux" if plan.is_flux else "surface",
        quantity_note=plan.quantity_note,
        background=None if match is None else match.report(),
        alignment=None if alignment is None else alignment.report(),
        max_map_error=max(tile.max_map_error for tile in tiles),
        clipped=sum(tile.clipped for tile in tiles),
        digest=mosaic_digest((tile.tile, tile.digest) for tile in tiles),
        fits=None,
        seconds=round(seconds, 3),
        reused=False,
        notes=plan.notes,
    )


def _finish(writer: ImageWriter, plan: MosaicPlan, receipt: MosaicReceipt, tiles: Mapping[str, TileReceipt]) -> None:
    """Write headers and attributes; nothing in them depends on when or how fast the mosaic was made."""
    writer.write_header("primary", _padded_cards(_primary_header(plan)))
    writer.write_header("sci", _padded_cards(_science_header(plan)))
    document = provenance_document(
        plan.id,
        kind="mosaic",
        operation="mosaic",
        algorithm_version=ALGORITHM,
        parameters=plan.parameters,
        inputs=[
            {**source.carried(), "level": source.sky.level, "slope": list(source.sky.slope)} for source in plan.sources
        ],
    )
    found = {key: value for key, value in asdict(receipt).items() if key not in PASSING}
    provenance = {**document, "tiles": tile_records(tiles), "receipt": found}
    writer.finish(
        root_attributes(
            kind="mosaic",
            name=str(plan.keywords.get("FILTER", "mosaic")),
            shape=plan.window.shape,
            planes=plan.planes,
            unit=plan.unit,
            levels=receipt.levels,
            product_id=plan.id,
            provenance=provenance,
            fits={"omitted": []},
            grid={"grid": plan.grid.as_dict(), "box": _list(plan.window)},
        )
    )


def _list(box: Box) -> list[int]:
    return [box.y0, box.x0, box.y1, box.x1]


def _primary_header(plan: MosaicPlan) -> Header:
    header = Header()
    header["SIMPLE"] = (True, "conforms to FITS standard")
    header["BITPIX"] = 8
    header["NAXIS"] = 0
    header["EXTEND"] = True
    for key, value in plan.keywords.items():
        header[key] = value
    exposure = sum(source.exposure_s for source in plan.sources)
    if exposure == exposure:  # noqa: PLR0124 - NaN when an input does not tell
        header["TEXPTIME"] = (exposure, "[s] exposure time of all inputs together")
    header["ORIGIN"] = ("jwstpipe", "software that made this file")
    header["JPVERS"] = (__version__, "version of jwstpipe")
    header["JPPRODID"] = (plan.id, "product id")
    header["JPKERNEL"] = (plan.options.kernel, "interpolation kernel")
    header["JPCOMB"] = (plan.options.combine, "combination of inputs")
    header["JPWEIGHT"] = (plan.weights, "weights of inputs")
    header["JPBACKGR"] = (plan.options.background, "background matching")
    header["NINPUTS"] = (len(plan.sources), "number of inputs")
    for number, source in enumerate(plan.sources[:MOST_INPUT_CARDS], 1):
        header[f"INP{number:05d}"] = source.name[:60]
    return header


def _science_header(plan: MosaicPlan) -> Header:
    header = Header()
    header["XTENSION"] = ("IMAGE", "Image extension")
    header["BITPIX"] = -32
    header["NAXIS"] = 2
    header["NAXIS1"], header["NAXIS2"] = plan.window.shape[1], plan.window.shape[0]
    header["PCOUNT"], header["GCOUNT"] = 0, 1
    header["EXTNAME"] = "SCI"
    if plan.unit:
        header["BUNIT"] = (plan.unit, "physical units of the array values")
    header.update(plan.grid.header(plan.window))
    return header


def _padded_cards(header: Header) -> bytes:
    text = str(header.tostring(sep="", endcard=True, padding=False))
    return text.encode("ascii")
