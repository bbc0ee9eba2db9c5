"""Commands on many images at once: mosaic, footprints."""

import os
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

from jwstpipe.cli.context import choices_of, settings_of
from jwstpipe.cli.output import data, json_data, progress_bars, remark
from jwstpipe.errors import UsageError
from jwstpipe.requests import Align, Background, Combine, Kernel, MosaicOptions, Quantity, Weights, validated
from jwstpipe.settings import S3Settings

if TYPE_CHECKING:
    from jwstpipe.sky.box import Box
    from jwstpipe.sky.grid import SkyGrid

__all__ = ["COMMANDS"]

Json = Annotated[bool, typer.Option("--json", help="machine-readable")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="replace what stands there")]
Cluster = Annotated[str | None, typer.Option(help="threads, processes, tcp://host:port or tls://host:port")]
REJECT = ",".join(MosaicOptions().reject_dq)


def mosaic(
    context: typer.Context,
    images: Annotated[list[str], typer.Argument(metavar="IMAGE...")],
    *,
    out: Annotated[str, typer.Option("--out", "-o", metavar="OUT.zarr", help="image store to make")] = "",
    fits: Annotated[str | None, typer.Option(metavar="OUT.fits", help="write it as FITS too")] = None,
    kernel: Annotated[Kernel, typer.Option(help="interpolation")] = "bilinear",
    pixfrac: Annotated[float, typer.Option(help="side of the drops of drizzle, input pixels")] = 1.0,
    combine: Annotated[Combine, typer.Option(help="how overlapping samples become one")] = "mean",
    weights: Annotated[Weights, typer.Option(help="of samples; falls back from left to right")] = "ivm",
    reject_dq: Annotated[str, typer.Option(metavar="NAME,...", help="bits whose pixels take no part")] = REJECT,
    quantity: Annotated[
        Quantity, typer.Option(help="surface brightness, flux in a pixel, or as the unit says")
    ] = "auto",
    background: Annotated[Background, typer.Option(help="match sky of overlapping images")] = "none",
    sky: Annotated[list[str] | None, typer.Option(metavar="IMAGE=VALUE", help="known sky of an image")] = None,
    sky_region: Annotated[str | None, typer.Option(metavar="RA,DEC,RADIUS", help="where the sky is zero, deg")] = None,
    align: Annotated[Align, typer.Option(help="measure, or correct, shifts between images")] = "none",
    align_limit: Annotated[float, typer.Option(help="refuse a larger correction, arcsec")] = 1.0,
    align_catalog: Annotated[str | None, typer.Option(metavar="TABLE", help="true positions to align to")] = None,
    scale: Annotated[float | None, typer.Option(help="pixel size, arcsec; default: the finest image's")] = None,
    grid: Annotated[
        str | None, typer.Option(metavar="IMAGE|HEADER.hdr|instrument", help="grid of an image, or aligned with them")
    ] = None,
    cluster: Cluster = None,
    max_gigapixels: Annotated[float, typer.Option(help="refuse a larger mosaic")] = 4.0,
    mix: Annotated[
        bool, typer.Option("--mix", help="average several filters, grism and other exposures all the same")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="plan only, and print the size of the work")] = False,
    overwrite: Overwrite = False,
    update: Annotated[
        bool, typer.Option("--update", help="keep grid and unchanged tiles of what stands there")
    ] = False,
    as_json: Json = False,
) -> None:
    """Make one mosaic of many images."""
    _without_blas()
    from jwstpipe.execution.workers import open_workers
    from jwstpipe.mosaicking.build import mosaic as make_mosaic
    from jwstpipe.mosaicking.plan import plan_mosaic

    if not out and not dry_run:
        raise UsageError("say where the mosaic goes with -o OUT.zarr, or plan it with --dry-run")
    settings = settings_of(context)
    execution = settings.execution if cluster is None else settings.execution.model_copy(update={"cluster": cluster})
    options = validated(
        MosaicOptions,
        kernel=kernel,
        pixfrac=pixfrac,
        combine=combine,
        weights=weights,
        reject_dq=tuple(name.strip().upper() for name in reject_dq.split(",") if name.strip()),
        quantity=quantity,
        background=background,
        sky=tuple(sky or ()),
        sky_region=None if sky_region is None else _numbers("--sky-region", sky_region, 3),
        align=align,
        align_limit_arcsec=align_limit,
        align_catalog=align_catalog,
        scale_arcsec=scale,
        max_gigapixels=max_gigapixels,
        mix=mix,
    )
    frame = _frame(grid, images, scale, settings.s3)
    with progress_bars(quiet=choices_of(context).quiet) as report, open_workers(execution) as workers:
        if dry_run:
            plan = plan_mosaic(images, options=options, grid=frame, s3=settings.s3, workers=workers, report=report)
            summary = plan.summary(threads=execution.workers or os.cpu_count() or 1)
        else:
            made = make_mosaic(
                images, out, options=options, grid=frame, fits=fits, overwrite=overwrite, update=update,
                s3=settings.s3, workers=workers, report=report,
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


def _without_blas() -> None:
    """Let numba start without BLAS.

    With its first kernel numba loads all of scipy.linalg, for matrix products that no kernel here has: 0.2 s and 13 MB
    of a command that takes a few seconds and 250 MB. A process of our own may do without; a library may not choose so
    for its user. scipy itself is not touched.
    """
    if "scipy.linalg" in sys.modules:
        return
    sys.modules["scipy.linalg"] = None  # type: ignore[assignment]
    try:
        import numba.np.arraymath  # noqa: F401
    finally:
        del sys.modules["scipy.linalg"]


def footprints(
    context: typer.Context,
    images: Annotated[list[str], typer.Argument(metavar="IMAGE...")],
    *,
    out: Annotated[str | None, typer.Option("--out", "-o", metavar="OUT.png", help="draw them")] = None,
    scale: Annotated[float | None, typer.Option(help="pixel size, arcsec; default: the finest image's")] = None,
    grid: Annotated[
        str | None, typer.Option(metavar="IMAGE|HEADER.hdr|instrument", help="grid of an image, or aligned with them")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show where images, and the tiles of their mosaic, lie on the sky."""
    from jwstpipe.execution.workers import ThreadWorkers
    from jwstpipe.mosaicking.footprints import draw_footprints
    from jwstpipe.mosaicking.footprints import footprints as outlines
    from jwstpipe.mosaicking.plan import plan_mosaic

    settings = settings_of(context)
    frame = _frame(grid, images, scale, settings.s3)
    options = validated(MosaicOptions, scale_arcsec=scale, max_gigapixels=10_000, mix=True)
    with progress_bars(quiet=choices_of(context).quiet) as report:
        workers = ThreadWorkers(os.cpu_count() or 1)
        plan = plan_mosaic(images, options=options, grid=frame, s3=settings.s3, workers=workers, report=report)
    if out is not None:
        draw_footprints(plan, out)
    found = outlines(plan)
    if as_json:
        json_data(found)
        return
    for image in found["images"]:
        ra, dec = np.array(image["outline"]).T
        data(f"{image['image']}: RA {ra.min():.5f} to {ra.max():.5f}, Dec {dec.min():+.5f} to {dec.max():+.5f} deg")
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


def _numbers(option: str, text: str, count: int) -> tuple[float, ...]:
    try:
        found = tuple(float(part) for part in text.split(","))
    except ValueError:
        found = ()
    if len(found) != count:
        raise UsageError(f"{option} takes {count} numbers with commas between them, not {text!r}")
    return found


COMMANDS = {"mosaic": mosaic, "footprints": footprints}
