"""A sky target, from the archive to a colour mosaic."""

from typing import Literal

from jwstpipe.requests.base import Request, option
from jwstpipe.requests.channels import Stretch
from jwstpipe.requests.composite import ColourOptions
from jwstpipe.requests.fields.shared import (
    SELECTION,
    TARGET_LETTERS,
    Filters,
    Instrument,
    MaxFiles,
    MaxGigabytes,
    Program,
    Radius,
)
from jwstpipe.requests.mosaic import FittingMosaic, MosaicOptions

__all__ = ["ProcessTargetRequest", "Suggestion"]

Suggestion = Literal[
    "first", "published", "all", "best", "classic", "narrowband", "broadband", "line", "coronagraph", "single"
]


class _Target(Request):
    target: str = option(
        min_length=1,
        max_length=TARGET_LETTERS,
        help="object or position, as NGC 3132 or 151.757 -40.437",
        group=SELECTION,
    )
    radius: Radius = 0.05
    instrument: Instrument = None
    filters: Filters = ()
    program: Program = None
    suggestion: Suggestion | None = option(
        None,
        help="what to make of the target, as discover suggests it: first, or the first of a kind (published colours,"
        " all filters, the best of many, classic three, narrow or broad bands, a line over its continuum); it then"
        " chooses place, filters, level and colours; empty = all that the other fields choose",
        group=SELECTION,
    )
    observations: tuple[str, ...] = option(
        (),
        max_length=500,
        help="only these observations, wherever they lie, as jw01373-o002_t001_nircam_f212n: what moves is found so;"
        " none = all around the target",
        metavar="OBS_ID[,OBS_ID]...",
        group=SELECTION,
        often=False,
    )
    level: Literal[2, 3] = option(3, help="calibrated exposures (2) or combined images (3)", group=SELECTION)
    preset: str = option(
        "balanced",
        min_length=1,
        help="look by name (balanced, auto, natural, ...), recipe by target, or a .toml file",
        group="Picture",
    )
    stretch: Stretch | None = option(None, help="curve from flux to brightness", group="Picture")
    luminance: str | None = option(
        None,
        help="filter that brings the lightness of the picture, as F187N; the colours come from all filters",
        metavar="FILTER",
        group="Picture",
    )
    max_files: MaxFiles = 500
    max_gigabytes: MaxGigabytes = 50.0


class ProcessTargetRequest(FittingMosaic, ColourOptions, _Target):
    """A sky target, from the archive to a colour mosaic."""

    def mosaic_options(self, *, depth: int = 0) -> MosaicOptions:
        """Say how a mosaic is made in which so many images overlap."""
        return self.fitted(exposures=self.level == 2, depth=depth)
