"""`ImageStore`: an image in chunked Zarr, read window by window."""

import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io.fits import Header
from numpy.typing import NDArray

from jwstpipe.errors import StoreError, UsageError
from jwstpipe.fits.hdus import parse_header
from jwstpipe.images.zarr.layout import NODES, TABLES, array_path, check_layout, level_shape
from jwstpipe.images.zarr.remote_shards import RemotePlane, ShardIndices
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box
from jwstpipe.sky.celestial import wcs_cards_of
from jwstpipe.sky.grid import SkyGrid
from jwstpipe.sky.image_wcs import ImageWcs
from jwstpipe.sky.sampled_wcs import WcsNodes
from jwstpipe.storage import get_bytes, is_remote, storage_errors, zarr_store

__all__ = ["ImageStore", "open_image_store"]


@dataclass(frozen=True, eq=False)
class ImageStore:
    """An image store (see `SkyImage` for what it offers)."""

    address: str
    attributes: dict[str, Any]
    """The ``jwstpipe`` attributes of the root group."""

    s3: S3Settings
    """Endpoint of an ``s3://`` address."""

    _arrays: dict[str, Any] = field(default_factory=dict)
    _indices: ShardIndices = field(default_factory=ShardIndices)

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
        return parse_header(self.header_bytes("primary"))

    @cached_property
    def header(self) -> Header:
        """Header of the science plane."""
        return parse_header(self.header_bytes("sci"))

    @cached_property
    def wcs(self) -> ImageWcs:
        """Where it lies on the sky: the nodes of the gwcs that the file had, else its header."""
        cards = wcs_cards_of(self.header_text("sci"))
        found = self.attributes.get("wcs") or {}
        offset = found.get("header_offset_px")
        if found.get("origin") != "gwcs":
            tables = bytes(np.asarray(self.array(TABLES)[...]).tobytes()) if found.get("tables") else b""
            return ImageWcs(cards, None, offset, str(found.get("note", "")), tables)
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
        if not Box.of_shape(shape).contains(window) or not 0 <= index < self.slices:
            raise UsageError(f"{self.address}: {plane} of level {level} has no {window} in slice {index}")
        with storage_errors(self.address):
            remote = self._remote_plane(array_path(plane, level))
            if remote is not None:
                return remote.read(window, index)
            array = self.array(array_path(plane, level))
            return np.asarray(array[_place(array, window, index)])

    def _remote_plane(self, path: str) -> RemotePlane | None:
        """Give the quick way to a plane on S3, where the root tells enough of it."""
        facts = self.attributes.get("arrays", {}).get(path)
        if facts is None or not is_remote(self.address):
            return None
        return RemotePlane(
            f"{self.address}/{path}", np.dtype(facts["dtype"]), bool(facts["slices"]), self.s3, self._indices
        )

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

    @cached_property
    def _store(self) -> Any:
        return zarr_store(self.address, s3=self.s3, read_only=True)

    def array(self, path: str) -> Any:
        """Open one of the arrays; handles are kept."""
        if path not in self._arrays:
            import zarr  # noqa: PLC0415 - slow to load, and the root alone tells most
            from zarr.errors import ArrayNotFoundError  # noqa: PLC0415

            try:
                self._arrays[path] = zarr.open_array(self._store, path=path, mode="r", zarr_format=3)
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
    name = str(address).rstrip("/")
    with storage_errors(address):
        content = get_bytes(f"{name}/zarr.json", s3=s3)
    attributes = None if content is None else _group_attributes(content)
    if attributes is None:
        raise StoreError(f"{address}: no finished image store here (its root zarr.json is missing)")
    return ImageStore(name, check_layout(attributes, name=str(address)), s3 or S3Settings())


def _group_attributes(document: bytes) -> dict[str, Any] | None:
    """Read the attributes of a Zarr v3 group; None for a document of anything else."""
    try:
        root = json.loads(document)
    except ValueError:
        return None
    if not isinstance(root, dict) or root.get("zarr_format") != 3 or root.get("node_type") != "group":
        return None
    attributes = root.get("attributes", {})
    return attributes if isinstance(attributes, dict) else None


def _place(array: Any, box: Box, index: int) -> tuple[int | slice, ...]:
    return (index, *box.slices) if array.ndim == 3 else box.slices
