"""A sky target, from the archive to a colour mosaic."""

from typing import Literal

from pydantic import Field

from jwstpipe.requests.base import Request
from jwstpipe.requests.composite import Stretch
from jwstpipe.requests.mosaic import Background, MosaicOptions

__all__ = ["ProcessTargetRequest"]


class ProcessTargetRequest(Request):
    """A sky target, from the archive to a colour mosaic."""

    target: str = Field(min_length=1, max_length=200, description="object or position: NGC 3132 or 151.757 -40.437")
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

    def mosaic_options(self) -> MosaicOptions:
        """Say how mosaics are made."""
        return MosaicOptions(background=self.background, scale_arcsec=self.scale_arcsec)
