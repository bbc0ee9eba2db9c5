"""Commands on many images at once: mosaic, footprints."""

import os
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jwstpipe.cli.arguments import IMAGE_FORMS, Cluster, Images, Json, Overwrite, WispTemplate, output_option
from jwstpipe.cli.context import choices_of, settings_of
from jwstpipe.cli.output import data, json_data, progress_bars, remark
from jwstpipe.cli.request_options import request_options
from jwstpipe.cli.tables import aligned, counted, rows
from jwstpipe.cli.working import working
from jwstpipe.errors import UsageError
from jwstpipe.requests import MosaicOptions
from jwstpipe.requests.clean import CleanPolicy
from jwstpipe.settings import S3Settings

if TYPE_CHECKING:
    from jwstpipe.mosaicking.receipt import MosaicReceipt
    from jwstpipe.sky.box import Box
    from jwstpipe.sky.grid import SkyGrid

__all__ = ["footprints", "mosaic"]

Out = Annotated[str | None, output_option(IMAGE_FORMS, "image store or FITS file to make")]
Grid = Annotated[
    str | None, typer.Option(metavar="IMAGE|HEADER.hdr|instrument", help="grid of an image, or aligned with them")
]


@request_options(MosaicOptions, into="options")
def mosaic(
    context: typer.Context,
    images: Images,
    *,
    out: Out = None,
    fits: Annotated[str | None, typer.Option(metavar="OUT.fits", help="write it as FITS too")] = None,
    residuals: Annotated[
        str | None,
        typer.Option(metavar="OUT.png|.ecsv|.csv", help="what alignment leaves of each star's position"),
    ] = None,
    options: MosaicOptions,
    clean: Annotated[
        CleanPolicy,
        typer.Option(help="what is taken out of exposures first, where it is measured; they go to OUT-cleaned"),
    ] = "none",
    wisp_template: WispTemplate = None,
    grid: Grid = None,
    cluster: Cluster = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="plan only, and print the size of the work")] = False,
    overwrite: Overwrite = False,
    update: Annotated[
        bool, typer.Option("--update", help="keep grid and unchanged tiles of what stands there")
    ] = False,
    as_json: Json = False,
) -> None:
    """Make one mosaic of many images.

    Examples: jwstpipe mosaic *_cal.fits -o m.zarr --background level;
    jwstpipe mosaic *_i2d.fits -o m.fits --kernel drizzle --pixfrac 0.8 --overwrite
    """
    from jwstpipe.api import mosaics as api

    if not out and not dry_run:
        raise UsageError("say where the mosaic goes with -o OUT.zarr or -o OUT.fits, or plan it with --dry-run")
    settings = settings_of(context)
    frame = _frame(grid, images, options.scale_arcsec, settings.s3)
    with working(context, cluster=cluster) as means:
        if dry_run:
            plan = api.plan_mosaic(images, options=options, grid=frame, **means)
            summary = plan.summary(threads=settings.execution.workers or os.cpu_count() or 1)
        else:
            made = api.mosaic(
                images, str(out), options=options, grid=frame, fits=fits, residuals=residuals, clean=clean,
                wisp_template=wisp_template or (), overwrite=overwrite, update=update,
                **means,
            )  # fmt: skip
            summary = asdict(made)
    for note in () if choices_of(context).quiet or as_json else summary["notes"]:
        remark(note)
    if as_json:
        json_data(summary)
        return
    rows(_plan_rows(summary) if dry_run else _mosaic_rows(made, whole=choices_of(context).verbose > 0))


def _background(found: dict[str, Any]) -> str:
    """Tell how skies were found, and how well overlaps agree where more of them were measured than were needed."""
    told = f"{found['method']} from {counted(found['overlaps'], 'overlap')}"
    if found["residual_rms"] is None:
        return told
    if found["overlaps"] <= len(found["levels"]) - len(found["components"]):
        return f"{told}, no more than are needed: nothing checks them"
    return f"{told}, {found['residual_rms']:.3g} left between them"


