"""Which part of a table is wanted, and in which order."""

from typing import Literal

from pydantic import field_validator, model_validator

from jwstpipe.requests.analysis.places import Pair
from jwstpipe.requests.base import Request, option

__all__ = ["TableRequest"]

CURVE = "Light curve"


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
    varying: bool = option(False, help="only columns whose values are not the same in all rows")
    sort: str | None = option(None, help="column to sort by; -NAME = downwards", metavar="[-]NAME")
    explode: bool = option(False, help="vectors become rows: one row an element")
    light_curve: Literal["none", "flux"] = option(
        "none", help="flux: a row an integration of x1dints or calints, with its time", names=("--light-curve",)
    )
    between: tuple[float, ...] = option(
        (), help="wavelengths to show, um, as 1.0,1.4", metavar="LOW,HIGH", names=("--between",)
    )
    circle_px: float = option(
        6.0, gt=0.0, le=500.0, help="radius of the circle of a light curve of images, pixels", group=CURVE
    )
    sky_ring: Pair | None = option(
        None, help="of the sky about it, pixels; empty = 1.5 to 2.33 times that radius", metavar="INNER,OUTER",
        group=CURVE, commas=False,
    )  # fmt: skip
    near: Pair | None = option(
        None, help="0-based pixel near its source; empty = the brightest", metavar="X,Y", group=CURVE, commas=False
    )

    @field_validator("sky_ring")
    @classmethod
    def _widening(cls, value: tuple[float, float] | None) -> tuple[float, float] | None:
        if value is not None and not 0.0 <= value[0] < value[1] <= 5000.0:
            raise ValueError("give two radii in pixels, the smaller one first, as 9,14")
        return value

    @model_validator(mode="after")
    def _of_curves(self) -> "TableRequest":
        given = [name for name in ("between", "sky_ring", "near") if getattr(self, name)]
        if given and self.light_curve == "none":
            raise ValueError(f"{given[0]}: is of light curves; add light_curve = flux, or choose rows with where")
        return self
