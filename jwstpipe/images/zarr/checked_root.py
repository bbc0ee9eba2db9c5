"""The attributes of a store's root, checked before anything is taken from them: types and bounds."""

import math
from typing import Any

from jwstpipe.errors import DataError, StoreError
from jwstpipe.storage.bounded import parse_json

__all__ = ["checked_root", "group_attributes"]

MOST_SIDE = 1 << 31
MOST_PIXELS = 1 << 44
MOST_LEVELS = 40
MOST_PLANES = 64
MOST_TEXT = 4096


def checked_root(ours: dict[str, Any], *, name: str) -> dict[str, Any]:
    """Refuse attributes that no version of this project writes.

    Raises
    ------
    StoreError
        With the attribute that is wrong.
    """
    fault = _fault(ours)
    if fault:
        raise StoreError(f"{name}: its root zarr.json is damaged ({fault}); convert or make it again")
    return ours


def _fault(ours: dict[str, Any]) -> str:
    shape: Any = ours.get("shape")
    if not (_numbers(shape, 2, whole=True) and all(0 < side < MOST_SIDE for side in shape)):
        return "shape"
    if math.prod(shape) > MOST_PIXELS:
        return "shape"
    picture = ours.get("kind") == "picture"  # three colours in one array: no planes
    planes: Any = ours.get("planes", [] if picture else None)
    checks = (
        ("planes", _words(planes) and len(planes) <= MOST_PLANES),
        ("levels", _whole(ours.get("levels", 1 if picture else None), 1, MOST_LEVELS)),
        ("slices", _whole(ours.get("slices", 1), 0, MOST_SIDE)),
        ("name", isinstance(ours.get("name", ""), str) and len(ours.get("name", "")) <= MOST_TEXT),
        ("unit", isinstance(ours.get("unit", ""), str)),
        ("kind", isinstance(ours.get("kind", ""), str)),
        ("product_id", isinstance(ours.get("product_id", ""), str)),
        ("provenance", isinstance(ours.get("provenance", {}), dict)),
        ("fits", _files(ours.get("fits", {}))),
        ("grid", _grid(ours.get("grid"))),
        ("wcs", _wcs(ours.get("wcs"))),
        ("arrays", _arrays(ours.get("arrays", {}))),
        ("spectral", _spectral(ours.get("spectral"), cube=ours.get("kind") == "cube")),
        ("manifest", isinstance(ours.get("manifest"), dict | None)),
    )
    return next((key for key, good in checks if not good), "")


def _whole(value: Any, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _numbers(values: Any, count: int, *, whole: bool = False) -> bool:
    kinds = (int,) if whole else (int, float)
    return (
        isinstance(values, list)
        and len(values) == count
        and all(isinstance(value, kinds) and not isinstance(value, bool) for value in values)
        and all(math.isfinite(value) and abs(value) < 1e15 for value in values)
    )


def _words(values: Any) -> bool:
    return isinstance(values, list) and all(
        isinstance(value, str) and 0 < len(value) < 64 and "/" not in value and ".." not in value for value in values
    )


def _files(fits: Any) -> bool:
    if not isinstance(fits, dict) or not isinstance(fits.get("omitted", []), list):
        return False
    entries = fits.get("hdus", [])
    return isinstance(entries, list) and all(
        isinstance(entry, dict)
        and _whole(entry.get("index"), 0, 1 << 16)
        and isinstance(entry.get("name"), str)
        and _path(entry.get("header"))
        and ("plane" not in entry or _path(entry["plane"]))
        and ("data" not in entry or _path(entry["data"]))
        for entry in entries
    )


def _path(value: Any) -> bool:
    """Tell whether a text is the name of an array inside the store."""
    return isinstance(value, str) and 0 < len(value) < 256 and ".." not in value and not value.startswith("/")


def _grid(found: Any) -> bool:
    if found is None:
        return True
    if not isinstance(found, dict) or not isinstance(found.get("grid"), dict):
        return False
    grid = found["grid"]
    frame = grid.get("frame")
    return (
        all(_numbers(found[key], 4, whole=True) for key in ("box", "window") if key in found)
        and "box" in found
        and all(_numbers(grid.get(key), count) for key, count in (("crval", 2), ("cd", 4), ("phase", 2)))
        and isinstance(grid.get("projection"), str)
        and isinstance(frame, dict)
        and frame.get("name") in ("ICRS", "FK5", "FK4", "GALACTIC")
        and set(frame) <= {"name", "equinox"}
        and isinstance(frame.get("equinox", 2000.0), int | float)
        and isinstance(grid.get("parameters"), list)
        and all(isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str) for pair in grid["parameters"])
        and all(_numbers([pair[1]], 1) for pair in grid["parameters"])
    )


def _wcs(found: Any) -> bool:
    if found is None:
        return True
    if not isinstance(found, dict):
        return False
    nodes = found.get("nodes")
    return (
        found.get("origin") in ("fits", "gwcs", None)
        and all(_numbers([found[key]], 1) for key in ("header_offset_px", "error_px") if key in found)
        and ("error_px" in found or found.get("origin") != "gwcs")
        and isinstance(found.get("repairs", []), list)
        and _whole(found.get("tables_size", 0), 0, 1 << 30)
        and (nodes is None or _nodes(nodes))
    )


def _nodes(nodes: Any) -> bool:
    return (
        isinstance(nodes, dict)
        and _numbers(nodes.get("shape"), 3, whole=True)
        and nodes["shape"][2] == 3
        and all(4 <= side <= 1 << 12 for side in nodes["shape"][:2])
        and _numbers(nodes.get("origin"), 2)
        and _numbers([nodes.get("step")], 1)
        and nodes["step"] > 0
    )


def _arrays(found: Any) -> bool:
    return isinstance(found, dict) and all(
        isinstance(facts, dict)
        and isinstance(facts.get("dtype"), str)
        and facts["dtype"] in ("float32", "float64", "uint8", "uint16", "uint32", "uint64")
        and _whole(int(facts.get("slices") or 0) if isinstance(facts.get("slices"), int | None) else None, 0, MOST_SIDE)
        for facts in found.values()
    )


def _spectral(found: Any, *, cube: bool) -> bool:
    """Check what a cube says of its wavelengths; images say nothing."""
    if not isinstance(found, dict):
        return found is None and not cube
    notes = found.get("notes", [])
    return isinstance(found.get("kind"), str) and isinstance(notes, list) and all(isinstance(n, str) for n in notes)


def group_attributes(document: bytes, *, name: str) -> dict[str, Any] | None:
    """Read the attributes of a Zarr v3 group; None for a document of anything else."""
    try:
        root = parse_json(document, name=name)
    except DataError as error:
        raise StoreError(f"{error}: the store is damaged; convert the file again with --overwrite") from None
    if not isinstance(root, dict) or root.get("zarr_format") != 3 or root.get("node_type") != "group":
        return None
    attributes = root.get("attributes", {})
    return attributes if isinstance(attributes, dict) else None
