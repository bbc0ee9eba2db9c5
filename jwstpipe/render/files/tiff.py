"""TIFF in tiles with a pyramid of halved pictures, 8 or 16 bits, written as the rows come.

Packed ones (deflate, of differences along the rows) are of the classic kind, which every program reads, as long as
their offsets fit into 32 bits, and BigTIFF above; plain ones are BigTIFF.

Rows go to one thread that writes tiles through tifffile. All levels are made as the rows come, each halved from the one
before; the tiles of coarser ones wait, packed, in files without a name until the finest is written. Memory holds a few
rows of tiles, whatever the size of the picture.
"""

import queue
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, BinaryIO

import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray

from jwstpipe import __version__
from jwstpipe.numerics.compiled.kernel import compiled
from jwstpipe.render.files.icc import srgb_profile
from jwstpipe.render.files.rows import Pixels, check_complete, check_rows
from jwstpipe.storage import writing_errors

__all__ = ["TILE", "TiffSink", "pyramid_shapes"]

TILE = 512
"""Side of a tile, pixels."""

CLASSIC_BYTES = (1 << 32) - (1 << 25)
"""Longest file of the classic kind, with room for what stands beside the samples."""

PACKED_AT_ONCE = 2
TILES_AHEAD = 8
"""Threads that pack tiles, and tiles that wait for them or for the file."""

_COARSEST = 1024
_XMP = 700


class TiffSink:
    """A TIFF under way."""

    def __init__(
        self, partial: Path, shape: tuple[int, int], *, bits: int, colour: bool, packet: bytes, packed: bool = False
    ) -> None:
        self._shape = (*shape, 3) if colour else shape
        self._dtype = np.dtype("u2" if bits == 16 else "u1")
        self._waiting: list[Pixels] = []
        self._rows_waiting = 0
        self._row = 0
        self._bands: queue.Queue[Any] = queue.Queue(2)
        self._fault: list[BaseException] = []
        self._packet = packet
        self._packed = packed
        self._thread = threading.Thread(target=self._run, args=(partial,), name="tiff", daemon=True)
        self._thread.start()

    def write(self, rows: Pixels) -> None:
        """Add rows."""
        check_rows(rows, self._shape, self._row, self._dtype.itemsize)
        self._row += len(rows)
        self._waiting.append(rows)
        self._rows_waiting += len(rows)
        last = self._row == self._shape[0]
        while self._rows_waiting >= TILE or (last and self._rows_waiting):
            whole = self._waiting[0] if len(self._waiting) == 1 else np.concatenate(self._waiting)
            self._put(np.ascontiguousarray(whole[:TILE]))
            self._waiting = [np.asarray(whole[TILE:])] if len(whole) > TILE else []
            self._rows_waiting = max(len(whole) - TILE, 0)

    def close(self, path: Path) -> None:
        """Finish the levels of the pyramid."""
        check_complete(path, self._row, self._shape[0])
        self._put(None)
        self._thread.join()
        if self._fault:
            with writing_errors(path):
                raise self._fault[0]

    def abandon(self) -> None:
        """End the thread without a file."""
        self._fault.append(InterruptedError("abandoned"))
        while self._thread.is_alive():
            try:
                self._bands.put(None, timeout=0.1)
            except queue.Full:
                continue
            self._thread.join(0.1)

    def _put(self, band: Pixels | None) -> None:
        while not self._fault:
            try:
                self._bands.put(band, timeout=0.1)
            except queue.Full:
                continue
            return

    def _run(self, partial: Path) -> None:
        try:
            self._write(partial)
        except BaseException as error:  # noqa: BLE001 - it belongs to the thread that writes rows, which raises it
            self._fault.append(error)

    def _write(self, partial: Path) -> None:
        shapes = pyramid_shapes((self._shape[0], self._shape[1]))
        extra: list[Any] = [(_XMP, 1, len(self._packet), self._packet, True)] if self._packet else []
        common: dict[str, Any] = {
            "dtype": self._dtype,
            "tile": (TILE, TILE),
            "photometric": "rgb" if len(self._shape) == 3 else "minisblack",
            "metadata": None,
        }
        if self._packed:
            common |= {"compression": "zlib", "predictor": True}
        large = not self._packed or _most_bytes(shapes, self._shape[2:], self._dtype) > CLASSIC_BYTES
        import tifffile  # noqa: PLC0415 - slow to load, and only this form needs it

        with (
            ExitStack() as spools,
            tifffile.TiffWriter(partial, bigtiff=large) as file,
            ThreadPoolExecutor(PACKED_AT_ONCE, thread_name_prefix="tiles") as pool,
        ):
            tiles = _Packing(pool, packed=self._packed)
            level: _CoarserLevel | None = None
            coarser: list[_CoarserLevel] = []
            for shape in shapes[:0:-1]:  # the coarsest first: each passes its rows on to the next
                spool = spools.enter_context(TemporaryFile(dir=partial.parent))
                level = _CoarserLevel((*shape, *self._shape[2:]), self._dtype, tiles, spool, level)
                coarser.insert(0, level)
            file.write(
                tiles.of_bands(self._incoming(), level),
                shape=self._shape,
                subifds=len(coarser),
                software=f"jwstpipe {__version__}",
                extratags=extra,
                iccprofile=srgb_profile() if len(self._shape) == 3 else None,
                **common,
            )
            for level in coarser:
                file.write(level.tiles(), shape=level.shape, subfiletype=1, **common)

    def _incoming(self) -> Iterator[Pixels]:
        while (band := self._bands.get()) is not None:
            if self._fault:
                raise self._fault[0]
            yield band
        if self._fault:
            raise self._fault[0]


