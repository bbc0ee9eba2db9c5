"""`Canvas`: the sheet that a picture is fitted on, where its sides are not those of the images."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from astropy.io.fits import Header
from numpy.typing import NDArray

from jwstpipe.errors import UsageError
from jwstpipe.render.colour.names import Colour
from jwstpipe.render.files.rows import Pixels
from jwstpipe.render.geometry.frame import Frame, SkyPlacement

__all__ = ["Canvas", "lay_out"]

_LEAST, _MOST = 16, 100_000


@dataclass(frozen=True)
class Canvas:
    """A picture on a sheet."""

    frame: Frame
    """The picture."""

    shape: tuple[int, int]
    """Rows and columns of the sheet."""

    top: int
    """Rows of the sheet above the picture."""

    left: int
    """Columns of the sheet left of the picture."""

    def placed(self, placement: SkyPlacement | None) -> SkyPlacement | None:
        """Give the place of the sheet on the sky, from that of the picture."""
        if placement is None or self.shape == self.frame.shape:
            return placement
        below = self.shape[0] - self.top - self.frame.shape[0]
        header = Header.fromstring(placement.cards)
        header["NAXIS1"], header["NAXIS2"] = self.shape[1], self.shape[0]
        header["CRPIX1"] += self.left
        header["CRPIX2"] += below
        return replace(
            placement,
            cards=header.tostring(endcard=False, padding=False),
            crpix=(placement.crpix[0] + self.left, placement.crpix[1] + below),
        )

    def filled(self, bands: Iterator[Pixels], background: Colour, bits: int) -> Iterator[Pixels]:
        """Surround the rows of the picture with background."""
        if self.shape == self.frame.shape:
            yield from bands
            return
        ink = np.rint(np.array([background.red, background.green, background.blue]) * ((1 << bits) - 1))
        below = self.shape[0] - self.top - self.frame.shape[0]
        if self.top:
            yield _sheet((self.top, self.shape[1]), ink, bits)
        for band in bands:
            rows = _sheet((len(band), self.shape[1]), ink, bits)
            rows[:, self.left : self.left + self.frame.shape[1]] = band
            yield rows
        if below:
            yield _sheet((below, self.shape[1]), ink, bits)


def _sheet(shape: tuple[int, int], ink: NDArray[np.float64], bits: int) -> Pixels:
    return np.full((*shape, 3), ink, np.uint8) if bits == 8 else np.full((*shape, 3), ink, np.uint16)


def lay_out(frame: Frame, canvas: tuple[int, int] | None) -> Canvas:
    """Fit a picture on a canvas, as large as it goes, in its middle.

    Parameters
    ----------
    frame
        Picture; on a canvas its size is chosen anew.
    canvas
        Width and height; None = the picture itself.

    Raises
    ------
    UsageError
        Sides out of range.
    """
    if canvas is None:
        return Canvas(frame, frame.shape, 0, 0)
    width, height = canvas
    if not all(_LEAST <= side <= _MOST for side in canvas):
        raise UsageError(f"a canvas has sides from {_LEAST} to {_MOST} px, not {width} x {height}")
    rows, columns = frame.box.shape
    scale = min(width / columns, height / rows)
    shape = max(1, min(round(rows * scale), height)), max(1, min(round(columns * scale), width))
    fitted = Frame(frame.level, frame.box, shape)
    return Canvas(fitted, (height, width), (height - shape[0]) // 2, (width - shape[1]) // 2)
