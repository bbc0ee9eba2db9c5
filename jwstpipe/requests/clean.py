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
    snowballs: Literal["auto", "none"] = option(
        "auto", help="mask what large cosmic rays spoil, flagged or seen against the mosaic; or leave the flags alone"
    )
    amplifiers: int | None = option(
        None, ge=1, le=32, help="outputs that read the detector side by side; empty = as its header says"
    )