def _most_bytes(shapes: Sequence[tuple[int, int]], colours: tuple[int, ...], dtype: np.dtype[Any]) -> int:
    """Bound the length of the file: all tiles as if nothing could be packed, which costs a little more."""
    tiles = sum(-(-rows // TILE) * -(-columns // TILE) for rows, columns in shapes)
    return int(tiles * (1.001 * TILE * TILE * int(np.prod(colours, dtype=int)) * dtype.itemsize + 256))


def pyramid_shapes(shape: tuple[int, int]) -> list[tuple[int, int]]:
    """Give the shapes of the levels, the full picture first; halved until the longest side is at most 1024."""
    shapes = [shape]
    while max(shapes[-1]) > _COARSEST:
        shapes.append((-(-shapes[-1][0] // 2), -(-shapes[-1][1] // 2)))
    return shapes


class _Packing:
    """Cuts bands into tiles and packs them, in threads; gives them in their order, as tifffile takes them."""

    def __init__(self, pool: ThreadPoolExecutor, *, packed: bool) -> None:
        self._pool, self.packed = pool, packed

    def begin(self, band: Pixels) -> Iterator["Future[Any]"]:
        """Begin the tiles of a band of one tile's height, padded with black at the rims."""
        three = band if band.ndim == 3 else band[..., None]
        for start in range(0, band.shape[1], TILE):
            tile = np.empty((TILE, TILE, *band.shape[2:]), band.dtype)
            yield self._pool.submit(_packed_tile if self.packed else _plain_tile, three, start, tile)

    def of_bands(self, bands: Iterator[Pixels], coarser: "_CoarserLevel | None") -> Iterator[Any]:
        """Give the tiles of bands, which are passed on to the next level."""
        waiting: deque[Future[Any]] = deque()
        for band in bands:
            for tile in self.begin(band):
                waiting.append(tile)
                if len(waiting) == TILES_AHEAD:
                    yield waiting.popleft().result()
            if coarser is not None:
                coarser.take(band)
        while waiting:
            yield waiting.popleft().result()


class _CoarserLevel:
    """A level of half the size of the one before it, under way."""

    def __init__(
        self, shape: tuple[int, ...], dtype: np.dtype[Any], packing: _Packing, spool: BinaryIO,
        coarser: "_CoarserLevel | None",
    ) -> None:  # fmt: skip
        self.shape = shape
        self._dtype, self._packing, self._spool, self._coarser = dtype, packing, spool, coarser
        self._band: NDArray[Any] = np.empty((min(TILE, shape[0]), *shape[1:]), dtype)
        self._filled = self._taken = 0
        self._waiting: deque[Future[Any]] = deque()
        self._sizes: list[int] = []

    def take(self, fine: Pixels) -> None:
        """Halve a band of the level before; all bands but the last have an even number of rows."""
        rows = (len(fine) + 1) // 2
        half = self._band[self._filled : self._filled + rows]
        _halve(fine.reshape(len(fine), fine.shape[1], -1), half.reshape(rows, half.shape[1], -1))
        self._filled, self._taken = self._filled + rows, self._taken + rows
        if self._filled < TILE and self._taken < self.shape[0]:
            return
        band = self._band[: self._filled]
        self._waiting.extend(self._packing.begin(band))
        if self._coarser is not None:
            self._coarser.take(band)
        self._band, self._filled = np.empty_like(self._band), 0
        self._keep(TILES_AHEAD)

    def _keep(self, most: int) -> None:
        """Put tiles into the spool, all but the last ones."""
        while len(self._waiting) > most:
            content = memoryview(self._waiting.popleft().result()).cast("B")
            self._spool.write(content)
            self._sizes.append(content.nbytes)

    def tiles(self) -> Iterator[Any]:
        """Give all tiles, once every row is there."""
        self._keep(0)
        self._spool.seek(0)
        for size in self._sizes:
            content = self._spool.read(size)
            yield (
                content
                if self._packing.packed
                else np.frombuffer(content, self._dtype).reshape(TILE, TILE, *self.shape[2:])
            )


def _plain_tile(band: Pixels, start: int, tile: NDArray[Any]) -> NDArray[Any]:
    _cut(band, start, 0, tile.reshape(TILE, TILE, -1))
    return tile


def _packed_tile(band: Pixels, start: int, tile: NDArray[Any]) -> bytes:
    """Pack a tile as tifffile takes it, differences along the rows; zlib takes ten times as long, for no less."""
    _cut(band, start, 1, tile.reshape(TILE, TILE, -1))
    return bytes(isal_zlib.compress(tile.data, 1))


@compiled()
def _cut(band: Pixels, start: int, differences: int, tile: Pixels) -> None:
    """Cut a tile out of a band, or the differences of its pixels from those before them; black where there is none."""
    colours = band.shape[2]
    rows, columns = band.shape[0], min(band.shape[1] - start, tile.shape[1])
    for i in range(tile.shape[0]):
        line = tile[i].reshape(-1)
        line[:] = 0
        if i >= rows:
            continue
        source = band[i].reshape(-1)[start * colours : (start + columns) * colours]
        line[: source.size] = source
        if differences:
            line[colours : source.size] -= source[:-colours]
            if source.size < line.size:
                line[source.size : source.size + colours] -= source[-colours:]


@compiled()
def _halve(band: Pixels, out: Pixels) -> None:
    """Average 2 x 2 pixels, rounded; an odd last row or column counts twice."""
    for i in range(out.shape[0]):
        below = min(2 * i + 1, band.shape[0] - 1)
        for j in range(out.shape[1]):
            right = min(2 * j + 1, band.shape[1] - 1)
            for k in range(band.shape[2]):
                total = np.uint32(band[2 * i, 2 * j, k]) + np.uint32(band[2 * i, right, k])
                total += np.uint32(band[below, 2 * j, k]) + np.uint32(band[below, right, k])
                out[i, j, k] = (total + np.uint32(2)) >> np.uint32(2)
