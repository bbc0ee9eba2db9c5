"""Whole shards, packed and unpacked past the array machinery of zarr-python.

A task of this project fills whole shards, so that nothing needs merging, locking or an event loop: chunks are packed
one after the other and followed by their index, as the Zarr v3 specification lays down for ``sharding_indexed``
(index at the end, little-endian, CRC32C; each chunk followed by its own CRC32C). zarr-python reads the result like its
own, at a fifth of the cost.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.errors import StoreError
from jwstpipe.images.zarr.digests import CHECKSUM_BYTES, Stored, checksum, digest_of
from jwstpipe.images.zarr.layout import CHUNK, CODEC, SHARD
from jwstpipe.storage.blosc import blosc_packed, blosc_unpacked

__all__ = [
    "SIDE", "PackedShard", "ShardPacker", "decode_chunk", "encode_chunk", "encode_shard", "fill_of",
    "holds_only", "index_bytes", "read_index", "whole_chunk",
]  # fmt: skip

SIDE = SHARD // CHUNK
"""Chunks on the side of a shard."""

UNPACKED_SIZE = slice(4, 8)
"""Bytes of a Blosc buffer that tell how many it unpacks to, little-endian."""

MISSING = np.uint64(2**64 - 1)
AT_ONCE = 2
"""Chunks of a shard that are packed at the same time."""

CHUNKS = SIDE * SIDE
"""Chunks of a shard."""


def index_bytes(chunks: int) -> int:
    """Give the bytes of the index of a shard, its checksum among them."""
    return chunks * 16 + CHECKSUM_BYTES


INDEX_AND_CHECKSUM = index_bytes(CHUNKS)

Samples = NDArray[Any]
Decode = Callable[[Samples], Samples]


class ShardPacker:
    """A shard that is packed chunk by chunk, so that its samples need never stand in memory together."""

    def __init__(self, write: Callable[[bytes], Any], *, every_bit: bool = False, chunks: int = CHUNKS) -> None:
        """Start an empty shard.

        Parameters
        ----------
        write
            Takes the pieces of the shard in order; never called when all samples are the fill value.
        every_bit
            Keep chunks of NaN whose bits differ from those of the fill value.
        chunks
            How many a shard has.
        """
        self._write = write
        self._every_bit = every_bit
        self._index = np.full((chunks, 2), MISSING, dtype="<u8")
        self._checksums: dict[int, bytes] = {}
        self._position = 0

    def add(self, place: tuple[int, int], chunk: Samples) -> None:
        """Pack the chunk at a row and column of chunks; one that holds only the fill value takes no room."""
        if chunk.size:
            self.put(place[0] * SIDE + place[1], chunk)

    def put(self, number: int, chunk: Samples) -> None:
        """Pack the chunk of a number, whole or, where it has two axes, cut at the edge of an array."""
        if not holds_only(chunk, fill_of(chunk.dtype), every_bit=self._every_bit):
            self.put_packed(number, *encode_chunk(_whole(chunk) if chunk.ndim == 2 else chunk))

    def put_packed(self, number: int, packed: bytes, check: bytes) -> None:
        """Take a chunk as `encode_chunk` gave it."""
        length = len(packed) + len(check)
        self._index[number] = self._position, length
        self._checksums[number] = check
        self._write(packed)
        self._write(check)
        self._position += length

    def finish(self) -> Stored | None:
        """Write the index, if there are any chunks, and tell what was written."""
        if not self._position:
            return None
        table = self._index.tobytes()
        self._write(table)
        self._write(checksum(table))
        checks = [self._checksums[number] for number in sorted(self._checksums)]
        return Stored(self._position + len(table) + CHECKSUM_BYTES, digest_of(table, *checks))


def encode_shard(
    values: Samples, *, decode: Decode | None = None, every_bit: bool = False
) -> tuple[list[bytes], Stored] | None:
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
    tuple or None
        Pieces of the shard in order, and what they are together; None when all samples are the fill value, so that
        there is nothing to store.
    """
    pieces: list[bytes] = []
    packer = ShardPacker(pieces.append)
    parts = {
        number: values[row * CHUNK : (row + 1) * CHUNK, column * CHUNK : (column + 1) * CHUNK]
        for number, (row, column) in enumerate(product(range(SIDE), repeat=2))
    }
    parts = {number: part for number, part in parts.items() if part.size}

    def packed(part: Samples) -> tuple[bytes, bytes] | None:
        chunk = part if decode is None else decode(part)
        return None if holds_only(chunk, fill_of(chunk.dtype), every_bit=every_bit) else encode_chunk(_whole(chunk))

    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="pack") as pool:
        made = map(packed, parts.values()) if len(parts) == 1 else pool.map(packed, parts.values())
        for number, found in zip(parts, made, strict=True):
            if found is not None:
                packer.put_packed(number, *found)
    stored = packer.finish()
    return None if stored is None else (pieces, stored)


