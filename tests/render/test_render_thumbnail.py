"""Thumbnails of any image."""

import numpy as np
import pytest
from astropy.visualization import ZScaleInterval
from PIL import Image

from jwstpipe.errors import DataError, UsageError
from jwstpipe.render.thumbnail import thumbnail
from tests.render.render_images import MemoryImage, starfield


def seen(path):
    with Image.open(path) as image:
        assert image.mode == "L"
        return np.asarray(image)


@pytest.mark.parametrize("levels", [1, 3])
def test_thumbnail_is_the_area_mean_in_zscale_limits(tmp_path, levels):
    """A size that is a quarter: exactly the 4 x 4 means, linear between astropy's zscale limits, north up."""
    values = starfield((512, 1024))
    made = thumbnail(MemoryImage(values, levels=levels), tmp_path / "a.png", size=256)
    assert (made.width, made.height, made.level) == (256, 128, 2)
    assert (made.stretch.lo, made.stretch.hi) == pytest.approx(ZScaleInterval().get_limits(values.astype(float)))
    means = values.reshape(128, 4, 256, 4).mean(axis=(1, 3))
    wanted = np.clip((means - made.stretch.lo) / (made.stretch.hi - made.stretch.lo), 0, 1) * 255
    assert np.abs(seen(tmp_path / "a.png")[::-1] - wanted).max() <= 0.51


def test_uncovered_is_black_and_longest_side_is_the_size(tmp_path):
    values = starfield((300, 200)) + 100
    values[:, :60] = np.nan
    made = thumbnail(MemoryImage(values), tmp_path / "a.png", size=100, stretch="asinh")
    pixels = seen(tmp_path / "a.png")
    assert pixels.shape == (100, 67)
    assert (pixels[:, :18] == 0).all()
    assert (pixels[:, 25:] > 0).mean() > 0.9
    assert made.stretch.kind == "asinh"


def test_small_image_is_enlarged_and_core_is_filled(tmp_path):
    values = starfield((40, 50))
    values[10:13, 20:23] = np.nan
    made = thumbnail(MemoryImage(values), tmp_path / "a.png")
    assert (made.width, made.height, made.holes) == (256, 205, 1)


def test_same_bytes_again(tmp_path):
    for name in ("a.png", "b.png"):
        thumbnail(MemoryImage(starfield()), tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_memory_is_bounded_by_what_is_read_at_once(tmp_path, monkeypatch):
    """An image without a pyramid is read in bands."""
    monkeypatch.setattr("jwstpipe.images.levels._READ_PIXELS", 40_000)
    image = MemoryImage(starfield((1024, 1024)))
    thumbnail(image, tmp_path / "a.png", size=64)
    reduced = [box.area for _, box in image.reads if box.shape != (1024, 1024)]
    assert reduced
    assert max(reduced) <= 40_000


def test_what_cannot_be_shown_is_refused(tmp_path):
    with pytest.raises(DataError, match="no pixel holds data"):
        thumbnail(MemoryImage(np.full((50, 50), np.nan)), tmp_path / "a.png")
    with pytest.raises(UsageError, match="from 1 to 8192"):
        thumbnail(MemoryImage(starfield()), tmp_path / "a.png", size=0)
    with pytest.raises(UsageError, match="unknown kind of picture"):
        thumbnail(MemoryImage(starfield()), tmp_path / "a.gif")
