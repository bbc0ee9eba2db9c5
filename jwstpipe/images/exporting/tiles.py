"""The FITS file of a mosaic, filled tile by tile while tiles are computed: no store stands between.

A tile is written as bands of whole rows of blocks: samples are turned to network byte order on their way into the band,
and each of its rows goes to its place in the file with one call; compiled, without the GIL. The blocks of the file are
taken before, in a row. What whole rows of tiles have written is brought to the disk by a thread beside: little is left
to wait for at the end, and no page goes there twice because the tile next to it came later.
"""

import os
import sys
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.images.exporting.mosaic_file import MosaicTold, PlanePart, mosaic_parts
from jwstpipe.images.exporting.reserve import reserve
from jwstpipe.images.zarr.layout import CHUNK
from jwstpipe.images.zarr.shards import fill_of, holds_only
from jwstpipe.numerics.compiled.c_function import CFunction
from jwstpipe.numerics.compiled.kernel import compiled
from jwstpipe.sky.box import Box
from jwstpipe.storage import aside

__all__ = ["FitsTiles", "TileBands", "fits_tiles"]

Words = NDArray[np.uint32]
Bytes = NDArray[np.uint8]

_pwrite: Any = CFunction("pwrite", "int64", ("int32", "uintp", "uintp", "int64"))
"""``ssize_t pwrite(int, const void *, size_t, off_t)`` of the C library, on systems where ``off_t`` has 64 bits."""


_sync = getattr(os, "fdatasync", os.fsync)
"""Bring samples to the disk; macOS knows no call that leaves the times of a file alone."""


class FitsTiles:
    """A file whose tiles are filled by threads of this process, in any order; each tile by one of them."""

    def __init__(self, descriptor: int, told: MosaicTold, syncing: ThreadPoolExecutor) -> None:
        self.shape = told.window.shape
        self.planes: dict[str, tuple[PlanePart, int]] = {}
        """Planes, and where the first sample of each stands in the file."""

        self._descriptor, self._syncing = descriptor, syncing
        self._synced: Future[None] | None = None
        self._lock = threading.Lock()
        self._columns: dict[tuple[int, int], int] = {}
        """Columns that are filled of a row of tiles, by its first and last line; of those that are not whole."""

        self._whole = False
        """A row of tiles is whole that is not being brought to the disk."""

        position = 0
        for part in mosaic_parts(told):
            if isinstance(part, PlanePart):
                self.planes[part.plane] = part, position
                position += told.window.area * part.dtype.itemsize
            else:
                _write_at(descriptor, position, memoryview(part))
                position += len(part)
        reserve(descriptor, position)

    @contextmanager
    def tile(self, box: Box) -> Iterator["TileBands"]:
        """Fill what the array has of a box, with the blocks that are added; the rest of it has no data."""
        inside = box.intersection(Box.of_shape(self.shape))
        if inside is None:
            raise ValueError(f"{box} lies outside of {self.shape}")
        bands = TileBands(self._descriptor, self.planes, self.shape, inside)
        yield bands
        bands.finish()
        with self._lock:
            row = inside.y0, inside.y1
            filled = self._columns.pop(row, 0) + inside.shape[1]
            if filled < self.shape[1]:
                self._columns[row] = filled
            else:
                self._whole = True
            if self._whole and (self._synced is None or self._synced.done()):
                self.check_synced()
                self._whole, self._synced = False, self._syncing.submit(_sync, self._descriptor)

    def check_synced(self) -> None:
        """Raise what went wrong when samples were brought to the disk: the system tells it once."""
        if self._synced is not None:
            self._synced.result()


