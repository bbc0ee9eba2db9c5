"""Levels that an image holds or not, and resampling to an exact size against Pillow."""

import numpy as np
import pytest
from PIL import Image

from jwstpipe.images import levels as levels_module
from jwstpipe.images.levels import level_for_pixels, level_for_side, level_shape, read_level
from jwstpipe.render.geometry.resize import resampled, taps
from jwstpipe.sky.box import Box
from tests.render.render_images import MemoryImage, halved


def holed(shape):
    values = np.random.default_rng(5).normal(100, 10, shape).astype(np.float32)
    values[np.random.default_rng(6).random(shape) < 0.2] = np.nan
    values[:9, :17] = np.nan
    return values


def test_shapes_round_up():
    assert [level_shape((513, 1025), level) for level in (0, 1, 2, 9)] == [(513, 1025), (257, 513), (129, 257), (2, 3)]


def test_level_choice():
    assert level_for_pixels((4096, 4096), 1 << 22) == 1
    assert level_for_pixels((100, 100), 10_000) == 0
    assert [level_for_side(1000, wanted) for wanted in (2000, 1000, 501, 500, 250, 249)] == [0, 0, 0, 1, 2, 2]


@pytest.mark.parametrize("shape", [(64, 64), (67, 93), (5, 130)])
@pytest.mark.parametrize("level", [1, 2, 4])
def test_level_that_is_not_stored_is_the_mean_of_what_exists(shape, level):
    values = holed(shape)
    size = 1 << level
    result = read_level(MemoryImage(values), level=level)
    assert result.shape == level_shape(shape, level)
    for y, x in np.ndindex(result.shape):
        block = values[y * size : (y + 1) * size, x * size : (x + 1) * size].astype(float)
        if np.isfinite(block).any():
            assert result[y, x] == pytest.approx(np.nanmean(block), rel=1e-6)
        else:
            assert np.isnan(result[y, x])


def test_stored_level_is_read_as_it_is_and_carries_on_from_the_coarsest():
    values = holed((200, 300))
    image = MemoryImage(values, levels=3)
    second = halved(halved(values))
    assert np.array_equal(read_level(image, level=2), second, equal_nan=True)
    assert np.allclose(read_level(image, level=3), halved(second), rtol=1e-6, equal_nan=True)


def test_window_of_a_level_is_the_same_as_in_the_whole(monkeypatch):
    values = holed((203, 307))
    whole = read_level(MemoryImage(values), level=3)
    monkeypatch.setattr(levels_module, "_READ_PIXELS", 2000)
    box = Box(5, 11, 26, 39)
    assert np.array_equal(read_level(MemoryImage(values), box, level=3), whole[box.slices], equal_nan=True)


def test_infinite_samples_are_no_data_and_the_image_is_not_changed():
    values = np.array([[np.inf, 1.0], [-np.inf, 3.0]], np.float32)
    image = MemoryImage(values)
    assert np.isnan(read_level(image)[:, 0]).all()
    assert read_level(image, level=1)[0, 0] == 2.0
    assert np.isinf(values[:, 0]).all()


@pytest.mark.parametrize(
    ("target", "method"), [((97, 131), "HAMMING"), ((150, 200), "HAMMING"), ((333, 420), "BICUBIC")]
)
def test_resampling_is_pillows(target, method):
    values = np.random.default_rng(1).random((150, 200)).astype(np.float32)
    rows, columns = taps(150, target[0]), taps(200, target[1])
    first, last = rows.span(0, target[0])
    ours = resampled(np.repeat(values[first:last, :, None], 3, axis=2), rows, columns, 0, target[0])
    theirs = np.asarray(Image.fromarray(values).resize(target[::-1], Image.Resampling[method]))
    assert ours.shape == (*target, 3)
    assert np.abs(ours[..., 1] - theirs).max() < 2e-6


def test_bands_of_any_height_give_the_same_bits():
    values = np.random.default_rng(2).random((150, 60, 3)).astype(np.float32)
    rows, columns = taps(150, 89), taps(60, 41)
    whole = resampled(values, rows, columns, 0, 89)
    for height in (1, 7, 50):
        parts = []
        for start in range(0, 89, height):
            stop = min(start + height, 89)
            first, last = rows.span(start, stop)
            parts.append(resampled(values[first:last], rows, columns, start, stop))
        assert np.array_equal(np.concatenate(parts), whole)


def test_same_size_changes_nothing():
    values = np.random.default_rng(2).random((40, 50, 3)).astype(np.float32)
    assert np.array_equal(resampled(values, taps(40, 40), taps(50, 50), 0, 40), values)
