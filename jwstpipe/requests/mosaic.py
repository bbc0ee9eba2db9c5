"""How images become one mosaic."""

from typing import Literal

from pydantic import Field

from jwstpipe.requests.base import Request

__all__ = ["Background", "Combine", "Kernel", "MosaicOptions", "Weights"]

Kernel = Literal["nearest", "bilinear"]
Combine = Literal["mean", "sum", "min", "max", "first", "last", "median"]
Weights = Literal["ivm", "exptime", "uniform"]
Background = Literal["none", "level"]


class MosaicOptions(Request):
    """How images become one mosaic."""

    kernel: Kernel = Field("bilinear", description="interpolation kernel")
    combine: Combine = Field("mean", description="how overlapping samples become one")
    weights: Weights = Field(
        "ivm",
        description="weight of a sample: inverse read-noise variance, exposure time, or one; falls back in this order",
    )
    background: Background = Field(
        "none", description="match sky levels between overlapping images before they are combined"
    )
    scale_arcsec: float | None = Field(
        None, gt=0, le=3600, description="pixel size of the mosaic, arcsec; empty = finest input"
    )
    max_gigapixels: float = Field(4.0, gt=0, le=10_000, description="refuse a larger mosaic")
    tolerance_px: float = Field(
        1e-3, gt=0, le=1e-3, description="largest error of the interpolated pixel map, input pixels"
    )
