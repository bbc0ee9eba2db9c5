"""Records of archive files, read anew from MAST."""

from pydantic import Field

from jwstpipe.requests.base import Request

__all__ = ["RefreshMetadataRequest"]


class RefreshMetadataRequest(Request):
    """Which records to read anew; without any choice, all that lack something."""

    obs_id: tuple[str, ...] = Field((), max_length=10_000, description="observations, as jw02733-o001_t001_nircam...")
    program: int | None = Field(None, ge=1, le=99_999, description="only of this programme, as 2733")
    target: str | None = Field(None, min_length=1, max_length=200, description="only of this target, as NGC 3132")
    complete: bool = Field(False, description="also records that lack nothing")
