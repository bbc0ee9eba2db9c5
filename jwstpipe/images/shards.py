"""Whole shards, packed and unpacked past the array machinery of zarr-python.

A task of this project fills whole shards, so that nothing needs merging, locking or an event loop: chunks are packed
one after the other and followed by their index, as the Zarr v3 specification lays down for ``sharding_indexed``
(index at the end, little-endian, CRC32C). zarr-python reads the result like its own, at a fifth of the cost.
"""

from collections.abc import Callable, Iterator
from typing import Any

import google_crc32c
import numpy as np
from numcodecs.blosc import Blosc
from numpy.typing import NDArray

from jwstpipe.errors import StoreError
from jwstpipe.images.layout import CHUNK, CODEC, SHARD

__all__ = ["bands_of", "decode_bands", "encode_chunk", "encode_shard", "fill_of", "read_index"]

SIDE = SHARD // CHUNK
MISSING = np.uint64(2**64 - 1)
INDEX_BYTES = SIDE * SIDE * 16
CHECKSUM_BYTES = 4
INDEX_AND_CHECKSUM = INDEX_BYTES + CHECKSUM_BYTES

Samples = NDArray[Any]
Decode = Callable[[Samples], Samples]


def encode_shard(values: Samples, *, decode: Decode | None = None, every_bit: bool = False) -> list[bytes] | None:
    """Pack the samples of a shard.

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
    index = np.full((SIDE * SIDE, 2), MISSING, dtype="<u8")
    pieces: list[bytes] = []
    position = 0
    for number in range(SIDE * SIDE):
        y, x = _corner(number)
        part = values[y : y + CHUNK, x : x + CHUNK]
        chunk = part if decode is None or not part.size else decode(part)
        if chunk.size and not _holds_only(chunk, fill_of(chunk.dtype), every_bit=every_bit):
            packed = encode_chunk(_whole(chunk))
            index[number] = position, len(packed)
            pieces.append(packed)
            position += len(packed)
    if not pieces:
        return None
    table = index.tobytes()
    return [*pieces, table, _checksum(table)]


def encode_chunk(values: Samples) -> bytes:
    """Pack a contiguous array as one chunk."""
    codec = Blosc(cname=CODEC.cname, clevel=CODEC.clevel, shuffle=CODEC.shuffle)
    return bytes(codec.encode(np.ascontiguousarray(values)))


def decode_bands(content: bytes, dtype: np.dtype[Any], *, name: str) -> Iterator[Samples]:
    """Unpack a shard band by band.

    Parameters
    ----------
    content
        What `encode_shard` or zarr-python wrote.
    dtype
        Type of the samples.
    name
        The store, for errors.

    Yields
    ------
    ndarray
        (`CHUNK`, `SHARD`), from the top of the shard down.

    Raises
    ------
    StoreError
        A damaged shard.
    """

    def fetch(start: int, end: int) -> bytes:
        return content[start:end]

    return bands_of(fetch, len(content), dtype, name=name)


def bands_of(fetch: Callable[[int, int], bytes], size: int, dtype: np.dtype[Any], *, name: str) -> Iterator[Samples]:
    """Unpack a shard band by band, reading no more of it at once than a band needs.

    Parameters
    ----------
    fetch
        Gives the bytes of the shard between two positions.
    size
        Bytes of the shard.
    dtype, name
        As for `decode_bands`.
    """
    index = read_index(fetch(max(size - INDEX_AND_CHECKSUM, 0), size), name=name)
    codec = Blosc()
    for row in index.reshape(SIDE, SIDE, 2):
        band = np.full((CHUNK, SHARD), fill_of(dtype), dtype=dtype)
        stored = [(int(start), int(length), column) for column, (start, length) in enumerate(row) if start != MISSING]
        first = min((start for start, _, _ in stored), default=0)
        content = fetch(first, max((start + length for start, length, _ in stored), default=0))
        for start, length, column in stored:
            packed = content[start - first : start - first + length]
            chunk = np.frombuffer(codec.decode(packed), dtype=dtype).reshape(CHUNK, CHUNK)
            band[:, column * CHUNK : (column + 1) * CHUNK] = chunk
        yield band


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


def _corner(number: int) -> tuple[int, int]:
    return number // SIDE * CHUNK, number % SIDE * CHUNK


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
