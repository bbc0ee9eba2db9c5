"""The stars that alignment matches lie where they were put, also on a nebula and beside lost pixels."""

import numpy as np
import pytest
from scipy.spatial import cKDTree
from scipy.special import ndtr

from jwstpipe.errors import DataError
from jwstpipe.execution.workers import ThreadWorkers
from jwstpipe.mosaicking.astrometry import star_finder
from jwstpipe.mosaicking.astrometry.star_finder import DetectJob, detect
from jwstpipe.mosaicking.plan import STAR_FINDER
from jwstpipe.mosaicking.planning import plan_mosaic
from jwstpipe.operations.mosaic import MOSAIC, recipe_of_plan
from jwstpipe.operations.spec import Input, MakeContext
from jwstpipe.requests import MosaicOptions
from jwstpipe.settings import S3Settings
from tests.mosaicking.scenes import header, write

SIDE = 400


def stars_on(image, x, y, flux, sigma):
    """Add Gaussian stars, each sample their light on its pixel."""
    edges = np.arange(SIDE + 1) - 0.5
    for a, b, total in zip(x, y, flux, strict=True):
        across, along = np.diff(ndtr((edges - a) / sigma)), np.diff(ndtr((edges - b) / sigma))
        image += total * np.outer(along, across)


def found_in(folder, *, sigma, nebula=0.0, dq=None, ratio=(100.0, 2000.0)):
    random = np.random.default_rng(31)
    x, y = random.uniform(12, SIDE - 12, (2, 60))
    flux = 10 ** random.uniform(*np.log10(ratio), 60) * 2 * np.sqrt(np.pi) * sigma
    image = random.normal(10.0, 1.0, (SIDE, SIDE))
    v, u = np.mgrid[:SIDE, :SIDE]
    image += nebula * np.exp(-((u - 220) ** 2 + (v - 180) ** 2) / (2 * 70.0**2))
    stars_on(image, x, y, flux, sigma)
    if dq is not None:
        image[dq > 0] = 5e4
    path = write(folder / "stars.fits", image, header(shape=(SIDE, SIDE)), dq=dq)
    plan = plan_mosaic([path])
    stars = detect(DetectJob(plan.sources[0], plan.options.reject_dq, S3Settings()))
    places = plan.sources[0].wcs.exact(name="stars").to_pixel(stars.ra, stars.dec)
    away, which = cKDTree(np.stack([x, y], axis=-1)).query(np.stack(places, axis=-1))
    return stars, away, np.stack(places, axis=-1) - np.stack([x, y], axis=-1)[which]


@pytest.mark.parametrize("sigma", [0.75, 1.2, 2.2])
def test_stars_lie_where_they_were_put(tmp_path, sigma):
    stars, away, offsets = found_in(tmp_path, sigma=sigma)
    assert len(stars.ra) > 50
    assert np.mean(away < 0.5) > 0.97
    assert np.abs(np.median(offsets, axis=0)).max() < 0.002
    # no centre is better than sigma / (S/N), which is 6 mpx at the faint end for the sharpest; blends spoil some
    assert np.median(away) < 0.006 * sigma
    assert (np.diff(stars.flux) <= 0).all()


def test_a_nebula_is_no_star_and_hides_none(tmp_path, monkeypatch):
    monkeypatch.setattr(star_finder, "HELD", 0)  # as an image is read that is too large to be held
    stars, away, offsets = found_in(tmp_path, sigma=1.2, nebula=300.0)
    assert len(stars.ra) > 45
    assert np.mean(away < 0.5) > 0.97
    assert np.abs(np.median(offsets, axis=0)).max() < 0.003


def test_what_a_mosaic_rejects_makes_no_star(tmp_path):
    dq = np.zeros((SIDE, SIDE), "u4")
    dq[50:350:60, 50:350:60] = 1  # DO_NOT_USE, and bright
    stars, away, _ = found_in(tmp_path, sigma=1.2, dq=dq)
    assert len(stars.ra) > 40
    assert np.mean(away < 0.5) > 0.97


def test_an_image_without_samples_has_no_stars(tmp_path):
    path = write(tmp_path / "flat.fits", np.full((60, 60), 3.0), header(shape=(60, 60)))
    plan = plan_mosaic([path])
    assert detect(DetectJob(plan.sources[0], plan.options.reject_dq, S3Settings())).ra.size == 0


def test_the_finder_is_part_of_the_identity_of_what_is_aligned_only(tmp_path):
    path = write(tmp_path / "sky.fits", np.random.default_rng(1).normal(size=(60, 60)), header(shape=(60, 60)))
    plain, checked = (plan_mosaic([path], options=MosaicOptions(align=align)) for align in ("none", "check"))
    assert "stars" not in plain.parameters
    assert checked.parameters["stars"] == STAR_FINDER
    assert plain.id != checked.id
    context = MakeContext(ThreadWorkers(1))
    known = Input(str(path), plain.sources[0].product_id, "sky.fits")
    recipe = recipe_of_plan(checked)
    assert MOSAIC.identify(recipe, [known], context=context).id == checked.id
    with pytest.raises(DataError, match="version 1 of the star finder"):
        MOSAIC.identify(recipe.model_copy(update={"stars": None}), [known], context=context)
