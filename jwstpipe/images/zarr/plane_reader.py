"""Windows of a sharded array, read past the array machinery of zarr-python, and checked on the way.

On S3 a window takes two requests a shard: its index, and one range with all chunks that are needed. zarr-python 3.1
asks for the size of the shard, its index and each chunk by itself, one after the other. Here the index is the answer to
a request for the last bytes, which also tells the ETag; chunks stand row by row, so that those of a window lie close
together; and the range is asked for on condition that the shard is still the same.

A chunk is compared with its checksum as it is unpacked, and a shard that is not there is looked up in the manifest of
its store: NaN is given only for what was never written.
"""

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.errors import StoreError
from jwstpipe.images.zarr.layout import CHUNK, SHARD
from jwstpipe.images.zarr.shards import INDEX_AND_CHECKSUM, MISSING, SIDE, fill_of, read_index, whole_chunk
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box
from jwstpipe.storage import HeldBytes, get_range, is_remote

__all__ = ["PlaneReader", "ShardIndices"]

KEPT_INDICES = 4096
KEPT_BYTES = 48 << 20
"""Packed chunks that are kept in a process."""

KEPT_UNPACKED = 96 << 20
"""Bytes of chunks that are kept unpacked: what two threads that fill tiles of four images with all planes read at a
time."""

WHOLE_BYTES = 4 << 20
"""A shard up to this size is fetched whole: another request takes longer than its bytes."""

AT_ONCE = 8

Index = NDArray[np.uint64]


_FETCHED = HeldBytes[bytes](KEPT_BYTES)
"""Packed chunks of shards on S3, by address, ETag and start: windows side by side need the same ones."""

_UNPACKED = HeldBytes[memoryview](KEPT_UNPACKED)
"""Chunks of which only a part was wanted, by address, version of the shard and start: the blocks of a mosaic side by
side need the same ones, those of a mosaic of finer pixels a dozen times."""


