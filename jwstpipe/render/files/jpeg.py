"""JPEG; its encoder wants the whole picture at once, which a large one gets from a file, not from memory."""

from pathlib import Path
from tempfile import TemporaryFile

import numpy as np
from numpy.typing import NDArray

from jwstpipe.errors import DataError
from jwstpipe.numerics.compiled.kernel import compiled
from jwstpipe.render.files.icc import srgb_profile
from jwstpipe.render.files.rows import Pixels, check_complete, check_rows
from jwstpipe.storage import writing_errors

__all__ = ["JPEG_SIDE", "JpegSink"]

JPEG_SIDE = 65_500
"""Most pixels a side that the format holds."""

_PACKET = 65_502
_IN_MEMORY = 1 << 26
"""Largest picture that is kept in memory, bytes."""


class JpegSink:
    """A JPEG, 8 bits a sample; four bytes a pixel wait in memory or in a file that has no name."""

    def __init__(self, shape: tuple[int, int], *, colour: bool, folder: Path) -> None:
        self._shape = (*shape, 3) if colour else shape
        self._row = 0
        held = (*shape, 4) if colour else shape
        self._pixels: NDArray[np.uint8]
        if int(np.prod(held)) <= _IN_MEMORY:
            self._pixels = np.zeros(held, np.uint8)
        else:
            with TemporaryFile(dir=folder) as spool:
                self._pixels = np.memmap(spool, np.uint8, "w+", shape=held)

    def write(self, rows: Pixels) -> None:
        """Add rows."""
        check_rows(rows, self._shape, self._row, 1)
        target = self._pixels[self._row : self._row + len(rows)]
        if rows.ndim == 3:
            _spread(np.ascontiguousarray(rows, np.uint8), target)
        else:
            target[...] = rows
        self._row += len(rows)

    def save(self, partial: Path, path: Path, *, quality: int, packet: bytes) -> None:
        """Encode the picture."""
        check_complete(path, self._row, self._shape[0])
        if len(packet) > _PACKET:
            raise DataError(f"{path}: its description ({len(packet)} bytes) is too long for a JPEG; write a .png")
        colour = self._pixels.ndim == 3
        mode = "RGBX" if colour else "L"
        size = (self._shape[1], self._shape[0])
        with writing_errors(path), partial.open("wb") as stream:
            from PIL import Image as PillowImage  # noqa: PLC0415 - slow to load, and only this form needs it

            PillowImage.frombuffer(mode, size, self._pixels, "raw", mode, 0, 1).save(
                stream,
                format="JPEG",
                quality=quality,
                subsampling=0 if quality >= 90 else 2,
                optimize=False,
                icc_profile=srgb_profile() if colour else None,
                xmp=packet or None,
            )


@compiled()
def _spread(rows: NDArray[np.uint8], target: NDArray[np.uint8]) -> None:
    """Copy three bytes a pixel to where four are."""
    for i in range(rows.shape[0]):
        for j in range(rows.shape[1]):
            for part in range(3):
                target[i, j, part] = rows[i, j, part]
