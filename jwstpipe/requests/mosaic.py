"""How images become one mosaic."""

from typing import Any, Literal, Self

from pydantic import model_validator

from jwstpipe.requests.base import Request, option
from jwstpipe.requests.clean import CleanPolicy, WispTemplates, check_templates_taken
from jwstpipe.requests.fields.shared import LIMITS, CatalogSelection, Level

__all__ = [
    "CLIPPED_FROM",
    "LATER",
    "Align",
    "Background",
    "Combine",
    "FittingMosaic",
    "Follow",
    "Kernel",
    "MosaicOptions",
    "MosaicRequest",
    "Outliers",
    "Quantity",
    "Together",
    "Weights",
    "deciding",
]

Kernel = Literal["nearest", "bilinear", "lanczos3", "drizzle", "adaptive", "exact"]
Combine = Literal["mean", "median", "sum", "min", "max", "first", "last", "clipped"]
Weights = Literal["ivm", "exptime", "uniform"]
Background = Literal["none", "level", "plane"]
Quantity = Literal["auto", "surface", "flux"]
Align = Literal["none", "check", "shift", "rotate"]
Outliers = Literal["none", "blot"]
Together = Literal["image", "exposure", "visit"]
Follow = Literal["auto", "target", "sky"]

CLIPPED_FROM = 4
"""Overlapping exposures from which outliers can be told from the rest."""

LATER = ("outliers", "anchor", "align_together", "align_rms_arcsec", "follow", "ephemeris")
"""Options that came after the first mosaics of this version: at their defaults ids are as they were."""

RESAMPLING = "Resampling"
COMBINING = "Combining"
SKY = "Sky background"
POSITIONS = "Positions"

_COMBINE = "how overlapping samples become one"
_BACKGROUND = "match sky levels, or planes, between overlapping images before they are combined"
_ALIGN = "measure the shifts left between overlapping images (check), or correct them too"


class _MosaicBase(Request):
    kernel: Kernel = option(
        "bilinear",
        help="interpolation kernel; adaptive and exact are computed by reproject",
        group=RESAMPLING,
        often=True,
    )
    pixfrac: float = option(1.0, ge=0.01, le=1.0, help="side of the drops of drizzle, input pixels", group=RESAMPLING)
    scale_arcsec: float | None = option(
        None,
        gt=0,
        le=3600,
        help="pixel size, arcsec; empty = that of the finest input",
        names=("--scale", "--scale-arcsec"),
        metavar="ARCSEC",
        group=RESAMPLING,
        often=True,
    )
    tolerance_px: float = option(
        1e-3, gt=0, le=1e-3, help="largest error of the interpolated pixel map, input pixels", group=RESAMPLING
    )
    weights: Weights = option(
        "ivm",
        help="weight of a sample: inverse read-noise variance, exposure time, or one; falls back in this order",
        group=COMBINING,
    )
    reject_dq: tuple[str, ...] = option(
        ("DO_NOT_USE", "OUTLIER", "NON_SCIENCE", "REFERENCE_PIXEL"),
        help="data quality bits, by name, whose pixels take no part",
        metavar="NAME[,NAME]...",
        group=COMBINING,
    )
    outliers: Outliers = option(
        "none",
        help="take pixels out of an image that the others contradict: blot compares it with the median of all, at its"
        " own pixels",
        group=COMBINING,
    )
    mix: bool = option(
        False,
        help="average what measures different things too: several filters, grism and other exposures",
        group=COMBINING,
    )
    quantity: Quantity = option(
        "auto",
        help="surface: samples are brightness on an area of sky; flux: in a pixel, so that they change with its area;"
        " auto: as the unit says",
        group=COMBINING,
    )
    sky: tuple[str, ...] = option(
        (),
        help="known sky levels, IMAGE=VALUE; the others are matched to them",
        metavar="IMAGE=VALUE",
        group=SKY,
        commas=False,
    )
    sky_region: tuple[float, float, float] | None = option(
        None,
        help="RA, Dec and radius, degrees, of a place without sources, where the matched sky is zero",
        metavar="RA,DEC,RADIUS",
        group=SKY,
    )
    anchor: str | None = option(
        None,
        help="what fixes the sky level of the whole: an image whose level is true, or the value of the sky (in"
        " sky_region, where that is given)",
        metavar="IMAGE|VALUE",
        group=SKY,
    )
    align_limit_arcsec: float = option(
        1.0,
        gt=0,
        le=60,
        help="refuse a correction larger than this, arcsec",
        names=("--align-limit", "--align-limit-arcsec"),
        metavar="ARCSEC",
        group=POSITIONS,
    )
    align_catalog: str | None = option(
        None,
        help="true positions to align to: a table (RA and Dec in degrees, pmra, pmdec and ref_epoch where it has them),"
        " or an image, as of another filter, whose stars they are; empty = relative to each other",
        names=("--align-to", "--align-catalog"),
        metavar="TABLE|IMAGE",
        group=POSITIONS,
    )
    align_together: Together = option(
        "image",
        help="what shares one correction: each image by itself, the detectors of an exposure, or all of a visit",
        group=POSITIONS,
    )
    align_rms_arcsec: float = option(
        0.1,
        gt=0,
        le=60,
        help="refuse corrections after which overlaps still differ by more than this, rms, arcsec",
        names=("--align-rms", "--align-rms-arcsec"),
        metavar="ARCSEC",
        group=POSITIONS,
    )
    follow: Follow = option(
        "auto",
        help="what stays in its place: a moving target, or the stars; auto: the target where the images follow one",
        group=POSITIONS,
    )
    ephemeris: str | None = option(
        None,
        help="table of the moving target's positions (time in UTC, RA and Dec) in place of those in the headers",
        metavar="TABLE",
        group=POSITIONS,
    )
    sparse: bool = option(
        False,
        help="make a large mosaic of which the images cover hardly anything, too, because they lie far apart",
        group=LIMITS,
    )
    max_gigapixels: float = option(4.0, gt=0, le=10_000, help="refuse a larger mosaic", group=LIMITS)


