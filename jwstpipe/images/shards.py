"""Whole shards, packed and unpacked past the array machinery of zarr-python.

A task of this project fills whole shards, so that nothing needs merging, locking or an event loop: chunks are packed
one after the other and followed by their index, as the Zarr v3 specification lays down for ``sharding_indexed``
(index at the end, little-endian, CRC32C). zarr-python reads the result like its own, at a fifth of the cost.
"""

from collections.abc import Iterator
from typing import Any

import google_crc32c
import numpy as np
from numcodecs.blosc import Blosc
from numpy.typing import NDArray

from jwstpipe.errors import StoreError
from jwstpipe.images.layout import CHUNK, CODEC, SHARD

__all__ = ["decode_bands", "decode_shard", "encode_shard"]

SIDE = SHARD // CHUNK
MISSING = np.uint64(2**64 - 1)
INDEX_BYTES = SIDE * SIDE * 16
CHECKSUM_BYTES = 4

Samples = NDArray[Any]


def encode_shard(values: Samples, fill: float, *, every_bit: bool = False) -> bytes | None:
    """Pack the samples of a shard.

    Parameters
    ----------
    values
        (y, x), at most `SHARD` on a side; smaller at the far edges of an array.
    fill
        Sample of pixels beyond `values`; chunks that hold nothing else are left out.
    every_bit
        Keep chunks of NaN, because their bits may differ from those of `fill`.

    Returns
    -------
    bytes or None
        None when all samples are `fill`, so that there is nothing to store.
    """
    codec = Blosc(cname=CODEC.cname, clevel=CODEC.clevel, shuffle=CODEC.shuffle)
    index = np.full((SIDE * SIDE, 2), MISSING, dtype="<u8")
    pieces: list[bytes] = []
    position = 0
    for number in range(SIDE * SIDE):
        chunk = _chunk_of(values, _corner(number), fill, every_bit=every_bit)
        if chunk is not None:
            packed = bytes(codec.encode(chunk))
            index[number] = position, len(packed)
            pieces.append(packed)
            position += len(packed)
    if not pieces:
        return None
    table = index.tobytes()
    return b"".join([*pieces, table, _checksum(table)])


def decode_shard(content: bytes, dtype: np.dtype[Any], fill: float, *, name: str) -> Samples:
    """Unpack a shard.

    Parameters
    ----------
    content
        What `encode_shard` or zarr-python wrote.
    dtype
        Type of the samples.
    fill
        Sample of chunks that were left out.
    name
        The store, for errors.

    Returns
    -------
    ndarray
        (`SHARD`, `SHARD`).

    Raises
    ------
    StoreError
        A damaged shard.
    """
    return np.concatenate(list(decode_bands(content, dtype, fill, name=name)))


def decode_bands(content: bytes, dtype: np.dtype[Any], fill: float, *, name: str) -> Iterator[Samples]:
    """Unpack a shard in bands of one row of chunks, (`CHUNK`, `SHARD`) each (see `decode_shard`)."""
    table, checksum = content[-INDEX_BYTES - CHECKSUM_BYTES : -CHECKSUM_BYTES], content[-CHECKSUM_BYTES:]
    if len(table) != INDEX_BYTES or checksum != _checksum(table):
        raise StoreError(f"{name}: a shard is damaged (the checksum of its index is wrong); make the image again")
    codec = Blosc()
    places = np.frombuffer(table, dtype="<u8").reshape(SIDE, SIDE, 2)
    view = memoryview(content)
    for row in places:
        band = np.full((CHUNK, SHARD), fill, dtype=dtype)
        for column, (start, length) in enumerate(row):
            if start != MISSING:
                packed = view[int(start) : int(start) + int(length)]
                chunk = np.frombuffer(codec.decode(packed), dtype=dtype).reshape(CHUNK, CHUNK)
                band[:, column * CHUNK : (column + 1) * CHUNK] = chunk
        yield band


def _corner(number: int) -> tuple[int, int]:
    return number // SIDE * CHUNK, number % SIDE * CHUNK


def _chunk_of(values: Samples, corner: tuple[int, int], fill: float, *, every_bit: bool) -> Samples | None:
    """Cut out one chunk, contiguous and padded with `fill`; None when it holds nothing else."""
    y, x = corner
    part = values[y : y + CHUNK, x : x + CHUNK]
    if not part.size or (not every_bit and _holds_only(part, fill)):
        return None
    if part.shape == (CHUNK, CHUNK):
        return np.ascontiguousarray(part)
    chunk = np.full((CHUNK, CHUNK), fill, dtype=values.dtype)
    chunk[: part.shape[0], : part.shape[1]] = part
    return chunk


def _holds_only(part: Samples, fill: float) -> bool:
    first = part[0, 0]
    if np.isnan(fill):
        return bool(np.isnan(first) and np.isnan(part).all())
    return bool(first == fill and (part == fill).all())


def _checksum(table: bytes) -> bytes:
    return int(google_crc32c.value(table)).to_bytes(CHECKSUM_BYTES, "little")
