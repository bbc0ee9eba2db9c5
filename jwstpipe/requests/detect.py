"""How sources are found."""

from typing import Literal

from pydantic import Field

from jwstpipe.requests.base import Request

__all__ = ["DetectRequest", "SkyModel"]

SkyModel = Literal["mesh", "level", "none"]


class DetectRequest(Request):
    """How sources are found."""

    threshold: float = Field(
        4.5,
        ge=1.0,
        le=1000.0,
        description="standard deviations of the smoothed image that a source stands above the sky",
    )
    fwhm: float = Field(
        2.8,
        ge=0.5,
        le=20.0,
        description="full width of a point source, pixels: the width of smoothing and of centroids",
    )
    min_pixels: int = Field(3, ge=1, le=1000, description="fewest connected pixels above the threshold")
    background: SkyModel = Field(
        "mesh", description="sky to subtract: a mesh that follows it, one level, or none; a mesh eats nebulae"
    )
    mesh: int = Field(
        64, ge=16, le=1024, description="side of the boxes of the mesh, pixels; 10 times what shall survive it"
    )
    deblend: bool = Field(True, description="take blended sources apart")
    contrast: float = Field(
        0.005,
        ge=0.0,
        le=1.0,
        description="share of a blend's flux that a part must have above the saddle to stand alone",
    )
    significance: float = Field(
        5.0, ge=0.0, le=1000.0, description="standard deviations of noise that a part must rise above the saddle, too"
    )
    max_sources: int = Field(2_000_000, ge=1, le=16_000_000, description="refuse a threshold that finds more")
