"""Which archive products are wanted."""

from typing import Self

from pydantic import Field, model_validator

from jwstpipe.requests.base import Request

__all__ = ["SearchRequest"]


class SearchRequest(Request):
    """Which archive products are wanted: one selector, narrowed by the filters."""

    target: str | None = Field(None, min_length=1, max_length=200, description="name of the object, as NGC 3132")
    ra: float | None = Field(None, ge=0, lt=360, description="right ascension, degrees ICRS")
    dec: float | None = Field(None, ge=-90, le=90, description="declination, degrees ICRS")
    radius: float = Field(0.2, gt=0, le=10, description="radius of the search, degrees")
    obs_id: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9._*%-]{1,128}$",
        description="observation id, as jw02733-o001_t001_nircam_clear-f090w",
    )
    program: int | None = Field(None, ge=1, le=99_999, description="programme number, as 2733")
    instrument: str | None = Field(None, description="NIRCam, MIRI, NIRISS, NIRSpec or FGS")
    filters: tuple[str, ...] = Field((), description="filters, as F090W; none = all")
    level: tuple[int, ...] = Field((2, 3), description="MAST calibration levels: 1 raw, 2 exposures, 3 combined")
    suffix: tuple[str, ...] = Field(
        (), description="product kinds, as i2d or cal; none = science images of these levels"
    )

    @model_validator(mode="after")
    def _one_selector(self) -> Self:
        position = self.ra is not None or self.dec is not None
        if position and (self.ra is None or self.dec is None):
            raise ValueError("a position needs both ra and dec")
        if self.target is not None and position:
            raise ValueError("give a target or a position, not both")
        if self.target is None and not position and self.obs_id is None and self.program is None:
            raise ValueError("give a target, a position (ra and dec), an observation id or a programme")
        return self
