"""Shards packed here against zarr-python's own."""

import subprocess
import sys

import numpy as np
import pytest
import zarr
from zarr.codecs import BloscCodec, Crc32cCodec

from jwstpipe.errors import StoreError
from jwstpipe.images.zarr import plane_reader
from jwstpipe.images.zarr.layout import CHUNK, CODEC, SHARD, plane_spec
from jwstpipe.images.zarr.plane_reader import PlaneReader, ShardIndices
from jwstpipe.images.zarr.shards import SIDE, PackedShard, encode_shard, whole_chunk
from jwstpipe.images.zarr.writer import ImageWriter
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box
from jwstpipe.storage import HeldBytes


@pytest.fixture
def sky():
    values = np.random.default_rng(2).standard_normal((SHARD, SHARD), "f4")
    values *= np.float32(0.1)
    values += np.float32(10)
    values[:CHUNK, :CHUNK] = np.nan
    values[700:900, 700:1900] = np.nan
    return values


def unpacked(content, dtype, *, checked=True):
    return PackedShard(lambda start, end: content[start:end], len(content), dtype, name="image", checked=checked)


@pytest.mark.parametrize("plane", ["sci", "dq", "n"])
def test_zarr_reads_our_shards_and_we_read_those_of_zarr(tmp_path, sky, plane):
    spec = plane_spec(plane)
    values = sky if plane == "sci" else np.isfinite(sky).astype(spec.dtype) * np.dtype(spec.dtype).type(3)
    shape = (SHARD + 300, SHARD)
    edge = np.ascontiguousarray(values[:300])
    writer = ImageWriter(tmp_path / "ours")
    writer.create_plane(plane, shape, spec)
    writer.write_shard(plane, (0, 0), values)
    writer.write_shard(plane, (1, 0), edge)
    read = zarr.open_array(tmp_path / "ours" / "0" / plane, mode="r")[:]
    np.testing.assert_array_equal(read[:SHARD], values)
    np.testing.assert_array_equal(read[SHARD:], edge)
    del read
    theirs = zarr.create_array(
        tmp_path / "theirs",
        shape=shape,
        dtype=spec.dtype,
        chunks=(CHUNK, CHUNK),
        shards=(SHARD, SHARD),
        compressors=[BloscCodec(cname=CODEC.cname, clevel=CODEC.clevel, shuffle="bitshuffle"), Crc32cCodec()],
        fill_value=spec.fill,
    )
    theirs[:SHARD], theirs[SHARD:] = values, edge
    packed = (tmp_path / "theirs" / "c" / "0" / "0").read_bytes()
    shard = unpacked(packed, values.dtype)
    found = [[shard.chunk((row, column)) for column in range(SIDE)] for row in range(SIDE)]
    assert found[0][0] is None  # nothing but the fill value
    found[0][0] = values[:CHUNK, :CHUNK] if found[0][0] is None else found[0][0]
    np.testing.assert_array_equal(np.block(found), values)
    ours = (tmp_path / "ours" / "0" / plane / "c" / "0" / "0").read_bytes()
    assert len(ours) == len(packed)


def test_a_part_is_unpacked_once_and_that_of_another_shard_anew(tmp_path, monkeypatch):
    unpacked_ones = []
    monkeypatch.setattr(plane_reader, "whole_chunk", lambda *a, **k: unpacked_ones.append(1) or whole_chunk(*a, **k))
    monkeypatch.setattr(plane_reader, "_UNPACKED", HeldBytes(3 * CHUNK * CHUNK * 4))
    writer, parts = ImageWriter(tmp_path), [Box(3, 5, 7, 8), Box(4, 500, 6, 520)]
    writer.create_plane("sci", (CHUNK, 2 * CHUNK), plane_spec("sci"))
    reader = PlaneReader(
        str(tmp_path), "0/sci", np.dtype("f4"), cube=False, checked=True, must_stand=str, s3=S3Settings(),
        indices=ShardIndices(),
    )  # fmt: skip
    for values in np.random.default_rng(1).standard_normal((2, CHUNK, 2 * CHUNK), "f4"):
        writer.write_shard("sci", (0, 0), values)
        for part in (*parts, *parts):
            np.testing.assert_array_equal(reader.read(part, 0), values[part.slices])
    assert len(unpacked_ones) == 2 * 2
    reader.read(Box(0, 0, CHUNK, 2 * CHUNK), 0)  # whole ones need not be kept
    assert len(unpacked_ones) == 2 * 2 + 2


def test_a_shard_without_samples_is_not_stored(tmp_path):
    assert encode_shard(np.full((SHARD, 9), np.nan, "f4")) is None
    writer = ImageWriter(tmp_path / "image")
    with writer.open_shard("sci", (3, 3), "f4") as shard:
        assert shard is None


def test_a_damaged_shard_is_refused(sky):
    packed = bytearray(b"".join(encode_shard(sky)[0]))
    packed[-10] ^= 1
    with pytest.raises(StoreError, match="damaged"):
        unpacked(bytes(packed), np.dtype("f4"))


PACKED_OFTEN = """
import numpy as np
from numcodecs import blosc
from jwstpipe.images.zarr.shards import encode_chunk
blosc.set_nthreads(8)
values = np.random.default_rng(0).normal(1, 0.1, (512, 512)).astype("f4")
print(len({encode_chunk(values) for _ in range(400)}))
"""


def test_the_same_samples_give_the_same_bytes():
    """In a process of its own: Blosc uses several threads in a main thread only, and zarr's import forbids it."""
    command = [sys.executable, "-c", PACKED_OFTEN]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == "1"
