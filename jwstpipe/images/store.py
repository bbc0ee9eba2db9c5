"""`ImageStore`: an image in chunked Zarr, read window by window; `ImageWriter`: how one comes to be.

A writer creates the arrays, tasks fill their shards in any order, and `finish` writes the root metadata at the very
end: until then no reader takes the folder for an image.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from astropy.io.fits import Header
from numpy.typing import NDArray
from zarr.errors import ArrayNotFoundError, GroupNotFoundError

from jwstpipe.errors import StoreError, UsageError
from jwstpipe.images.layout import PlaneSpec, array_options, array_path, check_layout, level_shape
from jwstpipe.images.shards import decode_bands, encode_shard
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box
from jwstpipe.sky.celestial import wcs_cards_of
from jwstpipe.sky.grid import SkyGrid
from jwstpipe.sky.image_wcs import ImageWcs
from jwstpipe.sky.sampled import WcsNodes
from jwstpipe.storage import get_bytes, put_bytes, storage_errors, writing_errors, zarr_store

__all__ = ["BYTES_PIECE", "ImageStore", "ImageWriter", "open_image_store"]

CARD = 80
BYTES_CHUNK = 1 << 20

BYTES_PIECE = 32 << 20
"""Bytes written at once, and the shard of long HDUs."""

NODES = "wcs/nodes"
"""Array of the sampled gwcs."""


@dataclass(frozen=True, eq=False)
class ImageStore:
    """An image store (see `SkyImage` for what it offers)."""

    address: str
    store: Any
    """Zarr store."""

    attributes: dict[str, Any]
    """The ``jwstpipe`` attributes of the root group."""

    _arrays: dict[str, Any] = field(default_factory=dict)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, columns = self.attributes["shape"]
        return int(rows), int(columns)

    @property
    def name(self) -> str:
        """Name for people: that of the file it came from, or of the mosaic."""
        return str(self.attributes["name"])

    @property
    def slices(self) -> int:
        """Slices of a cube; 1 for an image."""
        return int(self.attributes.get("slices", 1))

    @property
    def planes(self) -> tuple[str, ...]:
        """Planes at full resolution."""
        return tuple(self.attributes["planes"])

    @property
    def levels(self) -> int:
        """Number of levels."""
        return int(self.attributes["levels"])

    @cached_property
    def primary(self) -> Header:
        """Primary header."""
        return Header.fromstring(self.header_bytes("primary").decode("latin-1"))

    @cached_property
    def header(self) -> Header:
        """Header of the science plane."""
        return Header.fromstring(self.header_bytes("sci").decode("latin-1"))

    @cached_property
    def wcs(self) -> ImageWcs:
        """Where it lies on the sky: the nodes of the gwcs that the file had, else its header."""
        cards = wcs_cards_of(self.header_text("sci"))
        found = self.attributes.get("wcs") or {}
        offset = found.get("header_offset_px")
        if found.get("origin") != "gwcs":
            return ImageWcs(cards, None, offset, str(found.get("note", "")))
        array = self.array(NODES)
        nodes = WcsNodes.of(
            np.asarray(array[...]),
            origin=(float(array.attrs["origin"][0]), float(array.attrs["origin"][1])),
            step=float(array.attrs["step"]),
            error_px=float(found["error_px"]),
        )
        return ImageWcs(cards, nodes, offset)

    @property
    def provenance(self) -> dict[str, Any]:
        """Product id and origin."""
        return {"product_id": self.attributes["product_id"], **self.attributes["provenance"]}

    @property
    def grid(self) -> tuple[SkyGrid, Box] | None:
        """For a mosaic: its plane, and the window of it that the arrays cover."""
        found = self.attributes.get("grid")
        return None if found is None else (SkyGrid.from_dict(found["grid"]), Box(*found["box"]))

    @property
    def window(self) -> Box:
        """Window of the arrays that a FITS file of this image holds: all of it, or a mosaic without its empty rim."""
        found = self.attributes.get("grid")
        return Box.of_shape(self.shape) if found is None else Box(*found["window"])

    def read(self, plane: str = "sci", box: Box | None = None, *, level: int = 0, index: int = 0) -> NDArray[Any]:
        """Read a window of one plane (see `SkyImage.read`)."""
        shape = level_shape(self.shape, level)
        window = box or Box.of_shape(shape)
        array = self.array(array_path(plane, level))
        if not Box.of_shape(shape).contains(window) or not 0 <= index < self.slices:
            raise UsageError(f"{self.address}: {plane} of level {level} has no {window} in slice {index}")
        with storage_errors(self.address):
            return np.asarray(array[_place(array, window, index)])

    def header_text(self, name: str) -> str:
        """Give a stored FITS header, ``primary`` or ``sci``, as text."""
        return self.header_bytes(name).decode("latin-1")

    def header_bytes(self, name: str) -> bytes:
        """Give a stored FITS header, cards of 80 bytes up to END."""
        with storage_errors(self.address):
            return bytes(np.asarray(self.array(f"header/{name}")[...]).tobytes())

    def has_array(self, path: str) -> bool:
        """Tell whether an array of this path is there."""
        try:
            self.array(path)
        except StoreError:
            return False
        return True

    def array(self, path: str) -> Any:
        """Open one of the arrays; handles are kept."""
        if path not in self._arrays:
            try:
                self._arrays[path] = zarr.open_array(self.store, path=path, mode="r", zarr_format=3)
            except (ArrayNotFoundError, FileNotFoundError):
                raise StoreError(
                    f"{self.address}: has no array {path}; its planes are {', '.join(self.planes)}"
                ) from None
        return self._arrays[path]


def open_image_store(address: str | Path, *, s3: S3Settings | None = None) -> ImageStore:
    """Open an image store for reading.

    Raises
    ------
    StoreError
        No Zarr group, one that was never finished, or one that is not ours.
    StoreVersionError
        A layout newer than this version reads.
    """
    store = zarr_store(address, s3=s3, read_only=True)
    try:
        with storage_errors(address):
            attributes = dict(zarr.open_group(store, mode="r", zarr_format=3, use_consolidated=False).attrs)
    except (GroupNotFoundError, LookupError):
        raise StoreError(f"{address}: no finished image store here (its root zarr.json is missing)") from None
    return ImageStore(str(address), store, check_layout(attributes, name=str(address)))


def _place(array: Any, box: Box, index: int) -> tuple[int | slice, ...]:
    return (index, *box.slices) if array.ndim == 3 else box.slices


def _bytes_options(size: int) -> dict[str, Any]:
    options = {"shape": (size,), "dtype": "u1", "dimension_names": ("byte",), "fill_value": 0}
    if size > BYTES_PIECE:
        return {**options, "chunks": (BYTES_CHUNK,), "shards": (BYTES_PIECE,)}
    return {**options, "chunks": (max(min(size, BYTES_CHUNK), 1),)}


class ImageWriter:
    """An image store that is being made; one owner creates and finishes it, tasks fill shards.

    Every array is created as the root of its own little store, because zarr-python otherwise writes the groups above
    it at once, and the root must come last.
    """

    def __init__(self, address: str | Path, *, s3: S3Settings | None = None) -> None:
        self.address = str(address)
        self._s3 = s3
        self._groups: set[str] = set()
        self._arrays: dict[str, Any] = {}

    def create_plane(
        self, plane: str, shape: tuple[int, int], spec: PlaneSpec, *, level: int = 0, slices: int = 0
    ) -> None:
        """Create the empty array of a plane; `slices` > 0 for the planes of a cube."""
        self._create(array_path(plane, level), array_options(shape, spec, slices=slices))

    def write(self, plane: str, box: Box, values: NDArray[Any], *, level: int = 0, index: int = 0) -> None:
        """Fill a window of a plane; windows of different tasks never share a shard."""
        with writing_errors(self.address):
            array = self._open(array_path(plane, level))
            array[_place(array, box, index)] = values

    def write_shard(
        self,
        plane: str,
        shard: tuple[int, int],
        values: NDArray[Any],
        *,
        level: int = 0,
        index: int | None = None,
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
        every_bit
            Keep the bits of NaN too, where a chunk holds nothing else.
        """
        packed = encode_shard(values, _fill_of(values.dtype), every_bit=every_bit)
        with writing_errors(self.address):
            if packed is not None:
                put_bytes(self._shard_key(plane, shard, level, index), packed, s3=self._s3)

    def read_bands(
        self,
        plane: str,
        shard: tuple[int, int],
        dtype: str | np.dtype[Any],
        *,
        level: int = 0,
        index: int | None = None,
    ) -> Iterator[NDArray[Any]] | None:
        """Read a whole shard that `write_shard` filled, band by band of 512 rows; None where it has no samples."""
        with writing_errors(self.address):
            packed = get_bytes(self._shard_key(plane, shard, level, index), s3=self._s3)
        if packed is None:
            return None
        kind = np.dtype(dtype)
        return decode_bands(packed, kind, _fill_of(kind), name=self.address)

    def read_back(self, plane: str, box: Box, *, level: int = 0, index: int = 0) -> NDArray[Any]:
        """Read a window that is already filled."""
        with writing_errors(self.address):
            array = self._open(array_path(plane, level))
            return np.asarray(array[_place(array, box, index)])

    def write_header(self, name: str, content: bytes) -> None:
        """Store a FITS header byte for byte."""
        cards = np.frombuffer(content, dtype="u1").reshape(-1, CARD)
        options = {"shape": cards.shape, "dtype": "u1", "chunks": cards.shape, "dimension_names": ("card", "char")}
        array = self._create(f"header/{name}", {**options, "fill_value": 0})
        with writing_errors(self.address):
            array[...] = cards

    def write_wcs(self, nodes: WcsNodes) -> None:
        """Store the sampled gwcs."""
        vectors = nodes.vectors
        attributes = {
            "long_name": "unit vectors, ICRS, of a lattice of pixels",
            "origin": list(nodes.origin),
            "step": nodes.step,
            "interpolation": "cubic Lagrange in the plane that touches the sky in node (ny // 2, nx // 2)",
        }
        options = {
            "shape": vectors.shape,
            "dtype": "f8",
            "chunks": vectors.shape,
            "dimension_names": ("node_y", "node_x", "component"),
            "fill_value": float("nan"),
            "attributes": attributes,
        }
        array = self._create(NODES, options)
        with writing_errors(self.address):
            array[...] = vectors

    def write_bytes(self, path: str, size: int, pieces: Iterable[bytes]) -> None:
        """Store the data of an HDU byte for byte.

        Parameters
        ----------
        path
            Name of the array.
        size
            Bytes in all.
        pieces
            The bytes in order; all pieces but the last one hold `BYTES_PIECE`.
        """
        options = _bytes_options(size)
        array = self._create(path, options)
        done = 0
        with writing_errors(self.address):
            for piece in pieces:
                array[done : done + len(piece)] = np.frombuffer(piece, dtype="u1")
                done += len(piece)

    def finish(self, attributes: dict[str, Any]) -> None:
        """Write the group metadata, the root last: from now on this is an image."""
        with writing_errors(self.address):
            for path in sorted(self._groups):
                zarr.create_group(self._at(path))
            zarr.create_group(zarr_store(self.address, s3=self._s3), attributes=attributes)

    def _create(self, path: str, options: dict[str, Any]) -> Any:
        self._groups.add(path.split("/", maxsplit=1)[0])
        with writing_errors(self.address):
            self._arrays[path] = zarr.create_array(self._at(path), **options)
        return self._arrays[path]

    def _open(self, path: str) -> Any:
        if path not in self._arrays:
            self._arrays[path] = zarr.open_array(self._at(path), mode="r+", zarr_format=3)
        return self._arrays[path]

    def _shard_key(self, plane: str, shard: tuple[int, int], level: int, index: int | None) -> str:
        place = shard if index is None else (index, *shard)
        return f"{self.address}/{array_path(plane, level)}/c/{'/'.join(map(str, place))}"

    def _at(self, path: str) -> Any:
        return zarr_store(f"{self.address}/{path}", s3=self._s3)


def _fill_of(dtype: np.dtype[Any]) -> float:
    """Give what stands for no data in planes of a type, as `plane_spec` has it."""
    return float("nan") if dtype.kind == "f" else 0