class MosaicOptions(_MosaicBase):
    """How images become one mosaic."""

    combine: Combine = option("mean", help=_COMBINE, group=COMBINING)
    background: Background = option("none", help=_BACKGROUND, group=SKY)
    align: Align = option("none", help=_ALIGN, group=POSITIONS)


def deciding(options: MosaicOptions) -> dict[str, Any]:
    """Give the options that decide over the pixels of a mosaic, as plain JSON values."""
    usual = {name for name in LATER if getattr(options, name) == MosaicOptions.model_fields[name].default}
    return options.model_dump(mode="json", exclude={"max_gigapixels", "mix", "sparse", *usual})


class FittingMosaic(_MosaicBase):
    """How images of one kind become mosaics: what is left empty is as fits exposures, or combined images."""

    combine: Combine | None = option(None, help=_COMBINE, group=COMBINING, often=True)
    background: Background | None = option(None, help=_BACKGROUND, group=SKY, often=True)
    align: Align | None = option(None, help=_ALIGN, group=POSITIONS, often=True)
    align_filters: Literal["apart", "together"] = option(
        "apart",
        help="correct the exposures of each filter by themselves, or those of all filters in one solution",
        group=POSITIONS,
    )
    clean: CleanPolicy | None = option(
        None,
        help="what is taken out of exposures first, where it is measured: auto (if empty), only stripes, only"
        " masks of spoiled pixels, or none; combined images stay as they are",
        group="Cleaning",
    )
    wisp_template: WispTemplates = ()

    @model_validator(mode="after")
    def _templates_are_taken(self) -> Self:
        """Refuse templates that nothing would be done with."""
        check_templates_taken(self.wisp_template, self.clean, exposures=getattr(self, "level", 2) != 3)
        return self

    def clean_policy(self, *, exposures: bool) -> CleanPolicy:
        """Say what is taken out of the images first: of exposures what is measured, of combined images nothing."""
        return (self.clean or "auto") if exposures else "none"

    def fitted(self, *, exposures: bool, depth: int) -> MosaicOptions:
        """Fill in what was left empty.

        Parameters
        ----------
        exposures
            The images are single exposures, whose outliers nobody has rejected and whose positions nobody has
            compared; else combined images, for which both was done.
        depth
            Most images that overlap anywhere.

        Returns
        -------
        MosaicOptions
            The sky of overlapping images is matched in both cases: the archive's combined images differ in it too.
        """
        usual = {
            "combine": "clipped" if exposures and depth >= CLIPPED_FROM else "mean",
            "background": "level",
            "align": "rotate" if self.align_catalog else "check" if exposures and depth > 1 else "none",
        }
        wished = {name: getattr(self, name) for name in _MosaicBase.model_fields}
        chosen = {name: value if getattr(self, name) is None else getattr(self, name) for name, value in usual.items()}
        return MosaicOptions(**wished, **chosen)


class MosaicRequest(FittingMosaic, CatalogSelection):
    """Which images of the catalogue become mosaics, one for each filter, all on one grid; and how."""

    level: Level = 2

    def mosaic_options(self, *, depth: int = 0) -> MosaicOptions:
        """Say how a mosaic is made in which so many images overlap."""
        return self.fitted(exposures=self.level == 2, depth=depth)
