"""What statistics of pixels are about."""

from typing import Annotated, Literal

from jwstpipe.requests.base import Request, option
from jwstpipe.requests.fields.shared import Words

__all__ = ["Regions", "StatisticsRequest"]

Regions = Annotated[
    Words,
    option(
        max_length=1000,
        help="only there: X0,Y0,X1,Y1 in pixels, a DS9 or CRTF line or file, an S_REGION, label:N@SEGMENTATION",
        metavar="REGION",
        commas=False,
    ),
]


class StatisticsRequest(Request):
    """Which samples are measured."""

    region: Regions = ()
    plane: str = option("sci", max_length=40, help="plane of samples: sci, err, wht ...")
    slice: int = option(0, ge=0, le=1_000_000, help="slice of a cube, from 0")
    pixels: Literal["center", "exact"] = option(
        "center", help="pixels whose centre lies in the region, or each by its share (sum, mean, area)"
    )
