"""How mosaics become one colour picture."""

from typing import Literal

from pydantic import Field

from jwstpipe.requests.base import Request

__all__ = ["CompositeRequest", "Coverage", "Stretch"]

Stretch = Literal["asinh", "log", "sqrt", "linear", "zscale"]
Coverage = Literal["any", "majority", "all"]


class CompositeRequest(Request):
    """How mosaics become one colour picture."""

    stretch: Stretch = Field("asinh", description="curve from flux to brightness")
    size: int | None = Field(None, ge=16, le=100_000, description="longest side, pixels; empty = full resolution")
    quality: int = Field(95, ge=1, le=100, description="JPEG quality")
    coverage: Coverage = Field(
        "majority", description="filters that must cover a pixel for it to show: any, more than half, or all"
    )
    bits: Literal[8, 16] = Field(8, description="bits a channel (16: PNG only)")
