"""How samples stand in a FITS file and in memory: byte order, scaled and unsigned integers, BLANK.

Decoding to memory and encoding back give the same bits; where a scaled integer would not survive the way through the
chosen float type, the wider one is chosen, and if that fails too the plane is refused.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from astropy.io.fits import Header
from numpy.typing import NDArray

from jwstpipe.errors import DataError

__all__ = ["SampleFormat"]

_STORED = {8: ">u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}
_FLOAT_FOR = {8: "f4", 16: "f4", 32: "f8", 64: "f8", -32: "f4", -64: "f8"}


@dataclass(frozen=True)
class SampleFormat:
    """The sample format of one FITS plane."""

    bitpix: int
    bscale: float = 1.0
    bzero: float = 0.0
    blank: int | None = None
    integer: bool = False
    """Decode to whole numbers (data quality, labels) instead of floats."""

    @classmethod
    def of(cls, header: Header, *, integer: bool = False) -> Self:
        """Read the format from BITPIX, BSCALE, BZERO and BLANK."""
        bitpix = int(header["BITPIX"])
        return cls(
            bitpix,
            float(header.get("BSCALE", 1.0)),
            float(header.get("BZERO", 0.0)),
            int(header["BLANK"]) if bitpix > 0 and "BLANK" in header else None,
            integer,
        )

    @property
    def stored(self) -> np.dtype[Any]:
        """Type in the file, big-endian."""
        return np.dtype(_STORED[self.bitpix])

    @property
    def decoded(self) -> np.dtype[Any]:
        """Type in memory."""
        return np.dtype("u4") if self.integer else np.dtype(_FLOAT_FOR[self.bitpix])

    @property
    def plain(self) -> bool:
        """Samples are what they are: no scale, no offset, no BLANK."""
        return self.bscale == 1.0 and self.bzero == 0.0 and self.blank is None

    def decode(self, raw: NDArray[Any]) -> NDArray[Any]:
        """Turn samples as stored into samples in memory, native byte order, always a copy."""
        if self.integer:
            return self._decode_integer(raw)
        if self.bitpix < 0 and self.plain:
            return raw.astype(self.decoded)
        values = raw.astype("f8") * self.bscale + self.bzero
        if self.blank is not None:
            values[raw == self.blank] = np.nan
        return values.astype(self.decoded)

    def encode(self, values: NDArray[Any], *, name: str) -> NDArray[Any]:
        """Turn samples in memory back into the samples of the file, big-endian.

        Raises
        ------
        DataError
            A value that the stored type cannot hold.
        """
        if self.integer:
            return (values.astype("i8") - int(self.bzero)).astype(self.stored)
        if self.bitpix < 0 and self.plain:
            return values.astype(self.stored)
        if self.bitpix < 0:
            return ((values.astype("f8") - self.bzero) / self.bscale).astype(self.stored)
        empty = np.isnan(values)
        if self.blank is None and empty.any():
            raise DataError(f"{name}: NaN in an integer plane without BLANK cannot be written back")
        counts = np.rint((np.where(empty, 0.0, values).astype("f8") - self.bzero) / self.bscale)
        counts[empty] = self.blank if self.blank is not None else 0
        return counts.astype(self.stored)

    def survives(self, raw: NDArray[Any]) -> bool:
        """Tell whether these samples come back bit for bit after decoding and encoding."""
        if self.bitpix < 0 and self.plain:
            return True
        return self.encode(self.decode(raw), name="samples").tobytes() == raw.tobytes()

    def _decode_integer(self, raw: NDArray[Any]) -> NDArray[Any]:
        if self.bitpix < 0 or self.bscale != 1.0 or self.bzero != int(self.bzero):
            raise DataError(
                f"a data quality plane must hold whole numbers (BITPIX {self.bitpix}, BSCALE {self.bscale})"
            )
        return (raw.astype("i8") + int(self.bzero)).astype("u4")
