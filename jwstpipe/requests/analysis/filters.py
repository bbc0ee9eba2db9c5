"""How the samples of an image are filtered."""

from typing import Literal

from pydantic import field_validator, model_validator

from jwstpipe.requests.base import Request, option

__all__ = ["FilterMethod", "FilterRequest"]

FilterMethod = Literal["gaussian", "median", "box", "unsharp", "wavelet", "repair"]


class FilterRequest(Request):
    """How the samples of an image are filtered."""

    method: FilterMethod = option(
        "gaussian",
        help="gaussian, median or box smoothing; unsharp: what a Gaussian takes away is added; wavelet: noise is taken"
        " out of the scales of a starlet; repair: pixels that stand out become the median of their neighbours",
        metavar="gaussian|median|box|unsharp|wavelet|repair",
    )
    sigma: float | None = option(
        None,
        ge=0.1,
        le=50.0,
        help="standard deviation of the Gaussian, pixels (gaussian, unsharp); empty = 1, for unsharp 2",
        metavar="PX",
    )
    size: int = option(3, ge=3, le=25, help="side of the square of pixels, odd (median, box, repair)", metavar="PX")
    amount: float = option(1.0, gt=0.0, le=10.0, help="how much is added (unsharp)")
    strength: float = option(3.0, gt=0.0, le=20.0, help="threshold, standard deviations of a scale's noise (wavelet)")
    scales: int = option(3, ge=1, le=6, help="scales that are cleaned: 3 = structures of about 1, 2, 4 px (wavelet)")
    clip: float = option(5.0, ge=1.0, le=100.0, help="standard deviations that a pixel must stand out (repair)")
    rounds: int = option(3, ge=1, le=10, help="how often outstanding pixels are looked for (repair)")
    fill: bool = option(
        False, help="give values to pixels without data too, where half of what the filter looks at has some"
    )
    slice: int = option(0, ge=0, le=1_000_000, help="slice of a cube, from 0")

    @field_validator("size")
    @classmethod
    def _odd(cls, value: int) -> int:
        if value % 2 == 0:
            raise ValueError(f"a square around a pixel has an odd side; {value - 1} or {value + 1} would do")
        return value

    @model_validator(mode="after")
    def _filling(self) -> "FilterRequest":
        if self.fill and self.method == "wavelet":
            raise ValueError("wavelet: does not give values to pixels without data; leave fill out")
        return self

    @property
    def width(self) -> float:
        """The standard deviation of the Gaussian, pixels."""
        if self.sigma is not None:
            return self.sigma
        return 2.0 if self.method == "unsharp" else 1.0
