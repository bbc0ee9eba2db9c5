"""Commands on many images at once: mosaic, footprints."""

import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from jwstpipe.cli.arguments import IMAGE_FORMS, Cluster, Images, Json, Overwrite, output_option
from jwstpipe.cli.context import choices_of, settings_of
from jwstpipe.cli.output import data, json_data, progress_bars, remark
from jwstpipe.cli.request_options import request_options
from jwstpipe.cli.working import working
from jwstpipe.errors import UsageError
from jwstpipe.requests import MosaicOptions
from jwstpipe.settings import S3Settings

if TYPE_CHECKING:
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
    options: MosaicOptions,
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
    from jwstpipe.api import images as api

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
                images, str(out), options=options, grid=frame, fits=fits, overwrite=overwrite, update=update,
                **means,
            )  # fmt: skip
            summary = asdict(made)
            if made.background is not None and made.background["note"] and not choices_of(context).quiet:
                remark(made.background["note"])
    for note in () if choices_of(context).quiet or as_json else summary["notes"]:
        remark(note)
    if as_json:
        json_data(summary)
        return
    for key, value in summary.items():
        if value not in (None, "") and key != "notes":
            data(f"{key:22s} {value}")


@request_options(MosaicOptions, into="options", only=("scale_arcsec",))
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
    """Show where images, and the tiles of their mosaic, lie on the sky."""
    from jwstpipe.api.images import footprints as outlines

    settings = settings_of(context)
    frame = _frame(grid, images, options.scale_arcsec, settings.s3)
    with progress_bars(quiet=choices_of(context).quiet) as report:
        found = outlines(images, out, options=options, grid=frame, overwrite=overwrite, s3=settings.s3, report=report)
    if as_json:
        json_data(found)
        return
    for image in found["images"]:
        ra, dec = zip(*image["outline"], strict=True)
        data(f"{image['image']}: RA {min(ra):.5f} to {max(ra):.5f}, Dec {min(dec):+.5f} to {max(dec):+.5f} deg")
    data(f"{len(found['images'])} images on {len(found['tiles'])} tiles" + (f", drawn in {out}" if out else ""))


def _frame(
    grid: str | None, images: list[str], scale: float | None, s3: S3Settings
) -> "tuple[SkyGrid, Box | None] | None":
    from jwstpipe.mosaicking.output_grid import aligned_grid, read_grid

    if grid is None:
        return None
    if grid == "instrument":
        return aligned_grid(images, scale_arcsec=scale, s3=s3), None
    return read_grid(grid, s3=s3)
