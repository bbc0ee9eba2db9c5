"""Records of archive files, read anew from MAST."""

from jwstpipe.requests.base import Request, option
from jwstpipe.requests.fields.shared import Program, TargetName

__all__ = ["RefreshMetadataRequest"]


class RefreshMetadataRequest(Request):
    """Which records to read anew; without any choice, all that lack something."""

    obs_id: tuple[str, ...] = option((), max_length=10_000, help="observations, as jw02733-o001_t001_nircam...")
    program: Program = None
    target: TargetName = None
    complete: bool = option(False, help="also records that lack nothing", names=("--all", "--complete"))