class TileBands:
    """A tile that is written band by band; blocks come row by row of blocks."""

    def __init__(
        self, descriptor: int, planes: Mapping[str, tuple[PlanePart, int]], shape: tuple[int, int], box: Box
    ) -> None:  # fmt: skip
        self._descriptor, self._planes, self._shape, self._box = descriptor, planes, shape, box
        self._left = [
            Box(max(y, box.y0), box.x0, min(y + CHUNK, box.y1), box.x1)
            for y in range(box.y0 // CHUNK * CHUNK, box.y1, CHUNK)
        ]
        self._added: set[Box] = set()
        rows = max(band.shape[0] for band in self._left)
        self._rows = {
            plane: np.empty((rows, box.shape[1]), dtype=part.dtype.newbyteorder(">"))
            for plane, (part, _) in planes.items()
        }

    def add(self, box: Box, planes: Mapping[str, NDArray[Any]]) -> None:
        """Take a block: a box of the array, inside one chunk of it."""
        while not self._left[0].contains(box):
            self._write_band()
        band = self._left[0]
        cell = box.snapped(CHUNK, (0, 0)).intersection(band)
        assert cell is not None
        self._added.add(cell)
        for plane, (part, _) in self._planes.items():
            values, out = planes[plane], self._rows[plane]
            empty = part.dtype.kind == "f" and holds_only(values, fill_of(part.dtype), every_bit=False)
            if empty or cell != box:
                out[cell.relative_to(band).slices] = _empty(part)
            if not empty:
                _turn(values, out, box.relative_to(band), part)

    def finish(self) -> None:
        """Write what is left."""
        while self._left:
            self._write_band()

    def _write_band(self) -> None:
        band = self._left.pop(0)
        for cell in band.cells(CHUNK):
            if cell not in self._added:
                for plane, (part, _) in self._planes.items():
                    self._rows[plane][cell.relative_to(band).slices] = _empty(part)
        self._added.clear()
        for plane, (part, start) in self._planes.items():
            size = part.dtype.itemsize
            place = start + (band.y0 * self._shape[1] + band.x0) * size
            rows = self._rows[plane][: band.shape[0]].view(np.uint8)
            if not _write_rows(self._descriptor, place, self._shape[1] * size, rows):
                self._write_again(place, self._shape[1] * size, rows)

    def _write_again(self, place: int, row_bytes: int, rows: Bytes) -> None:
        """Write row by row through Python, which knows why it cannot be done."""
        for number, row in enumerate(rows):
            _write_at(self._descriptor, place + number * row_bytes, row.data)


def _write_at(descriptor: int, place: int, content: memoryview) -> None:
    """Write all of it, or raise: the last call before a disk is full writes a part and says nothing."""
    done = 0
    while done < len(content):
        done += os.pwrite(descriptor, content[done:], place + done)


def _empty(part: PlanePart) -> float:
    """Give what stands for no data in a plane of the file."""
    return part.offset or fill_of(part.dtype)


def _turn(values: NDArray[Any], rows: NDArray[Any], box: Box, part: PlanePart) -> None:
    """Put samples into rows of big-endian ones, less the offset."""
    if part.dtype.itemsize == 4 and sys.byteorder == "little":
        _turn_words(values.view(np.uint32), rows.view(np.uint32), box.y0, box.x0, part.offset)
    else:
        rows[box.slices] = values ^ values.dtype.type(part.offset) if part.offset else values


@compiled()
def _turn_words(values: Words, rows: Words, y0: int, x0: int, flip: int) -> None:
    highest = np.uint32(flip)
    for i in range(values.shape[0]):
        row = rows[y0 + i, x0 : x0 + values.shape[1]]
        for j in range(row.size):
            word = values[i, j] ^ highest
            row[j] = (word >> 24) | ((word >> 8) & 0xFF00) | ((word << 8) & 0xFF0000) | (word << 24)


@compiled()
def _write_rows(descriptor: int, place: int, row_bytes: int, rows: Bytes) -> bool:
    for i in range(rows.shape[0]):
        done = 0
        while done < rows.shape[1]:
            address = rows.ctypes.data + i * rows.shape[1] + done
            written = _pwrite(descriptor, address, rows.shape[1] - done, place + i * row_bytes + done)
            if written <= 0:
                return False
            done += written
    return True


@contextmanager
def fits_tiles(target: str | Path, told: MosaicTold) -> Iterator[FitsTiles]:
    """Give a FITS file to fill, that appears at `target` when the block ends well, whole and on the disk.

    Raises
    ------
    StorageError
        `target` cannot be written.
    """
    with aside(Path(target)) as partial, partial.open("xb") as stream:
        with ThreadPoolExecutor(1, "sync") as syncing:
            tiles = FitsTiles(stream.fileno(), told, syncing)
            yield tiles
        tiles.check_synced()
        os.fsync(stream.fileno())
