"""`Canvas`: the sheet that a picture is fitted on, where its sides are not those of the images."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from jwstpipe.display.colour.names import Colour
from jwstpipe.errors import NoCoverageError, UsageError
from jwstpipe.render.files.rows import Pixels
from jwstpipe.render.geometry.frame import Frame
from jwstpipe.render.geometry.placement import SkyPlacement
from jwstpipe.sky.box import Box

__all__ = ["Canvas", "check_canvas", "lay_out"]

_LEAST, _MOST = 16, 100_000


@dataclass(frozen=True)
class Canvas:
    """A picture on a sheet."""

    frame: Frame
    """The picture; all of what it shows lies within what the images cover."""

    shape: tuple[int, int]
    """Rows and columns of the sheet."""

    top: int
    """Rows of the sheet above the picture."""

    left: int
    """Columns of the sheet left of the picture."""

    @property
    def below(self) -> int:
        """Rows of the sheet below the picture."""
        return self.shape[0] - self.top - self.frame.shown.shape[0]

    def placed(self, placement: SkyPlacement | None) -> SkyPlacement | None:
        """Give the place of the sheet on the sky, from that of the picture."""
        if placement is None or self.shape == self.frame.shown.shape:
            return placement
        from astropy.io.fits import Header  # noqa: PLC0415 - slow to load, and only a canvas of its own needs it

        header = Header.fromstring(placement.cards)
        header["NAXIS1"], header["NAXIS2"] = self.shape[1], self.shape[0]
        header["CRPIX1"] += self.left
        header["CRPIX2"] += self.below
        return replace(
            placement,
            cards=header.tostring(endcard=False, padding=False),
            crpix=(placement.crpix[0] + self.left, placement.crpix[1] + self.below),
        )

    def filled(self, bands: Iterator[Pixels], background: Colour, bits: int) -> Iterator[Pixels]:
        """Surround the rows of the picture with background."""
        picture = self.frame.shown.shape
        if self.shape == picture:
            yield from bands
            return
        ink = np.rint(np.array([background.red, background.green, background.blue]) * ((1 << bits) - 1))
        if self.top:
            yield _sheet((self.top, self.shape[1]), ink, bits)
        for band in bands:
            rows = _sheet((len(band), self.shape[1]), ink, bits)
            rows[:, self.left : self.left + picture[1]] = band
            yield rows
        if self.below:
            yield _sheet((self.below, self.shape[1]), ink, bits)


def _sheet(shape: tuple[int, int], ink: NDArray[np.float64], bits: int) -> Pixels:
    return np.full((*shape, 3), ink, np.uint8) if bits == 8 else np.full((*shape, 3), ink, np.uint16)


def check_canvas(canvas: tuple[int, int]) -> None:
    """Refuse sides that no sheet has.

    Raises
    ------
    UsageError
        Sides out of range.
    """
    if not all(_LEAST <= side <= _MOST for side in canvas):
        raise UsageError(f"a canvas has sides from {_LEAST} to {_MOST} px, not {canvas[0]} x {canvas[1]}")


def lay_out(frame: Frame, canvas: tuple[int, int] | None) -> Canvas:
    """Lay a picture in the middle of a canvas; what it shows beyond the images becomes background.

    Parameters
    ----------
    frame
        Picture, chosen to fit.
    canvas
        Width and height; None = the picture itself.

    Raises
    ------
    NoCoverageError
        A part was asked for that no image covers.
    """
    shown = frame.shown
    seen = shown.intersection(Box.of_shape(frame.shape))
    if seen is None:
        raise NoCoverageError(
            "the crop shows nothing: the images hold no data there; leave it out, or crop where they have some"
        )
    height, width = canvas[::-1] if canvas else shown.shape
    top = (height - shown.shape[0]) // 2 + shown.y1 - seen.y1
    left = (width - shown.shape[1]) // 2 + seen.x0 - shown.x0
    return Canvas(frame if seen == shown else replace(frame, part=seen), (height, width), top, left)
