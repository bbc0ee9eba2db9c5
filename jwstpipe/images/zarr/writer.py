"""`ImageWriter`: how an image store comes to be.

A writer creates the arrays, tasks fill their shards in any order, and `finish` writes the root metadata at the very
end: until then no reader takes the folder for an image. Documents and shards are written whole, past zarr-python.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.fits.hdus import CARD
from jwstpipe.images.zarr.layout import NODES, SHARD, PlaneSpec, array_path
from jwstpipe.images.zarr.metadata import array_document, group_document, plane_document
from jwstpipe.images.zarr.shards import PackedShard, ShardPacker, encode_chunk, encode_shard
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box
from jwstpipe.sky.sampled_wcs import WcsNodes
from jwstpipe.storage import get_bytes, is_remote, object_writer, put_bytes, writing_errors

__all__ = ["BYTES_PIECE", "ImageWriter", "byte_pieces"]

BYTES_PIECE = 16 << 20
"""Bytes of an HDU that is no plane written at once, and their chunk."""

Decode = Callable[[NDArray[Any]], NDArray[Any]]


def byte_pieces(content: bytes) -> Iterator[bytes]:
    """Cut bytes into the pieces that `ImageWriter.write_bytes` takes."""
    return (content[start : start + BYTES_PIECE] for start in range(0, len(content), BYTES_PIECE))


class ImageWriter:
    """An image store that is being made; one owner creates and finishes it, tasks fill shards."""

    def __init__(self, address: str | Path, *, s3: S3Settings | None = None) -> None:
        self.address = str(address)
        self._s3 = s3
        self._groups: set[str] = set()
        self._planes: dict[str, dict[str, Any]] = {}

    def create_plane(
        self, plane: str, shape: tuple[int, int], spec: PlaneSpec, *, level: int = 0, slices: int = 0
    ) -> None:
        """Create the empty array of a plane; `slices` > 0 for the planes of a cube."""
        path = array_path(plane, level)
        self._planes[path] = {"dtype": np.dtype(spec.dtype).name, "slices": slices}
        self._create(path, plane_document(shape, spec, slices=slices))

    def write_shard(
        self,
        plane: str,
        shard: tuple[int, int],
        values: NDArray[Any],
        *,
        level: int = 0,
        index: int | None = None,
        decode: Decode | None = None,
        every_bit: bool = False,
    ) -> None:
        """Fill a whole shard of a plane at once: a killed writer leaves all of it or nothing.

        Parameters
        ----------
        plane
            Plane, created before.
        shard
            Row and column of the shard.
        values
            (y, x) of the type of the plane, up to the end of the shard or of the array.
        level
            Level of the plane.
        index
            Slice of a cube.
        decode
            Turns a chunk of `values` into samples of the type of the plane, chunk by chunk while they are in the cache.
        every_bit
            Keep the bits of NaN too, where a chunk holds nothing else.
        """
        packed = encode_shard(values, decode=decode, every_bit=every_bit)
        if packed is not None:
            self._put(self._shard_key(plane, shard, level, index), *packed)

    @contextmanager
    def packed_shard(
        self, plane: str, shard: tuple[int, int], *, level: int = 0, index: int | None = None
    ) -> Iterator[ShardPacker]:
        """Fill a shard chunk by chunk; all of it appears when the block ends well, or nothing."""
        address = f"{self.address}/{self._shard_key(plane, shard, level, index)}"
        with writing_errors(self.address), object_writer(address, s3=self._s3) as write:
            packer = ShardPacker(write)
            yield packer
            packer.finish()

    def write(self, plane: str, box: Box, values: NDArray[Any], *, level: int = 0) -> None:
        """Fill all shards of a window that starts at the corner of one and ends with one, or with the array."""
        for cell in box.cells(SHARD):
            shard = (cell.y0 // SHARD, cell.x0 // SHARD)
            self.write_shard(plane, shard, values[cell.relative_to(box).slices], level=level)

    @contextmanager
    def open_shard(
        self,
        plane: str,
        shard: tuple[int, int],
        dtype: str | np.dtype[Any],
        *,
        level: int = 0,
        index: int | None = None,
    ) -> Iterator[PackedShard | None]:
        """Open a shard that was written before, to read it chunk by chunk; None where it has no samples."""
        address = f"{self.address}/{self._shard_key(plane, shard, level, index)}"
        kind = np.dtype(dtype)
        with writing_errors(self.address):
            if is_remote(address):
                packed = get_bytes(address, s3=self._s3)
                yield (
                    None
                    if packed is None
                    else PackedShard(lambda start, end: packed[start:end], len(packed), kind, name=self.address)
                )
                return
            path = Path(address)
            if not path.exists():
                yield None
                return
            with path.open("rb") as stream:
                yield PackedShard(
                    lambda start, end: os.pread(stream.fileno(), end - start, start),
                    path.stat().st_size, kind, name=self.address,
                )  # fmt: skip

    def write_header(self, name: str, content: bytes) -> None:
        """Store a FITS header byte for byte."""
        cards = np.frombuffer(content, dtype="u1").reshape(-1, CARD)
        self._create(f"header/{name}", array_document(cards.shape, cards.dtype, cards.shape, ("card", "char")))
        self._put(f"header/{name}/c/0/0", encode_chunk(cards))

    def write_wcs(self, nodes: WcsNodes) -> None:
        """Store the sampled gwcs."""
        vectors = nodes.vectors
        attributes = {
            "long_name": "unit vectors, ICRS, of a lattice of pixels",
            "origin": list(nodes.origin),
            "step": nodes.step,
            "interpolation": "cubic Lagrange in the plane that touches the sky in node (ny // 2, nx // 2)",
        }
        names = ("node_y", "node_x", "component")
        self._create(NODES, array_document(vectors.shape, vectors.dtype, vectors.shape, names, attributes=attributes))
        self._put(f"{NODES}/c/0/0/0", encode_chunk(vectors))

    def write_bytes(self, path: str, size: int, pieces: Iterable[bytes], *, width: int = 1) -> None:
        """Store the data of an HDU byte for byte.

        Parameters
        ----------
        path
            Name of the array.
        size
            Bytes in all.
        pieces
            The bytes in order; all pieces but the last one hold `BYTES_PIECE`.
        width
            Bytes of a number, which pack better together.
        """
        chunk = min(size, BYTES_PIECE)
        self._create(path, array_document((size,), np.dtype("u1"), (chunk,), ("byte",), typesize=width))
        for number, piece in enumerate(pieces):
            padded = piece if len(piece) == chunk else piece + bytes(chunk - len(piece))
            self._put(
                f"{path}/c/{number}",
                encode_chunk(np.frombuffer(padded, dtype=f"V{width}" if len(padded) % width == 0 else "u1")),
            )

    def finish(self, attributes: dict[str, Any]) -> None:
        """Write the group metadata, the root last: from now on this is an image."""
        for path in sorted(self._groups):
            self._put(f"{path}/zarr.json", group_document())
        ours = {**attributes["jwstpipe"], "arrays": self._planes}
        self._put("zarr.json", group_document({**attributes, "jwstpipe": ours}))

    def _create(self, path: str, document: bytes) -> None:
        self._groups.add(path.split("/", maxsplit=1)[0])
        self._put(f"{path}/zarr.json", document)

    def _put(self, key: str, *pieces: bytes) -> None:
        with writing_errors(self.address):
            put_bytes(f"{self.address}/{key}", *pieces, s3=self._s3)

    @staticmethod
    def _shard_key(plane: str, shard: tuple[int, int], level: int, index: int | None) -> str:
        place = shard if index is None else (index, *shard)
        return f"{array_path(plane, level)}/c/{'/'.join(map(str, place))}"
