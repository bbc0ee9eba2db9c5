"""Which archive products are wanted."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator

from jwstpipe.requests.angles import Declination, RightAscension
from jwstpipe.requests.base import Request

__all__ = ["SearchRequest"]

_DAYS_AGO = re.compile(r"(\d{1,5})\s*d(?:ays?)?")


def _day(value: Any) -> Any:
    """Read ``30d`` as the day thirty days ago; dates pass."""
    found = _DAYS_AGO.fullmatch(value.strip()) if isinstance(value, str) else None
    return value if found is None else datetime.now(UTC).date() - timedelta(days=int(found[1]))


Day = Annotated[date, BeforeValidator(_day)]


class SearchRequest(Request):
    """Which archive products are wanted: one selector, narrowed by the filters."""

    target: str | None = Field(
        None,
        min_length=1,
        max_length=200,
        description="object or position: NGC 3132 or 151.757 -40.437",
    )
    ra: RightAscension | None = Field(None, ge=0, lt=360, description="right ascension, degrees ICRS or hh:mm:ss")
    dec: Declination | None = Field(None, ge=-90, le=90, description="declination, degrees ICRS or dd:mm:ss")
    radius: float = Field(0.2, gt=0, le=10, description="radius of the search, degrees")
    obs_id: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9._*%-]{1,128}$",
        description="observation id, as jw02733-o001_t001_nircam_clear-f090w",
    )
    program: int | None = Field(None, ge=1, le=99_999, description="programme number, as 2733")
    released_since: Day | None = Field(None, description="released on this day (UTC) or later, or 30d: in 30 days")
    released_before: Day | None = Field(None, description="released before this day (UTC)")
    instrument: str | None = Field(None, description="NIRCam, MIRI, NIRISS, NIRSpec or FGS")
    filters: tuple[str, ...] = Field((), description="filters, as F090W; none = all")
    level: tuple[int, ...] = Field((2, 3), description="MAST calibration levels: 1 raw, 2 exposures, 3 combined")
    suffix: tuple[str, ...] = Field(
        (), description="product kinds, as i2d or cal; none = science images of these levels"
    )
    spectra: bool = Field(False, description="spectra, cubes and time series too")
    proprietary: bool = Field(False, description="also what is not public yet; it can be listed, not fetched")

    @property
    def by_date_alone(self) -> bool:
        """Whether the release date is the only selector."""
        named = (self.target, self.ra, self.dec, self.obs_id, self.program)
        return all(value is None for value in named)

    @model_validator(mode="after")
    def _one_selector(self) -> Self:
        position = self.ra is not None or self.dec is not None
        if position and (self.ra is None or self.dec is None):
            raise ValueError("a position needs both ra and dec")
        if self.target is not None and position:
            raise ValueError("give a target or a position, not both")
        if self.by_date_alone and self.released_since is None:
            raise ValueError(
                "give a target, a position (ra and dec), an observation id, a programme, or a day released since"
            )
        if self.released_since and self.released_before and self.released_before <= self.released_since:
            raise ValueError("released_before must be later than released_since")
        return self
