"""The command that makes mosaics."""

from dataclasses import asdict
from typing import Annotated

import typer

from jwstpipe.cli.context import choices_of, settings_of
from jwstpipe.cli.output import data, json_data, progress_bars
from jwstpipe.errors import UsageError
from jwstpipe.requests import Background, Combine, Kernel, MosaicOptions, Weights, validated

__all__ = ["COMMANDS"]

Json = Annotated[bool, typer.Option("--json", help="machine-readable")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="replace what stands there")]
Cluster = Annotated[str | None, typer.Option(help="threads, processes, tcp://host:port or tls://host:port")]


def mosaic(
    context: typer.Context,
    images: Annotated[list[str], typer.Argument(metavar="IMAGE...")],
    *,
    out: Annotated[str, typer.Option("-o", "--out", metavar="OUT.zarr", help="image store to make")] = "",
    fits: Annotated[str | None, typer.Option(metavar="OUT.fits", help="write the mosaic as a FITS file too")] = None,
    kernel: Annotated[Kernel, typer.Option(help="interpolation")] = "bilinear",
    combine: Annotated[Combine, typer.Option(help="how overlapping samples become one")] = "mean",
    weights: Annotated[Weights, typer.Option(help="of samples; falls back from left to right")] = "ivm",
    background: Annotated[Background, typer.Option(help="match sky levels of overlapping images")] = "none",
    scale: Annotated[float | None, typer.Option(help="pixel size, arcsec; default: the finest image's")] = None,
    grid: Annotated[str | None, typer.Option(metavar="IMAGE|HEADER.hdr", help="lie on the grid of this image")] = None,
    cluster: Cluster = None,
    max_gigapixels: Annotated[float, typer.Option(help="refuse a larger mosaic")] = 4.0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="plan only, and print the size of the work")] = False,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Make one mosaic of many images."""
    from jwstpipe.execute import open_workers
    from jwstpipe.mosaic.build import mosaic as make_mosaic
    from jwstpipe.mosaic.grids import read_grid
    from jwstpipe.mosaic.plan import plan_mosaic

    if not out and not dry_run:
        raise UsageError("say where the mosaic goes with -o OUT.zarr, or plan it with --dry-run")
    settings = settings_of(context)
    execution = settings.execution if cluster is None else settings.execution.model_copy(update={"cluster": cluster})
    options = validated(
        MosaicOptions,
        kernel=kernel,
        combine=combine,
        weights=weights,
        background=background,
        scale_arcsec=scale,
        max_gigapixels=max_gigapixels,
    )
    frame = None if grid is None else read_grid(grid, s3=settings.s3)
    with progress_bars(quiet=choices_of(context).quiet) as report, open_workers(execution) as workers:
        if dry_run:
            plan = plan_mosaic(images, options=options, grid=frame, s3=settings.s3, workers=workers, report=report)
            summary = plan.summary()
        else:
            made = make_mosaic(
                images, out, options=options, grid=frame, fits=fits, overwrite=overwrite,
                s3=settings.s3, workers=workers, report=report,
            )  # fmt: skip
            summary = asdict(made)
    if as_json:
        json_data(summary)
        return
    for key, value in summary.items():
        if value not in (None, ""):
            data(f"{key:14s} {value}")


COMMANDS = {"mosaic": mosaic}
