"""Tile-compressed images, unpacked to a plain FITS file in threads of this process.

What is known (Rice's code and gzip, whole numbers and real ones in steps) is unpacked here by code that looks at no
byte outside of a tile. Whatever else there is goes the way of `jwstpipe.fits.tile_compression`, as do headers that make
no sense. Headers are always made by astropy.
"""

import math
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, BinaryIO

import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray

from jwstpipe.errors import FitsError
from jwstpipe.fits.hdus import BLOCK, Hdu
from jwstpipe.fits.headers import without_warnings
from jwstpipe.fits.readers.local_reader import LocalReader
from jwstpipe.fits.readers.written_behind import WrittenBehind
from jwstpipe.fits.tiles.rice import decode_rice
from jwstpipe.fits.tiles.steps import RANDOMS, from_steps, random_numbers
from jwstpipe.fits.tiles.tile_table import TileTable, UnknownFormError, read_tile_table

__all__ = ["unpack_known_tiles"]

PIECE = 4 << 20
"""Bytes of samples unpacked at once by a thread."""

MOST_AT_ONCE = 256 << 20
"""Largest row of tiles that is unpacked here, bytes of samples."""

MOST_HELD = 64 << 20
"""Bytes of samples that are unpacked, or wait, while others are written; one piece at least."""

SPREAD = 4
"""Tiles that are wider apart than so many times their bytes are read one by one."""

MOST_THREADS = 8
GZIP = 31
"""Tells zlib that a head and a checksum of gzip stand around the stream."""


def unpack_known_tiles(packed: LocalReader, hdus: Sequence[Hdu], target: BinaryIO, *, name: str) -> str:
    """Unpack all compressed images of a FITS file.

    Parameters
    ----------
    packed
        The file.
    hdus
        Its HDUs.
    target
        Where the plain FITS file goes.
    name
        The file, for messages.

    Returns
    -------
    str
        SHA-256 of the plain file. Empty where there is something in it that is not unpacked here; then `target` holds
        nothing of use.

    Raises
    ------
    FitsError
        A damaged tile; the message names it.
    """
    try:
        works = list(_works(packed, hdus, name=name))
        threads = ThreadPoolExecutor(min(os.cpu_count() or 1, MOST_THREADS), thread_name_prefix="tiles")
        with WrittenBehind(target) as written, threads as pool:
            for content in _in_order(works, pool, lambda: _image_headers(packed, hdus)):
                written.take(content)
    except UnknownFormError:
        return ""
    return written.sha256


_Work = tuple[int, Callable[[], Any] | int]
"""Bytes of a piece, and what makes it; or the number of the HDU whose header it is."""


def _in_order(
    works: Sequence[_Work], pool: ThreadPoolExecutor, read_headers: Callable[[], dict[int, bytes]]
) -> Iterator[memoryview]:
    """Give the pieces of the plain file; the next ones are made meanwhile, also while astropy makes the headers."""
    headers: dict[int, bytes] | None = None
    waiting: deque[tuple[int, Future[Any] | int]] = deque()
    held = 0
    try:
        for size, work in [*works, (MOST_HELD + 1, -1)]:  # at last, all of them
            while waiting and held + size > MOST_HELD:
                headers = read_headers() if headers is None else headers
                done, one = waiting.popleft()
                held -= done
                yield memoryview(headers[one] if isinstance(one, int) else one.result()).cast("B")
            waiting.append((size, work if isinstance(work, int) else pool.submit(work)))
            held += size
    finally:
        for _, one in waiting:
            if not isinstance(one, int):
                one.cancel()


def _works(packed: LocalReader, hdus: Sequence[Hdu], *, name: str) -> Iterator[_Work]:
    """Give the plain file piece by piece."""
    for hdu in hdus:
        if not hdu.unpacked_size:
            for start in range(hdu.header_offset, hdu.end, PIECE):
                size = min(PIECE, hdu.end - start)
                yield size, partial(packed.read, start, size)
            continue
        yield 0, hdu.index
        table = read_tile_table(packed, hdu, name=name)
        yield from _groups(packed, table)
        size = math.prod(table.shape) * table.dtype.itemsize
        if size % BLOCK:
            yield -size % BLOCK, partial(bytes, -size % BLOCK)


def _image_headers(packed: LocalReader, hdus: Sequence[Hdu]) -> dict[int, bytes]:
    """Let astropy make the headers that the images had."""
    from astropy.io import fits  # noqa: PLC0415 - it takes long to load, and few files are packed

    wanted = [hdu.index for hdu in hdus if hdu.unpacked_size]
    path = f"/dev/fd/{packed.descriptor}"
    try:
        with without_warnings(), fits.open(path, memmap=False, do_not_scale_image_data=True) as opened:
            packed_there = [number for number, one in enumerate(opened) if isinstance(one, fits.CompImageHDU)]
            headers = {number: opened[number].header.tostring().encode("latin-1") for number in packed_there}
    except Exception:  # noqa: BLE001 - headers in their thousand ways to be wrong, which the other way tells of
        raise UnknownFormError from None
    if packed_there != wanted:
        raise UnknownFormError
    return headers


