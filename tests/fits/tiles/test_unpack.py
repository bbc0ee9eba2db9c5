"""Compressed images are unpacked to the bytes that astropy finds in them; what is damaged is told by file and tile."""

import hashlib
import tempfile
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from jwstpipe.errors import FitsError
from jwstpipe.fits.hdus import scan_fits
from jwstpipe.fits.readers.local_reader import LocalReader
from jwstpipe.fits.tile_compression import _pieces
from jwstpipe.fits.tiles.steps import random_numbers
from jwstpipe.fits.tiles.unpack import unpack_known_tiles


def by_astropy(path):
    """Assemble the plain file from what astropy reads, as the child process does."""
    content = bytearray()
    for place, make in _pieces(str(path), 1 << 30):
        assert place == len(content)
        content += make()
    return bytes(content)


def by_us(path):
    with path.open("rb") as stream, tempfile.TemporaryFile() as target:
        reader = LocalReader(stream, str(path))
        digest = unpack_known_tiles(reader, scan_fits(reader, name=path.name), target, name=path.name)
        target.seek(0)
        content = target.read()
    assert digest in ("", hashlib.sha256(content).hexdigest())
    return content if digest else None


def image(seed, shape, kind):
    """Give samples with stars, samples of exactly 0 and, where there can be, none."""
    random = np.random.default_rng(seed)
    values = random.normal(40, 6, shape)
    values[random.random(shape) < 0.02] *= 40
    values[random.random(shape) < 0.05] = 0
    if kind.startswith("f"):
        values[random.random(shape) < 0.05] = np.nan
        return values.astype(kind)
    info = np.iinfo(kind)
    return np.clip(values, info.min, info.max).astype(kind)


SHAPES = st.lists(st.integers(1, 40), min_size=1, max_size=3).map(tuple)


@given(
    st.integers(0, 99), SHAPES, st.sampled_from(["u1", "i2", "u2", "i4", "u4", "f4", "f8"]),
    st.sampled_from(["RICE_1", "GZIP_1", "GZIP_2"]), st.sampled_from([0.0, 16.0, 4.0, -0.01]),
    st.sampled_from([-1, 1, 2]), st.integers(1, 10000), st.data(),
)  # fmt: skip
def test_the_bytes_are_those_of_astropy(seed, shape, kind, algorithm, level, dither, start, data):
    tile = data.draw(st.sampled_from([None, tuple(data.draw(st.integers(1, side)) for side in shape)]))
    if level == 0.0 and kind.startswith("f"):
        algorithm = "GZIP_2"  # Rice's code knows whole numbers only
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.fits"
        packed = fits.CompImageHDU(
            image(seed, shape, kind), name="SCI", compression_type=algorithm, tile_shape=tile, quantize_level=level,
            quantize_method=dither, dither_seed=start,
        )  # fmt: skip
        fits.HDUList([fits.PrimaryHDU(), packed, fits.ImageHDU(np.arange(7.0))]).writeto(path)
        assert by_us(path) == by_astropy(path)


def test_random_numbers_are_those_of_the_standard():
    seed = 1
    for _ in range(10000):
        seed = seed * 16807 % 2147483647
    assert seed == 1043618065  # as the standard says of the last one
    assert random_numbers()[-1] == np.float32(seed / 2147483647)


@pytest.mark.parametrize("algorithm", ["PLIO_1", "HCOMPRESS_1", "NOCOMPRESS"])
def test_what_is_not_known_here_is_left_to_astropy(tmp_path, algorithm):
    fits.CompImageHDU(image(1, (40, 40), "i2"), compression_type=algorithm).writeto(tmp_path / "x.fits")
    assert by_us(tmp_path / "x.fits") is None


def written(path, algorithm="RICE_1"):
    packed = fits.CompImageHDU(image(3, (20, 50), "i2"), name="SCI", compression_type=algorithm)
    fits.HDUList([fits.PrimaryHDU(), packed]).writeto(path)
    content = bytearray(path.read_bytes())
    with fits.open(path, disable_image_compression=True) as opened:
        return content, opened[1]._data_offset, opened[1].header["NAXIS2"]


@pytest.mark.parametrize(("entry", "value"), [(0, 3), (0, -5), (0, 1 << 30), (1, -1), (1, 1 << 30)], ids=str)
def test_a_tile_that_lies_is_refused_by_name(tmp_path, entry, value):
    path = tmp_path / "x.fits"
    content, rows, _ = written(path)
    at = rows + 6 * 8 + 4 * entry
    content[at : at + 4] = value.to_bytes(4, "big", signed=True)
    path.write_bytes(content)
    with pytest.raises(FitsError, match=r"x\.fits: its compressed image cannot be unpacked: tile 7 of SCI is damaged"):
        by_us(path)


@pytest.mark.parametrize("algorithm", ["RICE_1", "GZIP_1", "GZIP_2"])
def test_no_flipped_byte_ends_in_anything_but_samples_or_a_sentence(tmp_path, algorithm):
    path = tmp_path / "x.fits"
    content, rows, count = written(path, algorithm)
    random = np.random.default_rng(5)
    size = len(by_us(path))
    for at in random.integers(rows, rows + 8 * count + 600, 40):
        damaged = bytearray(content)
        damaged[at] ^= 1 << int(random.integers(0, 8))
        path.write_bytes(damaged)
        try:
            found = by_us(path)
        except FitsError as error:
            assert "of SCI is damaged" in str(error)  # noqa: PT017 - both ends are good
        else:
            assert found is None or len(found) == size
