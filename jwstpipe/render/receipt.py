"""What is known of a picture that was made: `Picture` and its channels."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from jwstpipe.render.geometry.frame import SkyPlacement
from jwstpipe.render.tone.statistics import SkyStatistics
from jwstpipe.render.tone.stretch import Stretch
from jwstpipe.sky.box import Box

__all__ = ["ChannelReceipt", "Picture"]


@dataclass(frozen=True)
class ChannelReceipt:
    """How a channel entered a picture."""

    image: str
    """Address of the image."""

    product_id: str | None
    """Its product id, where it knows one."""

    facility: str | None
    """Observatory."""

    instrument: str | None
    """Instrument."""

    filter: str | None
    """Effective filter."""

    wavelength_um: float | None
    """Its wavelength, micrometres."""

    colour: str
    """``#rrggbb``; the luminance is ``#ffffff``."""

    weight: float
    """Weight that was asked for."""

    light: tuple[float, float, float]
    """Linear red, green and blue that full brightness adds."""

    stretch: Stretch
    """Curve and absolute limits."""

    statistics: SkyStatistics
    """What they were made from."""

    holes: int
    """Enclosed holes that were filled for display."""

    hole_pixels: int
    """Their pixels, at the level that was rendered."""


@dataclass(frozen=True)
class Picture:
    """Receipt of a picture."""

    path: Path
    """File that was written."""

    width: int
    """Columns."""

    height: int
    """Rows."""

    bits: int
    """Bits a sample."""

    level: int
    """Level of the images that was rendered."""

    box: Box
    """Window of that level; row 0 at the bottom of the sky."""

    channels: tuple[ChannelReceipt, ...]
    """Colour channels, by wavelength."""

    luminance: ChannelReceipt | None
    """The image that gave the lightness."""

    background: str
    """Colour where nothing is covered, ``#rrggbb``."""

    placement: SkyPlacement | None
    """WCS of the picture (first pixel at the bottom left); None where the images have none."""

    product_id: str | None
    """Id given by the caller."""

    notes: tuple[str, ...]
    """What a viewer has to know, as that no two images cover the same sky."""

    size_bytes: int
    """Length of the file."""

    sha256: str
    """Digest of the file."""

    def as_dict(self) -> dict[str, Any]:
        """Give the receipt as plain JSON values."""
        return {**asdict(self), "path": str(self.path)}
