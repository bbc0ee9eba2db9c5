"""Commands that make pictures: composite, thumbnail."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jwstpipe.cli.context import choices_of, settings_of
from jwstpipe.cli.output import data, json_data, progress_bars, remark
from jwstpipe.errors import UsageError
from jwstpipe.requests import (
    SIZES,
    Combination,
    CompositeRequest,
    Coverage,
    Palette,
    Stretch,
    validated,
)

if TYPE_CHECKING:
    from jwstpipe.render.receipt import Picture

__all__ = ["COMMANDS"]

FEW_PERCENT = 10.0
"""Limits this near to 0 and to 100 look like percentiles."""

Json = Annotated[bool, typer.Option("--json", help="machine-readable")]


Images = Annotated[list[str] | None, typer.Argument(metavar="IMAGE...")]
Out = Annotated[Path, typer.Option("-o", "--out", metavar="OUT.png|.jpg|.tif", help="picture to make")]
PresetName = Annotated[str, typer.Option(help="look (auto, natural, nasa-press, ...), recipe by target, or .toml")]
ChannelsHelp = "colour of an image: name, #rrggbb or hue"
Channels = Annotated[list[str] | None, typer.Option(metavar="IMAGE=COLOUR[*WEIGHT]", help=ChannelsHelp)]
Light = Annotated[str | None, typer.Option(metavar="IMAGE[*SHARE]", help="image that brings the lightness")]
LimitsHelp = "values of black and white; with %: percentiles"
Limits = Annotated[str | None, typer.Option(metavar="LOW,HIGH", help=LimitsHelp)]
SkyHelp = "window of empty sky, pixels of the images"
SkyRegion = Annotated[str | None, typer.Option(metavar="X0,Y0,X1,Y1", help=SkyHelp)]
Crop = Annotated[str | None, typer.Option(metavar="X0,Y0,X1,Y1", help="window of the images, pixels")]
Sheet = Annotated[str | None, typer.Option(metavar="WIDTHxHEIGHT", help="canvas the picture is fitted on")]
Overlays = Annotated[list[str] | None, typer.Option(help="grid, scalebar, compass, labels (repeat, or commas)")]
Sources = Annotated[str | None, typer.Option(metavar="TABLE", help="circles at the ra, dec of a table")]
NotesHelp = "texts, arrows, circles, boxes on the sky"
Notes = Annotated[str | None, typer.Option(metavar="FILE.toml", help=NotesHelp)]
CoresMask = Annotated[Path | None, typer.Option(metavar="OUT.fits", help="mask of what was filled")]
SavePreset = Annotated[Path | None, typer.Option(metavar="OUT.toml", help="keep this look as a preset file")]
Combining = Annotated[Combination | None, typer.Option(help="sum of lights, or lupton: hue at any brightness")]


def composite(
    context: typer.Context,
    images: Images = None,
    *,
    out: Out,
    preset: PresetName = "balanced",
    channel: Channels = None,
    luminance: Light = None,
    size: Annotated[str, typer.Option(help="longest side, pixels, or 1200, 2048, 4096, full")] = "full",
    bits: Annotated[int, typer.Option(help="bits a channel, 8 or 16")] = 8,
    quality: Annotated[int, typer.Option(help="JPEG quality, 1-100")] = 95,
    recipe: Annotated[str | None, typer.Option(help="colours of a published recipe, as 'NGC 3132'")] = None,
    palette: Annotated[Palette, typer.Option(help="colours of the channels that name none")] = "chromatic",
    stretch: Annotated[Stretch | None, typer.Option(help="curve from flux to brightness")] = None,
    softening: Annotated[float | None, typer.Option(help="parameter of asinh, log or power")] = None,
    limits: Limits = None,
    black: Annotated[float | None, typer.Option(help="fraction of the pixels that becomes black")] = None,
    white: Annotated[float | None, typer.Option(help="fraction of the pixels that stays below white")] = None,
    gamma: Annotated[float | None, typer.Option(help="brightness is raised to 1/gamma")] = None,
    curve: Annotated[str | None, typer.Option(help="tone curve by name, or points as 0:0,0.3:0.2,1:1")] = None,
    combine: Combining = None,
    neutralise: Annotated[bool | None, typer.Option(help="bring the sky of all channels to one brightness")] = None,
    sky_region: SkyRegion = None,
    saturation: Annotated[float | None, typer.Option(help="0 to 2, 1 = as it is")] = None,
    vibrancy: Annotated[float | None, typer.Option(help="0 to 1, lifts weak colours")] = None,
    hue: Annotated[float | None, typer.Option(help="shift of all hues, degrees, -30 to 30")] = None,
    sharpen: Annotated[float | None, typer.Option(help="amount of the unsharp mask, 0 to 3")] = None,
    sharpen_radius: Annotated[float | None, typer.Option(help="its sigma, pixels")] = None,
    denoise: Annotated[float | None, typer.Option(help="wavelet noise reduction, threshold in sigma")] = None,
    feather: Annotated[float, typer.Option(help="width of blended coverage edges, share of the field")] = 0.1,
    coverage: Annotated[Coverage, typer.Option(help="filters that must cover a pixel for it to show")] = "majority",
    crop: Crop = None,
    canvas: Sheet = None,
    overlay: Overlays = None,
    sources: Sources = None,
    annotations: Notes = None,
    match_resolution: Annotated[bool, typer.Option(help="blur all to the coarsest resolution")] = False,
    title: Annotated[str | None, typer.Option(help="written into the picture; default: the target")] = None,
    cores_mask: CoresMask = None,
    save_preset: SavePreset = None,
    scale: Annotated[float | None, typer.Option(help="pixel size of the common grid, arcsec")] = None,
    as_json: Json = False,
) -> None:
    """Make a colour picture of several filters, in the order of their wavelengths."""
    options = validated(
        CompositeRequest, preset=preset, size=_size(size), bits=bits, quality=quality, recipe=recipe, palette=palette,
        stretch=stretch, softening=softening, **_limits(limits), black=black, white=white, gamma=gamma, curve=curve,
        mix=combine, neutralise=neutralise, saturation=saturation, vibrancy=vibrancy, hue=hue, sharpen=sharpen,
        sharpen_radius=sharpen_radius, denoise=denoise, feather=feather, coverage=coverage, sources=sources,
        sky_region=_window(sky_region, "--sky-region"), crop=_window(crop, "--crop"), canvas=_canvas(canvas),
        overlays=_overlays(overlay or [], sources), annotations=annotations, match_resolution=match_resolution,
        channels=tuple(channel or ()), luminance=luminance, title=title, scale_arcsec=scale,
    )  # fmt: skip
    made = _made(context, images or [], out, options, cores_mask=cores_mask, save=save_preset)
    _tell(made, as_json=as_json)


def _made(
    context: typer.Context, images: list[str], out: Path, options: CompositeRequest, *, cores_mask: Path | None,
    save: Path | None,
) -> "Picture":  # fmt: skip
    """Make the picture, and keep its look where that was asked for."""
    from jwstpipe.display.presets.save import check_preset_file, save_preset
    from jwstpipe.execution.workers import open_workers
    from jwstpipe.operations.composite import composite as make_composite

    settings = settings_of(context)
    if save is not None:
        check_preset_file(save)
    with progress_bars(quiet=choices_of(context).quiet) as report, open_workers(settings.execution) as workers:
        made = make_composite(
            images, out, options=options, cores_mask=cores_mask, s3=settings.s3, workers=workers, report=report
        )
    if save is not None:
        save_preset(options, save, channels=made.looks_by_filter() if options.channels else ())
    return made


def _tell(made: "Picture", *, as_json: bool) -> None:
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


def _window(text: str | None, option: str) -> tuple[int, ...] | None:
    return None if text is None else _numbers(text, 4, option, "X0,Y0,X1,Y1")


def _canvas(text: str | None) -> tuple[int, ...] | None:
    return None if text is None else _numbers(text.lower().replace("x", ","), 2, "--canvas", "WIDTHxHEIGHT")


def _size(text: str) -> int | None:
    """Read a size: pixels, or ``full``."""
    word = text.strip().lower()
    if word in SIZES:
        return SIZES[word]
    if not word.isdigit():
        raise UsageError(f"--size {text}: give the longest side in pixels, or one of {', '.join(SIZES)}")
    return int(word)


def _limits(text: str | None) -> dict[str, float]:
    """Read ``LOW,HIGH``: values, or percentiles where a % follows."""
    if text is None:
        return {}
    names = ("low", "high")
    found = {}
    for name, part in zip(names, text.split(","), strict=False):
        word = part.strip()
        try:
            number = float(word.removesuffix("%").removeprefix("="))
            found[f"{name}_percent" if word.endswith("%") else name] = number
        except ValueError:
            found = {}
            break
    if len(found) != 2 or text.count(",") != 1:
        raise UsageError(f"--limits {text}: give two values as 0.1,20, or two percentiles as 0.5%,99.9%")
    if set(found) == set(names) and "=" not in text and _like_percentiles(found["low"], found["high"]):
        low, high = (part.strip() for part in text.split(","))
        raise UsageError(
            f"--limits {text}: percentiles or values? write {low}%,{high}% for percentiles of the covered pixels, or"
            f" ={low},={high} for values in the unit of the images"
        )
    return found


def _like_percentiles(low: float, high: float) -> bool:
    """Tell whether two bare numbers look like percentiles, as 1,99 or 0.5,99.5 do."""
    return 0.0 <= low <= FEW_PERCENT and 100.0 - FEW_PERCENT <= high <= 100.0


def _overlays(words: list[str], sources: str | None) -> tuple[str, ...]:
    """Take overlays apart; a table of sources is an overlay too."""
    kinds = [kind.strip().lower() for word in words for kind in word.split(",") if kind.strip()]
    return tuple(dict.fromkeys([*kinds, *(["sources"] if sources else [])]))


def _numbers(text: str, count: int, option: str, form: str) -> tuple[int, ...]:
    """Read whole numbers, separated by commas."""
    parts = text.split(",")
    if len(parts) != count or not all(part.strip().lstrip("-").isdigit() for part in parts):
        raise UsageError(f"{option} {text}: write {form}, whole pixels")
    return tuple(int(part) for part in parts)


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
    from jwstpipe.operations.thumbnail import thumbnail as make_thumbnail

    made = make_thumbnail(image, out, size=size, stretch=stretch, s3=settings_of(context).s3)
    if as_json:
        json_data({"path": str(made.path), "width": made.width, "height": made.height, "level": made.level})
        return
    data(f"{made.path}: {made.width} x {made.height} px")


def contact_sheet(
    context: typer.Context,
    images: Annotated[list[str], typer.Argument(metavar="IMAGE...")],
    *,
    out: Annotated[Path, typer.Option("-o", "--out", metavar="OUT.png", help="picture to make")],
    size: Annotated[int, typer.Option(help="longest side of each, pixels")] = 256,
    columns: Annotated[int | None, typer.Option(help="pictures a row")] = None,
    stretch: Annotated[Stretch, typer.Option(help="curve from flux to brightness")] = "zscale",
    as_json: Json = False,
) -> None:
    """Put small grey pictures of images on one page, each with its filter and name."""
    from jwstpipe.operations.contact_sheet import contact_sheet as make_sheet

    made = make_sheet(images, out, size=size, columns=columns, stretch=stretch, s3=settings_of(context).s3)
    if as_json:
        json_data({**asdict(made), "path": str(made.path)})
        return
    data(f"{made.path}: {made.width} x {made.height} px, {made.images} images")
    for failure in made.failed:
        remark(f"note: {failure}")


COMMANDS = {"composite": composite, "thumbnail": thumbnail, "contact-sheet": contact_sheet}
