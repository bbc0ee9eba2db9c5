"""How sources are found."""

from typing import Literal

from jwstpipe.requests.base import Request, option

__all__ = ["DetectRequest", "Joint", "SkyModel"]

SkyModel = Literal["mesh", "level", "none"]
Joint = Literal["mean", "chi"]

BLENDS = "Blends"
SKY = "Sky background"


class DetectRequest(Request):
    """How sources are found."""

    threshold: float = option(
        4.5,
        ge=1.0,
        le=1000.0,
        help="standard deviations of the smoothed image that a source stands above the sky",
    )
    fwhm: float = option(
        2.8,
        ge=0.5,
        le=20.0,
        help="full width of a point source, pixels: the width of smoothing and of centroids",
    )
    min_pixels: int = option(3, ge=1, le=1000, help="fewest connected pixels above the threshold")
    extended: bool = option(
        True, help="search at half resolution, too, where faint sources wider than a star stand out"
    )
    background: SkyModel = option(
        "mesh",
        help="sky to subtract: a mesh that follows it, one level, or none; a mesh eats nebulae",
        group=SKY,
    )
    mesh: int = option(
        64,
        ge=16,
        le=1024,
        help="side of the boxes of the mesh, pixels; 10 times what shall survive it",
        group=SKY,
    )
    deblend: bool = option(True, help="take blended sources apart", group=BLENDS)
    contrast: float = option(
        0.001,
        ge=0.0,
        le=1.0,
        help="share of a blend's flux that a part must have above the saddle to stand alone",
        group=BLENDS,
    )
    significance: float = option(
        3.0,
        ge=0.0,
        le=1000.0,
        help="standard deviations of noise that a part must rise above the saddle, too",
        group=BLENDS,
    )
    joint: Joint = option(
        "mean",
        help="several images are searched as one: their mean by inverse variance, or chi, which asks for no colour",
    )
    max_sources: int = option(2_000_000, ge=1, le=16_000_000, help="refuse a threshold that finds more")
