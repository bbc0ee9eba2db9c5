"""What only the image at half resolution shows; first estimates of sky; centres beside pixels without data."""

import numpy as np
import pytest
from scipy import ndimage
from scipy.spatial import cKDTree

import jwstpipe
from jwstpipe.analysis.catalogues.columns import FLAGS
from jwstpipe.analysis.sources.detect import find_sources
from jwstpipe.analysis.sources.meshes.halves import halved, halves_inside, halves_of
from jwstpipe.analysis.sources.meshes.hiding import hide_sources
from jwstpipe.execution.workers import ThreadWorkers
from jwstpipe.images.memory import as_image
from jwstpipe.numerics.sky_level import BINS, MODE, clipped_from
from jwstpipe.numerics.smoothing import gaussian_taps, smoothed, smoothed_each
from jwstpipe.requests.analysis.detect import DetectRequest
from jwstpipe.sky.box import Box
from tests.analysis.fields import SIGMA
from tests.as_written import as_written

SIDE, WIDE, SNR = 480, 3.0, 7.0


@pytest.fixture(scope="module")
def galaxies():
    """Faint sources wider than a star, one in each of 64 cells; S/N is that of an optimal measure."""
    rng = np.random.default_rng(12)
    image = rng.normal(5.0, 1.0, (SIDE, SIDE))
    y, x = (axis.ravel() + rng.uniform(-9, 9, 64) for axis in np.mgrid[30:SIDE:60, 30:SIDE:60])
    v, u = np.mgrid[:SIDE, :SIDE]
    for a, b in zip(x, y, strict=True):
        stamp = np.exp(-((u - a) ** 2 + (v - b) ** 2) / (2 * WIDE**2))
        image += SNR * stamp / np.sqrt((stamp**2).sum())
    return as_image(image.astype("f4")), np.column_stack([x, y])


def test_faint_wide_sources_stand_out_at_half_resolution(galaxies):
    """The kernel of a star keeps 0.69 of their S/N, one twice as wide 0.97."""
    image, truth = galaxies
    found = find_sources(image)
    alone = find_sources(image, options=DetectRequest(extended=False))
    shares = []
    for one in (found, alone):
        places = np.column_stack(
            [one.column("peak_x") + one.column("win_x"), one.column("peak_y") + one.column("win_y")]
        )
        shares.append((cKDTree(places).query(truth)[0] < 4.0).mean())
        assert (cKDTree(truth).query(places)[0] < 4.0).mean() > 0.9
    assert shares[0] > 0.9
    assert shares[1] < 0.75
    coarse = (found.column("flags").astype(int) & FLAGS["COARSE"]) > 0
    assert coarse.sum() > 10
    assert np.array_equal(found.rows[~coarse], alone.rows)  # what the image shows is not touched by it


@pytest.mark.parametrize("tile", [33, 64, 160])
def test_tilings_share_out_what_half_resolution_shows(galaxies, tile):
    image, _ = galaxies
    whole = find_sources(image, tile=2048, workers=ThreadWorkers(1))
    parts = find_sources(image, tile=tile, workers=ThreadWorkers(2))
    assert parts.rows.tobytes() == whole.rows.tobytes()
    assert parts.runs.tobytes() == whole.runs.tobytes()


def test_halves_are_counted_from_the_origin():
    values = np.arange(70.0, dtype="f4").reshape(7, 10)
    values[3, 4] = np.nan
    found = halved(values, -3, 5)
    assert halves_inside(Box(-3, 5, 4, 15)) == Box(-1, 3, 2, 7)
    assert found.shape == (3, 4)
    assert found[0, 0] == values[1:3, 1:3].mean()
    assert found[1, 1] == np.nanmean(values[3:5, 3:5])
    parts = [halves_of(one) for one in Box(-3, 5, 4, 15).cells(3)]
    assert sum(one.area for one in parts) == halves_of(Box(-3, 5, 4, 15)).area


def test_sparse_samples_of_a_smoothed_image_are_its_own():
    rng = np.random.default_rng(3)
    image = rng.normal(size=(61, 83)).astype("f4")
    image[rng.random(image.shape) < 0.05] = np.nan
    taps = gaussian_taps(1.3)
    for step, y0, x0 in ((1, 0, 0), (2, 1, 0), (4, 3, 2), (3, 60, 82)):
        assert smoothed_each(image, taps, step, y0, x0).tobytes() == smoothed(image, taps)[y0::step, x0::step].tobytes()
    known = np.isfinite(image)
    wide = [ndimage.convolve1d(np.where(known, part, 0.0), taps, 0, mode="constant") for part in (image, known)]
    truth = np.divide(*(ndimage.convolve1d(part, taps, 1, mode="constant") for part in wide))
    assert np.allclose(smoothed(image, taps)[known], truth[known], atol=1e-5)


