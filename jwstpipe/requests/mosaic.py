"""How images become one mosaic."""

from typing import Literal

from pydantic import Field

from jwstpipe.requests.base import Request

__all__ = ["Align", "Background", "Combine", "Kernel", "MosaicOptions", "MosaicRequest", "Quantity", "Weights"]

Kernel = Literal["nearest", "bilinear", "lanczos3", "drizzle", "adaptive", "exact"]
Combine = Literal["mean", "median", "sum", "min", "max", "first", "last", "clipped"]
Weights = Literal["ivm", "exptime", "uniform"]
Background = Literal["none", "level", "plane"]
Quantity = Literal["auto", "surface", "flux"]
Align = Literal["none", "check", "shift", "rotate"]


class MosaicOptions(Request):
    """How images become one mosaic."""

    kernel: Kernel = Field("bilinear", description="interpolation kernel; adaptive and exact are computed by reproject")
    pixfrac: float = Field(1.0, ge=0.01, le=1.0, description="side of the drops of drizzle, input pixels")
    combine: Combine = Field("mean", description="how overlapping samples become one")
    weights: Weights = Field(
        "ivm",
        description="weight of a sample: inverse read-noise variance, exposure time, or one; falls back in this order",
    )
    reject_dq: tuple[str, ...] = Field(
        ("DO_NOT_USE", "OUTLIER", "NON_SCIENCE", "REFERENCE_PIXEL"),
        description="data quality bits, by name, whose pixels take no part",
    )
    quantity: Quantity = Field(
        "auto",
        description="surface: samples are brightness on an area of sky; flux: in a pixel, so that they change with its"
        " area; auto: as the unit says",
    )
    background: Background = Field(
        "none", description="match sky levels, or planes, between overlapping images before they are combined"
    )
    sky: tuple[str, ...] = Field((), description="known sky levels, IMAGE=VALUE; the others are matched to them")
    sky_region: tuple[float, float, float] | None = Field(
        None, description="RA, Dec and radius, degrees, of a place without sources, where the matched sky is zero"
    )
    align: Align = Field(
        "none", description="measure the shifts left between overlapping images (check), or correct them too"
    )
    align_limit_arcsec: float = Field(1.0, gt=0, le=60, description="refuse a correction larger than this")
    align_catalog: str | None = Field(
        None, description="table of true positions (RA and Dec, degrees) to align to; empty = relative to each other"
    )
    scale_arcsec: float | None = Field(
        None, gt=0, le=3600, description="pixel size of the mosaic, arcsec; empty = finest input"
    )
    max_gigapixels: float = Field(4.0, gt=0, le=10_000, description="refuse a larger mosaic")
    mix: bool = Field(
        False, description="average what measures different things too: several filters, grism and other exposures"
    )
    tolerance_px: float = Field(
        1e-3, gt=0, le=1e-3, description="largest error of the interpolated pixel map, input pixels"
    )


class MosaicRequest(Request):
    """Which images of the catalogue become mosaics, one for each filter, all on one grid; and how."""

    products: tuple[str, ...] = Field(
        (), max_length=100_000, description="product ids or file names; none = all that the other fields choose"
    )
    target: str | None = Field(None, min_length=1, max_length=200, description="only of this target, as NGC 3132")
    program: int | None = Field(None, ge=1, le=99_999, description="only of this programme, as 2733")
    instrument: str | None = Field(None, description="only of this instrument, as NIRCam")
    filters: tuple[str, ...] = Field((), description="only of these filters, as F090W; none = all")
    level: Literal["L2b", "L3"] | None = Field("L2b", description="exposures (L2b) or combined images (L3)")
    kernel: Kernel = Field("bilinear", description="interpolation kernel; adaptive and exact are computed by reproject")
    combine: Combine = Field("mean", description="how overlapping samples become one")
    weights: Weights = Field(
        "ivm", description="weight of a sample: inverse read-noise variance, exposure time, or one"
    )
    background: Background = Field("level", description="match sky levels, or planes, between overlapping images")
    align: Align = Field("none", description="measure, or correct, the shifts left between overlapping images")
    scale_arcsec: float | None = Field(None, gt=0, le=3600, description="pixel size, arcsec; empty = finest input")
    max_gigapixels: float = Field(4.0, gt=0, le=10_000, description="refuse a larger mosaic")

    def mosaic_options(self) -> MosaicOptions:
        """Say how mosaics are made."""
        return MosaicOptions(
            kernel=self.kernel,
            combine=self.combine,
            weights=self.weights,
            background=self.background,
            align=self.align,
            scale_arcsec=self.scale_arcsec,
            max_gigapixels=self.max_gigapixels,
        )
