"""What is made of a spectral cube: images of slices, ranges and lines; spectra of places; pictures of lines."""

import math
import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, field_validator, model_validator

from jwstpipe.requests.analysis.places import Pair
from jwstpipe.requests.analysis.statistics import Regions
from jwstpipe.requests.base import Request, option
from jwstpipe.requests.fields.shared import Words

__all__ = ["Collapse", "CubeMapRequest", "CubePictureRequest", "CubeSpectrumRequest", "Length", "LineWindow"]

Collapse = Literal["mean", "median", "sum"]

LINE = "Line"
PLACE = "Place"


def _length(value: Any) -> Any:
    """Read ``0.5`` (arcsec) or ``3px``."""
    if isinstance(value, int | float):
        return f"{value:g}"
    word = str(value).strip().lower().replace(" ", "").removesuffix('"').removesuffix("arcsec")
    number = word.removesuffix("px")
    if not re.fullmatch(r"\d*\.?\d+(e-?\d+)?", number) or not 0.0 < float(number) < 1e5:
        raise ValueError(f"a length is written 0.5 (arcsec) or 3px, not {value!r}")
    return word


Length = Annotated[str, BeforeValidator(_length)]

Redshift = Annotated[
    float,
    option(gt=-0.9, lt=50.0, names=("--redshift", "-z"), help="redshift of the object", group=LINE),
]


class LineWindow(Request):
    """Which part of a spectrum is a line, and which part beside it its continuum."""

    redshift: Redshift = 0.0
    velocities: Pair | None = option(
        None,
        help="range of the line about its place, km/s; empty = -500,500, or one and a half resolution elements where"
        " that is more",
        metavar="LOW,HIGH",
        group=LINE,
        commas=False,
    )
    sides: Pair | None = option(
        None,
        help="the continuum, on either side of the line, km/s from it; empty = 1.2 to 2.4 times the range of the line",
        metavar="INNER,OUTER",
        group=LINE,
        commas=False,
    )
    continuum: bool = option(True, help="take a straight line through both sides away from each spectrum", group=LINE)
    snr: float = option(
        3.0, ge=0.0, le=1e4, help="velocity and width only where the line is so many times its error", group=LINE
    )
    resolution: float | None = option(
        None,
        gt=1.0,
        le=1e6,
        help="resolving power, taken out of the width of a line; empty = the instrument's",
        metavar="R",
        group=LINE,
    )

    @field_validator("velocities", "sides")
    @classmethod
    def _rising(cls, value: tuple[float, float] | None) -> tuple[float, float] | None:
        if value is not None and not (all(map(math.isfinite, value)) and value[0] < value[1] and abs(value[1]) < 3e5):
            raise ValueError("the second number must be above the first one, both below the speed of light")
        return value


class CubeMapRequest(LineWindow):
    """Which image is made of a cube: of one slice, of a range of wavelengths, or of a line."""

    wavelength: float | None = option(None, gt=0.0, lt=1e6, help="slice at this wavelength, um", metavar="UM")
    index: int | None = option(None, ge=0, le=1_000_000, help="slice of this number, from 0")
    range: Pair | None = option(
        None, help="slices between these wavelengths, um; empty = all", metavar="LOW,HIGH", commas=False
    )
    collapse: Collapse | None = option(
        None,
        help="what becomes of the slices of a range (empty = mean), or of the velocities of a line: a channel map",
    )
    line: str | None = option(
        None,
        min_length=1,
        max_length=80,
        help='line, by its name or rest wavelength in um, as "[Fe II] 5.34" or 5.340169',
        metavar="LINE",
        group=LINE,
    )
    moment: Literal[0, 1, 2] = option(
        0, help="map of a line: 0 = integrated flux, 1 = velocity (optical), 2 = dispersion", group=LINE
    )

    @field_validator("range")
    @classmethod
    def _in_order(cls, value: tuple[float, float] | None) -> tuple[float, float] | None:
        if value is not None and not 0.0 < value[0] < value[1] < 1e6:
            raise ValueError("two wavelengths in um are wanted, the shorter one first")
        return value

    @model_validator(mode="after")
    def _one_thing(self) -> "CubeMapRequest":
        chosen = [name for name in ("wavelength", "index", "range", "line") if getattr(self, name) is not None]
        if len(chosen) > 1:
            raise ValueError(f"{' and '.join(chosen)}: an image is of one of them; leave the others out")
        if chosen and chosen[0] in ("wavelength", "index") and self.collapse is not None:
            raise ValueError(f"{chosen[0]} and collapse: one slice is not collapsed; name a range")
        if self.moment and (self.line is None or self.collapse is not None):
            raise ValueError("moment: is that of a line, without collapse")
        return self


class CubePictureRequest(LineWindow):
    """Which lines of a cube become one colour picture."""

    lines: Words = option(
        min_length=1,
        max_length=7,
        help="lines, by their names or rest wavelengths in um: blue to red by wavelength",
        metavar="LINE",
        group=LINE,
        commas=False,
    )
    size: int = option(
        0, ge=0, le=8_192, help="longest side, pixels; 0 = eight for each spaxel, 1024 at most", metavar="PX"
    )


class CubeSpectrumRequest(Request):
    """Whose spectrum is taken from a cube; nothing named = all of the field."""

    place: str | None = option(
        None,
        max_length=100,
        help="0-based spaxel, or position as 10:00:27,+2:12:00; without a circle that spaxel alone",
        metavar="X,Y|RA,DEC",
        group=PLACE,
    )
    circle: Length | None = option(
        None, help="radius of a circle about that place: arcsec, or spaxels as 3px", metavar="R", group=PLACE
    )
    cone: float | None = option(
        None,
        gt=0.0,
        le=50.0,
        help="circle that grows with wavelength: its radius in widths (FWHM) of a point source",
        metavar="FWHMS",
        group=PLACE,
    )
    ring: Pair | None = option(
        None,
        help="background: median of the spaxels between these radii, in radii of the circle",
        metavar="INNER,OUTER",
        group=PLACE,
        commas=False,
    )
    region: Regions = ()
    covariance: float = option(
        1.0,
        ge=1.0,
        le=10.0,
        help="factor on errors, for the correlation of neighbouring samples (Law et al. 2023); 1 = none",
    )
    measured_noise: bool = option(
        False, help="measure that factor in the aperture: what its spaxels have in common from slice to slice"
    )

    @model_validator(mode="after")
    def _one_place(self) -> "CubeSpectrumRequest":
        if self.measured_noise and self.covariance != 1.0:
            raise ValueError("measured_noise and covariance: the factor is measured or given, not both")
        if self.region and self.place is not None:
            raise ValueError("region and place: a spectrum is of one of them")
        circles = [name for name in ("circle", "cone") if getattr(self, name) is not None]
        if circles and self.place is None:
            raise ValueError(f"{circles[0]}: needs a place, X,Y or RA,DEC")
        if len(circles) > 1:
            raise ValueError("circle and cone: one of them is enough")
        if self.ring is not None and not circles:
            raise ValueError("ring: needs a circle or a cone")
        if self.ring is not None and not 1.0 <= self.ring[0] < self.ring[1] <= 100.0:
            raise ValueError("ring: two factors from 1 to 100, the smaller one first, as 1.5,2.5")
        return self
