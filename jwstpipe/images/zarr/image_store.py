"""`ImageStore`: an image in chunked Zarr, read window by window."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from jwstpipe.errors import StoreError, UsageError
from jwstpipe.fits.headers import parse_header
from jwstpipe.images.face import ImageFace
from jwstpipe.images.zarr.checked_root import group_attributes
from jwstpipe.images.zarr.digests import Stored
from jwstpipe.images.zarr.layout import STAGED, array_path, check_layout, level_shape
from jwstpipe.images.zarr.manifest import MANIFEST_CHUNK, read_manifest
from jwstpipe.images.zarr.plane_reader import PlaneReader, ShardIndices
from jwstpipe.images.zarr.shards import CHUNKS, decode_chunk
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box
from jwstpipe.sky.grid import SkyGrid
from jwstpipe.storage import get_bytes, is_remote, partial_owner, settle, storage_errors
from jwstpipe.storage.bounded import parse_json, read_document, refuse_strange_entries

if TYPE_CHECKING:  # they take long to load, and who looks at sizes and names needs neither
    from astropy.io.fits import Header

    from jwstpipe.sky.wcs.image_wcs import ImageWcs

__all__ = ["ImageStore", "open_image_store"]


@dataclass(frozen=True, eq=False, repr=False)
class ImageStore(ImageFace):
    """An image store (see `SkyImage` for what it offers)."""

    address: str
    attributes: dict[str, Any]
    """The ``jwstpipe`` attributes of the root group."""

    s3: S3Settings
    """Endpoint of an ``s3://`` address."""

    _indices: ShardIndices = field(default_factory=ShardIndices)
    headers: dict[str, bytes] = field(default_factory=dict)
    """Headers that were read, or that are known from before."""

    @property
    def layout(self) -> int:
        """Version of its layout."""
        return int(self.attributes["layout"])

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        if self._padded is not None:
            return self._padded.shape
        rows, columns = self.attributes["shape"]
        return int(rows), int(columns)

    @cached_property
    def _padded(self) -> Box | None:
        """For a mosaic of layout 1: the window of its arrays, which were whole tiles, that its FITS file holds."""
        found = self.attributes.get("grid")
        return Box(*found["window"]) if found is not None and "window" in found else None

    @cached_property
    def manifest(self) -> dict[str, Stored] | None:
        """Objects that must be there; None for a store of layout 1, and for a picture of those days.

        Raises
        ------
        StoreError
            It is lost or damaged.
        """
        facts = self.attributes.get("manifest")
        if facts is None:
            return None
        with self.reading():
            chunk = get_bytes(f"{self.address}/{MANIFEST_CHUNK}", s3=self.s3)
            return read_manifest(chunk, facts, name=self.address)

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
        stored = int(self.attributes["levels"])
        if self._padded is None:
            return stored
        corner = self._padded.y0 | self._padded.x0  # levels of the padded arrays whose pixels are those of the window
        return min(stored, (corner & -corner).bit_length() if corner else stored)

    @cached_property
    def primary(self) -> "Header":
        """Primary header."""
        return parse_header(self.header_bytes("primary"))

    @cached_property
    def header(self) -> "Header":
        """Header of the science plane."""
        return parse_header(self.header_bytes("sci"))

    @cached_property
    def image_wcs(self) -> "ImageWcs":
        """Where it lies on the sky: the nodes of the gwcs that the file had, else its header."""
        from jwstpipe.images.zarr.stored_wcs import stored_wcs  # noqa: PLC0415 - see above

        return stored_wcs(self)

    @property
    def notes(self) -> tuple[str, ...]:
        """What is mended in its header before it is read."""
        found = self.attributes.get("wcs") or {}
        return tuple(str(note) for note in found.get("repairs", ()))

    siblings: ClassVar[tuple[str, ...]] = ()
    """An image store holds one image."""

    chunks_of_a_shard: ClassVar[int] = CHUNKS

    @property
    def provenance(self) -> dict[str, Any]:
        """Product id and origin."""
        return {"product_id": self.attributes["product_id"], **self.attributes["provenance"]}

    @property
    def grid(self) -> tuple[SkyGrid, Box] | None:
        """For a mosaic: its plane, and the window of it that the arrays cover."""
        found = self.attributes.get("grid")
        if found is None:
            return None
        box = Box(*found["box"])
        window = box if self._padded is None else self._padded.shifted(box.y0, box.x0)
        return SkyGrid.from_dict(found["grid"]), window

    def read(self, plane: str = "sci", box: Box | None = None, *, level: int = 0, index: int = 0) -> NDArray[Any]:
        """Read a window of one plane (see `SkyImage.read`).

        Raises
        ------
        StoreError
            A shard of it is lost or damaged; the message names the shard.
        """
        return self._read(plane, box, level, index, None)

    def read_to(self, out: NDArray[Any], plane: str, box: Box, *, index: int = 0) -> None:
        """Read a window of one plane to an array that is there already, in whatever byte order (see `read`)."""
        self._read(plane, box, 0, index, out)

    def _read(self, plane: str, box: Box | None, level: int, index: int, out: NDArray[Any] | None) -> NDArray[Any]:
        shape = level_shape(self.shape, level)
        window = box or Box.of_shape(shape)
        if not Box.of_shape(shape).contains(window) or not 0 <= index < self.slices:
            raise UsageError(f"{self.address}: {plane} of level {level} has no {window} in slice {index}")
        if self._padded is not None:
            window = window.shifted(self._padded.y0 >> level, self._padded.x0 >> level)
        with self.reading():
            return self._plane(array_path(plane, level)).read(window, index, out)

    def sample_type(self, plane: str) -> tuple[np.dtype[Any], bool]:
        """Tell the type of the samples of a plane, and whether it has a third axis."""
        facts = self._facts(array_path(plane))
        return np.dtype(facts["dtype"]), bool(facts["slices"])

    def _facts(self, path: str) -> dict[str, Any]:
        if not self.has_array(path):
            raise StoreError(f"{self.address}: has no array {path}; its planes are {', '.join(self.planes)}")
        if "arrays" in self.attributes:
            return dict(self.attributes["arrays"][path])
        document = self.document(path) or {}
        return {"dtype": document["data_type"], "slices": len(document["shape"]) == 3}

    def _plane(self, path: str) -> PlaneReader:
        facts = self._facts(path)
        dtype, cube, checked = np.dtype(facts["dtype"]), bool(facts["slices"]), self.layout >= 2
        return PlaneReader(self.address, path, dtype, cube, checked, self._must_stand, self.s3, self._indices)

    def _must_stand(self, key: str) -> None:
        """Refuse to take a shard that was written and is not there for one without samples."""
        if self.manifest is not None and key in self.manifest:
            raise StoreError(f"{self.address}: {key}: lost")

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Add a hint to what is said of a store that is lost in part, or damaged."""
        try:
            with storage_errors(self.address):
                yield
        except StoreError as error:
            text = str(error)
            if (not text.endswith(": lost") and ": damaged" not in text) or text.endswith(self._hint):
                raise
            raise StoreError(f"{text}; {self._hint}") from None

    @property
    def _hint(self) -> str:
        kind, known = self.attributes.get("kind"), self.attributes.get("product_id")
        again = "convert the file again" if kind in ("image", "cube") else f"make the {kind} again"
        return f"{again} with --overwrite, or use jwstpipe reproduce {known or self.address}"

    def header_text(self, name: str) -> str:
        """Give a stored FITS header, ``primary`` or ``sci``, as text."""
        return self.header_bytes(name).decode("latin-1")

    def header_bytes(self, name: str) -> bytes:
        """Give a stored FITS header, cards of 80 bytes up to END."""
        if name not in self.headers:
            self.headers[name] = self._read_header(name)
        return self.headers[name]

    def _read_header(self, name: str) -> bytes:
        content = self.chunk(f"header/{name}/c/0/0", np.dtype("u1")).tobytes()
        if self._padded is None or name != "sci" or self.grid is None:
            return content
        header = parse_header(content)  # it tells of the padded arrays
        header["NAXIS1"], header["NAXIS2"] = self.shape[1], self.shape[0]
        header.update(self.grid[0].header(self.grid[1]))
        return str(header.tostring(sep="", endcard=True, padding=False)).encode("latin-1")

    def data_bytes(self, path: str, size: int | None) -> Iterator[bytes]:
        """Give the data of an HDU that is no plane, piece by piece; `size` bytes in all, None in layout 1."""
        left = (self.document(path) or {"shape": [0]})["shape"][0] if size is None else size
        number = 0
        while left > 0:
            piece = self.chunk(f"{path}/c/{number}", np.dtype("u1")).tobytes()[:left]
            yield piece
            left, number = left - len(piece), number + 1

    def chunk(self, key: str, dtype: np.dtype[Any]) -> NDArray[Any]:
        """Read one of the chunks that no plane is made of; all of them must be there."""
        with self.reading():
            if (content := get_bytes(f"{self.address}/{key}", s3=self.s3)) is None:
                raise StoreError(f"{self.address}: {key}: lost")
            return decode_chunk(content, dtype, name=f"{self.address}: {key}", checked=self.layout >= 2)

    def has_array(self, path: str) -> bool:
        """Tell whether a plane of this path was written."""
        return path in self.attributes["arrays"] if "arrays" in self.attributes else self.document(path) is not None

    def document(self, path: str) -> dict[str, Any] | None:
        """Read what the root of layout 1 does not tell of an array; None where there is no such array."""
        with self.reading():
            content = get_bytes(f"{self.address}/{path}/zarr.json", s3=self.s3)
        try:
            return None if content is None else dict(parse_json(content, name=f"{self.address}/{path}"))
        except (ValueError, TypeError):
            raise StoreError(f"{self.address}: {path}/zarr.json: damaged (it is no JSON object)") from None


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
        if is_remote(name):
            content = get_bytes(f"{name}/zarr.json", s3=s3)
        else:
            root = Path(name, "zarr.json")
            if not root.is_file():  # a process may have been killed in the middle of a swap
                settle(Path(name).parent)
            content = read_document(root) if root.is_file() else None
            refuse_strange_entries(name)
    attributes = None if content is None else group_attributes(content, name=f"{address}/zarr.json")
    if attributes is None:
        raise StoreError(f"{address}: no finished image store here (its root zarr.json is missing or damaged)")
    staged, folder = attributes.get(STAGED), name.rpartition("/")
    if isinstance(staged, str) and partial_owner(staged) == folder[2]:
        name = f"{folder[0]}/{staged}"
    ours = check_layout(attributes, name=str(address))
    if ours.get("kind") != "cube":
        return ImageStore(name, ours, s3 or S3Settings())
    from jwstpipe.images.zarr.blocks.cube_store import CubeStore  # noqa: PLC0415 - it is an image store itself

    return CubeStore(name, ours, s3 or S3Settings())
