"""Pictures: a composite of what the catalogue holds, thumbnails, contact sheets."""

from typing import Annotated

from jwstpipe.requests.base import Request, option
from jwstpipe.requests.channels import Stretch
from jwstpipe.requests.composite import FILE, CompositeRequest, PictureFile
from jwstpipe.requests.fields.shared import Filters, Observation, Products, Program, TargetName

__all__ = ["ContactSheetOptions", "PictureRequest", "ThumbnailOptions", "ThumbnailsRequest"]

Columns = Annotated[int | None, option(ge=1, le=1_000, help="pictures a row; empty = about a square")]


class ThumbnailOptions(Request):
    """How a small grey picture is made."""

    size: int = option(256, ge=16, le=4_096, help="longest side, pixels", metavar="PX")
    stretch: Stretch = option("zscale", help="curve from flux to brightness")


class ContactSheetOptions(ThumbnailOptions):
    """How small grey pictures are put on one page."""

    columns: Columns = None


class _Chosen(Request):
    target: TargetName = None
    products: Products = ()
    filters: Filters = ()


class PictureRequest(CompositeRequest, _Chosen):
    """Which mosaics or images of the catalogue become one colour picture, and how."""

    form: PictureFile = option("png", help="file format", group=FILE)


class ThumbnailsRequest(Request):
    """Which images and mosaics of the catalogue get a thumbnail, and a contact sheet of all of them."""

    target: TargetName = None
    products: Products = ()
    observation: Observation = None
    program: Program = None
    sheet: bool = option(True, help="make a contact sheet too")
    max_images: Annotated[int, option(ge=1, le=10_000, help="refuse more images than this at once")] = 500
