"""How spectra are read, joined and measured."""

import re
from typing import Literal

from pydantic import field_validator, model_validator

from jwstpipe.requests.base import Request, option

__all__ = ["LinesRequest", "SpectrumRequest"]

ANCHOR = re.compile(r"(\d+\.?\d*)(?:-(\d+\.?\d*))?")

READING, LINES, PLOT = "Reading", "Lines", "Plot"


class SpectrumRequest(Request):
    """How spectra are read, joined and measured."""

    column: str | None = option(
        None, help="samples, as SURF_BRIGHT; empty = FLUX where it has a number, else SURF_BRIGHT", group=READING
    )
    integration: int | None = option(
        None, ge=1, help="one integration of a time series; empty = the mean of all", group=READING
    )
    source_id: str | None = option(
        None, min_length=1, max_length=60, help="one source of a file of many, by its number or name", metavar="ID",
        names=("--source-id",), group=READING,
    )  # fmt: skip
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
    continuum: Literal["none", "median", "polynomial", "spline"] = option("none", help="continuum to find", group=LINES)
    degree: int = option(3, ge=0, le=3, help="of the polynomial", group=LINES)
    anchors: tuple[str, ...] = option(
        (), max_length=100, help="of the spline, um at rest, as 5.1-5.3 or 6.8; none = between the bands of PAH",
        metavar="UM", group=LINES,
    )  # fmt: skip
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

    @field_validator("anchors")
    @classmethod
    def _ranges(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        for word in words:
            found = ANCHOR.fullmatch(word.strip())
            if found is None or not 0.0 < float(found[1]) <= float(found[2] or found[1]) < 1e6:
                raise ValueError(f"an anchor is written 5.1-5.3 or 6.8 (um at rest), not {word!r}")
        return tuple(word.strip() for word in words)

    @model_validator(mode="after")
    def _of_a_spline(self) -> "SpectrumRequest":
        if self.anchors and self.continuum != "spline":
            raise ValueError("anchors: are those of a spline; add continuum = spline")
        return self

    @property
    def anchor_ranges(self) -> tuple[tuple[float, float], ...]:
        """The anchors as numbers, um at rest."""
        ends = [word.partition("-")[::2] for word in self.anchors]
        return tuple((float(low), float(high or low)) for low, high in ends)

    @field_validator("between")
    @classmethod
    def _ends(cls, values: tuple[float, ...]) -> tuple[float, ...]:
        if values and (len(values) != 2 or not 0.0 < values[0] < values[1] < 1e6):
            raise ValueError("give two wavelengths, the smaller first, as 1.0,1.4")
        return values


class LinesRequest(SpectrumRequest):
    """How lines of spectra are measured, which they are here in any case."""
