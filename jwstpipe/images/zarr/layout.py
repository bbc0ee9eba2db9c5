"""The Zarr layout of an image, version 4: names, types, chunks and attributes; nothing here touches storage.

::

    image.zarr/            group; attributes jwstpipe, ome (0.5), multiscales
      0/sci err wht dq ... (y, x)      full resolution
      0/y 0/x              f8          rows and columns of full resolution, from 0; attributes of 0: fits_wcs
      1/sci wht y x ...    (y, x)      halved levels
      header/primary, header/sci       u1 (card, char): FITS headers byte for byte
      hdu/<index>                      u1 (byte): data of HDUs that are no plane, byte for byte
      0/sci_restore        u4 (y, x)   only where samples without coverage were replaced by NaN
      0/<plane>_stored     u1 u2 u4 u8 only where floats cannot carry the samples of the file exactly
      wcs/nodes            f8 (node_y, node_x, component)   only where the file has a gwcs
      wcs/tables           u1 (byte)                        only where the header's WCS refers to tables: those HDUs
      manifest             u1 (byte): JSON, size and digest of every object that must be there

A shard is 2048 x 2048 pixels and is written by one task; a chunk inside it is 512 x 512. The root ``zarr.json`` is
written last: a folder without it is not an image yet. Planes of a cube have a third axis in front, (slice, y, x), with
shards of one slice. Each chunk is followed by its CRC32C.

Layouts 2 (images) and 3 (cubes) had no ``y``, ``x`` and ``fits_wcs``, which only readers that are not ours take.
Layout 1 had no checksums and no manifest, and the arrays of a mosaic were whole tiles around the window of its FITS
file: they are read as if they began with that window.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from jwstpipe.errors import StoreError, StoreVersionError
from jwstpipe.fits.dq import DQ_BITS
from jwstpipe.images.zarr.checked_root import checked_root
from jwstpipe.images.zarr.digests import digest_of

if TYPE_CHECKING:
    from jwstpipe.sky.wcs.image_wcs import ImageWcs

__all__ = [
    "CHUNK",
    "CLEAN_MODEL",
    "CODEC",
    "COMMENT",
    "LAYOUT",
    "NODES",
    "PICTURE_LAYOUT",
    "SHARD",
    "STAGED",
    "STORED",
    "TABLES",
    "PlaneSpec",
    "array_path",
    "check_layout",
    "level_count",
    "level_shape",
    "plane_spec",
    "root_attributes",
    "sealed",
    "wcs_facts",
]

LAYOUT = 4
"""Version of the layout that this code writes, and the newest that it reads; planes of spectral cubes are cut as
`jwstpipe.images.zarr.blocks.geometry` says."""

PICTURE_LAYOUT = 2
"""The same of pictures, which layouts 3 and 4 brought nothing."""

SHARD = 2048
CHUNK = 512
CLEAN_MODEL = "clean_model"
"""Plane of what cleaning took out of ``sci``."""

REPAIRED = "repaired"
"""Plane of the pixels whose samples a repair replaced."""

STORED = "_stored"
"""Ending of the plane that holds the samples of the file where floats cannot carry them."""

NODES = "wcs/nodes"
"""Array of the sampled gwcs."""

TABLES = "wcs/tables"
"""Array of the FITS bytes of look-up tables that the WCS of the header refers to."""

STAGED = "jwstpipe_staged"
"""Attribute of a root on S3 whose image is just taking the place of another one: the prefix where it stands whole."""

COMMENT = 'planes are in groups, one for each level: xarray.open_zarr(store, group="0"), xarray.open_datatree(store)'
"""What the root tells who opens it with another library and finds no image there."""

COARSEST = 1024
"""Levels are added until the longest side is at most this."""


BITSHUFFLE = 2
"""Number in the blosc library of the shuffle of bits."""


@dataclass(frozen=True)
class Codec:
    """How a chunk is packed by blosc."""

    cname: Literal["lz4", "zstd"]
    clevel: int
    shuffle: int
    """Number of the shuffle in the blosc library."""


CODEC = Codec("lz4", 5, BITSHUFFLE)
"""Packs noisy float32 as small as zstd-1 (ratio 1.6 against 1.4 on sky noise) at 3.5 times its speed."""


@dataclass(frozen=True)
class PlaneSpec:
    """How one plane is stored."""

    dtype: str
    fill: float | int
    attributes: dict[str, Any]


def plane_spec(plane: str, *, dtype: str = "f4", unit: str = "") -> PlaneSpec:
    """Describe a plane by its name.

    Parameters
    ----------
    plane
        ``sci err wht area dq n clean_model repaired sci_restore var_*``.
    dtype
        Type of planes that are not whole numbers by nature: f4, or f8 for inputs that need it.
    unit
        BUNIT of the science plane.
    """
    if plane == "dq":
        flags = {"flag_masks": list(DQ_BITS.values()), "flag_meanings": " ".join(DQ_BITS)}
        return PlaneSpec("u4", 0, {"long_name": "data quality", **flags})
    if plane == CLEAN_MODEL:  # wide enough that the sample that was there comes back to the last bit
        named = {"long_name": "taken away: sci + clean_model is the sample that was there"}
        return PlaneSpec("f8", float("nan"), named | ({"units": unit} if unit else {}))
    counts = {"n": "inputs per pixel", REPAIRED: "1 where the sample is not the one that was measured"}
    if plane in counts:
        return PlaneSpec("u2", 0, {"long_name": counts[plane], "units": "1"})
    if plane == "sci_restore":
        return PlaneSpec(
            f"u{np.dtype(dtype).itemsize}",
            0,
            {"long_name": "bits that turn NaN back into the sample of the FITS file (exclusive or)"},
        )
    if plane.endswith(STORED):
        return PlaneSpec(f"u{np.dtype(dtype).itemsize}", 0, {"long_name": "bits of the samples of the FITS file"})
    names = {"sci": "science", "err": "standard deviation", "wht": "weight", "area": "relative pixel area"}
    units = {"sci": unit, "err": unit, "wht": "", "wmap": "", "area": "1"}.get(plane, f"({unit})2" if unit else "")
    attributes = {"long_name": names.get(plane, plane.replace("_", " "))}
    if units:
        attributes["units"] = units
    return PlaneSpec(dtype, float("nan"), attributes)


def array_path(plane: str, level: int = 0) -> str:
    """Name the array of a plane at a level."""
    return f"{level}/{plane}"


def level_shape(shape: tuple[int, int], level: int) -> tuple[int, int]:
    """Give the shape of a level: halved and rounded up, `level` times."""
    return -(-shape[0] // 2**level), -(-shape[1] // 2**level)


def level_count(shape: tuple[int, int]) -> int:
    """Count the levels that an image of this shape has, the full resolution among them."""
    count = 1
    while max(level_shape(shape, count - 1)) > COARSEST:
        count += 1
    return count


def root_attributes(
    *,
    kind: str,
    name: str,
    shape: tuple[int, int],
    planes: Sequence[str],
    unit: str,
    levels: int,
    product_id: str,
    provenance: dict[str, Any],
    fits: dict[str, Any],
    grid: dict[str, Any] | None = None,
    wcs: "ImageWcs | None" = None,
    slices: int = 0,
) -> dict[str, Any]:
    """Write the attributes of the root group.

    Parameters
    ----------
    kind
        ``image`` (from a FITS file) or ``mosaic``.
    name
        Name for viewers.
    shape
        Rows and columns.
    planes
        Planes at full resolution.
    unit
        Unit of the science plane.
    levels
        Number of levels.
    product_id, provenance
        Identity and origin.
    fits
        How to write the FITS file again: ``hdus`` in order, size and digest of the source.
    grid
        For a mosaic: ``grid`` (`SkyGrid.as_dict`) and ``box``, the window of it that the arrays cover.
    wcs
        For an image: where its place on the sky comes from.
    slices
        For a cube: length of the third axis.
    """
    jwstpipe: dict[str, Any] = {
        "layout": LAYOUT,
        "product_id": product_id,
        "kind": kind,
        "name": name,
        "shape": list(shape),
        "planes": list(planes),
        "levels": levels,
        "unit": unit,
        "provenance": provenance,
        "fits": fits,
    }
    if grid is not None:
        jwstpipe["grid"] = grid
    if wcs is not None:
        jwstpipe["wcs"] = _wcs_attributes(wcs)
    if slices:
        jwstpipe["slices"] = slices
    shown = {"ome": _ome(name, levels, cube=slices > 0), "multiscales": _multiscales(levels)}
    return {"jwstpipe": jwstpipe, "comment": COMMENT, **shown}


def _wcs_attributes(wcs: "ImageWcs") -> dict[str, Any]:
    """Say where the place of an image comes from, and how to read nodes and tables that are kept beside it."""
    facts = wcs_facts(wcs)
    if wcs.nodes is not None:
        nodes = wcs.nodes
        facts["nodes"] = {"shape": list(nodes.vectors.shape), "origin": list(nodes.origin), "step": nodes.step}
    if wcs.tables:
        facts["tables_size"] = len(wcs.tables)
    return facts


def wcs_facts(wcs: "ImageWcs") -> dict[str, Any]:
    """Tell where the WCS of an image comes from and how well it is known, as plain JSON values."""
    facts: dict[str, Any] = {"origin": wcs.origin}
    if wcs.header_offset_px is not None and np.isfinite(wcs.header_offset_px):
        facts["header_offset_px"] = wcs.header_offset_px
    if wcs.nodes is not None:
        facts["error_px"] = wcs.nodes.error_px
    if wcs.note:
        facts["note"] = wcs.note
    if wcs.tables:
        facts["tables"] = True
    if wcs.repairs:
        facts["repairs"] = list(wcs.repairs)
    return facts


def check_layout(attributes: dict[str, Any], *, name: str) -> dict[str, Any]:
    """Take our attributes from those of a root group.

    Raises
    ------
    StoreError
        Not an image store.
    StoreVersionError
        One of a newer layout.
    """
    ours = attributes.get("jwstpipe")
    version = ours.get("layout") if isinstance(ours, dict) else None
    if not isinstance(ours, dict) or not isinstance(version, int):
        raise StoreError(f"{name}: a Zarr group, but not an image of jwstpipe (no jwstpipe.layout attribute)")
    if version > LAYOUT:
        raise StoreVersionError(f"{name}: its layout is {version}, this version reads up to {LAYOUT}; update jwstpipe")
    has_digest = "digest" in ours or (version > 1 and ours.get("kind") in ("image", "mosaic", "cube"))
    if has_digest and ours.get("digest") != _digest(ours):
        raise StoreError(f"{name}: zarr.json: damaged (its attributes are not those that were written)")
    return checked_root(ours, name=name)


def sealed(attributes: dict[str, Any]) -> dict[str, Any]:
    """Give our root attributes with their own digest, so that a wrong bit in them is noticed."""
    return {**attributes, "digest": _digest(attributes)}


def _digest(attributes: dict[str, Any]) -> str:
    rest = {key: value for key, value in attributes.items() if key != "digest"}
    return digest_of(json.dumps(rest, sort_keys=True, separators=(",", ":")).encode())


def _ome(name: str, levels: int, *, cube: bool) -> dict[str, Any]:
    """Describe the levels as OME-Zarr 0.5; a level's first pixel centre lies (2^k - 1)/2 pixels into the full one."""
    datasets = []
    for level in range(levels):
        transforms: list[dict[str, Any]] = [{"type": "scale", "scale": [1.0] * cube + [float(2**level)] * 2}]
        if level:
            transforms.append({"type": "translation", "translation": [0.0] * cube + [(2**level - 1) / 2] * 2})
        datasets.append({"path": array_path("sci", level), "coordinateTransformations": transforms})
    axes = [{"name": "slice", "type": "slice"}] * cube + [{"name": axis, "type": "space"} for axis in ("y", "x")]
    how = {"type": "mean", "metadata": {"method": "jwstpipe.images.zarr.pyramid.halve"}}
    return {"version": "0.5", "multiscales": [{"name": name, "axes": axes, "datasets": datasets, **how}]}


def _multiscales(levels: int) -> dict[str, Any]:
    layout: list[dict[str, Any]] = [{"asset": "0", "transform": {"scale": [1.0, 1.0], "translation": [0.0, 0.0]}}]
    for level in range(1, levels):
        # relative to the level it is made from: twice as coarse, its first centre half a pixel further in
        transform = {"scale": [2.0, 2.0], "translation": [0.5, 0.5]}
        layout.append({"asset": str(level), "derived_from": str(level - 1), "transform": transform})
    return {"layout": layout, "resampling_method": "average"}
