"""TIFF in tiles with a pyramid of halved pictures, 8 or 16 bits, written as the rows come.

Packed ones (deflate, of differences along the rows) are of the classic kind, which every program reads, as long as
their offsets fit into 32 bits, and BigTIFF above; plain ones are BigTIFF.

Rows go to one thread that writes tiles through tifffile. Each level is halved while it is written, into a file without
a name from which the next level is read: memory holds one row of tiles, whatever the size of the picture.
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

        with ExitStack() as spools, tifffile.TiffWriter(partial, bigtiff=large) as file:
            spool: BinaryIO | None = None
            for level, shape in enumerate(shapes):
                bands = self._incoming() if spool is None else self._spooled(spool, shape)
                following = spools.enter_context(_spool(partial)) if level + 1 < len(shapes) else None
                first: dict[str, Any] = {"subfiletype": 1}
                if level == 0:
                    first = {
                        "subifds": len(shapes) - 1,
                        "software": f"jwstpipe {__version__}",
                        "extratags": extra,
                        "iccprofile": srgb_profile() if len(self._shape) == 3 else None,
                    }
                tiles: Iterator[Any] = _tiles(_halving(bands, following))
                file.write(
                    _deflated(tiles) if self._packed else tiles, shape=(*shape, *self._shape[2:]), **first, **common
                )
                if spool is not None:
                    spool.close()
                spool = following

    def _incoming(self) -> Iterator[Pixels]:
        while (band := self._bands.get()) is not None:
            if self._fault:
                raise self._fault[0]
            yield band
        if self._fault:
            raise self._fault[0]

    def _spooled(self, spool: BinaryIO, shape: tuple[int, int]) -> Iterator[Pixels]:
        spool.seek(0)
        for start in range(0, shape[0], TILE):
            rows = min(TILE, shape[0] - start)
            part = (rows, shape[1], *self._shape[2:])
            content = spool.read(int(np.prod(part)) * self._dtype.itemsize)
            yield np.frombuffer(content, self._dtype).reshape(part)


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


def _spool(partial: Path) -> BinaryIO:
    return TemporaryFile(dir=partial.parent)


def _halving(bands: Iterator[Pixels], spool: BinaryIO | None) -> Iterator[Pixels]:
    """Pass bands on, and write them halved; all bands but the last have an even number of rows."""
    for band in bands:
        if spool is not None:
            three = band if band.ndim == 3 else band[..., None]
            spool.write(_halved(three).data)
        yield band


def _tiles(bands: Iterator[Pixels]) -> Iterator[NDArray[Any]]:
    """Cut bands of one tile's height into tiles, padded with black at the rims."""
    for band in bands:
        for start in range(0, band.shape[1], TILE):
            part = band[:, start : start + TILE]
            if part.shape[:2] == (TILE, TILE):
                yield np.ascontiguousarray(part)
                continue
            tile = np.zeros((TILE, TILE, *band.shape[2:]), band.dtype)
            tile[: part.shape[0], : part.shape[1]] = part
            yield tile


def _deflated(tiles: Iterator[NDArray[Any]]) -> Iterator[bytes]:
    """Pack tiles as tifffile takes them, differences along the rows; zlib takes ten times as long, for no less."""
    with ThreadPoolExecutor(PACKED_AT_ONCE, thread_name_prefix="deflate") as pool:
        waiting: deque[Future[bytes]] = deque()
        for tile in tiles:
            waiting.append(pool.submit(_deflated_one, tile))
            if len(waiting) == TILES_AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _deflated_one(tile: NDArray[Any]) -> bytes:
    differences = tile.copy()
    differences[:, 1:] -= tile[:, :-1]
    return bytes(isal_zlib.compress(differences.tobytes(), 1))


@compiled()
def _halved(band: Pixels) -> Pixels:
    """Average 2 x 2 pixels, rounded; an odd last row or column counts twice."""
    rows, columns = (band.shape[0] + 1) // 2, (band.shape[1] + 1) // 2
    result = np.empty((rows, columns, band.shape[2]), band.dtype)
    for i in range(rows):
        below = min(2 * i + 1, band.shape[0] - 1)
        for j in range(columns):
            right = min(2 * j + 1, band.shape[1] - 1)
            for k in range(band.shape[2]):
                total = np.uint32(band[2 * i, 2 * j, k]) + np.uint32(band[2 * i, right, k])
                total += np.uint32(band[below, 2 * j, k]) + np.uint32(band[below, right, k])
                result[i, j, k] = (total + np.uint32(2)) >> np.uint32(2)
    return result
