"""How the zero point of an image is checked."""

from jwstpipe.requests.base import Request, option

__all__ = ["ZeroPointRequest"]


class ZeroPointRequest(Request):
    """How the zero point of an image is checked."""

    standards: str = option(
        "",
        help="table of stars of known brightness: ra, dec (degrees), and AB magnitudes in the filter of the image",
        metavar="TABLE",
    )
    magnitude: str = option("mag", help="column of the magnitudes", metavar="COLUMN")
    to_ab: float = option(
        0.0,
        ge=-10.0,
        le=10.0,
        help="what is added to the magnitudes to make them AB: that of Vega, for Vega's",
        metavar="MAG",
    )
    tolerance_mag: float = option(
        0.02, gt=0.0, le=5.0, help="offset that is good enough, magnitudes", names=("--tolerance-mag",), metavar="MAG"
    )
