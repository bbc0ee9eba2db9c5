"""Windows of a sharded array on S3, in two requests a shard: its index, and one range with all chunks that are needed.

zarr-python 3.1 asks for the size of the shard, its index and each chunk by itself, one after the other. Here the index
is the answer to a request for the last bytes, which also tells the ETag; chunks stand row by row, so that those of a
window lie close together; and the range is asked for on condition that the shard is still the same.
"""

import threading
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numcodecs.blosc import Blosc
from numpy.typing import NDArray

from jwstpipe.images.zarr.layout import CHUNK, SHARD
from jwstpipe.images.zarr.shards import INDEX_AND_CHECKSUM, MISSING, SIDE, fill_of, read_index
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box
from jwstpipe.storage import get_range

__all__ = ["RemotePlane", "ShardIndices"]

KEPT_INDICES = 4096
AT_ONCE = 8


class ShardIndices:
    """The indices of the shards read last, by address; a few hundred bytes each."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, S3Settings], tuple[str, NDArray[np.uint64]] | None] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, address: str, s3: S3Settings) -> tuple[str, NDArray[np.uint64]] | None:
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
class RemotePlane:
    """A plane of an image store on S3."""

    address: str
    """Address of the array."""

    dtype: np.dtype[Any]
    cube: bool
    """It has a third axis in front."""

    s3: S3Settings
    indices: ShardIndices

    def read(self, window: Box, index: int) -> NDArray[Any]:
        """Read a window."""
        values = np.full(window.shape, fill_of(self.dtype), dtype=self.dtype)
        cells = list(window.cells(SHARD))
        if len(cells) == 1:
            self._read_shard(cells[0], index, window, values)
            return values
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for done in [pool.submit(self._read_shard, cell, index, window, values) for cell in cells]:
                done.result()
        return values

    def _read_shard(self, cell: Box, index: int, window: Box, values: NDArray[Any]) -> None:
        shard = (cell.y0 // SHARD, cell.x0 // SHARD)
        place = (index, *shard) if self.cube else shard
        address = f"{self.address}/c/{'/'.join(map(str, place))}"
        known = self.indices.get(address, self.s3)
        if known is None:
            return
        etag, table = known
        wanted: list[tuple[int, int, Box]] = []
        for box in cell.cells(CHUNK):
            row, column = box.y0 % SHARD // CHUNK, box.x0 % SHARD // CHUNK
            start, length = table[row * SIDE + column]
            if start != MISSING:
                wanted.append((int(start), int(length), box))
        if not wanted:
            return
        first = min(start for start, _, _ in wanted)
        last = max(start + length for start, length, _ in wanted)
        found = get_range(address, first, last - first, etag=etag, s3=self.s3)
        if found is None:
            return
        codec = Blosc()
        for start, length, box in wanted:
            packed = found.content[start - first : start - first + length]
            chunk = np.frombuffer(codec.decode(packed), dtype=self.dtype).reshape(CHUNK, CHUNK)
            corner = box.y0 // CHUNK * CHUNK, box.x0 // CHUNK * CHUNK
            values[box.relative_to(window).slices] = chunk[box.shifted(-corner[0], -corner[1]).slices]
