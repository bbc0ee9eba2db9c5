"""Archive files of the catalogue into image stores."""

from typing import Literal

from pydantic import Field

from jwstpipe.requests.base import Request

__all__ = ["ConvertRequest"]


class ConvertRequest(Request):
    """Which archive files of the catalogue become image stores; those that are converted already stay as they are."""

    products: tuple[str, ...] = Field(
        (), max_length=10_000, description="product ids or file names; none = all that the other fields choose"
    )
    target: str | None = Field(None, min_length=1, max_length=200, description="only of this target, as NGC 3132")
    program: int | None = Field(None, ge=1, le=99_999, description="only of this programme, as 2733")
    instrument: str | None = Field(None, description="only of this instrument, as NIRCam")
    filters: tuple[str, ...] = Field((), description="only of these filters, as F090W; none = all")
    level: Literal["L2b", "L3"] | None = Field(None, description="only exposures (L2b) or combined images (L3)")
    max_files: int = Field(10_000, ge=1, le=1_000_000, description="refuse to convert more files than this at once")
