"""What is known of a picture that was made: `Picture` and its channels."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from jwstpipe.display.tone.statistics import SkyStatistics
from jwstpipe.display.tone.stretch import Stretch
from jwstpipe.notebook import Shown
from jwstpipe.render.geometry.placement import SkyPlacement
from jwstpipe.render.quality import QualityReport
from jwstpipe.requests import ChannelLook
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

    repaired_before: int
    """Pixels of lost cores that were filled before the image was resampled."""

    blur_px: float
    """Sigma of the blur to the resolution of the coarsest channel, full pixels."""

    look: str | None = None
    """What was wished for this channel alone, as ``--channel`` takes it; its image is its product id."""


@dataclass(frozen=True, repr=False)
class Picture(Shown):
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

    look: str
    """Title of the preset."""

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

    quality: QualityReport
    """How good it is, in numbers."""

    notes: tuple[str, ...]
    """What a viewer has to know, as that no two images cover the same sky."""

    stretch_fallbacks: tuple[str, ...]
    """``channel:asked->got: why`` for each stretch that could not be had."""

    size_bytes: int
    """Length of the file."""

    sha256: str
    """Digest of the file."""

    def facts(self) -> dict[str, object]:
        """Give what a person wants to know first."""
        return {
            "file": self.path,
            "size": f"{self.width} x {self.height} px, {self.bits} bits",
            "look": self.look,
            "channels": tuple(f"{one.filter or one.image} {one.colour}" for one in self.channels),
            "product": self.product_id,
            "bytes": self.size_bytes,
            "notes": self.notes,
        }

    def looks_by_filter(self) -> tuple[ChannelLook, ...]:
        """Give colour, weight and look of every channel, named by its filter: what a preset keeps of a picture."""
        return tuple(
            ChannelLook.model_validate(
                {
                    **(ChannelLook.model_validate(one.look).model_dump(exclude_defaults=True) if one.look else {}),
                    "image": one.filter,
                    "colour": one.colour,
                    "weight": one.weight,
                }
            )
            for one in self.channels
            if one.filter
        )

    def as_dict(self) -> dict[str, Any]:
        """Give the receipt as plain JSON values."""
        result = {**asdict(self), "path": str(self.path)}
        for channel, plain in zip(self.channels, result["channels"], strict=True):
            plain["stretch"] = channel.stretch.as_dict()
            del plain["statistics"]["quantiles"]
        if self.luminance is not None:
            result["luminance"]["stretch"] = self.luminance.stretch.as_dict()
            del result["luminance"]["statistics"]["quantiles"]
        return result
