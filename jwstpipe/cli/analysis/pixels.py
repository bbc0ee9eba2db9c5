"""Commands on pixels: stats, pixels."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jwstpipe.cli.analysis.measured import statistics_rows, statistics_table
from jwstpipe.cli.arguments import Images, Json
from jwstpipe.cli.context import choices_of, settings_of
from jwstpipe.cli.output import data, json_data, remark
from jwstpipe.cli.request_options import request_options
from jwstpipe.cli.tables import rows
from jwstpipe.cli.working import working
from jwstpipe.errors import UsageError
from jwstpipe.requests.analysis.places import PixelsRequest
from jwstpipe.requests.analysis.statistics import StatisticsRequest

if TYPE_CHECKING:
    from jwstpipe.analysis.pixels.at import PixelFacts

__all__ = ["pixels", "stats"]


@request_options(StatisticsRequest, into="options")
def stats(
    context: typer.Context,
    images: Images,
    *,
    options: StatisticsRequest,
    histogram: Annotated[
        str | None, typer.Option(metavar="OUT.png", help="picture of the histogram of one whole image")
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure the pixels of images, or of regions of them: counts, exact percentiles, clipped statistics, flux.

    Examples: jwstpipe stats m.zarr; jwstpipe stats x_i2d.fits --region 'icrs;circle(150.11,2.2,3")' --json
    """
    from jwstpipe.analysis.pixels.report import statistics

    if histogram is not None and (len(images) > 1 or options.region):
        raise UsageError("--histogram: shows one whole image; leave out --region, and name one image")
    with working(context) as means:
        if histogram is not None:
            from jwstpipe.api.plots import plot_histogram

            plot_histogram(images[0], histogram, plane=options.plane, **means)
        found = statistics(images, options=options, **means)
        if as_json:
            for row in found:
                json_data(row)
            return
        kept = list(found)
    if len(kept) > 1 and not choices_of(context).verbose:
        for line in statistics_table(kept):
            data(line)
        remark("each of them in full: -v, or --json")
        return
    for count, row in enumerate(kept):
        if count:
            data()
        rows(statistics_rows(row))


@request_options(PixelsRequest)
def pixels(context: typer.Context, images: Images, *, request: PixelsRequest, as_json: Json = False) -> None:
    """Tell all of single pixels: the value of every plane, flags in words, and which exposures made them.

    Examples: jwstpipe pixels m.zarr --at 512,480; jwstpipe pixels m.zarr --at 10:07:01.8,-40:26:11 --json
    """
    from jwstpipe.analysis.pixels.at import parse_place, pixel_at

    settings = settings_of(context)
    places = [parse_place(text) for text in request.at]
    first = True
    for image in images:
        for place in places:
            facts = pixel_at(image, place, index=request.slice, s3=settings.s3)
            if as_json:
                json_data(asdict(facts))
                continue
            if not first:
                data()
            first = False
            _tell(facts, whole=choices_of(context).verbose > 0)


def _tell(facts: "PixelFacts", *, whole: bool) -> None:
    data(f"{facts.address}")
    sky = "" if facts.ra is None else f"  ra {facts.ra:.7f}  dec {facts.dec:.7f}"
    data(f"pixel        x {facts.x}  y {facts.y}{sky}")
    for plane, value in facts.values.items():
        words = f"  {' '.join(facts.flags)}" if plane == "dq" and facts.flags else ""
        unit = f" {facts.unit}" if plane in ("sci", "err") and value is not None else ""
        data(f"{plane:12s} {'no data' if value is None else _word(value)}{unit}{words}")
    for made in facts.inputs:
        where = "" if made.x is None else f"  x {made.x:.2f}  y {made.y:.2f}"
        value_told = "" if made.value is None else f"  {made.value:.6g}"
        product = f"  {made.product_id or ''}" if whole else ""
        data(f"made from    {made.name}{where}{value_told}{product}  {made.note}".rstrip())
    if facts.inputs_note:
        remark(f"note: {facts.inputs_note}")


def _word(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
