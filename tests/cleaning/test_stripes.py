"""Stripes in plain arrays: how well they are measured, and that nothing is found where nothing is."""

import numpy as np
import pytest

from jwstpipe.cleaning.amount import taken_apart
from jwstpipe.cleaning.halos import halos
from jwstpipe.cleaning.mosaic_stripes import stripes_of_mosaic
from jwstpipe.cleaning.scales import detail, kept_of_noise, white_detail
from jwstpipe.cleaning.stripes import NEED, fit_stripes, pedestals
from jwstpipe.simulate.artefacts.stripes import flicker

ROWS, COLUMNS, BANDS = 300, 240, 4
WIDTH = COLUMNS // BANDS


def frame(rng, *, noise=1.0):
    values = rng.normal(0.0, noise, (ROWS, COLUMNS)).astype(np.float32)
    return values, np.full(values.shape, 1.0 / noise**2, np.float32)


def spread_out(level):
    return np.repeat(level, WIDTH, axis=1)


@pytest.mark.parametrize("share", [0.0, 0.3])
def test_levels_are_as_good_as_white_noise_allows(share):
    """The floor is the error of a mean of all samples that are left; a share of pixels shines, or takes no part."""
    rng = np.random.default_rng(1)
    values, weights = frame(rng)
    common, own = 0.5 * flicker(rng, ROWS)[:, None], 0.2 * np.stack([flicker(rng, ROWS) for _ in range(BANDS)], 1)
    values += spread_out(common + own).astype(np.float32)
    values[rng.random(values.shape) < 0.02] += 30.0
    weights[rng.random(values.shape) < share] = 0.0
    fit = fit_stripes(values, weights, BANDS, odd_even=True)
    wrong = fit.level - (common + own)
    wrong -= np.median(wrong)
    floor = 1.0 / np.sqrt(WIDTH * (1.0 - share))
    assert wrong.std() < 1.05 * floor
    assert fit.before > 3.0
    assert fit.rms == pytest.approx((common + own).std(), rel=0.15)
    assert not fit.odd.any()


def test_white_noise_has_no_stripes():
    found = [fit_stripes(*frame(np.random.default_rng(seed)), BANDS, odd_even=True) for seed in range(6)]
    assert all(0.9 < fit.before < 1.1 for fit in found)
    assert all(0.9 < fit.need < 1.1 < NEED for fit in found)
    assert all(not fit.odd.any() for fit in found)


def test_a_sky_badly_taken_away_is_no_stripe():
    """Stars, a spike along a row, a step where another exposure ends: in some cells of a row, and not in the others."""
    rng = np.random.default_rng(11)
    values, weights = frame(rng)
    y, x = np.mgrid[:ROWS, :COLUMNS]
    for place in rng.uniform(0.0, (ROWS, COLUMNS), (60, 2)):
        near = np.hypot(y - place[0], x - place[1]) < 6.0
        values[near] += np.float32(rng.choice([-1.0, 1.0]))
    values[150, 60:170] += 1.5
    values[:, 100:] += np.float32(0.3)
    values[200:, 30:] += np.float32(0.3)
    fit = fit_stripes(values, weights, BANDS, odd_even=True)
    assert fit.before > 1.2
    assert 0.85 < fit.need < 1.15
    values += spread_out(0.4 * flicker(rng, ROWS)[:, None] * np.ones(BANDS)).astype(np.float32)
    seen = fit_stripes(values, weights, BANDS, odd_even=True)
    assert seen.sure
    assert seen.need > 1.3


def test_errors_that_the_file_states_wrongly_do_not_matter():
    values, weights = frame(np.random.default_rng(2))
    right, wrong = (fit_stripes(values, scale * weights, BANDS, odd_even=False) for scale in (1.0, 25.0))
    assert wrong.before == pytest.approx(right.before, rel=1e-6)
    assert wrong.error == pytest.approx(right.error, rel=1e-6)


def test_odd_columns_are_told_whatever_the_stripes():
    rng = np.random.default_rng(3)
    values, weights = frame(rng)
    true = np.array([0.5, -1.0, 0.0, 20.0])
    values += spread_out(3.0 * flicker(rng, ROWS)[:, None] * np.ones(BANDS)).astype(np.float32)
    for band, offset in enumerate(true):
        values[:, band * WIDTH + 1 : (band + 1) * WIDTH : 2] += offset
    fit = fit_stripes(values, weights, BANDS, odd_even=True)
    assert fit.odd == pytest.approx(true, abs=0.06)
    assert fit.odd[2] == 0.0
    model = np.zeros_like(values)
    fit.take_from(values, model)
    assert np.std(values) < 1.05


