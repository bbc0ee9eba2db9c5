"""What is worth making of a target, what is new, and what fits some words."""

from typing import Annotated, Self

from pydantic import model_validator

from jwstpipe.requests.archive.search import Day
from jwstpipe.requests.base import Request, option
from jwstpipe.requests.fields.shared import (
    SELECTION,
    Declination,
    Filters,
    Instrument,
    RightAscension,
    TargetName,
)

__all__ = ["DiscoverRequest", "FindRequest"]


Reach = Annotated[
    float | None,
    option(
        gt=0,
        le=10,
        help="degrees around the place; empty = as far as the imaging of the target reaches",
        metavar="DEGREES",
        group=SELECTION,
    ),
]


class DiscoverRequest(Request):
    """What can be made of a target; without one, what is new, or what the featured targets hold."""

    target: TargetName = None
    ra: RightAscension = None
    dec: Declination = None
    radius: Reach = None
    instrument: Instrument = None
    filters: Filters = ()
    recent: Day | None = option(
        None,
        help="what was released since this day, as 30d or 2026-01-31, and what it makes possible",
        metavar="DAY",
        group=SELECTION,
    )

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.ra is None) != (self.dec is None):
            raise ValueError("a position needs both ra and dec")
        if self.target is not None and self.ra is not None:
            raise ValueError("give a target or a position, not both")
        return self

    @property
    def names_a_place(self) -> bool:
        """Whether it is about one target or position."""
        return self.target is not None or self.ra is not None


class FindRequest(Request):
    """Which records fit some words."""

    words: str = option(max_length=500, help="what is looked for, as narrowband images of a planetary nebula")
    without: tuple[str, ...] = option(
        (),
        max_length=50,
        help="what was understood of the words, but is not meant, as it was said: class planetary nebula",
        metavar="CONDITION",
        commas=False,
    )
    limit: int = option(20, ge=1, le=100, help="most results")
    ra: RightAscension = None
    dec: Declination = None
    radius: Reach = None

    @model_validator(mode="after")
    def _whole_cone(self) -> Self:
        if (self.ra is None) != (self.dec is None):
            raise ValueError("a position needs both ra and dec")
        return self
