"""A shard of a plane of three axes, packed chunk by chunk (see `jwstpipe.images.zarr.shards`)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.images.zarr.blocks.geometry import BLOCK, BLOCKS, SIDE
from jwstpipe.images.zarr.digests import Stored
from jwstpipe.images.zarr.shards import ShardPacker, fill_of

__all__ = ["encode_block_shard"]


def encode_block_shard(values: NDArray[Any]) -> tuple[list[bytes], Stored] | None:
    """Pack the samples of a shard.

    Parameters
    ----------
    values
        (slice, y, x), at most `BLOCK_SHARD` on a side; smaller at the far ends of an array. The bits of NaN are kept.

    Returns
    -------
    tuple or None
        Pieces of the shard in order, and what they are together; None when all samples are the fill value.
    """
    pieces: list[bytes] = []
    packer = ShardPacker(pieces.append, every_bit=True, chunks=BLOCKS)
    whole = np.empty((BLOCK,) * 3, values.dtype)
    for z, y, x in np.ndindex(*(-(-side // BLOCK) for side in values.shape)):
        part = values[
            z * BLOCK : (z + 1) * BLOCK, y * BLOCK : (y + 1) * BLOCK, x * BLOCK : (x + 1) * BLOCK
        ]  # fmt: skip
        chunk = part
        if part.shape != whole.shape:
            whole[:] = fill_of(values.dtype)
            whole[: part.shape[0], : part.shape[1], : part.shape[2]] = part
            chunk = whole
        packer.put((z * SIDE + y) * SIDE + x, np.ascontiguousarray(chunk))
    stored = packer.finish()
    return None if stored is None else (pieces, stored)