def test_rows_without_samples_follow_their_neighbours():
    rng = np.random.default_rng(4)
    values, weights = frame(rng, noise=0.01)
    level = np.linspace(-1.0, 1.0, ROWS)[:, None] * np.ones(BANDS)
    values += spread_out(level).astype(np.float32)
    weights[100:110] = 0.0
    weights[200, :WIDTH] = 0.0
    fit = fit_stripes(values, weights, BANDS, odd_even=False)
    assert fit.filled == 10 * BANDS + 1
    assert np.abs(fit.level - level).max() < 0.03
    weights[:] = 0.0
    assert fit_stripes(values, weights, BANDS, odd_even=False) is None


def test_pedestals_are_the_steps_where_bands_meet():
    rng = np.random.default_rng(5)
    values, weights = frame(rng, noise=0.1)
    true = np.array([0.0, 0.4, -0.3, 0.1])
    values += spread_out(true[None, :]).astype(np.float32)
    wanted = true - true.mean()
    nothing = np.zeros((ROWS, BANDS))
    assert pedestals(values, weights, nothing) == pytest.approx(wanted, abs=0.02)
    assert pedestals(values, weights, nothing + true) == pytest.approx(np.zeros(BANDS), abs=0.02)
    values -= spread_out(true[None, :]).astype(np.float32)
    assert pedestals(values, weights, nothing) == pytest.approx(np.zeros(BANDS), abs=0.02)


def test_details_add_up_and_white_noise_has_the_strength_that_is_stated():
    rng = np.random.default_rng(8)
    values = rng.normal(size=(4000, 3))
    smooth, parts = values, []
    for scale in range(4):
        fine, smooth, _ = detail(smooth, np.ones_like(values), scale)
        parts.append(fine)
        assert fine[64:-64].std() == pytest.approx(white_detail(scale), rel=0.06)
    assert np.square(sum(parts)[64:-64]).mean() == pytest.approx(kept_of_noise(4), rel=0.06)
    assert sum(parts) + smooth == pytest.approx(values, abs=1e-12)


def mosaic_of(rng, each, sky):
    """Give cells of 15 columns of a mosaic of four exposures, and the stripes of the first that stand out of it."""
    mean = each.mean(axis=0)
    cells = mean[:, None, None] + sky + 0.13 * rng.normal(size=(ROWS, BANDS, 4))
    level = np.repeat((each[0] - mean)[:, None], BANDS, axis=1) + 0.13 * rng.normal(size=(ROWS, BANDS))
    return mean, (cells, np.ones_like(cells), level)


def test_stripes_of_a_mosaic_are_the_detectors_where_the_sky_is_even_and_the_skys_where_it_is_not():
    rng = np.random.default_rng(6)
    each = np.stack([flicker(rng, ROWS) for _ in range(4)])
    how = {"width": 15.0, "error": 0.13, "inputs": np.full((ROWS, BANDS), 4.0)}
    mean, seen = mosaic_of(rng, each, 0.0)
    found = stripes_of_mosaic(*seen, **how)
    wrong = found.level.mean(axis=1) - mean
    assert np.std(wrong - wrong.mean()) < 0.35 * np.std(mean)
    y, x = np.linspace(0.0, 1.0, ROWS)[:, None], np.linspace(0.0, 1.0, BANDS * 4)
    nebula = 40.0 * np.exp(-0.5 * (((y - 0.4) / 0.2) ** 2 + ((x - 0.6) / 0.2) ** 2)).reshape(ROWS, BANDS, 4)
    bright = stripes_of_mosaic(*mosaic_of(rng, each, nebula)[1], **how)
    assert np.ptp(np.convolve(bright.level.mean(axis=1), np.full(50, 0.02), mode="valid")) < 0.02 * 40.0
    assert bright.left > 5.0 * found.left
    nothing = stripes_of_mosaic(seen[0], np.zeros_like(seen[1]), seen[2], **how)
    assert not nothing.level.any()
    assert nothing.left == pytest.approx(np.var(mean), rel=0.5)