def _groups(packed: LocalReader, table: TileTable) -> Iterator[_Work]:
    """Cut an image into whole rows of tiles."""
    row = math.prod(table.shape[1:]) * table.dtype.itemsize
    tiles, step = math.prod(table.grid[1:]), table.tile[0]
    if step * row > MOST_AT_ONCE:
        raise UnknownFormError
    count = max(PIECE // (step * row), 1)
    for first in range(0, table.grid[0], count):
        last = min(first + count, table.grid[0])
        size = (min(last * step, table.shape[0]) - first * step) * row
        yield size, partial(_unpacked, packed, table, slice(first * tiles, last * tiles))


def _unpacked(packed: LocalReader, table: TileTable, tiles: slice) -> NDArray[Any]:
    """Unpack some rows of tiles: big-endian samples, as they stand in a FITS file."""
    counts = table.counts[tiles]
    places = np.cumsum(counts) - counts
    content, starts = _content(packed, table, tiles)
    total = int(counts.sum())
    values = np.empty(total, table.dtype)
    coded = ~table.spare[tiles]
    if table.algorithm == "RICE":
        steps = values if table.dtype == np.int32 else np.empty(total, np.int32)
        bad = decode_rice(
            content, starts[coded], table.lengths[tiles][coded], counts[coded], places[coded], table.width,
            table.block, steps,
        )  # fmt: skip
        if bad >= 0:
            _refuse(table, tiles.start + int(np.flatnonzero(coded)[bad]), "it ends before its samples do")
    else:
        steps = np.empty(total, np.int32) if table.quantized else values
        for number in np.flatnonzero(coded):
            part = slice(places[number], places[number] + counts[number])
            steps[part] = _of_gzip(table, tiles.start + number, content, int(starts[number]))
    if table.quantized:
        rows = np.arange(tiles.start, tiles.stop)[coded]
        from_steps(
            steps, places[coded], counts[coded], table.scales[rows], table.zeros[rows], table.blanks[rows],
            (rows + table.seed - 1) % RANDOMS, table.dither, random_numbers(), values,
        )  # fmt: skip
    elif steps is not values:
        values[:] = steps.astype(table.dtype)
    for number in np.flatnonzero(~coded):
        part = slice(places[number], places[number] + counts[number])
        values[part] = _of_gzip(table, tiles.start + number, content, int(starts[number]))
    return (values if table.in_rows else _laid(table, tiles, values, places)).byteswap(inplace=True)


def _content(packed: LocalReader, table: TileTable, tiles: slice) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Read the bytes of some tiles, and tell where in them each begins."""
    starts, lengths = table.starts[tiles], table.lengths[tiles]
    first, last = int(starts.min()), int((starts + lengths).max())
    if last - first <= SPREAD * int(lengths.sum()) + PIECE:
        content = packed.read(table.heap + first, last - first)
        return np.frombuffer(content, np.uint8), starts - first
    parts = [packed.read(table.heap + int(one), int(length)) for one, length in zip(starts, lengths, strict=True)]
    return np.frombuffer(b"".join(parts), np.uint8), np.cumsum(lengths) - lengths


def _of_gzip(table: TileTable, tile: int, content: NDArray[np.uint8], start: int) -> NDArray[Any]:
    """Unpack a tile of gzip, to samples of the type that it was made of."""
    count, spare = int(table.counts[tile]), bool(table.spare[tile])
    stream = isal_zlib.decompressobj(wbits=GZIP)
    try:
        found = stream.decompress(content[start : start + int(table.lengths[tile])], 8 * count + 1)
    except isal_zlib.error as error:  # type: ignore[misc]  # no stubs
        _refuse(table, tile, f"{error}")
    if stream.unused_data.strip(b"\0"):
        raise UnknownFormError  # several streams after each other
    size = len(found) // count
    if not stream.eof or size not in (1, 2, 4, 8) or size * count != len(found):
        _refuse(table, tile, f"it does not hold {count:,} samples")
    real = table.bitpix < 0 and (spare or not table.quantized)
    if (real and size != table.dtype.itemsize) or (not real and table.quantized and size == 8):
        raise UnknownFormError
    octets = np.frombuffer(found, np.uint8)
    if table.algorithm == "GZIP_2" and not spare:  # the first bytes of all samples, then the second ones ...
        octets = np.ascontiguousarray(octets.reshape(size, count).T).reshape(-1)
    return octets.view("u1" if size == 1 else f">{'f' if real else 'i'}{size}")


def _refuse(table: TileTable, tile: int, why: str) -> None:
    raise FitsError(f"{table.label(tile)} is damaged ({why}); fetch the file again")


def _laid(table: TileTable, tiles: slice, values: NDArray[Any], places: NDArray[np.int64]) -> NDArray[Any]:
    """Lay tiles side by side."""
    grid, per_row = table.grid, math.prod(table.grid[1:])
    corner = tiles.start // per_row * table.tile[0]
    rows = min(tiles.stop // per_row * table.tile[0], table.shape[0]) - corner
    image = np.empty((rows, *table.shape[1:]), values.dtype)
    for number, place in enumerate(places):
        at = np.unravel_index(tiles.start + number, grid)
        begin = [int(index) * step for index, step in zip(at, table.tile, strict=True)]
        begin[0] -= corner
        where = tuple(slice(low, low + step) for low, step in zip(begin, table.tile, strict=True))
        part = image[where]
        part[...] = values[place : place + part.size].reshape(part.shape)
    return image