def encode_chunk(values: Samples) -> tuple[bytes, bytes]:
    """Pack a contiguous array as one chunk, and give the checksum that follows it."""
    whole = np.ascontiguousarray(values)
    packed = blosc_packed(whole, cname=CODEC.cname, clevel=CODEC.clevel, shuffle=CODEC.shuffle)
    return packed, checksum(packed)


def decode_chunk(
    content: bytes, dtype: np.dtype[Any], *, name: str, checked: bool = True, room: Samples | None = None
) -> Samples:
    """Unpack a chunk.

    Parameters
    ----------
    content
        The chunk with its checksum.
    dtype
        Type of its samples.
    name
        What it is a part of, for errors.
    checked
        A checksum follows it; False for stores of layout 1.
    room
        Where a chunk of just as many bytes may be unpacked: memory that is warm already.

    Returns
    -------
    ndarray
        Its samples in a row, in `room` or read-only.

    Raises
    ------
    StoreError
        A damaged chunk.
    """
    packed = content[:-CHECKSUM_BYTES] if checked else content
    if checked and content[-CHECKSUM_BYTES:] != checksum(packed):
        raise StoreError(f"{name}: damaged (the checksum of its samples is wrong)")
    fits = room is not None and int.from_bytes(packed[UNPACKED_SIZE], "little") == room.nbytes
    try:
        return blosc_unpacked(packed, room if fits else None).view(dtype)
    except (RuntimeError, ValueError) as error:
        raise StoreError(f"{name}: damaged (its samples cannot be unpacked: {error})") from None


class PackedShard:
    """A shard that stands somewhere, unpacked chunk by chunk."""

    def __init__(
        self,
        fetch: Callable[[int, int], bytes],
        size: int,
        dtype: np.dtype[Any],
        *,
        name: str,
        checked: bool = True,
    ) -> None:
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
            The shard, for errors.
        checked
            A checksum follows each chunk; False for stores of layout 1.

        Raises
        ------
        StoreError
            A damaged shard.
        """
        self._fetch, self._dtype, self._name, self._checked = fetch, dtype, name, checked
        tail = fetch(max(size - INDEX_AND_CHECKSUM, 0), size)
        self._index = read_index(tail, name=name).reshape(SIDE, SIDE, 2)

    def chunk(self, place: tuple[int, int], *, room: Samples | None = None) -> Samples | None:
        """Unpack the chunk (`CHUNK`, `CHUNK`) at a row and column of chunks; None where it has no samples.

        With `room`, memory of a chunk that is warm already, it is unpacked there.
        """
        start, length = self._index[place]
        if start == MISSING:
            return None
        content = self._fetch(int(start), int(start) + int(length))
        return whole_chunk(content, self._dtype, name=self._name, checked=self._checked, room=room)


def whole_chunk(
    content: bytes, dtype: np.dtype[Any], *, name: str, checked: bool = True, room: Samples | None = None
) -> Samples:
    """Unpack a chunk of a shard, (`CHUNK`, `CHUNK`); see `decode_chunk`."""
    samples = decode_chunk(content, dtype, name=name, checked=checked, room=room)
    if samples.size != CHUNK * CHUNK:
        raise StoreError(f"{name}: damaged (a chunk holds {samples.size:,} samples, not {CHUNK * CHUNK:,})")
    return samples.reshape(CHUNK, CHUNK)


def read_index(tail: bytes, *, name: str, chunks: int = CHUNKS) -> NDArray[np.uint64]:
    """Read the index of a shard from its last bytes: start and length of each chunk, row by row.

    Raises
    ------
    StoreError
        A damaged index.
    """
    table, check = tail[:-CHECKSUM_BYTES], tail[-CHECKSUM_BYTES:]
    if len(tail) != index_bytes(chunks) or check != checksum(table):
        raise StoreError(f"{name}: damaged (the checksum of its index is wrong)")
    return np.frombuffer(table, dtype="<u8").reshape(-1, 2)


def _whole(part: Samples) -> Samples:
    """Pad a chunk at the edge of an array with the fill value."""
    if part.shape == (CHUNK, CHUNK):
        return part
    chunk = np.full((CHUNK, CHUNK), fill_of(part.dtype), dtype=part.dtype)
    chunk[: part.shape[0], : part.shape[1]] = part
    return chunk


def holds_only(part: Samples, fill: float, *, every_bit: bool) -> bool:
    """Tell whether all samples are the fill value; any NaN is one, unless every bit counts."""
    first = part.flat[0]
    if not np.isnan(fill):
        return bool(first == fill and (part == fill).all())
    if not (np.isnan(first) and np.isnan(part).all()):
        return False
    bits = f"u{part.dtype.itemsize}"
    return not every_bit or bool((part.view(bits) == np.array(np.nan, dtype=part.dtype).view(bits)).all())


def fill_of(dtype: np.dtype[Any]) -> float:
    """Give what stands for no data in planes of a type, as `plane_spec` has it."""
    return float("nan") if dtype.kind == "f" else 0
