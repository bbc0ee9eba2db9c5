"""Filling of enclosed holes, for display."""

import numpy as np
import pytest

from jwstpipe.render.cores.fill import fill_holes
from jwstpipe.render.cores.holes import CoreLimits, Hole
from jwstpipe.sky.box import Box

LIMITS = CoreLimits(area=400, extent=30)


def star(shape=(80, 90), centre=(40, 45), radius=6.0):
    y, x = np.indices(shape)
    distance = np.hypot(y - centre[0], x - centre[1])
    values = (1000.0 / (1.0 + (distance / 3.0) ** 2)).astype(np.float32)
    values[distance < radius] = np.nan
    return values, distance


def filled_whole(values, limits=LIMITS):
    whole = Box.of_shape(values.shape)
    (filled,), (holes,), repaired = fill_holes([values], whole, whole, limits=limits)
    assert np.array_equal(repaired, np.isnan(values) & np.isfinite(filled))
    return filled, tuple(sorted(holes))


def test_core_is_filled_and_told():
    values, _ = star()
    kept = values.copy()
    filled, holes = filled_whole(values)
    area = int(np.isnan(values).sum())
    assert holes == (Hole(35, 42, area),)
    assert np.isfinite(filled).all()
    assert np.array_equal(values, kept, equal_nan=True)
    outside = np.isfinite(values)
    assert np.array_equal(filled[outside], values[outside])


def test_core_rises_from_its_rim_as_its_wings_say():
    """Against the star that was there: the profile never falls inwards, and the peak is right within a factor of 2."""
    values, distance = star()
    filled, _ = filled_whole(values)
    along = filled[40, 45:60]
    assert (np.diff(along) < 0).all()
    assert filled[distance < 6].min() >= values[(distance >= 6) & (distance < 7.2)].min()
    assert 0.4 < filled[40, 45] / 1000.0 < 2.0
    near = (distance >= 4.0) & (distance < 6.0)
    assert filled[near] == pytest.approx(1000.0 / (1.0 + (distance[near] / 3.0) ** 2), rel=0.25)


def test_core_is_filled_on_the_same_pixels_in_all_channels():
    """One channel lost more than another and a third nothing: their ratio in the core is that of their wings."""
    lost, distance = star(radius=7.0)
    less, _ = star(radius=4.0)
    kept, _ = star(radius=0.0)
    channels = [lost, 2.0 * less, 3.0 * kept]
    whole = Box.of_shape(lost.shape)
    filled, holes, repaired = fill_holes(channels, whole, whole, limits=LIMITS)
    assert np.array_equal(repaired, distance < 7.0)
    assert [len(some) for some in holes] == [1, 1, 0]
    core = distance < 7.0
    assert filled[1][core] / filled[0][core] == pytest.approx(2.0, rel=0.02)
    assert filled[2][core] / filled[0][core] == pytest.approx(3.0, rel=0.02)


def test_gap_of_one_channel_leaves_the_others_alone():
    rng = np.random.default_rng(2)
    channels = [rng.normal(50, 1, (60, 60)).astype(np.float32) for _ in range(2)]
    channels[0][20:30, 20:40] = np.nan
    whole = Box(0, 0, 60, 60)
    filled, _, _ = fill_holes(channels, whole, whole, limits=LIMITS)
    assert np.array_equal(filled[1], channels[1])
    assert np.abs(filled[0][20:30, 20:40] - 50).max() < 3


@pytest.mark.parametrize("level", [0, 1])
def test_gap_between_exposures_stays_where_a_core_as_large_is_filled(level):
    """Nothing was observed in a gap between detectors: what would stand there is nobody's measurement."""
    limits = CoreLimits(gap=24).at(level)
    step = 2**level
    values = np.ascontiguousarray(np.random.default_rng(3).normal(50, 1, (200, 200)).astype(np.float32)[::step, ::step])
    y, x = np.indices(values.shape) * step
    distance = np.hypot(y - 130, x - 60)
    values += (3e6 / (1.0 + distance**3)).astype(np.float32)
    values[distance < 14] = np.nan
    values[(abs(y - 60) <= 20) & (abs(x - 140) <= 20)] = np.nan
    filled, holes = filled_whole(values, limits)
    assert len(holes) == 1
    assert np.array_equal(np.isnan(filled), (abs(y - 60) <= 20) & (abs(x - 140) <= 20))


def test_dead_pixel_in_the_sky_becomes_sky():
    values = np.random.default_rng(0).normal(50, 1, (40, 40)).astype(np.float32)
    values[20, 20] = np.nan
    filled, holes = filled_whole(values)
    assert holes == (Hole(20, 20, 1),)
    assert abs(filled[20, 20] - 50) < 3


def test_outside_stays_uncovered_even_through_a_corner():
    values = np.ones((40, 40), np.float32)
    values[:, :5] = np.nan
    values[5:9, 5:9] = np.nan  # touches the outside by its side
    values[9:12, 9:12] = np.nan  # and this one that by a corner
    values[39, 30] = np.nan  # border pixel
    filled, holes = filled_whole(values)
    assert holes == ()
    assert np.array_equal(np.isnan(filled), np.isnan(values))


@pytest.mark.parametrize(("height", "width"), [(31, 2), (2, 31), (21, 20)])
def test_hole_that_is_too_large_stays(height, width):
    values = np.ones((60, 60), np.float32)
    values[10 : 10 + height, 10 : 10 + width] = np.nan
    filled, holes = filled_whole(values)
    assert holes == ()
    assert np.isnan(filled).sum() == height * width


def test_limits_shrink_with_the_level():
    assert CoreLimits(6000, 160).at(0) == CoreLimits(6000, 160)
    assert CoreLimits(6000, 160, 24).at(2) == CoreLimits(375, 40, 6)
    assert CoreLimits(6000, 160).at(9) == CoreLimits(1, 1, 1)
    values, _ = star()
    assert filled_whole(values, CoreLimits(0, 0).at(3))[1] == ()


@pytest.mark.parametrize("seed", range(4))
def test_any_window_gives_the_same_bits(seed):
    """Bands and crops of a field of holes of all sizes, some joined, some at the border."""
    rng = np.random.default_rng(seed)
    values = rng.normal(100, 10, (160, 150)).astype(np.float32)
    y, x = np.indices(values.shape)
    for _ in range(45):
        cy, cx, ry, rx = rng.uniform(0, 160), rng.uniform(0, 150), *rng.uniform(0.5, 12, 2)
        values[((y - cy) / ry) ** 2 + ((x - cx) / rx) ** 2 < 1] = np.nan
    limits = CoreLimits(area=150, extent=16)
    whole = Box.of_shape(values.shape)
    expected, holes = filled_whole(values, limits)
    assert holes
    found = set()
    for box in [*whole.bands(1), *whole.bands(13), *whole.cells(29), Box(50, 60, 51, 61)]:
        window = box.dilated(limits.margin).intersection(whole)
        (filled,), (some,), _ = fill_holes([values[window.slices].copy()], window, box, limits=limits)
        assert np.array_equal(filled, expected[box.slices], equal_nan=True)
        found |= set(some)
    assert found == set(holes)