def _mosaic_rows(made: "MosaicReceipt", *, whole: bool) -> Iterator[tuple[str, str]]:
    """Tell of a mosaic that was made, what matters most first."""
    height, width = made.shape
    yield "mosaic", made.address + (" (stood there already)" if made.reused else "")
    yield "FITS", made.fits if made.fits and str(made.fits) != made.address else ""
    yield "size", f"{width} x {height} px, {' '.join(made.planes)}, {counted(made.levels, 'resolution')}"
    yield "with data", f"{made.pixels:,} px, {100.0 * made.pixels / (height * width):.1f} %"
    yield "weights", made.weights + (f" ({made.weights_note})" if made.weights_note else "")
    yield "samples", made.quantity + (f" ({made.quantity_note})" if made.quantity_note else "")
    if made.background is not None:
        yield "background", _background(made.background)
    if made.alignment is not None:
        before, after = (made.alignment[f"rms_{when}_mas"] for when in ("before", "after"))
        shown = [
            f"{value:.1f} mas {when}" for value, when in ((before, "before"), (after, "after")) if value is not None
        ]
        lost = len(made.alignment["unmatched"])
        stay = [f"{lost} with too few common stars stay where they are"] if lost else []
        yield "alignment", ", ".join([made.alignment["mode"], *shown, *stay])
    yield "clipped", f"{made.clipped:,} samples" if made.clipped else ""
    yield "tiles", f"{made.tiles}, {made.tiles_reused} of them as before" if made.tiles_reused else str(made.tiles)
    yield "product", made.product_id
    yield "digest", made.digest if whole else ""
    yield "time", "" if made.reused else f"{made.seconds:.1f} s"


def _plan_rows(plan: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Tell of a mosaic that was only planned."""
    ra, dec = plan["centre"]
    yield "mosaic of", f"{counted(plan['inputs'], 'image')}, {counted(plan['tiles'], 'tile')}"
    yield (
        "size",
        f"{plan['width']} x {plan['height']} px of {plan['scale_arcsec']:.4g} arcsec, {' '.join(plan['planes'])}",
    )
    yield "centre", f"{ra:.6f} {dec:+.6f} deg"
    yield "weights", plan["weights"] + (f" ({plan['weights_note']})" if plan["weights_note"] else "")
    yield "samples", plan["quantity"] + (f" ({plan['quantity_note']})" if plan["quantity_note"] else "")
    yield "on disk", f"{plan['bytes'] / 1e6:,.0f} MB at most"
    memory = plan["estimated_memory_bytes"] / 1e6
    yield "estimate", f"{plan['estimated_seconds']:.0f} s and {memory:,.0f} MB of memory with {plan['threads']} threads"
    yield "product", plan["product_id"]


@request_options(MosaicOptions, into="options", only=("scale_arcsec", "follow", "ephemeris"))
def footprints(
    context: typer.Context,
    images: Images,
    *,
    out: Annotated[str | None, output_option("OUT.png", "draw them")] = None,
    options: MosaicOptions,
    grid: Grid = None,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Show where images, and the tiles of their mosaic, lie on the sky.

    Examples: jwstpipe footprints *_cal.fits; jwstpipe footprints *_cal.fits -o where.png --scale 0.03
    """
    from jwstpipe.api.mosaics import footprints as outlines

    settings = settings_of(context)
    frame = _frame(grid, images, options.scale_arcsec, settings.s3)
    with progress_bars(quiet=choices_of(context).quiet) as report:
        found = outlines(images, out, options=options, grid=frame, overwrite=overwrite, s3=settings.s3, report=report)
    if as_json:
        json_data(found)
        return
    table = [["RA from", "to", "Dec from", "to (deg)", "image"]]
    for image in found["images"]:
        ra, dec = zip(*image["outline"], strict=True)
        table.append([f"{min(ra):.5f}", f"{max(ra):.5f}", f"{min(dec):+.5f}", f"{max(dec):+.5f}", str(image["image"])])
    for line in aligned(table, right=range(4)):
        data(line)
    drawn = f", drawn in {out}" if out else ""
    data(f"{counted(len(found['images']), 'image')} on {counted(len(found['tiles']), 'tile')}{drawn}")


def _frame(
    grid: str | None, images: list[str], scale: float | None, s3: S3Settings
) -> "tuple[SkyGrid, Box | None] | None":
    from jwstpipe.mosaicking.output_grid import aligned_grid, read_grid

    if grid is None:
        return None
    if grid == "instrument":
        return aligned_grid(images, scale_arcsec=scale, s3=s3), None
    return read_grid(grid, s3=s3)
