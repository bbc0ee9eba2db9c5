"""Commands that make pictures: composite, thumbnail."""

from pathlib import Path
from typing import Annotated

import typer

from jwstpipe.cli.context import choices_of, settings_of
from jwstpipe.cli.output import data, json_data, progress_bars, remark
from jwstpipe.errors import UsageError
from jwstpipe.requests import CompositeRequest, Coverage, Stretch, validated

__all__ = ["COMMANDS"]

Json = Annotated[bool, typer.Option("--json", help="machine-readable")]


def composite(
    context: typer.Context,
    images: Annotated[list[str] | None, typer.Argument(metavar="IMAGE...")] = None,
    *,
    out: Annotated[Path, typer.Option("-o", "--out", metavar="OUT.png|.jpg", help="picture to make")],
    channel: Annotated[
        list[str] | None, typer.Option(metavar="IMAGE=COLOUR[*WEIGHT]", help="colour of an image: name, #rrggbb or hue")
    ] = None,
    luminance: Annotated[str | None, typer.Option(metavar="IMAGE", help="image that brings the lightness")] = None,
    stretch: Annotated[Stretch, typer.Option(help="curve from flux to brightness")] = "asinh",
    size: Annotated[int | None, typer.Option(help="longest side, pixels; default: full resolution")] = None,
    bits: Annotated[int, typer.Option(help="bits a channel, 8 or 16")] = 8,
    quality: Annotated[int, typer.Option(help="JPEG quality, 1-100")] = 95,
    coverage: Annotated[Coverage, typer.Option(help="filters that must cover a pixel for it to show")] = "majority",
    scale: Annotated[float | None, typer.Option(help="pixel size of the common grid, arcsec")] = None,
    as_json: Json = False,
) -> None:
    """Make a colour picture of several filters, in the order of their wavelengths."""
    from jwstpipe.execute import open_workers
    from jwstpipe.render.colour.names import parse_channel_colour
    from jwstpipe.render.pictures import composite as make_composite

    settings = settings_of(context)
    options = validated(CompositeRequest, stretch=stretch, size=size, bits=bits, quality=quality, coverage=coverage)
    colours = {}
    for wish in channel or []:
        address, separator, colour = wish.rpartition("=")
        if not separator or not address:
            raise UsageError(f"--channel {wish}: write IMAGE=COLOUR or IMAGE=COLOUR*WEIGHT")
        colours[address] = parse_channel_colour(colour)
    with progress_bars(quiet=choices_of(context).quiet) as report, open_workers(settings.execution) as workers:
        made = make_composite(
            images or [], out, options=options, colours=colours, luminance=luminance, scale_arcsec=scale,
            s3=settings.s3, workers=workers, report=report,
        )  # fmt: skip
    if as_json:
        json_data(made.as_dict())
        return
    data(f"{made.path}: {made.width} x {made.height} px, {made.bits} bits, {made.size_bytes:,} bytes")
    for used in made.channels:
        filled = f", {used.holes} holes of {used.hole_pixels} px filled for display" if used.holes else ""
        data(f"  {used.filter or used.image}: {used.colour}, {used.stretch.lo:.4g} to {used.stretch.hi:.4g}{filled}")
    for note in made.notes:
        remark(f"note: {note}")


def thumbnail(
    context: typer.Context,
    image: Annotated[str, typer.Argument(metavar="IMAGE")],
    *,
    out: Annotated[Path, typer.Option("-o", "--out", metavar="OUT.png", help="picture to make")],
    size: Annotated[int, typer.Option(help="longest side, pixels")] = 256,
    stretch: Annotated[Stretch, typer.Option(help="curve from flux to brightness")] = "zscale",
    as_json: Json = False,
) -> None:
    """Make a small grey picture of one image."""
    from jwstpipe.render.pictures import thumbnail as make_thumbnail

    made = make_thumbnail(image, out, size=size, stretch=stretch, s3=settings_of(context).s3)
    if as_json:
        json_data({"path": str(made.path), "width": made.width, "height": made.height, "level": made.level})
        return
    data(f"{made.path}: {made.width} x {made.height} px")


COMMANDS = {"composite": composite, "thumbnail": thumbnail}
