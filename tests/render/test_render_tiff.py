"""TIFF: what tifffile, a reader that is not ours, finds in the file."""

from itertools import pairwise

import numpy as np
import pytest
import tifffile
from PIL import Image

from jwstpipe.errors import DataError
from jwstpipe.render.files.picture import open_picture

PACKET = b'<?xpacket begin="?"?><x/><?xpacket end="r"?>'


def write(path, values, *, rows=100, **policies):
    colour = values.ndim == 3
    bits = values.dtype.itemsize * 8
    with open_picture(path, values.shape[:2], bits=bits, colour=colour, **policies) as sink:
        for start in range(0, len(values), rows):
            sink.write(values[start : start + rows])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("shape", [(40, 30, 3), (1301, 1100, 3), (600, 1027)])
def test_samples_pyramid_and_tags(tmp_path, dtype, shape):
    values = np.random.default_rng(3).integers(0, np.iinfo(dtype).max, shape, endpoint=True).astype(dtype)
    write(tmp_path / "a.tif", values, packet=PACKET)
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        assert file.is_bigtiff
        (page,) = file.pages
        assert page.tile == (512, 512)
        assert np.array_equal(page.asarray(), values)
        assert page.tags[700].value == PACKET
        assert (34675 in page.tags) == (len(shape) == 3)
        levels = [page, *page.pages] if page.pages else [page]
        assert max(levels[-1].shape[:2]) <= 1024
        for fine, coarse in pairwise(levels):
            above = fine.asarray()
            padded = np.pad(above, [(0, n % 2) for n in above.shape[:2]] + [(0, 0)] * (above.ndim - 2), mode="edge")
            means = padded.reshape(padded.shape[0] // 2, 2, padded.shape[1] // 2, 2, -1).mean(axis=(1, 3))
            assert np.abs(coarse.asarray().reshape(means.shape) - means).max() <= 0.5


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("shape", [(40, 30, 3), (1301, 1100, 3), (600, 1027)])
def test_a_packed_one_is_classic_and_two_readers_find_the_same(tmp_path, dtype, shape):
    y, x = np.mgrid[: shape[0], : shape[1]]
    smooth = ((x + y) * 40 % np.iinfo(dtype).max).astype(dtype)
    values = np.stack([smooth, smooth[::-1], smooth], axis=2) if len(shape) == 3 else smooth
    write(tmp_path / "a.tif", values, packet=PACKET, packed=True)
    assert (tmp_path / "a.tif").stat().st_size < 0.8 * values.nbytes + 20_000
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        assert not file.is_bigtiff
        assert file.pages[0].compression == tifffile.COMPRESSION.ADOBE_DEFLATE
        assert np.array_equal(file.pages[0].asarray(), values)
        assert len(file.pages[0].pages or ()) == (2 if max(shape) > 2048 else 1 if max(shape) > 1024 else 0)
    if len(shape) == 3 and dtype is np.uint16:
        return  # Pillow reads 16 bits of grey, not of colour
    with Image.open(tmp_path / "a.tif") as other:
        assert np.array_equal(np.asarray(other), values)
        assert other.tag_v2[700] == PACKET


def test_what_32_bits_cannot_reach_is_a_bigtiff(tmp_path, monkeypatch):
    monkeypatch.setattr("jwstpipe.render.files.tiff.CLASSIC_BYTES", 2_000_000)
    values = np.random.default_rng(3).integers(0, 255, (700, 900, 3)).astype(np.uint8)
    write(tmp_path / "large.tif", values, packed=True)
    write(tmp_path / "small.tif", values[:500, :500], packed=True)
    for name, large in (("large", True), ("small", False)):
        with tifffile.TiffFile(tmp_path / f"{name}.tif") as file:
            assert file.is_bigtiff == large
            assert np.array_equal(file.asarray(), values if large else values[:500, :500])


def test_bands_do_not_change_a_byte(tmp_path):
    values = np.random.default_rng(3).integers(0, 65535, (1301, 700, 3)).astype(np.uint16)
    for rows in (1301, 512, 77):
        write(tmp_path / f"{rows}.tif", values, rows=rows, packet=PACKET)
    first = (tmp_path / "1301.tif").read_bytes()
    assert all((tmp_path / f"{rows}.tif").read_bytes() == first for rows in (512, 77))


def test_a_picture_that_lacks_rows_leaves_no_file(tmp_path):
    with pytest.raises(DataError, match="3 of 9 rows"), open_picture(tmp_path / "a.tif", (9, 9)) as sink:
        sink.write(np.zeros((3, 9, 3), np.uint8))
    assert not list(tmp_path.iterdir())


def test_a_fault_of_the_caller_is_not_hidden(tmp_path):
    def interrupted():
        with open_picture(tmp_path / "a.tif", (2000, 900)) as sink:
            sink.write(np.zeros((1500, 900, 3), np.uint8))
            raise KeyError

    with pytest.raises(KeyError):
        interrupted()
    assert not list(tmp_path.iterdir())
