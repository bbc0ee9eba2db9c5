"""Which part of a table is wanted, and in which order."""

from typing import Literal

from jwstpipe.requests.base import Request, option

__all__ = ["TableRequest"]


class TableRequest(Request):
    """Which part of a table is wanted, and in which order."""

    columns: tuple[str, ...] = option(
        (), help="columns, with * for any letters; none = all", metavar="NAME", names=("--column", "--columns")
    )
    where: str | None = option(
        None, help="rows that fulfil a condition, as 'flux > 1e-3 and name ~ \"NGC\"'", metavar="CONDITION"
    )
    containing: str | None = option(
        None, help="rows with this text in any column of texts", names=("--search",), metavar="TEXT"
    )
    sort: str | None = option(None, help="column to sort by; -NAME = downwards", metavar="[-]NAME")
    explode: bool = option(False, help="vectors become rows: one row an element")
    light_curve: Literal["none", "flux"] = option(
        "none", help="flux: a row an integration of x1dints or calints, with its time", names=("--light-curve",)
    )
    between: tuple[float, ...] = option(
        (), help="wavelengths to show, um, as 1.0,1.4", metavar="LOW,HIGH", names=("--between",)
    )
