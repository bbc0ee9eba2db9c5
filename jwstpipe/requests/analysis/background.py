"""How the sky of an image is measured, and taken away."""

from typing import Literal

from jwstpipe.requests.analysis.detect import DetectRequest
from jwstpipe.requests.base import Request, option

__all__ = ["BackgroundRequest"]


class BackgroundRequest(Request):
    """How the sky of an image is measured, and taken away."""

    model: Literal["mesh", "plane", "level"] = option(
        "mesh", help="a mesh that follows the sky, and eats nebulae; a plane; or one level"
    )
    mesh: int = DetectRequest.model_fields["mesh"]  # type: ignore[assignment]  # the same field, stated there
    result: Literal["subtracted", "sky"] = option("subtracted", help="write the image without its sky, or the sky")
    slice: int = option(0, ge=0, le=1_000_000, help="slice of a cube, from 0")
