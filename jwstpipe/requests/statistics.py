"""What statistics of pixels are about."""

from typing import Literal

from pydantic import Field

from jwstpipe.requests.base import Request

__all__ = ["StatisticsRequest"]


class StatisticsRequest(Request):
    """Which samples are measured."""

    region: tuple[str, ...] = Field(
        (),
        max_length=1000,
        description="only there: X0,Y0,X1,Y1 in pixels, a DS9 or CRTF line or file, an S_REGION, label:N@SEGMENTATION",
    )
    plane: str = Field("sci", max_length=40, description="plane of samples: sci, err, wht ...")
    slice: int = Field(0, ge=0, le=1_000_000, description="slice of a cube, from 0")
    pixels: Literal["center", "exact"] = Field(
        "center", description="pixels whose centre lies in the region, or each by its share (sum, mean, area)"
    )
