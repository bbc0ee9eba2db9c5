"""The finished picture as an image store: Zarr v3, OME-NGFF 0.5, axes (c, y, x), with a pyramid and the WCS.

Rows count from the bottom, as in every image store, so that the FITS header in it holds. Chunks carry their CRC32C and
a manifest names every object, as in every image store. The root metadata come last.
"""

from pathlib import Path
from typing import Any

import numpy as np
import zarr
from zarr.codecs import BloscCodec, Crc32cCodec

from jwstpipe.images.zarr.layout import CHUNK, COARSEST, PICTURE_LAYOUT, SHARD
from jwstpipe.images.zarr.writer import ImageWriter
from jwstpipe.render.files.rows import Pixels, check_complete, check_rows
from jwstpipe.storage import zarr_store

__all__ = ["RgbStoreSink"]


class RgbStoreSink:
    """An image store under way; one row of shards is held in memory."""

    def __init__(self, partial: Path, shape: tuple[int, int], *, bits: int, cards: str, packet: bytes) -> None:
        self._address = str(partial)
        self._shape = (*shape, 3)
        self._dtype = np.dtype("u2" if bits == 16 else "u1")
        self._cards = cards
        self._packet = packet
        self._row = 0
        self._levels = [self._create(level, size) for level, size in enumerate(_level_shapes(shape))]
        self._waiting: list[Any] = []

    def write(self, rows: Pixels) -> None:
        """Add rows."""
        check_rows(rows, self._shape, self._row, self._dtype.itemsize)
        self._waiting.append(rows)
        self._row += len(rows)
        low = self._shape[0] - self._row
        held = sum(len(part) for part in self._waiting)
        boundary = -(-low // SHARD) * SHARD  # rows from here on make whole shards
        ready = low + held - boundary
        if low == 0:
            ready = held
        if ready <= 0 or (low and ready < min(SHARD, held)):
            return
        whole = np.concatenate(self._waiting)
        done, rest = whole[:ready], whole[ready:]
        self._waiting = [np.asarray(rest)] if len(rest) else []
        start = low + len(rest)
        for first in range(start - start % SHARD, start + len(done), SHARD):
            begin, end = max(first, start), min(first + SHARD, start + len(done))
            part = done[start + len(done) - end : start + len(done) - begin][::-1]
            self._levels[0][:, begin:end] = np.moveaxis(part, 2, 0)

    def close(self, path: Path) -> None:
        """Build the pyramid and write header, manifest and root."""
        check_complete(path, self._row, self._shape[0])
        for fine, coarse in zip(self._levels[:-1], self._levels[1:], strict=True):
            for first in range(0, coarse.shape[1], SHARD):
                last = min(first + SHARD, coarse.shape[1])
                coarse[:, first:last] = _halved(fine[:, 2 * first : min(2 * last, fine.shape[1])])
        writer = ImageWriter(self._address)
        for level, _ in enumerate(self._levels):
            writer.adopt(str(level), slices=3)
        writer.write_header("sci", (self._cards + "END".ljust(80)).encode("ascii"))
        writer.finish(self._attributes(path))

    def _attributes(self, path: Path) -> dict[str, Any]:
        datasets = []
        for level, _ in enumerate(self._levels):
            scale: dict[str, Any] = {"type": "scale", "scale": [1.0, 2.0**level, 2.0**level]}
            moved = {"type": "translation", "translation": [0.0, *[(2.0**level - 1) / 2] * 2]}
            datasets.append({"path": f"{level}", "coordinateTransformations": [scale, moved] if level else [scale]})
        axes = [{"name": "c", "type": "channel"}, {"name": "y", "type": "space"}, {"name": "x", "type": "space"}]
        most = int(np.iinfo(self._dtype).max)
        window = {"min": 0, "max": most, "start": 0, "end": most}
        colours = (("red", "FF0000"), ("green", "00FF00"), ("blue", "0000FF"))
        channels = [{"label": name, "color": code, "window": window, "active": True} for name, code in colours]
        return {
            "jwstpipe": {"layout": PICTURE_LAYOUT, "kind": "picture", "name": path.stem, "shape": list(self._shape[:2]),
                         "levels": len(self._levels), "xmp": self._packet.decode()},
            "ome": {"version": "0.5", "multiscales": [{"name": path.stem, "axes": axes, "datasets": datasets}],
                    "omero": {"channels": channels}},
        }  # fmt: skip

    def _create(self, level: int, size: tuple[int, int]) -> Any:
        return zarr.create_array(
            zarr_store(f"{self._address}/{level}"),
            shape=(3, *size),
            dtype=self._dtype,
            chunks=(3, CHUNK, CHUNK),
            shards=(3, SHARD, SHARD),
            compressors=(
                BloscCodec(cname="zstd", clevel=1, shuffle="bitshuffle", typesize=self._dtype.itemsize),
                Crc32cCodec(),
            ),
            fill_value=0,
            dimension_names=("c", "y", "x"),
        )


def _level_shapes(shape: tuple[int, int]) -> list[tuple[int, int]]:
    shapes = [shape]
    while max(shapes[-1]) > COARSEST:
        shapes.append((-(-shapes[-1][0] // 2), -(-shapes[-1][1] // 2)))
    return shapes


def _halved(values: Any) -> Any:
    """Average 2 x 2 pixels of (c, y, x), rounded; an odd last row or column counts twice."""
    padded = np.pad(values, ((0, 0), (0, values.shape[1] % 2), (0, values.shape[2] % 2)), mode="edge").astype(np.uint32)
    rows = padded[:, 0::2] + padded[:, 1::2]
    return ((rows[:, :, 0::2] + rows[:, :, 1::2] + 2) >> 2).astype(values.dtype)
