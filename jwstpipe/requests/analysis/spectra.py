"""How spectra are read, joined and measured."""

from typing import Literal

from pydantic import field_validator

from jwstpipe.requests.base import Request, option

__all__ = ["LinesRequest", "SpectrumRequest"]

READING, LINES, PLOT = "Reading", "Lines", "Plot"


class SpectrumRequest(Request):
    """How spectra are read, joined and measured."""

    column: str | None = option(
        None, help="samples, as SURF_BRIGHT; empty = FLUX where it has a number, else SURF_BRIGHT", group=READING
    )
    integration: int | None = option(
        None, ge=1, help="one integration of a time series; empty = the mean of all", group=READING
    )
    row: float | None = option(
        None, ge=0.0, help="middle row of the box in a 2-D spectrum (s2d), from 0; empty = that of the source",
        names=("--row",), group=READING,
    )  # fmt: skip
    width: int = option(5, ge=1, le=1000, help="rows of that box", group=READING)
    stitch: bool = option(
        False, help="put bands end to end, each scaled to its neighbour in their overlap", group=READING
    )
    anchor: str | None = option(
        None, help="band that keeps its scale, as 3C or 3-LONG; empty = the bluest", group=READING, metavar="BAND"
    )
    redshift: str | None = option(
        None, help="redshift of the lines; auto = find it", metavar="Z|auto", names=("--redshift", "-z"), group=LINES
    )
    fit_lines: bool = option(False, help="measure the lines", group=LINES)
    lines: tuple[str, ...] = option(
        (), help="lines by name or rest wavelength, as 'Pa beta' or 1.644; none = all that are strong enough",
        metavar="LINE", names=("--line", "--lines"), group=LINES,
    )  # fmt: skip
    weakest: Literal["strong", "usual", "all"] = option("usual", help="how weak lines may be", group=LINES)
    continuum: Literal["none", "median", "polynomial"] = option("none", help="continuum to find", group=LINES)
    degree: int = option(3, ge=0, le=3, help="of the polynomial", group=LINES)
    between: tuple[float, ...] = option(
        (), help="wavelengths to show, um, as 1.0,1.4", metavar="LOW,HIGH", names=("--between",), group=PLOT
    )
    log: bool = option(False, help="logarithmic axes", group=PLOT)
    title: str = option("", max_length=200, help="above the plot; empty = target and instrument", group=PLOT)

    @field_validator("redshift")
    @classmethod
    def _number_or_auto(cls, word: str | None) -> str | None:
        if word is None or word.strip().lower() == "auto":
            return None if word is None else "auto"
        try:
            value = float(word)
        except ValueError:
            raise ValueError("give a number, as 0.0203, or auto") from None
        if not -0.9 < value < 50.0:
            raise ValueError("lies outside -0.9 to 50")
        return repr(value)

    @field_validator("between")
    @classmethod
    def _ends(cls, values: tuple[float, ...]) -> tuple[float, ...]:
        if values and (len(values) != 2 or not 0.0 < values[0] < values[1] < 1e6):
            raise ValueError("give two wavelengths, the smaller first, as 1.0,1.4")
        return values


class LinesRequest(SpectrumRequest):
    """How lines of spectra are measured, which they are here in any case."""
