"""Rice's code of whole numbers, as FITS 4.0 has it in section 10.4.1, read back.

A tile begins with its first sample as it is. Then come blocks of differences between neighbours, folded so that small
ones of either sign are small numbers. A block begins with a number of bits k: each difference has its lower k bits as
they are, and before them as many zeros as the rest counts, and a one. Two values of k stand for a block of differences
that are all zero, and for one whose differences are not coded at all.
"""

import numpy as np
from numpy.typing import NDArray

from jwstpipe.numerics.compiled.kernel import compiled

__all__ = ["decode_rice"]

Whole = NDArray[np.int64]

ZEROS = np.array([8 - number.bit_length() for number in range(256)])
"""Zeros before the first one in a byte."""

KINDS = ((3, 6), (4, 14), (5, 25))
"""Bits of a block's k, and the k of differences that are not coded, for samples of 1, 2 and 4 bytes."""


@compiled(error_model="numpy")
def decode_rice(
    content: NDArray[np.uint8],
    starts: Whole,
    lengths: Whole,
    counts: Whole,
    places: Whole,
    width: int,
    block: int,
    samples: NDArray[np.int32],
) -> int:
    """Unpack tiles.

    Parameters
    ----------
    content
        Bytes that the tiles stand in.
    starts, lengths
        Where in `content` each tile stands; within it.
    counts
        Samples of each tile.
    places
        Where in `samples` the first one of each tile goes; all of them have room there.
    width
        Bytes of a sample before it was packed: 1 (without sign), 2 or 4.
    block
        Samples of a block.
    samples
        Filled with what was packed.

    Returns
    -------
    int
        Number of the first tile that ends before its samples do; -1 where there is none.
    """
    for tile in range(starts.size):
        start = starts[tile]
        place = places[tile]
        if not _decode_tile(content, start, start + lengths[tile], width, block, samples, place, place + counts[tile]):
            return tile
    return -1


@compiled(error_model="numpy")
def _decode_tile(
    content: NDArray[np.uint8], at: int, end: int, width: int, block: int, samples: NDArray[np.int32], place: int,
    last: int,
) -> bool:  # fmt: skip
    bits = 8 * width
    kind_bits, plain = KINDS[width // 2]
    mask = (1 << bits) - 1
    sign = 0 if width == 1 else 1 << (bits - 1)
    waiting, held, at = _filled(content, at, end, np.uint64(0), 0)  # bits to come, the next one on top; their number
    if held < bits:
        return False
    value = np.int64(waiting >> np.uint64(64 - bits))
    waiting, held = waiting << np.uint64(bits), held - bits
    while place < last:
        waiting, held, at = _filled(content, at, end, waiting, held)
        if held < kind_bits:
            return False
        kind = np.int64(waiting >> np.uint64(64 - kind_bits)) - 1
        waiting, held = waiting << np.uint64(kind_bits), held - kind_bits
        rest = bits if kind == plain else int(kind)
        stop = min(place + block, last)
        for number in range(place, stop):
            if kind >= 0:
                zeros = 0
                if kind != plain:
                    zeros, waiting, held, at = _counted(content, at, end, waiting, held)
                if held < rest:
                    waiting, held, at = _filled(content, at, end, waiting, held)
                if zeros < 0 or held < rest:
                    return False
                # in two steps, for `rest` may be 0, and a shift by 64 is none
                tail = np.int64((waiting >> np.uint64(1)) >> np.uint64(63 - rest))
                waiting, held = waiting << np.uint64(rest), held - rest
                folded = (zeros << rest | tail) & mask
                value = (value + (folded >> 1 ^ -(folded & 1))) & mask
            samples[number] = (value ^ sign) - sign
        place = stop
    return True


@compiled(error_model="numpy")
def _filled(
    content: NDArray[np.uint8], at: int, end: int, waiting: np.uint64, held: int
) -> tuple[np.uint64, int, int]:  # fmt: skip
    """Read bytes until at least 32 bits wait, or there are no more."""
    if held >= 32:
        return waiting, held, at
    if at + 4 <= end:
        four = np.uint64(content[at]) << np.uint64(24) | np.uint64(content[at + 1]) << np.uint64(16)
        four |= np.uint64(content[at + 2]) << np.uint64(8) | np.uint64(content[at + 3])
        return waiting | four << np.uint64(32 - held), held + 32, at + 4
    while at < end and held < 32:
        waiting, held, at = waiting | np.uint64(content[at]) << np.uint64(56 - held), held + 8, at + 1
    return waiting, held, at


@compiled(error_model="numpy")
def _counted(
    content: NDArray[np.uint8], at: int, end: int, waiting: np.uint64, held: int
) -> tuple[int, np.uint64, int, int]:  # fmt: skip
    """Count zeros up to a one, and take all of them; -1 where no one comes."""
    zeros = 0
    while not waiting:
        zeros += held
        waiting, held, at = _filled(content, at, end, np.uint64(0), 0)
        if not held:
            return -1, np.uint64(0), 0, at
    first = np.int64(waiting >> np.uint64(56))
    while not first:
        zeros, waiting, held = zeros + 8, waiting << np.uint64(8), held - 8
        first = np.int64(waiting >> np.uint64(56))
    found = ZEROS[first]
    return zeros + found, waiting << np.uint64(found + 1), held - found - 1, at
