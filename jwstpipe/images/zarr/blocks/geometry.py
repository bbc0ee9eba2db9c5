"""How a plane of three axes is cut: layout 3 of a store, that of cubes.

A chunk has 32 x 32 x 32 samples, 128 KiB of float32. A slice of ny x nx pixels then unpacks 32 times its samples, a
spectrum of nz slices 1024 times its own: for the largest cubes of JWST (3,800 x 475 x 475) that is 29 MB and 16 MB, and
neither reads the cube. Shards of one slice, as images with slices have them, would need 3,800 files for each.
"""

from collections.abc import Iterator

import numpy as np

from jwstpipe.images.zarr.layout import PlaneSpec
from jwstpipe.images.zarr.metadata import sharded_document

__all__ = ["AXES", "BLOCK", "BLOCKS", "BLOCK_SHARD", "block_document", "cuts", "shards_of"]

BLOCK = 32
"""Samples on the side of a chunk."""

BLOCK_SHARD = 256
"""Samples on the side of a shard, which one task writes."""

SIDE = BLOCK_SHARD // BLOCK
BLOCKS = SIDE**3
"""Chunks of a shard."""

AXES = ("wavelength", "y", "x")

Span = tuple[int, int]
Place = tuple[int, int, int]


def block_document(shape: tuple[int, int, int], spec: PlaneSpec) -> bytes:
    """Describe the sharded array of a plane of a cube."""
    sides = {"chunk": (BLOCK,) * 3, "shard": (BLOCK_SHARD,) * 3}
    return sharded_document(shape, np.dtype(spec.dtype), **sides, names=AXES, attributes=spec.attributes)


def cuts(span: Span, side: int) -> Iterator[tuple[int, Span]]:
    """Cut a range at multiples of `side`: the number of each cell, and the part of the range in it."""
    for number in range(span[0] // side, -(-span[1] // side)):
        yield number, (max(span[0], number * side), min(span[1], (number + 1) * side))


def shards_of(shape: tuple[int, int, int]) -> Iterator[tuple[Place, tuple[Span, Span, Span]]]:
    """Give the place of each shard of an array, and its part of it, in the order of the samples."""
    for z, span_z in cuts((0, shape[0]), BLOCK_SHARD):
        for y, span_y in cuts((0, shape[1]), BLOCK_SHARD):
            for x, span_x in cuts((0, shape[2]), BLOCK_SHARD):
                yield (z, y, x), (span_z, span_y, span_x)
