"""Pictures of what the catalogue holds: a composite, or thumbnails with a contact sheet."""

from typing import Literal

from pydantic import Field

from jwstpipe.requests.base import Request
from jwstpipe.requests.composite import CompositeRequest

__all__ = ["PictureRequest", "ThumbnailsRequest"]


class PictureRequest(CompositeRequest):
    """Which mosaics or images of the catalogue become one colour picture, and how."""

    products: tuple[str, ...] = Field(
        (), max_length=500, description="product ids or file names; none = the mosaics of the target"
    )
    target: str | None = Field(None, min_length=1, max_length=200, description="mosaics of this target, as NGC 3132")
    filters: tuple[str, ...] = Field((), description="only these filters, as F090W; none = all")
    form: Literal["png", "jpg", "tif"] = Field("png", description="file format")


class ThumbnailsRequest(Request):
    """Which images and mosaics of the catalogue get a thumbnail, and a contact sheet of all of them."""

    products: tuple[str, ...] = Field(
        (), max_length=10_000, description="product ids or file names; none = all that the other fields choose"
    )
    target: str | None = Field(None, min_length=1, max_length=200, description="only of this target, as NGC 3132")
    observation: str | None = Field(None, min_length=1, description="only of this observation, as jw02733-o001_t001")
    program: int | None = Field(None, ge=1, le=99_999, description="only of this programme, as 2733")
    sheet: bool = Field(True, description="make a contact sheet too")
    max_images: int = Field(500, ge=1, le=10_000, description="refuse more images than this at once")
