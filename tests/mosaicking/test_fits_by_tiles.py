"""The FITS file of a mosaic that is filled tile by tile: the bytes of the one that is written from a store."""

import ctypes
import errno
import os
from filecmp import cmp

import numpy as np
import pytest
from astropy.io import fits

import jwstpipe
from jwstpipe.errors import ConflictError, StorageError, UsageError
from jwstpipe.execution.workers import ThreadWorkers
from jwstpipe.images.export import write_fits
from jwstpipe.images.exporting import reserve
from jwstpipe.images.exporting.mosaic_file import PlanePart
from jwstpipe.images.exporting.tiles import TileBands
from jwstpipe.mosaicking import build
from jwstpipe.sky.box import Box
from tests.mosaicking.scenes import header, wave, write


@pytest.fixture(scope="module")
def apart(tmp_path_factory):
    """Two images in opposite corners of four tiles, the others without any."""
    folder, names, shape = tmp_path_factory.mktemp("apart"), [], (120, 130)
    random = np.random.default_rng(5)
    for number, shift in enumerate(((0.0, 0.0), (2180.0, 1990.0))):
        where = header(angle=3.0 * number, shift=shift)
        dq = (random.random(shape) < 0.01).astype("u4") * 5 + (random.random(shape) < 0.01) * np.uint32(1 << 31)
        data = wave(where, shape)
        data[random.random(shape) < 0.01] = np.nan
        noise = np.full(shape, 0.3)
        names.append(write(folder / f"{number}.fits", data, where, err=noise, var_rnoise=noise**2, dq=dq))
    return names


@pytest.fixture(scope="module")
def by_tiles(apart, tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    made = jwstpipe.mosaic(apart, folder / "m.zarr", fits=folder / "m.fits", sparse=True, workers=ThreadWorkers(2))
    assert made.fits == str(folder / "m.fits")
    assert made.tiles == 2
    return folder


def test_astropy_reads_what_the_store_holds(by_tiles):
    image = jwstpipe.open_image(by_tiles / "m.zarr")
    with fits.open(by_tiles / "m.fits") as opened:
        opened.verify("exception")
    for plane in image.planes:  # one at a time: mapped, they would all stay in memory
        samples = fits.getdata(by_tiles / "m.fits", plane.upper(), memmap=False)
        np.testing.assert_array_equal(samples, image.read(plane))
        if plane == "sci":
            assert np.isnan(samples[-1, 0])
        if plane in ("n", "dq"):
            assert samples[-1, 0] == 0
        if plane == "dq":
            assert (samples >= 1 << 31).any()
    assert {"sci", "n", "dq"} <= set(image.planes)


def test_the_bytes_are_those_that_are_written_from_the_store(apart, by_tiles, tmp_path):
    expected = tmp_path / "from_store.fits"
    write_fits(by_tiles / "m.zarr", expected)
    assert cmp(by_tiles / "m.fits", expected, shallow=False)
    made = jwstpipe.mosaic(apart, tmp_path / "alone.fits", sparse=True)
    assert cmp(tmp_path / "alone.fits", expected, shallow=False)
    assert made.address == made.fits == str(tmp_path / "alone.fits")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["alone.fits", "from_store.fits"]


def test_one_that_stands_there_is_not_replaced_unasked(apart, tmp_path):
    (tmp_path / "m.fits").write_bytes(b"mine")
    with pytest.raises(ConflictError):
        jwstpipe.mosaic(apart[:1], tmp_path / "m.zarr", fits=tmp_path / "m.fits")
    assert (tmp_path / "m.fits").read_bytes() == b"mine"
    assert not (tmp_path / "m.zarr").exists()
    jwstpipe.mosaic(apart[:1], tmp_path / "m.zarr", fits=tmp_path / "m.fits", overwrite=True)
    assert fits.getdata(tmp_path / "m.fits", "SCI").shape == jwstpipe.open_image(tmp_path / "m.zarr").shape


def test_a_write_that_takes_a_part_goes_on_where_it_ended(apart, tmp_path, monkeypatch):
    whole, wrote = tmp_path / "whole.fits", os.pwrite
    jwstpipe.mosaic(apart[:1], whole)
    monkeypatch.setattr(os, "pwrite", lambda descriptor, part, place: wrote(descriptor, bytes(part[:1000]), place))
    jwstpipe.mosaic(apart[:1], tmp_path / "parts.fits")
    assert (tmp_path / "parts.fits").read_bytes() == whole.read_bytes()


def test_a_disk_without_room_for_the_file_is_met_before_tiles_are_computed(apart, tmp_path, monkeypatch):
    def full(*_):
        ctypes.set_errno(errno.ENOSPC)
        return -1

    monkeypatch.setattr(reserve, "_fallocate", lambda: full)
    monkeypatch.setattr(build, "fill_tile", lambda _: pytest.fail("a tile was begun"))
    with pytest.raises(StorageError, match=r"m\.fits.*(space|full)"):
        jwstpipe.mosaic(apart[:1], tmp_path / "m.fits")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("missing", ["in the file system", "in the C library"])
def test_blocks_that_cannot_be_taken_before_are_taken_by_writing(apart, tmp_path, monkeypatch, missing):
    def unknown(*_):
        ctypes.set_errno(errno.EOPNOTSUPP)
        return -1

    jwstpipe.mosaic(apart[:1], tmp_path / "whole.fits")
    monkeypatch.setattr(reserve, "_fallocate", lambda: unknown if missing == "in the file system" else None)
    jwstpipe.mosaic(apart[:1], tmp_path / "m.fits")
    assert (tmp_path / "m.fits").read_bytes() == (tmp_path / "whole.fits").read_bytes()


def test_without_a_store_and_without_tiles_nothing_is_begun(apart, tmp_path):
    with pytest.raises(UsageError, match="fill a FITS file without a store"):
        build.mosaic(apart[:1], None, fits="s3://bucket/m.fits")
    with pytest.raises(UsageError, match="fill a FITS file without a store"):
        build.mosaic(apart[:1], None)


def test_a_file_that_cannot_be_written_says_why(tmp_path):
    (tmp_path / "x").write_bytes(b"")
    planes = {"sci": (PlanePart("sci", np.dtype("f4")), 0)}
    descriptor = os.open(tmp_path / "x", os.O_RDONLY)
    try:
        bands = TileBands(descriptor, planes, (4, 5), Box(0, 0, 4, 5))
        bands.add(Box(1, 1, 3, 3), {"sci": np.ones((2, 2), "f4")})
        with pytest.raises(OSError, match="Bad file descriptor"):
            bands.finish()
    finally:
        os.close(descriptor)
