"""Tiles against the samples of the stores, read by other means; tables against astropy's stretches."""

import gzip

import numpy as np
import pytest
import zarr
from astropy.visualization import AsinhStretch, LogStretch
from hypothesis import given
from hypothesis import strategies as st

from jwstpipe.display.tone.stretch import Stretch
from jwstpipe.errors import NotFoundError, UsageError
from jwstpipe.execution.kept import Kept
from jwstpipe.requests import CompositeRequest
from jwstpipe.viewer.companding import STEPS, Companding, companded, expanded, sample_values, tone_table
from jwstpipe.viewer.looks import look_of
from jwstpipe.viewer.tiles import Tiles
from jwstpipe.viewer.viewed import TILE
from tests.viewer.scenes import SHAPE

HOW = Companding(sky=10.0, softening=0.4, first=-8.0, last=14.0)


@given(st.lists(st.floats(-500.0, 1e5, width=32), min_size=1, max_size=50))
def test_a_sample_comes_back_within_half_a_step(values):
    values = np.array([values], np.float32)
    step = (HOW.last - HOW.first) / STEPS
    samples, quarters = companded(values, HOW)
    back = expanded(samples, HOW, quarters)
    allowed = 0.13 * step * np.hypot(values - 10.0, 0.4) * 1.001 + 1e-6 * np.abs(values) + 1e-9
    assert (np.abs(back - values) <= allowed).all()


def test_no_data_is_zero_and_extremes_are_held():
    values = np.array([[np.nan, np.inf, -np.inf, -1e15, 1e15]], np.float32)
    samples, quarters = companded(values, HOW)
    assert (samples.tolist(), quarters.tolist()) == ([[0, 0, 0, 1, 65535]], [[0, 0, 0, 0, 0]])
    assert np.isnan(expanded(np.array([0], np.uint16), HOW)).all()


@pytest.mark.parametrize(
    ("stretch", "theirs"),
    [(Stretch("asinh", 9.0, 40.0, 0.05), AsinhStretch(0.05)), (Stretch("log", 9.0, 40.0, 500.0), LogStretch(500.0))],
)
def test_a_table_is_the_stretch_of_its_samples(stretch, theirs):
    values = expanded(np.arange(1, 65_536, dtype=np.uint16), HOW).astype(np.float32)
    wanted = theirs(np.clip((values - 9.0) / 31.0, 0.0, 1.0), clip=False)
    assert np.abs(tone_table(stretch, sample_values(HOW))[1:] - wanted).max() < 1e-6


@pytest.fixture(scope="module")
def tiles(viewing, ids):
    return viewing.opened(ids[:3])


def samples_of(tiles, level, ty, tx, *, form="plain"):
    found = tiles.tile(level, ty, tx, form=form)
    size = 3 * TILE * TILE
    samples = np.frombuffer(found.content, "<u2", size).reshape(3, TILE, TILE)
    packed = np.frombuffer(found.content, "u1", offset=2 * size).reshape(1, TILE, TILE)
    quarters = (packed >> 2 * np.arange(3, dtype=np.uint8)[:, None, None]) & 3
    assert (packed >> 6 == 0).all()
    return samples, quarters, found.holes


@pytest.mark.parametrize(("level", "ty", "tx"), [(0, 0, 0), (0, 1, 1), (0, 1, 2)])
def test_tiles_hold_the_samples_of_the_store(tiles, mosaics, level, ty, tx):
    samples, quarters, _ = samples_of(tiles, level, ty, tx)
    for number, store in enumerate(mosaics):
        plane = zarr.open_array(store, path=f"{level}/sci", mode="r")
        truth = np.full((TILE, TILE), np.nan, np.float32)
        part = plane[ty * TILE : (ty + 1) * TILE, tx * TILE : (tx + 1) * TILE]
        truth[: part.shape[0], : part.shape[1]] = part
        how = tiles.images.compandings[number]
        back = expanded(samples[number], how, quarters[number])
        assert (np.isnan(back) == np.isnan(truth)).all()
        seen = np.isfinite(truth)
        step = (how.last - how.first) / STEPS * np.hypot(truth[seen] - how.sky, how.softening)
        assert (np.abs(back[seen] - truth[seen]) <= 0.13 * step + 1e-6 * np.abs(truth[seen])).all()


