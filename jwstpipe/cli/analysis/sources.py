"""Commands on sources: detect."""

from typing import Annotated

import typer

from jwstpipe.cli.context import choices_of, settings_of
from jwstpipe.cli.output import data, json_data, progress_bars, remark
from jwstpipe.requests import validated
from jwstpipe.requests.detect import DetectRequest, SkyModel

__all__ = ["COMMANDS"]

Json = Annotated[bool, typer.Option("--json", help="machine-readable")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="replace what stands there")]
DEFAULTS = DetectRequest()


def _help(name: str) -> str:
    return str(DetectRequest.model_fields[name].description)


def detect(
    context: typer.Context,
    image: Annotated[str, typer.Argument(metavar="IMAGE")],
    *,
    out: Annotated[str, typer.Option("--out", "-o", metavar="OUT.ecsv|.parquet|.fits|.vot", help="catalogue to make")],
    segmentation: Annotated[str | None, typer.Option(metavar="OUT.fits", help="image of labels to make")] = None,
    threshold: Annotated[float, typer.Option(help=_help("threshold"))] = DEFAULTS.threshold,
    fwhm: Annotated[float, typer.Option(help=_help("fwhm"))] = DEFAULTS.fwhm,
    min_pixels: Annotated[int, typer.Option(help=_help("min_pixels"))] = DEFAULTS.min_pixels,
    background: Annotated[SkyModel, typer.Option(help=_help("background"))] = DEFAULTS.background,
    mesh: Annotated[int, typer.Option(help=_help("mesh"))] = DEFAULTS.mesh,
    deblend: Annotated[bool, typer.Option(help=_help("deblend"))] = DEFAULTS.deblend,
    contrast: Annotated[float, typer.Option(help=_help("contrast"))] = DEFAULTS.contrast,
    significance: Annotated[float, typer.Option(help=_help("significance"))] = DEFAULTS.significance,
    max_sources: Annotated[int, typer.Option(help=_help("max_sources"))] = DEFAULTS.max_sources,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Find sources and write their catalogue; the same for every tiling and number of workers."""
    from jwstpipe.execution.workers import open_workers
    from jwstpipe.operations.detect import detect_to_file

    settings = settings_of(context)
    options = validated(
        DetectRequest, threshold=threshold, fwhm=fwhm, min_pixels=min_pixels, background=background, mesh=mesh,
        deblend=deblend, contrast=contrast, significance=significance, max_sources=max_sources,
    )  # fmt: skip
    with progress_bars(quiet=choices_of(context).quiet) as report, open_workers(settings.execution) as workers:
        made = detect_to_file(
            image, out, options=options, segmentation=segmentation, overwrite=overwrite, s3=settings.s3,
            workers=workers, report=report,
        )  # fmt: skip
    if as_json:
        json_data(made.as_dict())
    else:
        data(f"{made.address}: {made.sources:,} sources")
    if not made.sources:
        remark(f"note: nothing stands {threshold:g} sigma above the sky; the catalogue is empty (lower --threshold)")


COMMANDS = {"detect": detect}
