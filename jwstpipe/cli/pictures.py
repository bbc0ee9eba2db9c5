"""The command that makes pictures: composite."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jwstpipe.cli.arguments import PICTURE_FORMS, Json, Overwrite, image_argument, output_option
from jwstpipe.cli.context import settings_of
from jwstpipe.cli.output import data, json_data, remark
from jwstpipe.cli.request_options import cli_request, request_options
from jwstpipe.cli.working import working
from jwstpipe.errors import UsageError
from jwstpipe.requests import CompositeRequest

if TYPE_CHECKING:
    from jwstpipe.render.receipt import Picture

__all__ = ["composite"]

FEW_PERCENT = 10.0
"""Limits this near to 0 and to 100 look like percentiles."""


MaybeImages = Annotated[list[str] | None, image_argument("IMAGE...")]
Out = Annotated[Path, output_option(PICTURE_FORMS, "picture to make")]
CoresMask = Annotated[Path | None, typer.Option(metavar="OUT.fits", help="mask of what was filled")]
SavePreset = Annotated[Path | None, typer.Option(metavar="OUT.toml", help="keep this look as a preset file")]
ViewLink = Annotated[str | None, typer.Option("--view", metavar="LINK", help="what a link of the viewer shows")]
Drawn = Annotated[bool, typer.Option("--drawn", help="draw what the view of the link has drawn over it, too")]
Limits = Annotated[str | None, typer.Option("--limits", metavar="LOW,HIGH", hidden=True)]


@request_options(CompositeRequest, into="options")
def composite(
    context: typer.Context,
    images: MaybeImages = None,
    *,
    out: Out,
    options: CompositeRequest,
    view: ViewLink = None,
    drawn: Drawn = False,
    limits: Limits = None,
    cores_mask: CoresMask = None,
    save_preset: SavePreset = None,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Make a colour picture of several filters, in the order of their wavelengths.

    Examples: jwstpipe composite f090w.zarr f200w.zarr f444w.zarr -o picture.png --preset nasa-press --size 2048;
    jwstpipe composite *.fits -o p.jpg --channel F200W=orange*0.8,stretch=log,high=99.8%
    """
    if view is not None:
        images, options = _seen(context, view, images or [], options, drawn=drawn)
    elif drawn:
        raise UsageError("--drawn is of a view; name it with --view LINK")
    if limits is not None:
        options = cli_request(CompositeRequest, {**options.model_dump(exclude_defaults=True), **_limits(limits)})
    elif options.low is not None and options.high is not None:
        _tell_values(options.low, options.high)
    made = _made(context, images or [], out, options, cores_mask=cores_mask, save=save_preset, overwrite=overwrite)
    _report(made, as_json=as_json)


def _seen(
    context: typer.Context, link: str, images: list[str], options: CompositeRequest, *, drawn: bool
) -> tuple[list[str], CompositeRequest]:
    """Take images and wishes from a link to a view; what is named on the command line goes before it."""
    from jwstpipe.requests import joined_options
    from jwstpipe.viewer.drawn import drawn_options
    from jwstpipe.viewer.kept_views import kept_view, view_named
    from jwstpipe.viewer.server.library import Library
    from jwstpipe.viewer.sources import Sources
    from jwstpipe.viewer.state import read_link

    settings = settings_of(context)
    name = view_named(link)
    state, notes = read_link(link if name is None else kept_view(Library(settings).store, name))
    marks, left_out = drawn_options(state.overlays, state.regions) if drawn else ({}, ())
    for note in (*notes, *left_out):
        remark(f"note: {note}")
    sources = Sources(s3=settings.s3, library=Library(settings))
    for image in images:
        sources.add(image)
    found = [source.address for source in sources.get(state.images)]
    given = options.model_dump(exclude_defaults=True)
    seen = {**state.wishes.model_dump(exclude_defaults=True), **marks}
    return found, cli_request(CompositeRequest, joined_options(seen, given))


def _made(
    context: typer.Context, images: list[str], out: Path, options: CompositeRequest, *, cores_mask: Path | None,
    save: Path | None, overwrite: bool,
) -> "Picture":  # fmt: skip
    """Make the picture, and keep its look where that was asked for."""
    from jwstpipe.api.outputs import check_output
    from jwstpipe.api.pictures import composite as make_composite
    from jwstpipe.display.presets.save import check_preset_file, save_preset

    if save is not None:
        check_output(check_preset_file(save), (".toml",), what="a preset", overwrite=overwrite)
    if options.sources is not None:
        options = _with_known(context, options, images)
    with working(context) as means:
        made = make_composite(
            images, out, options=options, cores_mask=cores_mask, overwrite=overwrite, **means
        )  # fmt: skip
    if save is not None:
        save_preset(options, save, channels=made.looks_by_filter() if options.channels else ())
    return made


def _with_known(context: typer.Context, options: CompositeRequest, images: list[str]) -> CompositeRequest:
    """Take what the catalogue of records knows for the word that asks for it."""
    from jwstpipe.cli.catalog.opened import opened
    from jwstpipe.operations.sources.known import with_known_sources
    from jwstpipe.storage import open_store

    with opened(context, home=None) as (catalog, settings):
        store = open_store(settings.store_root, s3=settings.s3)
        return with_known_sources(options, images, catalog=catalog, store=store)


def _report(made: "Picture", *, as_json: bool) -> None:
    """Say what was made."""
    if as_json:
        json_data(made.as_dict())
        return
    data(
        f"{made.path}: {made.width} x {made.height} px, {made.bits} bits, {made.size_bytes:,} bytes,"
        f" score {made.quality.score:.1f} of 5"
    )
    for used in made.channels:
        filled = f", {used.holes} holes of {used.hole_pixels} px filled for display" if used.holes else ""
        data(f"  {used.filter or used.image}: {used.colour}, {used.stretch.lo:.4g} to {used.stretch.hi:.4g}{filled}")
    for fallback in made.stretch_fallbacks:
        remark(f"note: stretch {fallback}")
    for note in made.notes:
        remark(f"note: {note}")
    if made.quality.warning:
        remark(f"warning: {made.quality.warning}")


def _limits(text: str) -> dict[str, str]:
    """Read ``LOW,HIGH``: values, or percentiles where a % follows; the older spelling of --low and --high."""
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 2 or not all(re.fullmatch(r"=?[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?%?", part) for part in parts):
        raise UsageError(f"--limits {text}: give two values as 0.1,20, or two percentiles as 0.5%,99.9%")
    low, high = parts
    if not any(sign in text for sign in "=%") and _like_percentiles(float(low), float(high)):
        raise UsageError(
            f"--limits {text}: percentiles or values? write {low}%,{high}% for percentiles of the covered pixels, or"
            f" ={low},={high} for values in the unit of the images"
        )
    return {"low": low.removeprefix("="), "high": high.removeprefix("=")}


def _tell_values(low: float, high: float) -> None:
    """Say that limits are values where they look like percentiles without their sign."""
    if _like_percentiles(low, high):
        remark(
            f"note: --low {low:g} --high {high:g} are values in the unit of the images; {low:g}% and {high:g}% would"
            " be percentiles of the covered pixels"
        )


def _like_percentiles(low: float, high: float) -> bool:
    """Tell whether two bare numbers look like percentiles, as 1,99 or 0.5,99.5 do."""
    return 0.0 <= low <= FEW_PERCENT and 100.0 - FEW_PERCENT <= high <= 100.0