def test_a_coarse_tile_is_the_mean_of_what_exists(tiles, mosaics):
    plane = zarr.open_array(mosaics[1], path="0/sci", mode="r")[: SHAPE[0], : SHAPE[1]]
    blocks = np.asarray(plane, np.float64).reshape(SHAPE[0] // 4, 4, SHAPE[1] // 4, 4)
    with np.errstate(invalid="ignore"):
        truth = np.nansum(blocks, axis=(1, 3)) / np.isfinite(blocks).sum(axis=(1, 3))
    back = expanded(samples_of(tiles, 2, 0, 0)[0][1], tiles.images.compandings[1])[: SHAPE[0] // 4, : SHAPE[1] // 4]
    seen = np.isfinite(truth)
    assert np.abs(back[seen] / truth[seen] - 1.0).max() < 2e-3


def test_holes_are_told_and_filled(tiles):
    plain, _, holes = samples_of(tiles, 0, 0, 1)
    filled, _, still = samples_of(tiles, 0, 0, 1, form="filled")
    assert holes
    assert not still
    assert (plain == 0).any()
    assert (filled != 0).all()
    assert (filled[plain != 0] == plain[plain != 0]).mean() > 0.99


def test_for_slow_lines_there_are_the_upper_bits_of_the_same_samples(tiles):
    samples, _, _ = samples_of(tiles, 0, 1, 1)
    quick = tiles.tile(0, 1, 1, form="quick").content
    upper = np.frombuffer(gzip.decompress(quick), "u1").reshape(3, TILE, TILE)
    assert ((upper == 0) == (samples == 0)).all()
    assert (np.abs(upper.astype(int) - (samples >> 8))[samples > 0] <= (samples[samples > 0] < 256)).all()
    assert len(quick) < len(tiles.tile(0, 1, 1, form="plain").content) / 3


def test_there_are_no_tiles_beyond_the_images(tiles):
    for place in ((0, 9, 0), (9, 0, 0), (-1, 0, 0), (0, -1, 0)):
        with pytest.raises(NotFoundError):
            tiles.tile(*place, form="plain")


def test_the_extremes_of_full_resolution_fit_into_the_samples(viewing, ids):
    tiles = Tiles(viewing.opened(ids[3:6]).images)
    for level in range(tiles.images.levels):
        content, _, _ = samples_of(tiles, level, 0, 0)
        assert content.max() < 65535
        assert content[content > 0].min() > 1


def test_a_look_settles_wishes_as_the_command_does(viewing, ids):
    images = viewing.opened(ids[:3]).images
    wishes = CompositeRequest(channels=("F200W=orange*0.5,low=9.5,high=80", f"{ids[2]}=,hidden"))
    look = look_of(images, wishes)
    told = look.as_dict()
    assert [channel["visible"] for channel in told["channels"]] == [True, True, False]
    stretch = told["channels"][1]["stretch"]
    assert (stretch["lo"], stretch["hi"], told["channels"][1]["colour"]) == (9.5, 80.0, "#ff8000")
    assert look_of(images, wishes).id == look.id
    with pytest.raises(UsageError, match="all channels are hidden"):
        look_of(images, CompositeRequest(channels=[f"{one}=,hidden" for one in ids[:3]]))
    with pytest.raises(UsageError, match="none of the images"):
        look_of(images, CompositeRequest(luminance="/etc/passwd"))


def test_what_is_kept_stays_within_its_bound_and_a_failure_is_not_kept():
    kept = Kept(10, size=len)
    for number in range(9):
        kept.get(number, lambda: "abc")
    assert [number for number in range(9) if kept.peek(number)] == [6, 7, 8]
    calls = []

    def fails():
        calls.append(1)
        raise NotFoundError("nothing")

    for _ in range(2):
        with pytest.raises(NotFoundError):
            kept.get("bad", fails)
    assert len(calls) == 2
