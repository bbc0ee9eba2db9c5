"""One frozen model for each kind of job; the command line, the Python API and the Prefect forms all use it.

Models are one level deep and hold plain values with visible defaults, so that a form can show them and a bad value is
refused before anything runs.
"""

from typing import Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from jwstpipe.errors import UsageError

__all__ = [
    "Background",
    "Combine",
    "CompositeRequest",
    "Coverage",
    "Kernel",
    "MosaicOptions",
    "ProcessTargetRequest",
    "SearchRequest",
    "Stretch",
    "Weights",
    "validated",
]

Kernel = Literal["nearest", "bilinear"]
Combine = Literal["mean", "sum", "min", "max", "first", "last", "median"]
Weights = Literal["ivm", "exptime", "uniform"]
Background = Literal["none", "level"]
Stretch = Literal["asinh", "log", "sqrt", "linear", "zscale"]
Coverage = Literal["any", "majority", "all"]

RequestT = TypeVar("RequestT", bound=BaseModel)


class _Request(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SearchRequest(_Request):
    """Which archive products are wanted: one selector, narrowed by the filters."""

    target: str | None = Field(None, min_length=1, max_length=200, description="name of the object, as NGC 3132")
    ra: float | None = Field(None, ge=0, lt=360, description="right ascension, degrees ICRS")
    dec: float | None = Field(None, ge=-90, le=90, description="declination, degrees ICRS")
    radius: float = Field(0.2, gt=0, le=10, description="radius of the search, degrees")
    obs_id: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9._*%-]{1,128}$",
        description="observation id, as jw02733-o001_t001_nircam_clear-f090w",
    )
    program: int | None = Field(None, ge=1, le=99_999, description="programme number, as 2733")
    instrument: str | None = Field(None, description="NIRCam, MIRI, NIRISS, NIRSpec or FGS")
    filters: tuple[str, ...] = Field((), description="filters, as F090W; none = all")
    level: tuple[int, ...] = Field((2, 3), description="MAST calibration levels: 1 raw, 2 exposures, 3 combined")
    suffix: tuple[str, ...] = Field(
        (), description="product kinds, as i2d or cal; none = science images of these levels"
    )

    @model_validator(mode="after")
    def _one_selector(self) -> Self:
        position = self.ra is not None or self.dec is not None
        if position and (self.ra is None or self.dec is None):
            raise ValueError("a position needs both ra and dec")
        if self.target is not None and position:
            raise ValueError("give a target or a position, not both")
        if self.target is None and not position and self.obs_id is None and self.program is None:
            raise ValueError("give a target, a position (ra and dec), an observation id or a programme")
        return self


class MosaicOptions(_Request):
    """How images become one mosaic."""

    kernel: Kernel = Field("bilinear", description="interpolation kernel")
    combine: Combine = Field("mean", description="how overlapping samples become one")
    weights: Weights = Field(
        "ivm",
        description="weight of a sample: inverse read-noise variance, exposure time, or one; falls back in this order",
    )
    background: Background = Field(
        "none", description="match sky levels between overlapping images before they are combined"
    )
    scale_arcsec: float | None = Field(
        None, gt=0, le=3600, description="pixel size of the mosaic, arcsec; empty = finest input"
    )
    max_gigapixels: float = Field(4.0, gt=0, le=10_000, description="refuse a larger mosaic")
    tolerance_px: float = Field(
        1e-3, gt=0, le=1e-3, description="largest error of the interpolated pixel map, input pixels"
    )


class CompositeRequest(_Request):
    """How mosaics become one colour picture."""

    stretch: Stretch = Field("asinh", description="curve from flux to brightness")
    size: int | None = Field(None, ge=16, le=100_000, description="longest side, pixels; empty = full resolution")
    quality: int = Field(95, ge=1, le=100, description="JPEG quality")
    coverage: Coverage = Field(
        "majority", description="filters that must cover a pixel for it to show: any, more than half, or all"
    )
    bits: Literal[8, 16] = Field(8, description="bits a channel (16: PNG only)")


class ProcessTargetRequest(_Request):
    """A sky target, from the archive to a colour mosaic."""

    target: str = Field(min_length=1, max_length=200, description="name of the object, as NGC 3132")
    radius: float = Field(0.05, gt=0, le=2, description="radius of the search, degrees")
    instrument: str | None = Field(None, description="one instrument only, as NIRCam; empty = all imagers")
    filters: tuple[str, ...] = Field((), description="filters, as F090W; none = all")
    program: int | None = Field(None, ge=1, le=99_999, description="one programme only, as 2733")
    level: Literal[2, 3] = Field(
        3, description="make mosaics from calibrated exposures (2) or from the archive's combined images (3)"
    )
    background: Background = Field("level", description="match sky levels between overlapping images")
    scale_arcsec: float | None = Field(None, gt=0, le=3600, description="pixel size, arcsec; empty = finest input")
    stretch: Stretch = Field("asinh", description="curve from flux to brightness of the picture")
    max_files: int = Field(500, ge=1, le=100_000, description="refuse a search that chooses more files than this")
    max_gigabytes: float = Field(50.0, gt=0, description="refuse a search that chooses more bytes than this")


def validated(model: type[RequestT], **values: object) -> RequestT:
    """Build a request from loose values.

    Raises
    ------
    UsageError
        A value is out of range or missing; the message names it.
    """
    try:
        return model(**values)
    except ValidationError as error:
        fault = error.errors()[0]
        key = ".".join(str(part) for part in fault["loc"])
        message = fault["msg"].removeprefix("Value error, ")
        raise UsageError(f"{key}: {message}, got {fault.get('input')!r}" if key else message) from None
