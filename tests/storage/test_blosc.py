"""Blosc called past its package: the package's own bytes, and damage that is found."""

import numpy as np
import pytest
from numcodecs import blosc

from jwstpipe.storage import blosc as ours

SAMPLES = np.random.default_rng(0).normal(1.0, 0.1, 30_000).astype("f4")
WAYS = [("lz4", 5, 2), ("zstd", 1, 1)]


@pytest.fixture(params=["library", "package"])
def way(request, monkeypatch):
    """The library itself, and the package where its functions cannot be seen."""
    if request.param == "package":
        monkeypatch.setattr(ours, "_library", lambda: None)
    elif ours._library() is None:
        pytest.skip("the library shows no functions on this system")


@pytest.mark.parametrize(("cname", "clevel", "shuffle"), WAYS)
@pytest.mark.parametrize("values", [SAMPLES, SAMPLES.astype("f8"), SAMPLES.view("u1"), SAMPLES[:3]])
def test_bytes_are_those_of_the_package(way, monkeypatch, cname, clevel, shuffle, values):
    monkeypatch.setattr(blosc, "use_threads", False)
    packed = ours.blosc_packed(values, cname=cname, clevel=clevel, shuffle=shuffle)
    assert packed == blosc.Blosc(cname=cname, clevel=clevel, shuffle=shuffle).encode(values)
    made = ours.blosc_unpacked(packed, None)
    assert made.tobytes() == values.tobytes()
    assert not made.flags.writeable
    room = np.empty_like(values)
    ours.blosc_unpacked(packed, room)
    assert room.tobytes() == values.tobytes()


def test_what_is_spoiled_is_refused(way):
    packed = ours.blosc_packed(SAMPLES, cname="lz4", clevel=5, shuffle=2)
    spoiled = bytearray(packed)
    spoiled[16:400] = b"\xff" * 384
    with pytest.raises((ValueError, RuntimeError)):
        ours.blosc_unpacked(bytes(spoiled), None)
    with pytest.raises((ValueError, RuntimeError)):
        ours.blosc_unpacked(packed, np.empty(SAMPLES.size - 1, "f4"))


def test_what_is_cut_is_refused_before_anything_is_unpacked():
    if ours._library() is None:
        pytest.skip("the library shows no functions on this system")
    packed = ours.blosc_packed(SAMPLES, cname="lz4", clevel=5, shuffle=2)
    for cut in (packed[:-1], packed[:10], b""):
        with pytest.raises(ValueError, match="no whole buffer"):
            ours.blosc_unpacked(cut, None)
