"""Clipping takes out what one exposure alone has seen, and leaves the cores of undersampled stars."""

import numpy as np
import pytest

import jwstpipe
from jwstpipe import open_image
from jwstpipe.fits.dq import DQ_BITS
from jwstpipe.mosaicking.warp.order_statistics import FEW, median
from jwstpipe.requests import MosaicOptions
from jwstpipe.sky.box import Box
from jwstpipe.sky.grid import SkyGrid
from tests.mosaicking.scenes import header, write

SHAPE = (160, 170)
PLANE, WINDOW = SkyGrid.north_up(150.0, 2.0, 0.1), Box(-60, -60, 60, 60)
HITS = 40


def exposures(folder, count, *, errors):
    """Write dithered exposures of undersampled stars, each with cosmic rays of its own."""
    random = np.random.default_rng(count)
    names = []
    for number in range(count):
        cards = header(shape=SHAPE, shift=tuple(random.uniform(-2, 2, 2)))
        y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
        clean = np.full(SHAPE, 5.0)
        for star in range(25):
            cy = SHAPE[0] / 2 + 20 * (star // 5 - 2) - (cards["CRPIX2"] - SHAPE[0] / 2) * -1
            cx = SHAPE[1] / 2 + 20 * (star % 5 - 2) + (cards["CRPIX1"] - SHAPE[1] / 2)
            clean += 100 * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * 0.7**2))
        sigma = np.sqrt(0.05**2 + 0.002 * clean)
        data = clean + random.normal(0, 1, SHAPE) * sigma
        rays = random.integers(30, 130, (HITS, 2))
        data[rays[:, 0], rays[:, 1]] += random.uniform(20, 200, HITS)
        names.append((
            write(folder / f"{number}.fits", data, cards, err=sigma if errors else None),
            write(folder / f"clean{number}.fits", clean, cards, err=sigma if errors else None),
        ))  # fmt: skip
    return [name for name, _ in names], [name for _, name in names]


def made(names, folder, **options):
    receipt = jwstpipe.mosaic(
        names, folder / "out.zarr", grid=(PLANE, WINDOW), options=MosaicOptions(weights="uniform", **options),
        overwrite=True,
    )  # fmt: skip
    image = open_image(receipt.address)
    return receipt, {plane: image.read(plane, image.window) for plane in image.planes}


@pytest.mark.parametrize("errors", [True, False])
@pytest.mark.parametrize("count", [3, 4, 7])
def test_cosmic_rays_go_and_star_cores_stay(tmp_path, count, errors):
    dirty, clean = exposures(tmp_path, count, errors=errors)
    _, truth = made(clean, tmp_path)
    receipt, found = made(dirty, tmp_path, combine="clipped")
    _, plain = made(dirty, tmp_path)
    stars = truth["sci"] > 20
    assert stars.sum() > 50
    core = (found["sci"] - truth["sci"])[stars] / truth["sci"][stars]
    assert abs(np.median(core)) < 3e-3  # a ray in the flank of a star may hide behind its gradient
    sky = ~stars & (truth["sci"] < 5.5)
    left, before = (np.abs(one["sci"] - truth["sci"])[sky] > 1.0 for one in (found, plain))
    assert left.sum() < 0.03 * before.sum()
    # a ray is seen by up to four pixels of the mosaic
    assert 0.5 * HITS * count < receipt.clipped < 4.5 * HITS * count
    assert receipt.clipped == (plain["n"].astype(int) - found["n"]).sum()


def test_what_was_clipped_is_flagged_and_two_that_disagree_leave_no_hole(tmp_path):
    first, second = np.full((30, 30), 1.0), np.full((30, 30), 1.0)
    first[10, 10] = 50.0
    zero = np.zeros((30, 30), "u4")
    names = [
        write(tmp_path / f"{k}.fits", data, PLANE.header(Box.of_shape((30, 30))), err=np.full((30, 30), 0.1), dq=zero)
        for k, data in enumerate((first, second))
    ]
    grid = (PLANE, Box.of_shape((30, 30)))
    receipt = jwstpipe.mosaic(names, tmp_path / "out.zarr", grid=grid, options=MosaicOptions(combine="clipped"))
    image = open_image(receipt.address)
    assert receipt.clipped == 1
    assert image.read("sci", image.window)[10, 10] == 1.0
    assert image.read("n", image.window)[10, 10] == 1
    assert image.read("dq", image.window)[10, 10] == DQ_BITS["OUTLIER"]
    assert np.isfinite(image.read("sci", image.window)).all()


@pytest.mark.parametrize("inputs", [1, 2, 7, FEW + 4])
def test_the_median_of_few_inputs_and_of_many_is_that_of_numpy(inputs):
    random = np.random.default_rng(inputs)
    stack = random.normal(5.0, 2.0, (3, 6, inputs, 40)).astype("f4")
    stack[0][random.random(stack.shape[1:]) < 0.5] = np.nan
    stack[0, :, :, 7] = np.nan
    stack[0, 2, 0, 3] = np.inf
    sci, err, wht = np.empty((3, 6, 40), "f4")
    median(stack, sci, err, wht)
    samples = np.where(np.isfinite(stack[0]), stack[0], np.nan).astype("f8")
    some = np.isfinite(samples).any(axis=1)
    assert np.isnan(np.stack([sci, wht])[:, ~some]).all()
    expected = np.nanmedian(samples.swapaxes(0, 1)[:, some], axis=0)
    np.testing.assert_array_equal(sci[some], expected.astype("f4"))
    weights = np.where(np.isfinite(samples), stack[1], 0.0).sum(axis=1)
    np.testing.assert_allclose(wht[some], weights[some], rtol=1e-6)
