"""`ImageWriter`: how an image store comes to be.

A writer creates the arrays, tasks fill their shards in any order, and `finish` writes manifest and root metadata at the
very end: until then no reader takes the folder for an image. Documents and shards are written whole, past zarr-python.
"""

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.errors import StoreError
from jwstpipe.fits.headers import CARD
from jwstpipe.images.zarr.blocks.encode import encode_block_shard
from jwstpipe.images.zarr.blocks.geometry import block_document
from jwstpipe.images.zarr.digests import Stored, digest_of
from jwstpipe.images.zarr.layout import NODES, SHARD, PlaneSpec, array_path, sealed
from jwstpipe.images.zarr.manifest import MANIFEST, MANIFEST_CHUNK, digest_of_shard, encode_manifest
from jwstpipe.images.zarr.metadata import array_document, group_document, plane_document, rewritten
from jwstpipe.images.zarr.shards import PackedShard, ShardPacker, encode_chunk, encode_shard
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box
from jwstpipe.sky.wcs.sampled_wcs import WcsNodes
from jwstpipe.storage import HeldBytes, Uploads, get_bytes, is_remote, object_writer, put_bytes, writing_errors

__all__ = ["BYTES_PIECE", "ImageWriter", "byte_pieces", "shard_key"]

BYTES_PIECE = 16 << 20
"""Bytes of an HDU that is no plane written at once, and their chunk."""

MOST_SENT = 64 << 20
"""Bytes of shards on their way to S3 that are held until the level above them is made: nobody fetches them back."""

HALVED = re.compile(r"\d+/(sci|wht)/c(/\d+)+")
"""Keys of what levels are made from."""

Decode = Callable[[NDArray[Any]], NDArray[Any]]


def byte_pieces(content: bytes) -> Iterator[bytes]:
    """Cut bytes into the pieces that `ImageWriter.write_bytes` takes."""
    return (content[start : start + BYTES_PIECE] for start in range(0, len(content), BYTES_PIECE))