class ShardIndices:
    """The indices of the shards on S3 read last, by address; a few hundred bytes each."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, S3Settings], tuple[str, Index] | None] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, address: str, s3: S3Settings) -> tuple[str, Index] | None:
        """Give ETag and index of a shard; None where there is no such shard."""
        with self._lock:
            if (address, s3) in self._kept:
                self._kept.move_to_end((address, s3))
                return self._kept[address, s3]
        found = get_range(address, -INDEX_AND_CHECKSUM, s3=s3)
        entry = None if found is None else (found.etag, read_index(found.content, name=address))
        with self._lock:
            self._kept[address, s3] = entry
            if len(self._kept) > KEPT_INDICES:
                self._kept.popitem(last=False)
        return entry


@dataclass(frozen=True)
class PlaneReader:
    """A plane of an image store, local or on S3."""

    store: str
    """Address of the store."""

    path: str
    """Array in it, as ``0/sci``."""

    dtype: np.dtype[Any]
    cube: bool
    """It has a third axis in front."""

    checked: bool
    """Its chunks have checksums: layout 2 or newer."""

    must_stand: Callable[[str], None]
    """Called with the key of a shard that is not there; raises where it was written."""

    s3: S3Settings
    indices: ShardIndices

    def read(self, window: Box, index: int, out: NDArray[Any] | None = None) -> NDArray[Any]:
        """Read a window, to `out` where it is given: of its shape, and of the type of the plane in any byte order.

        Raises
        ------
        StoreError
            A shard that is lost or damaged.
        """
        values = np.empty(window.shape, dtype=self.dtype) if out is None else out
        cells = list(window.cells(SHARD))
        if not is_remote(self.store):
            for cell in cells:
                self._read_local(cell, index, window, values)
        elif len(cells) == 1:
            self._read_remote(cells[0], index, window, values)
        else:
            with ThreadPoolExecutor(AT_ONCE) as pool:
                for done in [pool.submit(self._read_remote, cell, index, window, values) for cell in cells]:
                    done.result()
        return values

    def _key(self, cell: Box, index: int) -> str:
        shard = (cell.y0 // SHARD, cell.x0 // SHARD)
        return f"{self.path}/c/{'/'.join(map(str, (index, *shard) if self.cube else shard))}"

    def _read_local(self, cell: Box, index: int, window: Box, values: NDArray[Any]) -> None:
        key = self._key(cell, index)
        try:
            stream = Path(self.store, key).open("rb", buffering=0)  # noqa: SIM115 - only opening may fail quietly
        except FileNotFoundError:
            self._missing(key, cell, window, values)
            return
        with stream:
            descriptor = stream.fileno()
            status = os.fstat(descriptor)
            tail = os.pread(descriptor, INDEX_AND_CHECKSUM, max(status.st_size - INDEX_AND_CHECKSUM, 0))
            wanted = self._wanted(read_index(tail, name=self._label(key)), cell, window, values)
            room, version = self._room(), (status.st_ino, status.st_mtime_ns, status.st_size)
            for start, length, box in wanted:
                fetch = partial(os.pread, descriptor, length, start)
                self._fill(fetch, (key, version, start), box, window, values, room)

    def _read_remote(self, cell: Box, index: int, window: Box, values: NDArray[Any]) -> None:
        key = self._key(cell, index)
        known = self.indices.get(f"{self.store}/{key}", self.s3)
        if known is None:
            self._missing(key, cell, window, values)
            return
        etag, table = known
        wanted = self._wanted(table, cell, window, values)
        if not wanted:
            return
        address = f"{self.store}/{key}"
        held = {start: _FETCHED.get((address, etag, start)) for start, _, _ in wanted}
        lacking = [(start, start + length) for start, length, _ in wanted if held[start] is None]
        chunks = [(int(start), int(start) + int(length)) for start, length in table if start != MISSING]
        if lacking and max(end for _, end in chunks) <= WHOLE_BYTES:
            lacking = chunks
        if lacking:
            first, last = min(lacking)[0], max(end for _, end in lacking)
            found = get_range(address, first, last - first, etag=etag, s3=self.s3)
            if found is None:
                raise StoreError(f"{self._label(key)}: lost while it was read")
            for start, end in lacking:
                held[start] = found.content[start - first : end - first]
                _FETCHED.put((address, etag, start), held[start] or b"")
        room = self._room()
        for start, _, box in wanted:
            self._fill(partial(bytes, held[start] or b""), (key, etag, start), box, window, values, room)

    def _missing(self, key: str, cell: Box, window: Box, values: NDArray[Any]) -> None:
        """Fill the part of a shard that is not there, if it was never written."""
        self.must_stand(key)
        values[cell.relative_to(window).slices] = fill_of(self.dtype)

    def _wanted(self, table: Index, cell: Box, window: Box, values: NDArray[Any]) -> list[tuple[int, int, Box]]:
        """Give start and length of the chunks to read, each with its part of the window; fill the others."""
        wanted = []
        for box in cell.cells(CHUNK):
            row, column = box.y0 % SHARD // CHUNK, box.x0 % SHARD // CHUNK
            start, length = table[row * SIDE + column]
            if start == MISSING:
                values[box.relative_to(window).slices] = fill_of(self.dtype)
            else:
                wanted.append((int(start), int(length), box))
        return wanted

    def _room(self) -> NDArray[Any]:
        """Give room for a chunk, for one thread: chunk after chunk it stays in the cache."""
        return np.empty(CHUNK * CHUNK, dtype=self.dtype)

    def _fill(
        self, fetch: Callable[[], bytes], place: tuple[str, Hashable, int], box: Box, window: Box, values: NDArray[Any],
        room: NDArray[Any],
    ) -> None:  # fmt: skip
        """Fill the part of a chunk at a key, a version of the shard and a start; `room` is for whole ones."""
        name, in_part = self._label(place[0]), box.area < CHUNK * CHUNK
        known = _UNPACKED.get((self.store, *place)) if in_part else None
        if known is None:
            own = None if in_part else room
            chunk = whole_chunk(fetch(), self.dtype, name=name, checked=self.checked, room=own)
            if in_part:
                _UNPACKED.put((self.store, *place), chunk.data.cast("B"))
        else:
            chunk = np.frombuffer(known, self.dtype).reshape(CHUNK, CHUNK)
        corner = box.y0 // CHUNK * CHUNK, box.x0 // CHUNK * CHUNK
        values[box.relative_to(window).slices] = chunk[box.shifted(-corner[0], -corner[1]).slices]

    def _label(self, key: str) -> str:
        return f"{self.store}: {key}"
