"""PNG of 8 or 16 bits, compressed row by row as the rows come."""

import struct
from pathlib import Path
from typing import BinaryIO

import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray

from jwstpipe.numerics.compiled.kernel import compiled
from jwstpipe.render.files.rows import Pixels, check_complete, check_rows

__all__ = ["PngSink"]

_IDAT = 1 << 20
_CHROMATICITIES = (31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)


class PngSink:
    """A PNG as the specification (third edition, W3C) orders its chunks; compressed row by row."""

    def __init__(self, stream: BinaryIO, shape: tuple[int, int], *, bits: int, colour: bool, packet: bytes) -> None:
        self._stream = stream
        self._shape = (*shape, 3) if colour else shape
        self._type = np.dtype(">u2" if bits == 16 else "u1")
        self._row = 0
        self._above = np.zeros(self._line_bytes, np.uint8)
        self._deflate = isal_zlib.compressobj(
            1
        )  # filtered noise as small as zlib's run lengths, in a third of the time
        self._pending = bytearray()
        stream.write(b"\x89PNG\r\n\x1a\n")
        self._chunk(b"IHDR", struct.pack(">IIBBBBB", shape[1], shape[0], bits, 2 if colour else 0, 0, 0, 0))
        self._chunk(b"sRGB", b"\x00")
        self._chunk(b"gAMA", struct.pack(">I", 45455))
        self._chunk(b"cHRM", struct.pack(">8I", *_CHROMATICITIES))
        if packet:
            self._chunk(b"iTXt", b"XML:com.adobe.xmp\x00\x00\x00\x00\x00" + packet)

    @property
    def _line_bytes(self) -> int:
        return int(np.prod(self._shape[1:])) * self._type.itemsize

    def write(self, rows: Pixels) -> None:
        """Add rows, each as its difference from the row above (filter type 2)."""
        check_rows(rows, self._shape, self._row, self._type.itemsize)
        lines = np.ascontiguousarray(rows, self._type).view(np.uint8).reshape(len(rows), -1)
        filtered = np.empty((len(lines), lines.shape[1] + 1), np.uint8)
        _filter(lines, self._above, filtered)
        self._above = lines[-1].copy()
        self._row += len(lines)
        for line in filtered:  # always whole rows, so that the stream does not depend on the bands
            self._pending += self._deflate.compress(line.data)
        while len(self._pending) >= _IDAT:
            self._chunk(b"IDAT", bytes(self._pending[:_IDAT]))
            del self._pending[:_IDAT]

    def close(self, path: Path) -> None:
        """Write what is left."""
        check_complete(path, self._row, self._shape[0])
        self._pending += self._deflate.flush()
        for start in range(0, len(self._pending), _IDAT):
            self._chunk(b"IDAT", bytes(self._pending[start : start + _IDAT]))
        self._chunk(b"IEND", b"")

    def _chunk(self, kind: bytes, content: bytes) -> None:
        self._stream.write(struct.pack(">I", len(content)) + kind)
        self._stream.write(content)
        self._stream.write(struct.pack(">I", isal_zlib.crc32(content, isal_zlib.crc32(kind))))


@compiled()
def _filter(lines: NDArray[np.uint8], above: NDArray[np.uint8], filtered: NDArray[np.uint8]) -> None:
    """Write the number of the filter and the differences from the row above, in each row."""
    for i in range(lines.shape[0]):
        before = lines[i - 1] if i else above
        filtered[i, 0] = 2
        line, found = lines[i], filtered[i, 1:]
        for j in range(line.size):
            found[j] = line[j] - before[j]