def test_counted_and_clipped_samples_tell_the_sky():
    rng = np.random.default_rng(8)
    samples = rng.normal(10, 0.5, 40_000).astype("f4")
    samples[::20] += rng.exponential(20, 2000).astype("f4")
    samples[5::100] = np.nan
    clipped = as_written(clipped_from)
    level, noise = clipped(samples, (10.2, 0.6), 3.0, 10, MODE, np.empty(BINS, np.int32))
    assert level == pytest.approx(10, abs=0.01)
    assert noise == pytest.approx(0.5, rel=0.02)
    few = clipped(samples[:400], (10.0, 1.5), 3.0, 10, MODE, np.empty(BINS, np.int32))
    assert few[1] == pytest.approx(0.5, rel=0.1)  # from an estimate three times too large
    assert clipped(np.ones(10, "f4"), (1.0, 0.0), 3.0, 10, MODE, np.empty(BINS, np.int32)) == (1.0, 0.0)


def test_a_missing_pixel_does_not_push_a_centre_away():
    rng = np.random.default_rng(2)
    image = rng.normal(0.0, 1.0, (400, 400))
    y, x = (axis.ravel() + rng.uniform(-0.5, 0.5, 81) for axis in np.mgrid[40:361:40, 40:361:40])
    v, u = np.mgrid[:400, :400]
    for a, b in zip(x, y, strict=True):
        image += 3000.0 * np.exp(-((u - a) ** 2 + (v - b) ** 2) / (2 * SIGMA**2))
        image[round(b), round(a) + 2] = np.nan
    found = find_sources(as_image(image.astype("f4")), options=DetectRequest(background="none", fwhm=2.3548 * SIGMA))
    places = np.column_stack(
        [found.column("peak_x") + found.column("win_x"), found.column("peak_y") + found.column("win_y")]
    )
    away = cKDTree(places).query(np.column_stack([x, y]))[0]
    assert np.median(away) < 0.002
    assert away.max() < 0.01
    assert (found.column("flags").astype(int) & FLAGS["INCOMPLETE"]).all()


def test_the_light_of_faint_sources_is_not_in_the_sky():
    """Stars of S/N 3 to 40, of which clipping takes out the bright ones only, and galaxies with wide wings."""
    rng = np.random.default_rng(21)
    side, sky = 640, 5.0
    image = rng.normal(sky, 1.0, (side, side))
    yy, xx = np.mgrid[-30:31, -30:31]
    for k in range(150):
        y, x = rng.integers(31, side - 31, 2)
        star = np.exp(-(yy**2 + xx**2) / (2 * SIGMA**2)) / (2 * np.pi * SIGMA**2)
        galaxy = np.exp(-np.hypot(yy, xx) / 3.0) / (2 * np.pi * 9.0)
        part = star * rng.uniform(12, 170) if k % 5 else galaxy * 2000
        image[y - 30 : y + 31, x - 30 : x + 31] += part
    made = jwstpipe.background(image.astype("f4"), model="mesh", result="sky").sci
    away = made - sky
    assert abs(np.median(away)) < 0.015  # clipping alone: 0.029
    assert np.std(away) < 0.035  # and 0.05


def test_a_box_that_is_full_of_sources_hides_none():
    """Where there is no sky to tell them from, a box is measured as it is."""
    hide = as_written(hide_sources)
    rng = np.random.default_rng(3)
    box = rng.normal(0, 1, (64, 64)).astype("f4")
    full = box + 40 * (rng.random((16, 16)) < 0.3).astype("f4").repeat(4, 0).repeat(4, 1)
    before = full.copy()
    assert not hide(full, (0.0, 1.0), (0.0, 0.0), np.empty(BINS, np.int32))
    assert full.tobytes() == before.tobytes()
    assert not hide(box[:12, :12].copy(), (0.0, 1.0), (0.0, 0.0), np.empty(BINS, np.int32))
    box[20:24, 40:44] += 5.0
    assert hide(box, (0.0, 1.0), (0.0, 0.0), np.empty(BINS, np.int32))
    gone = np.isnan(box)
    assert gone[16:28, 36:48].all()
    assert gone.sum() < 0.2 * box.size


def test_summits_of_one_pixel_stand_alone_where_they_are_steep():
    """Two bright stars 3.6 px apart, and a faint one beside a bright one: few pixels of each are above the saddle."""
    image = np.random.default_rng(9).normal(0, 1, (160, 160))
    yy, xx = np.mgrid[:160, :160]
    truth = np.array([[40.0, 39.2], [40.4, 42.8], [110.0, 60.0], [114.8, 61.5]])
    for (x, y), flux in zip(truth, (7900, 10300, 8200, 735), strict=True):
        image += flux / (2 * np.pi * SIGMA**2) * np.exp(-((xx - x) ** 2 + (yy - y) ** 2) / (2 * SIGMA**2))
    found = find_sources(as_image(image.astype("f4")), options=DetectRequest(background="none"))
    near, _ = cKDTree(np.column_stack([found.column("peak_x"), found.column("peak_y")])).query(truth)
    assert near.max() < 1.1
