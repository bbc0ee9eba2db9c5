"""The metadata documents of a Zarr v3 store, as this project writes them: arrays, their codecs, groups.

Writing them here, and not by zarr-python, costs microseconds instead of milliseconds for each of the twenty arrays of
an image, and leaves the order of writing to us: the root comes last.
"""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from jwstpipe.images.zarr.layout import CHUNK, CODEC, SHARD, PlaneSpec

__all__ = ["array_document", "group_document", "plane_document", "rewritten", "sharded_document"]

_NO_MEMBERS = b"{}\n }\n}"
"""How the document of a group ends that has none."""

_INDEX_CODECS = [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "crc32c"}]


def plane_document(shape: tuple[int, int], spec: PlaneSpec, *, slices: int = 0) -> bytes:
    """Describe the sharded array of a plane; `slices` > 0 gives it a third axis in front."""
    cube = (1,) if slices else ()
    return sharded_document(
        (slices, *shape) if slices else shape,
        np.dtype(spec.dtype),
        chunk=(*cube, CHUNK, CHUNK),
        shard=(*cube, SHARD, SHARD),
        names=("slice", "y", "x") if slices else ("y", "x"),
        attributes=spec.attributes,
    )


def sharded_document(
    shape: Sequence[int],
    dtype: np.dtype[Any],
    *,
    chunk: Sequence[int],
    shard: Sequence[int],
    names: Sequence[str],
    attributes: dict[str, Any],
) -> bytes:
    """Describe an array of shards that hold chunks."""
    sharding = {
        "chunk_shape": list(chunk),
        "codecs": _codecs(dtype),
        "index_codecs": _INDEX_CODECS,
        "index_location": "end",
    }
    return _array(shape, dtype, shard, [{"name": "sharding_indexed", "configuration": sharding}], names, attributes)


def array_document(
    shape: Sequence[int],
    dtype: np.dtype[Any],
    chunks: Sequence[int],
    names: Sequence[str],
    *,
    attributes: dict[str, Any] | None = None,
    typesize: int | None = None,
) -> bytes:
    """Describe an array of plain chunks; `typesize` tells blosc of a structure that the type does not show."""
    return _array(shape, dtype, chunks, _codecs(dtype, typesize), names, attributes or {})


def group_document(attributes: dict[str, Any] | None = None, *, members: dict[str, bytes] | None = None) -> bytes:
    """Describe a group; `members`, the documents of all that stands in it, spare readers that ask for them a search.

    The documents are those of this module, or `rewritten`: their text is put in as it is, for the root of an image
    holds that of some thirty arrays, and to write all that anew is half of the work of a small image.
    """
    group: dict[str, Any] = {"zarr_format": 3, "node_type": "group", "attributes": attributes or {}}
    if members is None:
        return _encoded(group)
    group["consolidated_metadata"] = {"kind": "inline", "must_understand": False, "metadata": {}}
    text = _encoded(group)
    if not members:
        return text
    parts = [
        json.dumps(path).encode() + b": " + document.replace(b"\n", b"\n   ")
        for path, document in sorted(members.items())
    ]
    return text.removesuffix(_NO_MEMBERS) + b"{\n   " + b",\n   ".join(parts) + b"\n  }\n }\n}"


def rewritten(document: bytes) -> bytes:
    """Write a document that others wrote as this module does."""
    return _encoded(json.loads(document))


def _array(
    shape: Sequence[int],
    dtype: np.dtype[Any],
    chunks: Sequence[int],
    codecs: list[dict[str, Any]],
    names: Sequence[str],
    attributes: dict[str, Any],
) -> bytes:
    document = {
        "zarr_format": 3,
        "node_type": "array",
        "shape": [int(side) for side in shape],
        "data_type": dtype.name,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [int(side) for side in chunks]}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": "NaN" if dtype.kind == "f" else 0,
        "codecs": codecs,
        "attributes": attributes,
        "dimension_names": list(names),
        "storage_transformers": [],
    }
    return _encoded(document)


def _codecs(dtype: np.dtype[Any], typesize: int | None = None) -> list[dict[str, Any]]:
    blosc = {
        "typesize": typesize or dtype.itemsize,
        "cname": CODEC.cname,
        "clevel": CODEC.clevel,
        "shuffle": "bitshuffle",
        "blocksize": 0,
    }
    order = {"name": "bytes", "configuration": {"endian": "little"}}
    return [order, {"name": "blosc", "configuration": blosc}, {"name": "crc32c"}]


def _encoded(document: dict[str, Any]) -> bytes:
    return json.dumps(document, indent=1, allow_nan=False).encode()
