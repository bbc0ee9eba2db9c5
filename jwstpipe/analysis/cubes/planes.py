"""`MapPlanes`: what an image that is made of a cube holds, before it is written."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from jwstpipe.analysis.cubes.cube import Cube
from jwstpipe.analysis.cubes.headers import plane_header
from jwstpipe.images.memory import MemoryImage
from jwstpipe.images.passband import BAND_CARD, WAVELENGTH_CARD

__all__ = ["MapPlanes"]


@dataclass(frozen=True, eq=False)
class MapPlanes:
    """An image of a cube, in memory."""

    planes: Mapping[str, NDArray[Any]]
    """``sci``, ``err`` and ``n``, the number of samples that each pixel was made of; all (y, x)."""

    unit: str
    band: str
    """What it shows, in a word or two: it stands where others have a filter."""

    microns: float | None
    """Its wavelength, where it has one."""

    results: Mapping[str, Any] = field(default_factory=dict)
    """Numbers that were found on the way."""

    notes: tuple[str, ...] = ()

    def image(self, cube: Cube) -> MemoryImage:
        """Give it as an image that lies where the slices of the cube do."""
        header = plane_header(cube.image.header)
        header["BUNIT"] = self.unit
        header[BAND_CARD] = (self.band[:60], "what this image of a cube shows")
        if self.microns is not None:
            header[WAVELENGTH_CARD] = (self.microns, "[um] its wavelength")
        return MemoryImage(self.planes, header, cube.image.primary, cube.name)
