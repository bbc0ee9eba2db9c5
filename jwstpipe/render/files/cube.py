"""The finished picture as a FITS cube: planes red, green and blue of 8 or 16 bits, with the WCS of the picture."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from jwstpipe.fits.provenance_hdu import provenance_hdu
from jwstpipe.render.files.rows import Pixels, check_complete, check_rows

__all__ = ["CubeSink"]

_BLOCK = 2880


class CubeSink:
    """A FITS file under way: rows go to their places in the three planes, the last row of the file first."""

    def __init__(
        self,
        stream: BinaryIO,
        shape: tuple[int, int],
        *,
        bits: int,
        colour: bool,
        cards: str,
        provenance: Mapping[str, Any] | None,
    ) -> None:
        self._stream = stream
        self._shape = (*shape, 3) if colour else shape
        self._bits = bits
        self._row = 0
        from astropy.io.fits import Header  # noqa: PLC0415 - slow to load, and only this form needs it

        header = Header([("SIMPLE", True), ("BITPIX", bits), ("NAXIS", 3 if colour else 2)])
        header["NAXIS1"], header["NAXIS2"] = shape[1], shape[0]
        if colour:
            header["NAXIS3"] = (3, "red, green, blue")
        if bits == 16:
            header["BSCALE"], header["BZERO"] = 1, 32768
        self._provenance = provenance
        if provenance is not None:
            header["JPPRODID"] = (str(provenance["product_id"]), "product id")
            header["EXTEND"] = True
        if cards:
            header.extend(
                [card for card in Header.fromstring(cards).cards if not card.keyword.startswith(("NAXIS", "WCSAXES"))]
            )
        header["COLORSPC"] = ("sRGB", "screen values, not fluxes")
        self._start = stream.write(header.tostring().encode("ascii"))

    def write(self, rows: Pixels) -> None:
        """Add rows."""
        check_rows(rows, self._shape, self._row, self._bits // 8)
        height, width = self._shape[:2]
        values = rows[::-1] if rows.ndim == 3 else rows[::-1, :, None]
        first = height - self._row - len(rows)
        self._row += len(rows)
        for plane in range(values.shape[2]):
            part = values[..., plane]
            if self._bits == 16:
                part = (part.astype(np.int32) - 32768).astype(">i2")
            self._stream.seek(self._start + (plane * height + first) * width * self._bits // 8)
            self._stream.write(np.ascontiguousarray(part).tobytes())

    def close(self, path: Path) -> None:
        """Pad to whole blocks, and say what it is."""
        check_complete(path, self._row, self._shape[0])
        size = int(np.prod(self._shape)) * self._bits // 8
        self._stream.seek(self._start + size)
        self._stream.write(b"\0" * (-size % _BLOCK))
        if self._provenance is not None:
            self._stream.write(provenance_hdu(self._provenance))
