"""How mosaics become one colour picture."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, model_validator

from jwstpipe.requests.base import Request, option
from jwstpipe.requests.channels import ChannelLook, Stretch, ToneOptions, channel_looks
from jwstpipe.requests.fields.crop import Crop
from jwstpipe.requests.fields.orientation import Orientation

__all__ = [
    "RULES",
    "SIZES",
    "ColourOptions",
    "Combination",
    "CompositeRequest",
    "Coverage",
    "LookOptions",
    "Overlay",
    "Palette",
    "PictureFile",
    "PictureForm",
    "Stretch",
]  # fmt: skip

Coverage = Literal["any", "majority", "all"]
Combination = Literal["sum", "lupton"]
Palette = Literal["chromatic", "wavelength", "instruments"]
Overlay = Literal["grid", "scalebar", "compass", "labels", "sources"]

PictureFile = Literal["png", "jpg", "tif", "fits"]
PictureForm = Literal[PictureFile, "zarr", "hips"]
"""Forms of a colour picture, the usual one first; the last two are folders, which stores do not take."""

RULES = 3
"""Number of the rules that pictures are made by now. 1: images of other grids were resampled whole, a size enlarged
small images without being asked, and looks did not see how crowded a field is. 2: looks with a curve of MIRI's own did
not balance the upper limits."""

SIZES = {"1200": 1200, "2048": 2048, "4096": 4096, "full": None}
"""Sizes by name: longest side, pixels; full = every pixel of the images."""

COLOUR = "Colour"
FINISH = "Finish"
FRAME = "Frame"
OVERLAYS = "Overlays"
FILE = "File"

_SHARE = re.compile(r"(.+)\*(\d*\.?\d+)")


def _size(value: Any) -> Any:
    """Read ``full``; numbers pass."""
    return SIZES.get(value.strip().lower(), value) if isinstance(value, str) else value


def _canvas(value: Any) -> Any:
    """Read ``1920x1080``."""
    return tuple(value.lower().split("x")) if isinstance(value, str) and "x" in value.lower() else value


class ColourOptions(Request):
    """Which colours filters take that are given none by hand."""

    recipe: str | None = option(
        None, help="colours by filter of a published recipe, as NGC 3132", group=COLOUR, often=True
    )
    palette: Palette = option(
        "chromatic",
        help="colours of channels that name none: chromatic (by order of wavelength), wavelength (by its logarithm),"
        " instruments (NIRCam blue to green, MIRI yellow to red)",
        group=COLOUR,
        often=True,
    )


class LookOptions(ColourOptions, ToneOptions):
    """How a picture looks; a wish that is empty leaves the choice to the preset."""

    channels: Annotated[tuple[ChannelLook, ...], BeforeValidator(channel_looks)] = option(
        (),
        max_length=500,
        help="colour (name, #rrggbb, hue) of an image or a filter, with a weight, stretch, limits, gamma or curve of"
        " its own, as F200W=orange*0.8,low=0.1,high=99.5%, and hidden for one that takes no part",
        names=("--channel",),
        metavar="IMAGE=COLOUR[*WEIGHT][,NAME=VALUE]...",
        group=COLOUR,
        often=True,
        commas=False,
    )
    mixing: Combination | None = option(
        None,
        help="sum of lights, or lupton: hue stays at any brightness",
        names=("--mixing", "--combine"),
        group=COLOUR,
    )
    neutralise: bool | None = option(None, help="bring the sky of all channels to one brightness", group=COLOUR)
    sky_region: tuple[float, float, float] | tuple[int, int, int, int] | None = option(
        None,
        help="place of empty sky whose median is the sky: RA, Dec and radius, degrees, or a window x0, y0, x1, y1 of"
        " full pixels; empty = low percentile",
        metavar="RA,DEC,RADIUS",
        group=COLOUR,
    )
    saturation: float | None = option(None, ge=0, le=2, help="1 = as it is", group=COLOUR)
    vibrancy: float | None = option(None, ge=0, le=1, help="lifts weak colours", group=COLOUR)
    hue: float | None = option(None, ge=-30, le=30, help="shift of all hues, degrees", group=COLOUR)
    sharpen: float | None = option(None, ge=0, le=3, help="amount of the unsharp mask", group=FINISH)
    sharpen_radius: float | None = option(None, ge=0.5, le=10, help="its sigma, pixels", group=FINISH)
    sharpen_threshold: float | None = option(
        None, ge=0, le=1, help="differences of brightness below this are not sharpened", group=FINISH
    )
    denoise: float | None = option(None, ge=0, le=10, help="wavelet noise reduction, threshold in sigma", group=FINISH)
    match_resolution: bool = option(False, help="blur sharper images to the resolution of the coarsest", group=FINISH)
    feather: float = option(0.1, ge=0, le=0.5, help="width of blended coverage edges, share of the field", group=FINISH)
    coverage: Coverage = option(
        "majority", help="filters that must cover a pixel for it to show: any, more than half, or all", group=FINISH
    )

    @model_validator(mode="before")
    @classmethod
    def _older_names(cls, given: Any) -> Any:
        """Take ``combine``, which is the word for overlapping samples, for `mixing`: presets were saved with it."""
        if isinstance(given, Mapping) and "combine" in given and "mixing" not in given:
            return {("mixing" if name == "combine" else name): value for name, value in given.items()}
        return given

    @model_validator(mode="after")
    def _one_look_each(self) -> Self:
        names = [look.image for look in self.channels]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"channels: {twice} is named twice")
        return self


class CompositeRequest(LookOptions):
    """How mosaics become one colour picture: a preset, options that go before it, and what comes out."""

    preset: str = option(
        "balanced", min_length=1, help="look by name (balanced, auto, natural, ...), recipe by target, or a .toml file"
    )
    luminance: str | None = option(
        None,
        help="image that brings the lightness, or IMAGE*SHARE for a share of it",
        metavar="IMAGE[*SHARE]",
        group=COLOUR,
    )
    luminance_share: float = option(1.0, ge=0, le=1, help="its share of the lightness", group=COLOUR)
    title: str | None = option(
        None, max_length=500, help="written into the picture; empty = the target", group=OVERLAYS, often=True
    )
    size: Annotated[int | None, BeforeValidator(_size)] = option(
        None,
        ge=16,
        le=100_000,
        help="longest side, pixels; full or empty = full resolution",
        metavar="PX",
        group=FRAME,
        often=True,
    )
    enlarge: bool = option(
        False, help="let size make the picture larger than its images are; else it stays at their pixels", group=FRAME
    )
    scale_arcsec: float | None = option(
        None,
        gt=0,
        le=3600,
        help="pixel size, arcsec; empty = that of the finest input",
        names=("--scale", "--scale-arcsec"),
        metavar="ARCSEC",
        group=FRAME,
    )
    crop: Crop | None = option(
        None,
        help="window of the images: full pixels x0, y0, x1, y1, the first at the bottom left 0; RA, Dec, width and"
        " height with units, as 210.8,+54.35,10arcmin,5arcmin; or auto, the largest that they fill, or auto:5% with"
        " some border",
        metavar="X0,Y0,X1,Y1|RA,DEC,W,H|auto[:N%]",
        group=FRAME,
        often=True,
    )
    orient: Orientation | None = option(
        None,
        help="which way it is turned: north, instrument (sides along those of the data), or a position angle of up,"
        " degrees; empty = as the images lie",
        metavar="north|instrument|ANGLE",
        group=FRAME,
        often=True,
    )
    canvas: Annotated[tuple[int, int] | None, BeforeValidator(_canvas)] = option(
        None, help="width and height of a canvas the picture is fitted on", metavar="WIDTHxHEIGHT", group=FRAME
    )
    overlays: tuple[Overlay, ...] = option(
        (), help="what is drawn on the picture", names=("--overlay", "--overlays"), group=OVERLAYS
    )
    sources: str | None = option(
        None,
        help="table with columns ra and dec, for the overlay of sources; catalogue = all that records know there",
        metavar="TABLE|catalogue",
        group=OVERLAYS,
    )
    annotations: str | None = option(
        None,
        help="file of texts, arrows, circles and boxes on the sky that are drawn (TOML)",
        metavar="FILE.toml",
        group=OVERLAYS,
    )
    quality: int = option(95, ge=1, le=100, help="JPEG quality", group=FILE, often=False)
    bits: Literal[8, 16] = option(8, help="bits a channel (16: PNG, TIFF)", group=FILE, often=False)

    @property
    def rules(self) -> int:
        """Number of the rules that the picture is made by, see `RULES`; other than now only for one of before."""
        return RULES

    @model_validator(mode="before")
    @classmethod
    def _share_of_the_lightness(cls, given: Any) -> Any:
        """Read ``IMAGE*SHARE``, and draw the sources of a table that is named."""
        if not isinstance(given, Mapping):
            return given
        read = dict(given)
        found = _SHARE.fullmatch(read["luminance"]) if isinstance(read.get("luminance"), str) else None
        if found and "luminance_share" not in read:
            read["luminance"], read["luminance_share"] = found.groups()
        overlays = read.get("overlays", ())
        if read.get("sources") and isinstance(overlays, list | tuple) and "sources" not in overlays:
            read["overlays"] = (*overlays, "sources")
        return read
