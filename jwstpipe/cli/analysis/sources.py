"""Commands on sources: detect."""

from typing import Annotated

import typer

from jwstpipe.cli.arguments import Image, Json, Overwrite
from jwstpipe.cli.context import choices_of, settings_of
from jwstpipe.cli.output import data, json_data, progress_bars, remark
from jwstpipe.cli.request_options import request_options
from jwstpipe.requests.detect import DetectRequest

__all__ = ["detect"]


@request_options(DetectRequest, into="options")
def detect(
    context: typer.Context,
    image: Image,
    *,
    out: Annotated[str, typer.Option("--out", "-o", metavar="OUT.ecsv|.parquet|.fits|.vot", help="catalogue to make")],
    segmentation: Annotated[str | None, typer.Option(metavar="OUT.fits", help="image of labels to make")] = None,
    options: DetectRequest,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Find sources and write their catalogue; the same for every tiling and number of workers."""
    from jwstpipe.execution.workers import open_workers
    from jwstpipe.operations.detect import detect_to_file

    settings = settings_of(context)
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
        remark(f"note: nothing stands {options.threshold:g} sigma above the sky; no rows (lower --threshold)")
