"""Which records of the catalogue are meant."""

from datetime import UTC, datetime
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, model_validator

from jwstpipe.requests.base import Request, option
from jwstpipe.requests.fields.shared import (
    SELECTION,
    Declination,
    Filters,
    Observation,
    Program,
    Radius,
    RightAscension,
    Words,
)

__all__ = ["RecordConditions"]

TIMES = "Times"


def _moment(value: Any) -> Any:
    """Read a day, or a day and a time; without a zone it is UTC."""
    if not isinstance(value, str):
        return value
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError(f"not a time: {value!r}; write it as 2026-01-31 or 2026-01-31T12:00Z") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


Moment = Annotated[datetime, BeforeValidator(_moment)]


class RecordConditions(Request):
    """Conditions on records, which hold together; what is empty is no condition."""

    kind: Words = option(
        (),
        help="archive, image, mosaic, picture, thumbnail, catalogue, segmentation, filtered, export, spectrum, cube,"
        " map, table",
        metavar="KIND[,KIND]...",
        group=SELECTION,
    )
    level: Words = option((), help="L1, L2a, L2b, L3, unknown", metavar="LEVEL[,LEVEL]...", group=SELECTION)
    status: Words = option(
        (), help="published, staged, superseded, or all; none = what the verb is about", group=SELECTION
    )
    target: str | None = option(None, help="name of the target; blanks and case do not matter", group=SELECTION)
    instrument: Words = option((), help="as NIRCam", metavar="NAME[,NAME]...", group=SELECTION)
    filters: Filters = ()
    program: Program = None
    obs_id: str | None = option(None, help="observation id of the archive", group=SELECTION)
    observation: Observation = None
    detector: str | None = option(None, help="as nrca1", group=SELECTION)
    tag: Words = option((), help="has all of these tags", metavar="TAG[,TAG]...", group=SELECTION)
    text: str | None = option(None, min_length=1, help="part of file name, target or description", group=SELECTION)
    ra: RightAscension = None
    dec: Declination = None
    radius: Radius = 0.05
    since: Moment | None = option(
        None, help="entered since this time, as 2026-01-31 or 2026-01-31T12:00Z", metavar="TIME", group=TIMES
    )
    before: Moment | None = option(None, help="entered before this time", metavar="TIME", group=TIMES)
    observed_since: Moment | None = option(None, help="observed since this time", metavar="TIME", group=TIMES)
    observed_before: Moment | None = option(None, help="observed before this time", metavar="TIME", group=TIMES)
    archived: bool | None = option(
        None, help="only archived ones, or only others", names=("--archived/--not-archived",), group=SELECTION
    )

    @model_validator(mode="after")
    def _whole_cone(self) -> Self:
        if (self.ra is None) != (self.dec is None):
            raise ValueError("a position needs both ra and dec")
        return self
