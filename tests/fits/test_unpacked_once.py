"""A packed file is unpacked once on its way into a mosaic, told apart by its content, and let go of."""

import gzip
from types import SimpleNamespace

import numpy as np
import pytest
from astropy.io import fits

from jwstpipe import mosaic, open_image
from jwstpipe.fits import fits_file, tile_compression
from jwstpipe.fits.readers import byte_readers
from jwstpipe.fits.readers.unpacked_files import UnpackedFiles, unpacked_files
from tests.images.fits_files import sky_keywords


def packed(path, level, form):
    data = np.random.default_rng(1).integers(0, 99, (60, 70)).astype("i2") + np.int16(level)
    made = fits.CompImageHDU if form == "fpack" else fits.ImageHDU
    image = made(data, name="SCI")
    sky_keywords(image.header, data.shape)
    hdus = fits.HDUList([fits.PrimaryHDU(), image])
    if form == "fpack":
        hdus.writeto(path, overwrite=True)
    else:
        hdus.writeto(path.with_suffix(".plain"), overwrite=True)
        path.write_bytes(gzip.compress(path.with_suffix(".plain").read_bytes(), mtime=0))
    return path, data


@pytest.fixture(autouse=True)
def fresh():
    unpacked_files.cache_clear()
    yield
    unpacked_files.cache_clear()


@pytest.mark.parametrize("form", ["fpack", "gzip"])
def test_a_mosaic_unpacks_each_input_once(tmp_path, monkeypatch, form):
    calls = []
    for module, name in ((fits_file, "unpack_known_tiles"), (byte_readers, "_unpack")):
        whole = getattr(module, name)
        monkeypatch.setattr(
            module, name, lambda *words, whole=whole, **named: calls.append(1) or whole(*words, **named)
        )
    names = [packed(tmp_path / f"{number}.fits", number, form)[0] for number in range(2)]
    mosaic(names, tmp_path / "m.zarr")
    assert len(calls) == 2


@pytest.mark.parametrize("form", ["fpack", "gzip"])
def test_a_file_that_was_replaced_is_unpacked_anew_and_named_by_its_own_name(tmp_path, form):
    for level in (0, 7):
        path, data = packed(tmp_path / "x.fits", level, form)
        assert np.array_equal(open_image(path).read(), data)
    other = tmp_path / "other.fits"
    other.write_bytes(path.read_bytes())
    assert open_image(other).address == str(other)
    assert open_image(other).reader._name == str(other)


def test_what_is_kept_is_bounded_by_size_and_time():
    files, made = UnpackedFiles(most_bytes=100, kept_s=1e9), []

    def unpack(key):
        made.append(key)
        return SimpleNamespace(size=40)

    for key in "abaca":
        files.get(key, lambda key=key: unpack(key))
    assert made == ["a", "b", "c"]
    files.get("b", lambda: unpack("b"))  # had gone for c
    assert made == ["a", "b", "c", "b"]
    files = UnpackedFiles(kept_s=-1.0)
    for key in "aba":
        files.get(key, lambda key=key: unpack(key))
    assert made[4:] == ["a", "b", "a"]


def test_what_fails_is_tried_again():
    files, tries = UnpackedFiles(), []

    def fail():
        tries.append(1)
        raise ValueError("damaged")

    for _ in range(2):
        with pytest.raises(ValueError, match="damaged"):
            files.get("a", fail)
    assert len(tries) == 2


def several_planes(path):
    """Write three compressed images between plain extensions, one of them a table."""
    random = np.random.default_rng(2)
    table = fits.BinTableHDU.from_columns([fits.Column("x", "J", array=np.arange(9))])
    images = [
        fits.CompImageHDU(random.integers(0, 99, (70, 80)).astype(kind), name=kind) for kind in ("i2", "i4", "u1")
    ]
    fits.HDUList([fits.PrimaryHDU(), images[0], table, *images[1:], fits.ImageHDU(np.ones((3, 4)))]).writeto(path)
    return path


@pytest.mark.parametrize("parts", [pytest.param(1, marks=pytest.mark.exhaustive), 3])
def test_parts_of_a_child_make_one_file_together(tmp_path, monkeypatch, parts):
    monkeypatch.setattr(tile_compression.os, "cpu_count", lambda: parts)
    monkeypatch.setattr(tile_compression, "WORTH_A_PART", 1)
    path = several_planes(tmp_path / "x.fits")
    with path.open("rb") as source, (tmp_path / "plain.fits").open("wb") as target:
        assert tile_compression.unpack_tiles(source.fileno(), target, 1 << 20) == ""
    with fits.open(path) as packed, fits.open(tmp_path / "plain.fits") as plain:
        plain.verify("exception")
        assert [hdu.name for hdu in plain] == [hdu.name for hdu in packed]
        for one, other in zip(plain, packed, strict=True):
            assert not isinstance(one, fits.CompImageHDU)
            np.testing.assert_array_equal(one.data, other.data)


def test_a_part_that_fails_fails_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr(tile_compression.os, "cpu_count", lambda: 2)
    monkeypatch.setattr(tile_compression, "WORTH_A_PART", 1)
    path = several_planes(tmp_path / "x.fits")
    with path.open("rb") as source, (tmp_path / "plain.fits").open("wb") as target:
        assert "unpacks to more than 20,000 bytes" in tile_compression.unpack_tiles(source.fileno(), target, 20_000)
