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

__all__ = ["ProcessTargetRequest"]


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
    level: Literal[2, 3] = option(3, help="calibrated exposures (2) or combined images (3)", group=SELECTION)
    preset: str = option(
        "balanced",
        min_length=1,
        help="look by name (balanced, auto, natural, ...), recipe by target, or a .toml file",
        group="Picture",
    )
    stretch: Stretch | None = option(None, help="curve from flux to brightness", group="Picture")
    max_files: MaxFiles = 500
    max_gigabytes: MaxGigabytes = 50.0


class ProcessTargetRequest(FittingMosaic, ColourOptions, _Target):
    """A sky target, from the archive to a colour mosaic."""

    def mosaic_options(self, *, depth: int = 0) -> MosaicOptions:
        """Say how a mosaic is made in which so many images overlap."""
        return self.fitted(exposures=self.level == 2, depth=depth)
