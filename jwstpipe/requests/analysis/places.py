"""Places on images: pixels, and positions on the sky."""

from typing import Annotated, Any

from pydantic import BeforeValidator

from jwstpipe.requests.base import Request, option
from jwstpipe.requests.fields.shared import Words

__all__ = ["InfoRequest", "PixelsRequest"]


def _pair(value: Any) -> Any:
    """Read ``10,20``."""
    if not isinstance(value, str):
        return value
    try:
        first, second = (float(part) for part in value.split(","))
    except ValueError:
        raise ValueError(f"two numbers with a comma between are wanted, not {value!r}") from None
    return first, second


Pair = Annotated[tuple[float, float], BeforeValidator(_pair)]


class InfoRequest(Request):
    """What is asked of the map from pixels to the sky."""

    pixel: tuple[Pair, ...] = option(
        (), max_length=10_000, help="tell where this pixel lies, 0-based; repeatable", metavar="X,Y", commas=False
    )
    sky: tuple[Pair, ...] = option(
        (),
        max_length=10_000,
        help="tell which pixel lies here, degrees ICRS; repeatable",
        metavar="RA,DEC",
        commas=False,
    )


class PixelsRequest(Request):
    """Which pixels are told of."""

    at: Words = option(
        min_length=1,
        max_length=10_000,
        help="0-based pixel, or position as 10:00:27,+2:12:00; repeatable",
        metavar="X,Y|RA,DEC",
        commas=False,
    )
    slice: int = option(0, ge=0, le=1_000_000, help="slice of a cube, from 0")
