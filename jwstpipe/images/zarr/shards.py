"""Whole shards, packed and unpacked past the array machinery of zarr-python.

A task of this project fills whole shards, so that nothing needs merging, locking or an event loop: chunks are packed
one after the other and followed by their index, as the Zarr v3 specification lays down for ``sharding_indexed``
(index at the end, little-endian, CRC32C). zarr-python reads the result like its own, at a fifth of the cost.
"""

from collections.abc import Callable
from typing import Any

import google_crc32c
import numpy as np
from numcodecs.blosc import Blosc
from numpy.typing import NDArray

from jwstpipe.errors import StoreError
from jwstpipe.images.zarr.layout import CHUNK, CODEC, SHARD

__all__ = [
    "SIDE", "PackedShard", "ShardPacker", "encode_chunk", "encode_shard", "fill_of", "read_index",
]  # fmt: skip

SIDE = SHARD // CHUNK
"""Chunks on the side of a shard."""

MISSING = np.uint64(2**64 - 1)
INDEX_BYTES = SIDE * SIDE * 16
CHECKSUM_BYTES = 4
INDEX_AND_CHECKSUM = INDEX_BYTES + CHECKSUM_BYTES

Samples = NDArray[Any]
Decode = Callable[[Samples], Samples]


class ShardPacker:
    """A shard that is packed chunk by chunk, so that its samples need never stand in memory together."""

    def __init__(self, write: Callable[[bytes], Any], *, every_bit: bool = False) -> None:
        """Start an empty shard.

        Parameters
        ----------
        write
            Takes the pieces of the shard in order; never called when all samples are the fill value.
        every_bit
            Keep chunks of NaN whose bits differ from those of the fill value.
        """
        self._write = write
        self._every_bit = every_bit
        self._index = np.full((SIDE * SIDE, 2), MISSING, dtype="<u8")
        self._position = 0

    def add(self, place: tuple[int, int], chunk: Samples) -> None:
        """Pack the chunk at a row and column of chunks; one that holds only the fill value takes no room."""
        if not chunk.size or _holds_only(chunk, fill_of(chunk.dtype), every_bit=self._every_bit):
            return
        packed = encode_chunk(_whole(chunk))
        self._index[place[0] * SIDE + place[1]] = self._position, len(packed)
        self._write(packed)
        self._position += len(packed)

    def finish(self) -> None:
        """Write the index, if there are any chunks."""
        if self._position:
            table = self._index.tobytes()
            self._write(table)
            self._write(_checksum(table))


def encode_shard(values: Samples, *, decode: Decode | None = None, every_bit: bool = False) -> list[bytes] | None:
    """Pack the samples of a shard (see `ShardPacker`).

    Parameters
    ----------
    values
        (y, x), at most `SHARD` on a side; smaller at the far edges of an array.
    decode
        Turns each chunk of `values` into the samples to store; None = they are those.
    every_bit
        Keep chunks of NaN whose bits differ from those of the fill value.

    Returns
    -------
    list of bytes or None
        Pieces of the shard in order; None when all samples are the fill value, so that there is nothing to store.
    """
    pieces: list[bytes] = []
    packer = ShardPacker(pieces.append, every_bit=every_bit)
    for row in range(SIDE):
        for column in range(SIDE):
            part = values[row * CHUNK : (row + 1) * CHUNK, column * CHUNK : (column + 1) * CHUNK]
            packer.add((row, column), part if decode is None or not part.size else decode(part))
    packer.finish()
    return pieces or None


def encode_chunk(values: Samples) -> bytes:
    """Pack a contiguous array as one chunk."""
    codec = Blosc(cname=CODEC.cname, clevel=CODEC.clevel, shuffle=CODEC.shuffle)
    return bytes(codec.encode(np.ascontiguousarray(values)))


class PackedShard:
    """A shard that stands somewhere, unpacked chunk by chunk."""

    def __init__(self, fetch: Callable[[int, int], bytes], size: int, dtype: np.dtype[Any], *, name: str) -> None:
        """Read the index of a shard.

        Parameters
        ----------
        fetch
            Gives the bytes of the shard between two positions.
        size
            Bytes of the shard.
        dtype
            Type of the samples.
        name
            The store, for errors.

        Raises
        ------
        StoreError
            A damaged shard.
        """
        self._fetch, self._dtype = fetch, dtype
        tail = fetch(max(size - INDEX_AND_CHECKSUM, 0), size)
        self._index = read_index(tail, name=name).reshape(SIDE, SIDE, 2)

    def chunk(self, place: tuple[int, int]) -> Samples | None:
        """Unpack the chunk (`CHUNK`, `CHUNK`) at a row and column of chunks; None where it has no samples."""
        start, length = self._index[place]
        if start == MISSING:
            return None
        packed = self._fetch(int(start), int(start) + int(length))
        return np.frombuffer(Blosc().decode(packed), dtype=self._dtype).reshape(CHUNK, CHUNK)


def read_index(tail: bytes, *, name: str) -> NDArray[np.uint64]:
    """Read the index of a shard from its last bytes: start and length of each chunk, row by row.

    Raises
    ------
    StoreError
        A damaged index.
    """
    table, checksum = tail[:-CHECKSUM_BYTES], tail[-CHECKSUM_BYTES:]
    if len(table) != INDEX_BYTES or checksum != _checksum(table):
        raise StoreError(f"{name}: a shard is damaged (the checksum of its index is wrong); make the image again")
    return np.frombuffer(table, dtype="<u8").reshape(-1, 2)


def _whole(part: Samples) -> Samples:
    """Pad a chunk at the edge of an array with the fill value."""
    if part.shape == (CHUNK, CHUNK):
        return part
    chunk = np.full((CHUNK, CHUNK), fill_of(part.dtype), dtype=part.dtype)
    chunk[: part.shape[0], : part.shape[1]] = part
    return chunk


def _holds_only(part: Samples, fill: float, *, every_bit: bool) -> bool:
    first = part[0, 0]
    if not np.isnan(fill):
        return bool(first == fill and (part == fill).all())
    if not (np.isnan(first) and np.isnan(part).all()):
        return False
    bits = f"u{part.dtype.itemsize}"
    return not every_bit or bool((part.view(bits) == np.array(np.nan, dtype=part.dtype).view(bits)).all())


def fill_of(dtype: np.dtype[Any]) -> float:
    """Give what stands for no data in planes of a type, as `plane_spec` has it."""
    return float("nan") if dtype.kind == "f" else 0


def _checksum(table: bytes) -> bytes:
    return int(google_crc32c.value(table)).to_bytes(CHECKSUM_BYTES, "little")
