"""How mosaics become one colour picture."""

from typing import Literal

from pydantic import Field

from jwstpipe.requests.base import Request

__all__ = ["SIZES", "Combination", "CompositeRequest", "Coverage", "LookWishes", "Overlay", "Palette", "Stretch"]

Stretch = Literal["asinh", "log", "sqrt", "power", "histeq", "linear", "zscale"]
Coverage = Literal["any", "majority", "all"]
Combination = Literal["sum", "lupton"]
Palette = Literal["chromatic", "wavelength", "instruments"]
Overlay = Literal["grid", "scalebar", "compass", "labels", "sources"]

SIZES = {"1200": 1200, "2048": 2048, "4096": 4096, "full": None}
"""Sizes by name: longest side, pixels; full = every pixel of the images."""


class LookWishes(Request):
    """How a picture looks; a wish that is empty leaves the choice to the preset."""

    recipe: str | None = Field(None, description="colours by filter of a published recipe, as NGC 3132")
    palette: Palette = Field(
        "chromatic",
        description="colours of channels that name none: chromatic (by order of wavelength), wavelength (by its"
        " logarithm), instruments (NIRCam blue to green, MIRI yellow to red)",
    )
    stretch: Stretch | None = Field(None, description="curve from flux to brightness")
    softening: float | None = Field(None, gt=0, le=100_000, description="parameter of asinh, log or power")
    low: float | None = Field(None, description="value that becomes black, unit of the images")
    high: float | None = Field(None, description="value that becomes white, unit of the images")
    low_percent: float | None = Field(None, ge=0, le=100, description="the same as percentile of the covered pixels")
    high_percent: float | None = Field(None, ge=0, le=100, description="the same as percentile of the covered pixels")
    black: float | None = Field(None, ge=0, lt=1, description="fraction of the pixels that becomes black")
    white: float | None = Field(None, gt=0, le=1, description="fraction of the pixels that stays below white")
    gamma: float | None = Field(None, gt=0, le=5, description="brightness is raised to 1/gamma")
    curve: str | None = Field(None, description="tone curve by name, or points as 0:0,0.3:0.2,1:1")
    combine: Combination | None = Field(None, description="sum of lights, or lupton: hue stays at any brightness")
    neutralise: bool | None = Field(None, description="bring the sky of all channels to one brightness")
    sky_region: tuple[int, int, int, int] | None = Field(
        None,
        description="window of empty sky, full pixels x0, y0, x1, y1: its median is the sky; empty = low percentile",
    )
    saturation: float | None = Field(None, ge=0, le=2, description="1 = as it is")
    vibrancy: float | None = Field(None, ge=0, le=1, description="lifts weak colours")
    hue: float | None = Field(None, ge=-30, le=30, description="shift of all hues, degrees")
    sharpen: float | None = Field(None, ge=0, le=3, description="amount of the unsharp mask")
    sharpen_radius: float | None = Field(None, ge=0.5, le=10, description="its sigma, pixels")
    sharpen_threshold: float | None = Field(None, ge=0, le=1, description="differences below are left alone")
    denoise: float | None = Field(None, ge=0, le=10, description="wavelet noise reduction, threshold in sigma")
    match_resolution: bool = Field(False, description="blur sharper images to the resolution of the coarsest")
    feather: float = Field(0.1, ge=0, le=0.5, description="width of blended coverage edges, share of the field")
    coverage: Coverage = Field(
        "majority", description="filters that must cover a pixel for it to show: any, more than half, or all"
    )


class CompositeRequest(LookWishes):
    """How mosaics become one colour picture: a preset, wishes that go before it, and what comes out."""

    preset: str = Field("balanced", min_length=1, description="look by name, recipe by target, or a .toml file")
    size: int | None = Field(None, ge=16, le=100_000, description="longest side, pixels; empty = full resolution")
    crop: tuple[int, int, int, int] | None = Field(
        None, description="window of the images, full pixels: x0, y0, x1, y1, first pixel at the bottom left 0"
    )
    canvas: tuple[int, int] | None = Field(None, description="width and height of a canvas the picture is fitted on")
    overlays: tuple[Overlay, ...] = Field((), description="what is drawn on the picture")
    sources: str | None = Field(None, description="table with columns ra and dec, for the overlay of sources")
    annotations: str | None = Field(
        None, description="file of texts, arrows, circles and boxes on the sky that are drawn (TOML)"
    )
    quality: int = Field(95, ge=1, le=100, description="JPEG quality")
    bits: Literal[8, 16] = Field(8, description="bits a channel (16: PNG, TIFF)")
