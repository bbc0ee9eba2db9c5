"""What statistics of pixels are about."""

from typing import Annotated, Literal

from pydantic import field_validator

from jwstpipe.requests.base import Request, option
from jwstpipe.requests.fields.shared import Words

__all__ = ["FIGURES", "Regions", "StatisticsRequest"]

FIGURES = ("sums", "median", "percentiles", "mad", "biweight", "clipped")
"""What may be asked for by itself; how many pixels have data, and how many have none, is always told."""

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
    only: Words = option(
        (),
        max_length=len(FIGURES),
        help=f"only these figures, which is faster: {', '.join(FIGURES)}; none = all",
        metavar="FIGURE[,FIGURE]...",
    )

    @field_validator("only")
    @classmethod
    def _known_figures(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        for word in words:
            if word not in FIGURES:
                raise ValueError(f"{word!r} is no figure; choose of {', '.join(FIGURES)}")
        return words
