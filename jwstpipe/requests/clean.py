"""What is taken out of exposures before they are combined."""

from typing import Literal

from jwstpipe.requests.base import Request, option

__all__ = ["CleanOptions", "Stripes"]

Stripes = Literal["auto", "rows", "columns", "both", "none"]


class CleanOptions(Request):
    """What is taken out of exposures before they are combined."""

    stripes: Stripes = option(
        "auto",
        help="1/f noise along rows, columns or both; auto: as the detector has it, and only where it is measured",
    )
    amplifiers: int | None = option(
        None, ge=1, le=32, help="outputs that read the detector side by side; empty = as its header says"
    )
