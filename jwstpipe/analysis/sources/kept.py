"""What the tiles of a detection gave, kept for the next one: where the inputs of a tile are the same, so is its result.

The key of a result is a digest of all that went into it: the digests of the shards that its window looks at, where in
them it lies, the mesh around it and every rule. Results are kept in pixels of their window, so that an array that grows
on its other side changes none. Only image stores say what is in their shards: of other images nothing is kept.

Results do not stay in memory: those of this detection go into a temporary file as they come, those of an earlier one
are read when they are asked for (`kept_archive`).
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from jwstpipe.analysis.opened import SourceRef, opened
from jwstpipe.analysis.sources.kept_archive import Archive, ArchiveWriter, packed, unpacked
from jwstpipe.analysis.sources.meshes.mesh_boxes import MeshJob
from jwstpipe.analysis.sources.tiles import COLUMNS, Found, Rim, TileFound, TileJob
from jwstpipe.images.zarr.image_store import ImageStore
from jwstpipe.images.zarr.layout import REPAIRED, SHARD, array_path
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box

__all__ = ["KeptTiles", "mesh_key", "tile_key"]

Arrays = Mapping[str, NDArray[Any]]

FORM = "3"
"""Changes with anything that a job gives for the same inputs."""

COARSE = "coarse_"
"""Begins the names of arrays of half resolution."""

_ROWS_Y = [COLUMNS.index(name) for name in ("peak_y", "y0", "y1", "first_y")]
_ROWS_X = [COLUMNS.index(name) for name in ("peak_x", "x0", "x1", "first_x")]


class KeptTiles:
    """Results of an earlier detection, and those of this one; a context that closes its temporary file."""

    def __init__(self, *earlier: Archive) -> None:
        self.earlier = earlier
        self.now = ArchiveWriter()
        self.reused = 0
        """Tiles that were not searched again."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.now.close()

    def _known(self, key: str) -> Arrays | None:
        for archive in self.earlier:
            packed = archive.packed(key)
            found = None if packed is None else unpacked(packed)
            if packed is not None and found is not None:
                self.now.add(key, packed)
                return found
        return None

    def mesh(self, key: str) -> tuple[int, int, NDArray[np.float32]] | None:
        """Give the boxes of a window, or None where they are not known."""
        found = self._known(key)
        if found is None:
            return None
        return int(found["first"][0]), int(found["first"][1]), np.asarray(found["layers"], np.float32)

    def keep_mesh(self, key: str, part: tuple[int, int, NDArray[np.float32]]) -> None:
        """Keep the boxes of a window."""
        self.now.add(key, packed({"first": np.array(part[:2], np.int64), "layers": part[2]}))

    def tile(self, key: str, window: Box) -> TileFound | None:
        """Give what a tile found, in pixels of the array, or None where that is not known."""
        found = self._known(key)
        if found is None:
            return None
        self.reused += 1
        moved = _moved(found, window.y0, window.x0)
        return TileFound(Found(moved["rows"], moved["runs"]), _rim_of(moved, ""), _rim_of(moved, COARSE))

    def keep_tile(self, key: str, window: Box, found: TileFound) -> None:
        """Keep what a tile found."""
        arrays: dict[str, NDArray[Any]] = {"rows": found.inside.rows, "runs": found.inside.runs}
        for prefix, rim in (("", found.rim), (COARSE, found.coarse)):
            arrays[f"{prefix}crossing"] = rim.crossing
            arrays |= {f"{prefix}edge{k}": edge for k, edge in enumerate(rim.edges)}
        self.now.add(key, packed(_moved(arrays, -window.y0, -window.x0)))


def _rim_of(arrays: Arrays, prefix: str) -> Rim:
    top, bottom, left, right = (np.asarray(arrays[f"{prefix}edge{k}"], np.int32) for k in range(4))
    return Rim((top, bottom, left, right), arrays[f"{prefix}crossing"])


def _moved(arrays: Arrays, dy: int, dx: int) -> dict[str, NDArray[Any]]:
    """Move results by whole pixels; those of half resolution are absolute already."""
    found = dict(arrays)
    rows = np.array(arrays["rows"], np.float64)
    rows[:, _ROWS_Y] += dy
    rows[:, _ROWS_X] += dx
    found["rows"] = rows
    found["runs"] = arrays["runs"] + np.array([dy, dx, dx, 0], np.int32)
    found["crossing"] = arrays["crossing"] + np.array([0, dy, dx, dy, dx, 0, dy, dx, 0], np.int64)
    return found


def mesh_key(job: MeshJob) -> str | None:
    """Name the result of measuring boxes; None where the image does not say what is in it."""
    inside = _inputs(job.image, job.window.dilated(2 * (job.taps.size // 2) + 2), job.index, job.s3)
    if inside is None:
        return None
    place = [job.window.y0 + job.origin[0], job.window.x0 + job.origin[1], *job.window.shape]
    return _digest("mesh", inside, place, job.box, job.taps.tobytes().hex())


def tile_key(job: TileJob) -> str | None:
    """Name the result of searching a tile; None where the image does not say what is in it."""
    source = job.source
    inside = _inputs(source.image, job.window.dilated(source.halo), source.index, source.s3)
    if inside is None:
        return None
    rows, columns = source.shape
    window = job.window
    rim = [window.y0 > 0, window.x0 > 0, window.y1 < rows, window.x1 < columns]
    place = [window.y0 + source.origin[0], window.x0 + source.origin[1], *window.shape]
    mesh = [list(job.mesh.first), job.mesh.box, job.mesh.layers.tobytes().hex()]
    rules = [repr(one) for one in (*job.rules, job.sigma, job.coarse, source.threshold, source.halo)]
    return _digest("tile", inside, rim, place, mesh, rules, source.taps.tobytes().hex(), job.taps.tobytes().hex())


def _inputs(image: SourceRef, box: Box, index: int, s3: S3Settings | None) -> list[Any] | None:
    """Give the digests of the shards that a window looks at, and where in them it lies."""
    source = opened(image, s3=s3)
    if not isinstance(source, ImageStore) or source.manifest is None:
        return None
    window = box.intersection(Box.of_shape(source.shape))
    if window is None:
        return None
    known = source.manifest
    found: list[Any] = []
    for cell in window.cells(SHARD):
        shard = (cell.y0 // SHARD, cell.x0 // SHARD)
        lies = cell.shifted(-shard[0] * SHARD, -shard[1] * SHARD)
        found.append([lies.y0, lies.x0, lies.y1, lies.x1])
        for plane in ("sci", "wht", "dq", REPAIRED):
            if plane in source.planes:
                cube = source.sample_type(plane)[1]
                path = "/".join(map(str, (index, *shard) if cube else shard))
                written = known.get(f"{array_path(plane)}/c/{path}")
                found.append([plane, None if written is None else written.digest])
    return found


def _digest(*facts: Any) -> str:
    text = json.dumps([FORM, *facts], separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