def test_bands_of_an_even_sky_differ_by_their_detector():
    rng = np.random.default_rng(8)
    mean, (cells, share, level) = mosaic_of(rng, np.stack([flicker(rng, ROWS) for _ in range(4)]), 0.0)
    steps = np.array([0.3, -0.2, 0.1, -0.2])
    how = {"width": 15.0, "error": 0.13, "inputs": np.full((ROWS, BANDS), 4.0)}
    found = stripes_of_mosaic(cells + steps[:, None], share, level, **how, even=True).level
    assert np.abs(found.mean(axis=0) - found.mean() - steps).max() < 0.02
    uneven = stripes_of_mosaic(cells + steps[:, None], share, level, **how).level
    assert not np.median(uneven, axis=0).any()
    wrong = found.mean(axis=1) - mean
    assert np.std(wrong - wrong.mean()) < 0.35 * np.std(mean)


def test_halos_of_an_even_sky_take_no_part_and_a_nebula_has_none():
    rng = np.random.default_rng(9)
    y, x = np.mgrid[:ROWS, :COLUMNS]
    level = 0.2 * rng.normal(size=(ROWS, BANDS))
    halo = 0.6 * np.exp(-0.5 * ((y - 120) ** 2 + (x - 70) ** 2) / 25.0**2)
    light = (5.0 + halo + spread_out(level) + rng.normal(0.0, 0.5, halo.shape)).astype(np.float32)
    edges = np.linspace(0, COLUMNS, BANDS + 1).astype(np.int64)
    free = rng.random(halo.shape) < 0.9
    marked = halos(light, free, level, 1.0, edges)
    assert marked is not None
    assert marked[halo > 0.35].mean() > 0.9
    assert marked[halo < 0.02].mean() < 0.15
    counts = np.where(y < ROWS - 64, 4.0, 2.0).astype(np.float32)
    two = light + np.where(counts == 2.0, 0.6, 0.0).astype(np.float32)  # other pedestals, where two overlap
    assert halos(two, free, level, 1.0, edges)[counts == 2.0].mean() > 0.8
    assert halos(two, free, level, 1.0, edges, counts)[counts == 2.0].mean() < 0.15
    nebula = (light + 3.0 * x / COLUMNS + 2.0 * np.sin(y / 40.0)).astype(np.float32)
    assert halos(nebula, free, level, 1.0, edges) is None
    assert halos(light, np.zeros_like(free), level, 1.0, edges) is None


def test_where_fewer_exposures_overlap_the_mosaic_has_other_pedestals():
    """The last 64 rows of a detector, seen by two of four: bands step there by what two have and four have not."""
    rng = np.random.default_rng(12)
    mean, (cells, share, level) = mosaic_of(rng, np.stack([flicker(rng, ROWS) for _ in range(4)]), 0.0)
    inputs, at_end = np.full((ROWS, BANDS), 4.0), np.arange(ROWS) >= ROWS - 64
    inputs[at_end] = 2.0
    pedestals_of_one = np.array([2.0, -2.5, 1.5, -1.0])
    steps = at_end[:, None] * pedestals_of_one
    found = [
        stripes_of_mosaic(
            cells + steps[..., None], share, level + pedestals_of_one, width=15.0, error=0.13, inputs=told, even=True
        ).level for told in (inputs, np.full((ROWS, BANDS), 4.0))
    ]  # fmt: skip
    wrong, unaware = (
        np.sqrt(np.mean(np.square(one - one.mean() - (mean[:, None] + steps - steps.mean()))[at_end])) for one in found
    )
    assert wrong < 0.5
    assert wrong < 0.5 * unaware


def test_what_was_taken_gives_back_every_bit():
    rng = np.random.default_rng(7)
    original = (rng.normal(size=(50, 60)) * 10.0 ** rng.uniform(-9, 4, (50, 60))).astype(np.float32)
    model = rng.normal(0.0, 0.3, original.shape).astype(np.float32)
    original[3, 4], model[5, 6] = np.nan, np.nan
    left, amount = taken_apart(original, model)
    back = (left.astype(np.float64) + amount).astype(np.float32)
    assert np.array_equal(back.view(np.uint32)[np.isfinite(original)], original.view(np.uint32)[np.isfinite(original)])
    assert np.isnan(amount[3, 4])
    assert amount[5, 6] == 0.0
    taken = amount != 0.0
    assert taken.mean() > 0.95
    assert np.nanmax(np.abs(amount - model)[taken]) < 1e-3
