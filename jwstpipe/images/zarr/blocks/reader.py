"""Blocks of a plane of three axes, read past the array machinery of zarr-python, and checked on the way."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.errors import StoreError
from jwstpipe.images.zarr.blocks.geometry import BLOCK, BLOCK_SHARD, BLOCKS, SIDE, Place, Span, cuts
from jwstpipe.images.zarr.shards import MISSING, decode_chunk, fill_of, index_bytes, read_index
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box
from jwstpipe.storage import get_range, is_remote

__all__ = ["BlockReader"]

AT_ONCE = 8
"""Chunks that are fetched from S3 at once."""

Fetch = Callable[[int, int], bytes]
"""Gives bytes of a shard from a position, that many; from a negative position its last ones."""


@dataclass(frozen=True)
class BlockReader:
    """A plane of a cube's store, local or on S3."""

    store: str
    path: str
    dtype: np.dtype[Any]
    must_stand: Callable[[str], None]
    """Called with the key of a shard that is not there; raises where it was written."""

    s3: S3Settings

    def read(self, slices: Span, window: Box) -> NDArray[Any]:
        """Read a window of some slices, (slice, y, x).

        Raises
        ------
        StoreError
            A shard that is lost or damaged.
        """
        spans = (slices, (window.y0, window.y1), (window.x0, window.x1))
        values = np.full(tuple(end - start for start, end in spans), fill_of(self.dtype), self.dtype)
        for z, part_z in cuts(spans[0], BLOCK_SHARD):
            for y, part_y in cuts(spans[1], BLOCK_SHARD):
                for x, part_x in cuts(spans[2], BLOCK_SHARD):
                    self._shard((z, y, x), (part_z, part_y, part_x), spans, values)
        return values

    def _shard(self, place: Place, part: tuple[Span, ...], whole: tuple[Span, ...], values: NDArray[Any]) -> None:
        key = f"{self.path}/c/{'/'.join(map(str, place))}"
        label = f"{self.store}: {key}"
        if is_remote(self.store):
            fetch = self._remote(key)
            if fetch is not None:
                self._fill(fetch, label, part, whole, values)
                return
        elif (path := Path(self.store, key)).is_file():
            with path.open("rb", buffering=0) as stream:
                number, size = stream.fileno(), os.fstat(stream.fileno()).st_size

                def fetch_local(start: int, length: int) -> bytes:
                    return os.pread(number, length, start if start >= 0 else max(size + start, 0))

                self._fill(fetch_local, label, part, whole, values)
            return
        self.must_stand(key)

    def _remote(self, key: str) -> Fetch | None:
        address = f"{self.store}/{key}"
        found = get_range(address, -index_bytes(BLOCKS), s3=self.s3)
        if found is None:
            return None

        def fetch(start: int, length: int) -> bytes:
            if start < 0:
                return found.content
            piece = get_range(address, start, length, etag=found.etag, s3=self.s3)
            if piece is None:
                raise StoreError(f"{self.store}: {key}: lost while it was read")
            return piece.content

        return fetch

    def _fill(
        self, fetch: Fetch, label: str, part: tuple[Span, ...], whole: tuple[Span, ...], values: NDArray[Any]
    ) -> None:
        """Unpack the chunks of a shard that hold a part of what is wanted; those of S3 come several at once."""
        size = index_bytes(BLOCKS)
        table = read_index(fetch(-size, size), name=label, chunks=BLOCKS)
        wanted = [
            (int(start), int(length), place, spans)
            for place, spans in _chunks(part)
            for start, length in (table[_number(place)],)
            if start != MISSING
        ]

        def unpack(one: tuple[int, int, Place, tuple[Span, ...]]) -> None:
            start, length, place, spans = one
            samples = decode_chunk(fetch(start, length), self.dtype, name=label)
            if samples.size != BLOCK**3:
                raise StoreError(f"{label}: damaged (a chunk holds {samples.size:,} samples)")
            goal = tuple(slice(s[0] - w[0], s[1] - w[0]) for s, w in zip(spans, whole, strict=True))
            origin = tuple(slice(s[0] - c * BLOCK, s[1] - c * BLOCK) for s, c in zip(spans, place, strict=True))
            values[goal] = samples.reshape((BLOCK,) * 3)[origin]

        if is_remote(self.store):
            with ThreadPoolExecutor(AT_ONCE) as pool:
                list(pool.map(unpack, wanted))
            return
        for one in wanted:
            unpack(one)


def _chunks(part: tuple[Span, ...]) -> Iterator[tuple[Place, tuple[Span, Span, Span]]]:
    for z, span_z in cuts(part[0], BLOCK):
        for y, span_y in cuts(part[1], BLOCK):
            for x, span_x in cuts(part[2], BLOCK):
                yield (z, y, x), (span_z, span_y, span_x)


def _number(place: Place) -> int:
    """Give the number of a chunk in the index of its shard."""
    z, y, x = (side % SIDE for side in place)
    return (z * SIDE + y) * SIDE + x