class ImageWriter:
    """An image store that is being made; one owner creates and finishes it, tasks fill shards."""

    def __init__(self, address: str | Path, *, s3: S3Settings | None = None, behind: bool = False) -> None:
        """Write to an address; `behind`: objects go to S3 while the next ones are made, and are there after `wait`."""
        self.address = str(address)
        self._s3 = s3
        self._uploads = Uploads(s3 or S3Settings()) if behind and is_remote(self.address) else None
        self._sent = HeldBytes[bytes](MOST_SENT)
        self.stored: dict[str, Stored] = {}
        """Objects that this writer wrote; those of other workers come by `note`."""

        self._documents: dict[str, bytes] = {}
        self._planes: dict[str, dict[str, Any]] = {}
        self._told: dict[str, dict[str, Any]] = {}

    def create_plane(
        self, plane: str, shape: tuple[int, int], spec: PlaneSpec, *, level: int = 0, slices: int = 0
    ) -> None:
        """Create the empty array of a plane; `slices` > 0 for the planes of a cube."""
        path = array_path(plane, level)
        self._planes[path] = {"dtype": np.dtype(spec.dtype).name, "slices": slices}
        self._create(path, plane_document(shape, spec, slices=slices))

    def create_blocks(self, plane: str, shape: tuple[int, int, int], spec: PlaneSpec) -> None:
        """Create the empty array of a plane of a spectral cube (see `jwstpipe.images.zarr.blocks`)."""
        path = array_path(plane)
        self._planes[path] = {"dtype": np.dtype(spec.dtype).name, "slices": shape[0]}
        self._create(path, block_document(shape, spec))

    def write_blocks(self, plane: str, place: tuple[int, int, int], values: NDArray[Any]) -> None:
        """Fill a whole shard of such a plane: samples of its type, up to the end of the shard or of the array."""
        packed = encode_block_shard(values)
        if packed is not None:
            pieces, stored = packed
            self._put(f"{array_path(plane)}/c/{'/'.join(map(str, place))}", stored, *pieces)

    def write_values(self, path: str, values: NDArray[Any], name: str, attributes: dict[str, Any]) -> None:
        """Store a row of numbers along a dimension."""
        self._create(path, array_document(values.shape, values.dtype, values.shape, (name,), attributes=attributes))
        self._put_chunk(f"{path}/c/0", values)

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
            pieces, stored = packed
            self._put(shard_key(plane, shard, level, index), stored, *pieces)

    @contextmanager
    def packed_shard(
        self, plane: str, shard: tuple[int, int], *, level: int = 0, index: int | None = None
    ) -> Iterator[ShardPacker]:
        """Fill a shard chunk by chunk; all of it appears when the block ends well, or nothing."""
        key = shard_key(plane, shard, level, index)
        if self._uploads is not None:
            pieces: list[bytes] = []
            packer = ShardPacker(pieces.append)
            yield packer
            stored = packer.finish()
            if stored is not None:
                self._put(key, stored, *pieces)
            return
        with writing_errors(self.address), object_writer(f"{self.address}/{key}", s3=self._s3) as write:
            packer = ShardPacker(write)
            yield packer
            stored = packer.finish()
        if stored is not None:
            self.stored[key] = stored

    def wait(self) -> None:
        """Wait until all that was written is there, before it is read or told of; raises what went wrong with it."""
        if self._uploads is not None:
            with writing_errors(self.address):
                self._uploads.wait()

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
        """Open a shard that was written before, to read it chunk by chunk; None where it has no samples.

        Raises
        ------
        StoreError
            This writer knows that it was written (see `note`), and it is not there any more; or it is damaged.
        """
        key = shard_key(plane, shard, level, index)
        address, name = f"{self.address}/{key}", f"{self.address}: {key}"
        kind = np.dtype(dtype)
        with writing_errors(self.address):
            if is_remote(address):
                packed = self._sent.get(key)
                if packed is None:
                    self.wait()
                    packed = get_bytes(address, s3=self._s3)
                if packed is None and key in self.stored:
                    raise StoreError(f"{name}: lost while the image was made; make it again")
                yield (
                    None
                    if packed is None
                    else PackedShard(lambda start, end: packed[start:end], len(packed), kind, name=name)
                )
                return
            path = Path(address)
            if not path.exists():
                if key in self.stored:
                    raise StoreError(f"{name}: lost while the image was made; make it again")
                yield None
                return
            with path.open("rb") as stream:
                yield PackedShard(
                    lambda start, end: os.pread(stream.fileno(), end - start, start),
                    path.stat().st_size, kind, name=name,
                )  # fmt: skip

    def note(self, objects: Mapping[str, Stored]) -> None:
        """Take over what another worker wrote: it belongs to the image, and to its manifest."""
        self.stored.update(objects)

    def adopt(self, path: str, *, slices: int = 0) -> None:
        """Take over an array of a local image that zarr-python wrote: shards as of a plane, chunks with their CRC32C.

        Raises
        ------
        StoreError
            What stands there is no such array.
        """
        folder = Path(self.address, path)
        for place in sorted(found for found in folder.rglob("*") if found.is_file()):
            key, content = place.relative_to(self.address).as_posix(), place.read_bytes()
            if key == f"{path}/zarr.json":
                self._documents[path] = rewritten(content)
                self._planes[path] = {"dtype": json.loads(content)["data_type"], "slices": slices}
                self.stored[key] = Stored(len(content), digest_of(content))
            else:
                self.stored[key] = Stored(len(content), digest_of_shard(content, name=f"{self.address}: {key}"))

    def describe(self, level: int, attributes: dict[str, Any]) -> None:
        """Give the group of a level attributes, for readers that are not ours."""
        self._told[str(level)] = attributes

    def write_header(self, name: str, content: bytes) -> None:
        """Store a FITS header byte for byte."""
        cards = np.frombuffer(content, dtype="u1").reshape(-1, CARD)
        self._create(f"header/{name}", array_document(cards.shape, cards.dtype, cards.shape, (f"{name}_card", "char")))
        self._put_chunk(f"header/{name}/c/0/0", cards)

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
        self._put_chunk(f"{NODES}/c/0/0/0", vectors)

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
        self._create(
            path,
            array_document((size,), np.dtype("u1"), (chunk,), (f"{path.replace('/', '_')}_byte",), typesize=width),
        )
        for number, piece in enumerate(pieces):
            padded = piece if len(piece) == chunk else piece + bytes(chunk - len(piece))
            kind = f"V{width}" if len(padded) % width == 0 else "u1"
            self._put_chunk(f"{path}/c/{number}", np.frombuffer(padded, dtype=kind))

    def finish(self, attributes: dict[str, Any]) -> None:
        """Write group metadata, manifest and, last, the root: from now on this is an image."""
        arrays = dict(self._documents)
        for group in sorted({path.partition("/")[0] for path in arrays if "/" in path}):
            inside = {path.partition("/")[2]: text for path, text in arrays.items() if path.startswith(f"{group}/")}
            self._create(group, group_document(self._told.get(group), members=inside))
        manifest = np.frombuffer(encode_manifest(self.stored), dtype="u1")
        self._create(MANIFEST, array_document(manifest.shape, manifest.dtype, manifest.shape, ("manifest_byte",)))
        self._put_chunk(MANIFEST_CHUNK, manifest)
        facts = {"digest": digest_of(manifest.tobytes()), "objects": len(self.stored) - 2}
        ours = sealed({**attributes["jwstpipe"], "arrays": self._planes, "manifest": facts})
        root = group_document({**attributes, "jwstpipe": ours}, members=self._documents)
        self.wait()
        self._put("zarr.json", Stored(len(root), digest_of(root)), root)
        self.wait()

    def _create(self, path: str, document: bytes) -> None:
        self._documents[path] = document
        self._put(f"{path}/zarr.json", Stored(len(document), digest_of(document)), document)

    def _put_chunk(self, key: str, values: NDArray[Any]) -> None:
        packed, check = encode_chunk(values)
        self._put(key, Stored(len(packed) + len(check), digest_of(check)), packed, check)

    def _put(self, key: str, stored: Stored, *pieces: bytes) -> None:
        self.stored[key] = stored
        with writing_errors(self.address):
            if self._uploads is not None:
                if HALVED.fullmatch(key):
                    pieces = (b"".join(pieces),)
                    self._sent.put(key, pieces[0])
                self._uploads.put(f"{self.address}/{key}", *pieces)
            else:
                put_bytes(f"{self.address}/{key}", *pieces, s3=self._s3)


def shard_key(plane: str, shard: tuple[int, int], level: int = 0, index: int | None = None) -> str:
    """Name a shard of a plane in its store; `index` is the slice of a cube."""
    place = shard if index is None else (index, *shard)
    return f"{array_path(plane, level)}/c/{'/'.join(map(str, place))}"
