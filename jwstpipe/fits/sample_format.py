"""How samples stand in a FITS file and in memory: byte order, scaled and unsigned integers, BLANK.

Decoding to memory and encoding back give the same bits wherever `SampleFormat.exact` says so; where it does not (64-bit
integers, scaled floats, scales beyond what doubles resolve) an image store keeps the samples of the file beside.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from jwstpipe.errors import DataError, HeaderError

__all__ = ["SampleFormat"]

_STORED = {8: ">u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}

DOUBLE_STEPS = 2.0**50
"""Counts that doubles tell apart with room to spare."""


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
    def of(cls, header: Mapping[str, Any], *, integer: bool = False, name: str = "header") -> Self:
        """Read the format from BITPIX, BSCALE, BZERO and BLANK.

        Raises
        ------
        HeaderError
            A value that is no number, or a BSCALE of nothing.
        """
        bitpix = header.get("BITPIX")
        if not isinstance(bitpix, int) or bitpix not in _STORED:
            raise HeaderError(f"{name}: BITPIX is none that FITS knows: {bitpix!r}")
        blank = header.get("BLANK") if bitpix > 0 else None
        found = cls(
            bitpix,
            _number(header, "BSCALE", 1.0, name),
            _number(header, "BZERO", 0.0, name),
            blank if isinstance(blank, int) and abs(blank) < 2**63 else None,
            integer,
        )
        if integer and (bitpix < 0 or found.bscale != 1.0 or found.bzero != int(found.bzero)):
            raise DataError(
                f"{name}: a data quality plane must hold whole numbers (BITPIX {bitpix}, BSCALE {found.bscale})"
            )
        return found

    @property
    def stored(self) -> np.dtype[Any]:
        """Type in the file, big-endian."""
        return np.dtype(_STORED[self.bitpix])

    @cached_property
    def decoded(self) -> np.dtype[Any]:
        """Type in memory: u4 for whole numbers, else f4, or f8 where f4 would lose bits."""
        if self.integer:
            return np.dtype("u4")
        if self.bitpix in {8, 16} and self._comes_back(np.dtype("f4")):
            return np.dtype("f4")
        return np.dtype("f4" if self.bitpix == -32 and self.plain else "f8")

    @property
    def plain(self) -> bool:
        """Samples are what they are: no scale, no offset, no BLANK."""
        return self.bscale == 1.0 and self.bzero == 0.0 and self.blank is None

    @cached_property
    def exact(self) -> bool:
        """Every sample that can stand in the file comes back bit for bit after decoding and encoding."""
        if self.integer:
            return self.bitpix < 64
        if self.bitpix < 0:
            return self.plain
        if self.bitpix in (8, 16):
            return self._comes_back(self.decoded)
        reach = abs(self.bscale) * 2.0**31 + abs(self.bzero)
        resolved = self.bscale != 0.0 and abs(self.bzero / self.bscale) < DOUBLE_STEPS
        return self.bitpix == 32 and resolved and abs(self.bscale) > 1e-290 and reach < 1e290

    def decode(self, raw: NDArray[Any]) -> NDArray[Any]:
        """Turn samples as stored into samples in memory, native byte order, always a copy."""
        if self.integer:
            values = raw.astype("i4" if self.bitpix < 64 and self.bitpix > 8 else "u4").view("u4")
            values += np.uint32(int(self.bzero) % 2**32)  # modulo 2^32, as the file's own writer did
            return values
        if self.bitpix < 0 and self.plain:
            return raw.astype(self.decoded)
        return self._scaled(raw, self.decoded)

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
        with np.errstate(all="ignore"):
            counts = np.rint((np.where(empty, 0.0, values).astype("f8") - self.bzero) / self.bscale)
            counts[empty] = self.blank if self.blank is not None else 0
            return counts.astype(self.stored)

    def _scaled(self, raw: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
        with np.errstate(all="ignore"):
            values = raw.astype("f8")
            values *= self.bscale
            values += self.bzero
            if self.blank is not None:
                values[raw == self.blank] = np.nan
            return values.astype(dtype)

    def _comes_back(self, dtype: np.dtype[Any]) -> bool:
        """Try every sample that 8 or 16 bits can hold."""
        every = (
            np.arange(2**self.bitpix, dtype=f"u{self.bitpix // 8}").astype(f">u{self.bitpix // 8}").view(self.stored)
        )
        values = self._scaled(every, dtype)
        if not np.isfinite(values[every != self.blank] if self.blank is not None else values).all():
            return False
        return self.encode(values, name="samples").tobytes() == every.tobytes()


def _number(header: Mapping[str, Any], key: str, default: float, name: str) -> float:
    value = header.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < float("inf"):
        raise HeaderError(f"{name}: {key} is no number: {value!r}")
    return float(value)
