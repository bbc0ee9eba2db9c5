"""Rice's code is read back as the C library reads it, and never beyond the end of a tile."""

import numpy as np
import pytest
from astropy.io.fits.hdu.compressed._codecs import Rice1
from hypothesis import given
from hypothesis import strategies as st

from jwstpipe.fits.tiles.rice import decode_rice

WIDTHS = {1: "u1", 2: "i2", 4: "i4"}


def packed(values, width, block):
    kind = "i1" if width == 1 else WIDTHS[width]
    return bytes(Rice1(blocksize=block, bytepix=width, tilesize=values.size).encode(values.view(kind)))


def unpacked(tiles, counts, width, block):
    lengths = np.array([len(tile) for tile in tiles])
    counts = np.array(counts)
    samples = np.zeros(counts.sum(), np.int32)
    content = np.frombuffer(b"".join(tiles), np.uint8)
    starts, places = np.cumsum(lengths) - lengths, np.cumsum(counts) - counts
    return decode_rice(content, starts, lengths, counts, places, width, block, samples), samples


def walks(seed, width, size, spread):
    """Give samples that lie close together, here and there far apart, and all over the range."""
    random = np.random.default_rng(seed)
    info = np.iinfo(WIDTHS[width])
    steps = np.rint(random.standard_cauchy(size) * spread)
    return np.clip(info.min / 2 + info.max / 2 + np.cumsum(steps), info.min, info.max).astype(WIDTHS[width])


@given(
    st.integers(0, 99), st.sampled_from([1, 2, 4]), st.integers(1, 200), st.sampled_from([0.0, 0.4, 5.0, 1e4, 1e9]),
    st.sampled_from([16, 32]),
)  # fmt: skip
def test_what_the_library_packs_is_unpacked(seed, width, size, spread, block):
    tiles = [walks(seed + number, width, size + number, spread) for number in range(3)]
    bad, samples = unpacked([packed(tile, width, block) for tile in tiles], [t.size for t in tiles], width, block)
    assert bad == -1
    np.testing.assert_array_equal(samples, np.concatenate(tiles))


@pytest.mark.parametrize("width", [1, 2, 4])
def test_a_tile_that_is_cut_short_is_told_at_every_length(width):
    values = walks(1, width, 70, 3.0)
    whole = packed(values, width, 32)
    good = packed(values[:9], width, 32)
    for length in range(len(whole)):
        bad, samples = unpacked([good, whole[:length], good], [9, 70, 9], width, 32)
        assert bad == 1
        assert not samples[-9:].any()
    assert unpacked([good, whole, good], [9, 70, 9], width, 32)[0] == -1


@given(st.binary(min_size=1, max_size=80), st.sampled_from([1, 2, 4]), st.integers(1, 300))
def test_any_bytes_are_read_as_the_library_reads_them_or_refused(content, width, count):
    bad, samples = unpacked([content + bytes(64), b"\x55"], [count, 0], width, 32)
    again, others = unpacked([content + bytes(64), b"\xaa"], [count, 0], width, 32)
    assert bad == again  # nothing of what follows a tile takes part
    np.testing.assert_array_equal(samples, others)
