"""Fields that several requests have: one name, one sentence, one default for one thing."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from jwstpipe.requests.base import Request, option
from jwstpipe.requests.fields import angles

__all__ = [
    "CatalogSelection",
    "Declination",
    "Filters",
    "Instrument",
    "Level",
    "MaxFiles",
    "MaxGigabytes",
    "Observation",
    "Products",
    "Program",
    "Radius",
    "RightAscension",
    "TargetName",
    "Words",
]

SELECTION = "Selection"
LIMITS = "Limits"

TARGET_LETTERS = 200

Radius = Annotated[float, option(gt=0, le=10, help="radius of the search, degrees", metavar="DEGREES", group=SELECTION)]
Program = Annotated[int | None, option(ge=1, le=99_999, help="programme number, as 2733", group=SELECTION)]
Instrument = Annotated[str | None, option(help="NIRCam, MIRI, NIRISS, NIRSpec or FGS; empty = all", group=SELECTION)]
Filters = Annotated[
    tuple[str, ...],
    option(
        help="filters, as F090W; none = all", names=("--filter", "--filters"), metavar="NAME[,NAME]...", group=SELECTION
    ),
]
MaxGigabytes = Annotated[float, option(gt=0, help="refuse a search that chooses more bytes than this", group=LIMITS)]
MaxFiles = Annotated[int, option(ge=1, le=1_000_000, help="refuse more files than this at once", group=LIMITS)]
Products = Annotated[
    tuple[str, ...],
    option(
        max_length=100_000,
        help="product ids or file names; none = all that the other fields choose",
        names=("--product", "--products"),
        metavar="PRODUCT",
        group=SELECTION,
        commas=False,
    ),
]
TargetName = Annotated[
    str | None,
    option(
        min_length=1,
        max_length=TARGET_LETTERS,
        help="object or position, as NGC 3132 or 151.757 -40.437",
        group=SELECTION,
    ),
]

RightAscension = Annotated[
    angles.RightAscension | None,
    option(ge=0, lt=360, help="right ascension, degrees ICRS or hh:mm:ss", group=SELECTION),
]
Declination = Annotated[
    angles.Declination | None,
    option(ge=-90, le=90, help="declination, degrees ICRS or dd:mm:ss", group=SELECTION),
]
Observation = Annotated[
    str | None, option(min_length=1, help="only of this observation, as jw02733-o001_t001", group=SELECTION)
]


def _words(value: Any) -> Any:
    """Take one word for a list of one."""
    return (value,) if isinstance(value, str) else value


Words = Annotated[tuple[str, ...], BeforeValidator(_words)]


_RECORD_LEVELS = {"L2B": 2, "L3": 3}


def _level(value: Any) -> Any:
    """Read a level as records spell it; numbers pass."""
    return _RECORD_LEVELS.get(value.strip().upper(), value) if isinstance(value, str) else value


Level = Annotated[
    Literal[2, 3] | None,
    BeforeValidator(_level),
    option(help="calibrated exposures (2) or combined images (3)", group=SELECTION),
]


class CatalogSelection(Request):
    """Which products of the catalogue are meant."""

    target: TargetName = None
    products: Products = ()
    program: Program = None
    instrument: Instrument = None
    filters: Filters = ()
    level: Level = None

    @property
    def record_level(self) -> tuple[Literal["L2b", "L3"], ...]:
        """The level as records of the catalogue spell it; none = all."""
        return () if self.level is None else ("L2b",) if self.level == 2 else ("L3",)
