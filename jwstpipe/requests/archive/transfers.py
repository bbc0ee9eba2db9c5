"""What is to be done with transfers that stand in the middle."""

from typing import Literal

from jwstpipe.requests.base import Request, option

__all__ = ["TransfersRequest"]


class TransfersRequest(Request):
    """What is to be done, and with which transfers."""

    order: Literal["list", "pause", "resume", "cancel", "clean"] = option(
        "list", help="what to do; clean removes parts that nobody went on with for a week"
    )
    names: tuple[str, ...] = option((), help="files, or observations of which all files are meant; none = all")
