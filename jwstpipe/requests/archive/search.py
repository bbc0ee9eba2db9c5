"""Which archive products are wanted."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, model_validator

from jwstpipe.requests.base import Request, option
from jwstpipe.requests.fields.shared import (
    SELECTION,
    Declination,
    Filters,
    Instrument,
    Program,
    Radius,
    RightAscension,
    TargetName,
)

__all__ = ["Day", "SearchRequest"]

_DAYS_AGO = re.compile(r"(\d{1,5})\s*d(?:ays?)?")


def _day(value: Any) -> Any:
    """Read ``30d`` as the day thirty days ago; dates pass."""
    found = _DAYS_AGO.fullmatch(value.strip()) if isinstance(value, str) else None
    return value if found is None else datetime.now(UTC).date() - timedelta(days=int(found[1]))


Day = Annotated[date, BeforeValidator(_day)]


class SearchRequest(Request):
    """Which archive products are wanted: one selector, narrowed by the filters."""

    target: TargetName = None
    ra: RightAscension = None
    dec: Declination = None
    radius: Radius = 0.05
    obs_id: str | None = option(
        None,
        pattern=r"^[A-Za-z0-9._*%-]{1,128}$",
        help="observation id, with * as wildcard, as jw02733-o001_t001_nircam_clear-f090w",
        group=SELECTION,
    )
    program: Program = None
    released_since: Day | None = option(
        None, help="released on this day (UTC) or later, as 2024-05-01, or 30d: in 30 days", group=SELECTION
    )
    released_before: Day | None = option(None, help="released before this day (UTC)", group=SELECTION)
    instrument: Instrument = None
    filters: Filters = ()
    level: tuple[int, ...] = option(
        (2, 3), help="MAST calibration levels: 1 raw, 2 exposures, 3 combined", group=SELECTION
    )
    suffix: tuple[str, ...] = option(
        (), help="product kinds, as i2d or cal; none = science images of these levels", group=SELECTION
    )
    spectra: bool = option(False, help="spectra, cubes and time series too", group=SELECTION)
    proprietary: bool = option(
        False,
        help="also what is not public yet; it can be listed, not fetched",
        names=("--include-proprietary", "--proprietary"),
        group=SELECTION,
    )

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
