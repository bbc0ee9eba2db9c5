"""Cosmic rays of simulated exposures, found one by one; cores of undersampled stars that stay; no holes, no seams."""

from dataclasses import replace

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

import jwstpipe
from jwstpipe import open_image
from jwstpipe.execution.workers import ThreadWorkers
from jwstpipe.fits.dq import DQ_BITS
from jwstpipe.mosaicking.placement import common_frame
from jwstpipe.mosaicking.planning import plan_mosaic
from jwstpipe.mosaicking.tile import compute
from jwstpipe.requests import MosaicOptions
from jwstpipe.simulate import exposures
from jwstpipe.simulate.bands import BANDS
from jwstpipe.simulate.cards import exposure_science
from jwstpipe.simulate.detector.psf import pixel_psf
from jwstpipe.simulate.observe import expose
from jwstpipe.simulate.plan import LAYOUTS, Target, plan_exposures
from jwstpipe.simulate.plane import Plane
from jwstpipe.simulate.sky.catalogue import Stars
from jwstpipe.sky.box import Box
from tests.mosaicking.scenes import header, write

RAYS, BAND, SIDE = 1e-3, BANDS["F090W"], 230
"""Share of pixels that are hit; each by 5 to some hundred standard deviations."""


@pytest.fixture(scope="module")
def field(tmp_path_factory):
    """Four dithers of stars that a pixel hardly samples, with and without rays, and where these are."""
    folder = tmp_path_factory.mktemp("rays")
    layout = replace(LAYOUTS["tiny"], filters=(BAND.name,), dithers=4, short=SIDE)
    aim = Target("STARS", 150.0, 20.0)
    planned = [one for one in plan_exposures(layout, (BAND,), aim, seed=3) if one.detector.name == "NRCB1"]
    ra, dec = (float(np.mean([getattr(one, axis) for one in planned])) for axis in ("ra", "dec"))
    random = np.random.default_rng(11)
    x, y = (axis.ravel() + random.uniform(-0.2, 0.2, 25) for axis in np.mgrid[-2:3, -2:3] * 1.2)
    flux = 3e-6 * 10 ** random.uniform(0, 1.2, 25)
    lon, lat = Plane(ra, dec, 1.0, 1).to_sky(x, y)
    stars = Stars(lon, lat, np.full(25, 5000.0), dict.fromkeys(BANDS, flux))
    psf = pixel_psf(exposures.diffraction(), BAND, scale=planned[0].detector.scale, extent=2.0)
    dark = Plane(ra, dec, 0.5, 61), np.zeros((61, 61), np.float32)
    clean, dirty, hits = [], [], []
    for one in planned:
        cards = exposure_science(one)
        planes = expose(one, cards, dark[1], dark[0], stars, psf, seed=3)
        struck = (random.random(planes.sci.shape) < RAYS) & np.isfinite(planes.sci)
        rays = np.where(struck, (5.0 + random.exponential(40.0, struck.shape)) * planes.err, 0.0)
        hits.append(struck)
        for kind, names, sci in (("clean", clean, planes.sci), ("dirty", dirty, planes.sci + rays.astype("f4"))):
            names.append(str(write(
                folder / f"{kind}{one.number}.fits", sci, cards, err=planes.err, dq=planes.dq,
                var_rnoise=planes.var_rnoise,
            )))  # fmt: skip
    return clean, dirty, hits, (lon, lat)


def planes(made):
    image = open_image(made.address)
    return {plane: np.asarray(image.read(plane), float) for plane in image.planes}, image


def rejected_pixels(names, grid, monkeypatch, folder):
    """Make the mosaic, and watch which pixels of the images are taken out."""
    from jwstpipe.mosaicking.warp import blocks

    gone = {}
    own = blocks.contradicted

    def watched(found, layer, reference, band):
        before = layer.sci.copy()
        counted = own(found, layer, reference, band)
        whole = gone.setdefault(found.source.name, np.zeros(found.source.shape, bool))
        whole[layer.window.slices] |= (before != layer.sci) & np.isfinite(before)
        return counted

    monkeypatch.setattr(blocks, "contradicted", watched)
    made = jwstpipe.mosaic(
        names, folder / "m.zarr", grid=grid, background="level", outliers="blot", workers=ThreadWorkers(1)
    )
    return made, gone


def test_rays_are_found_and_good_pixels_stay(field, tmp_path, monkeypatch, record_property):
    clean, dirty, hits, _ = field
    grid = common_frame(clean)
    truth, image = planes(jwstpipe.mosaic(clean, tmp_path / "t.zarr", grid=grid, background="level"))
    wcs = WCS(image.header)
    made, gone = rejected_pixels(dirty, grid, monkeypatch, tmp_path)
    noise = np.nanmedian(truth["err"]) * 2.0
    found = total = false = good = 0
    for name, struck in zip(dirty, hits, strict=True):
        opened = fits.getheader(name, 1)
        rows, columns = np.indices(struck.shape)
        x, y = wcs.all_world2pix(*WCS(opened).all_pix2world(columns, rows, 0), 0)
        x, y = np.rint(x).astype(int), np.rint(y).astype(int)
        height, width = truth["sci"].shape
        inside = (x > 0) & (y > 0) & (x < width - 1) & (y < height - 1)
        there = np.zeros(struck.shape, bool)
        level = np.nanmedian(truth["sci"])
        there[inside] = (truth["n"][y[inside], x[inside]] >= 4) & (
            np.abs(truth["sci"][y[inside], x[inside]] - level) < 2 * noise
        )
        there &= np.isfinite(fits.getdata(name, 1))
        out = gone[name.rpartition("/")[2]]
        found, total = found + int((struck & there & out).sum()), total + int((struck & there).sum())
        false, good = false + int((~struck & there & out).sum()), good + int((~struck & there).sum())
    record_property("table", f"cosmic rays of 5 sigma and more: {found} of {total} found, {false} of {good} false")
    assert total > 40
    assert found >= 0.98 * total
    assert false < 3e-4 * good
    got, image = planes(made)
    flagged = (got["dq"].astype("u4") & DQ_BITS["OUTLIER"]) != 0
    assert made.clipped == pytest.approx(sum(int(one.sum()) for one in gone.values()), rel=0.05)
    assert (got["n"][flagged] < truth["n"][flagged]).mean() > 0.9
    assert np.isfinite(got["sci"][np.isfinite(truth["sci"])]).all()


def test_cores_of_undersampled_stars_keep_their_flux(field, tmp_path):
    clean, _dirty, _hits, (ra, dec) = field
    grid = common_frame(clean)
    plain, image = planes(jwstpipe.mosaic(clean, tmp_path / "t.zarr", grid=grid, background="level"))
    kept, _ = planes(jwstpipe.mosaic(clean, tmp_path / "m.zarr", grid=grid, background="level", outliers="blot"))
    rows, columns = np.indices(plain["sci"].shape)
    ratios = []
    for x, y in zip(*WCS(image.header).all_world2pix(ra, dec, 0), strict=True):
        core = np.hypot(columns - x, rows - y) < 3.0
        if core.sum() > 20 and np.isfinite(plain["sci"][core]).all() and plain["n"][core].mean() > 3.2:
            ratios.append(kept["sci"][core].sum() / plain["sci"][core].sum())
    assert len(ratios) >= 10
    assert np.abs(np.array(ratios) - 1.0).max() < 2e-3


@pytest.mark.parametrize("count", [2, 3])
def test_stars_that_few_images_see_keep_their_flux(field, tmp_path, count):
    clean, _dirty, _hits, (ra, dec) = field
    options = {"grid": common_frame(clean[:count]), "background": "level"}
    plain, image = planes(jwstpipe.mosaic(clean[:count], tmp_path / "t.zarr", **options))
    kept, _ = planes(jwstpipe.mosaic(clean[:count], tmp_path / "m.zarr", outliers="blot", **options))
    rows, columns = np.indices(plain["sci"].shape)
    ratios = []
    for x, y in zip(*WCS(image.header).all_world2pix(ra, dec, 0), strict=True):
        core = np.hypot(columns - x, rows - y) < 3.0
        if core.sum() > 20 and np.isfinite(plain["sci"][core]).all() and plain["n"][core].min() >= 2:
            ratios.append(kept["sci"][core].sum() / plain["sci"][core].sum())
    assert len(ratios) >= 8
    assert np.abs(np.array(ratios) - 1.0).max() < 2e-3


def test_rays_on_stars_are_found_and_their_light_comes_back(field, tmp_path, monkeypatch):
    """A ray as strong as the star, on a pixel beside its brightest: far less than the steepest step there."""
    clean, _dirty, _hits, (ra, dec) = field
    with fits.open(clean[0]) as hdus:
        sci, err, cards = hdus["SCI"].data.copy(), hdus["ERR"].data, hdus["SCI"].header
        x, y = WCS(cards).all_world2pix(ra, dec, 0)
        struck = np.zeros(sci.shape, bool)
        for column, row in zip(np.rint(x).astype(int), np.rint(y).astype(int), strict=True):
            if (
                40 < column < SIDE - 40
                and 40 < row < SIDE - 40
                and np.isfinite(sci[row - 1 : row + 2, column + 1]).all()
            ):
                struck[row, column + 1] = True
                sci[row, column + 1] += max(1.0 * sci[row, column], 30.0 * err[row, column + 1])
        hdus["SCI"].data = sci
        hdus.writeto(tmp_path / "struck.fits")
    names = [str(tmp_path / "struck.fits"), *clean[1:]]
    _, gone = rejected_pixels(names, common_frame(clean), monkeypatch, tmp_path)
    assert struck.sum() >= 8
    assert gone["struck.fits"][struck].mean() >= 0.8


def test_of_two_images_the_one_with_the_ray_loses_it(field, tmp_path):
    clean, dirty, _hits, _ = field
    grid = common_frame(clean[:2])
    options = {"grid": grid, "background": "level"}
    truth, _ = planes(jwstpipe.mosaic(clean[:2], tmp_path / "t.zarr", **options))
    before, _ = planes(jwstpipe.mosaic(dirty[:2], tmp_path / "d.zarr", **options))
    after, _ = planes(jwstpipe.mosaic(dirty[:2], tmp_path / "m.zarr", outliers="blot", **options))
    both = (truth["n"] == 2) & (truth["sci"] < np.nanmedian(truth["sci"]) + 3 * np.nanmedian(truth["err"]))
    wrong, left = ((np.abs(one["sci"] - truth["sci"]) > 6 * truth["err"]) & both for one in (before, after))
    assert wrong.sum() > 10
    assert left.sum() <= 0.03 * wrong.sum()
    assert np.array_equal(np.isfinite(after["sci"]), np.isfinite(truth["sci"]))


@pytest.mark.parametrize("count", [2, 3, 4, 20])
@pytest.mark.parametrize("kernel", ["bilinear", "drizzle"])
def test_a_ray_in_one_of_so_many_images_goes_whole(tmp_path, count, kernel):
    random = np.random.default_rng(count)
    names = []
    for number in range(count):
        cards = header(shape=(60, 64), shift=tuple(random.uniform(-1, 1, 2)), angle=3.0 * number)
        data = random.normal(5.0, 0.1, (60, 64))
        data[30, 32] += 30.0 * (number == 0)
        names.append(write(tmp_path / f"{number:02d}.fits", data, cards, err=np.full((60, 64), 0.1)))
    made = jwstpipe.mosaic(names, tmp_path / "m.zarr", outliers="blot", kernel=kernel)
    got, _ = planes(made)
    deep = got["n"] >= min(count - 1, 2)
    assert np.abs(got["sci"][deep] - 5.0).max() < 0.1 * 6
    assert 1 <= made.clipped <= 1 + 2e-3 * count * 60 * 64


def test_two_rays_on_one_place_of_four_images_do_not_hide_each_other(tmp_path, monkeypatch):
    random = np.random.default_rng(31)
    x, y = (axis.ravel() for axis in np.meshgrid([12.0, 25.0, 38.0, 51.0], [12.0, 24.0, 36.0, 48.0]))
    ra, dec = WCS(header(shape=(60, 64))).all_pix2world(x, y, 0)
    names, hits = [], {}
    for number in range(4):
        cards = header(shape=(60, 64), shift=tuple(random.uniform(-1, 1, 2)), angle=3.0 * number)
        data = random.normal(5.0, 0.1, (60, 64))
        if number < 2:
            columns, rows = (np.rint(axis).astype(int) for axis in WCS(cards).all_world2pix(ra, dec, 0))
            hits[f"{number}.fits"] = rows, columns
            data[rows, columns] += 2.0
        names.append(str(write(tmp_path / f"{number}.fits", data, cards, err=np.full((60, 64), 0.1))))
    _, gone = rejected_pixels(names, common_frame(names), monkeypatch, tmp_path)
    assert sum(gone[name][struck].sum() for name, struck in hits.items()) == 32


def test_fluxes_in_a_pixel_and_images_without_errors_are_judged_too(tmp_path):
    random = np.random.default_rng(5)
    names = []
    for number in range(4):
        cards = header(shape=(80, 84), shift=tuple(random.uniform(-1, 1, 2)), angle=25.0 * number)
        data = random.normal(5.0, 0.1, (80, 84))
        data[40, 42] += 30.0 * (number == 2)
        names.append(write(tmp_path / f"{number}.fits", data, cards))
    made = jwstpipe.mosaic(names, tmp_path / "m.zarr", outliers="blot", quantity="flux", scale_arcsec=0.06)
    got, _ = planes(made)
    deep = got["n"] >= 3
    assert deep.sum() > 5000
    # a pixel of 0.06 arcsec holds 0.36 of what one of 0.1 arcsec does
    assert np.abs(got["sci"][deep] / 0.36 - 5.0).max() < 0.1 * 6
    assert 1 <= made.clipped <= 40


def test_windows_of_a_tile_agree_and_ids_without_it_stay(field, tmp_path):
    _clean, dirty, _hits, _ = field
    options = MosaicOptions(outliers="blot")
    plan = plan_mosaic(dirty, options=options)
    ((_, job),) = plan.jobs("nowhere").items()
    whole = compute(job)
    box = job.window
    middle = (box.x0 + box.x1) // 2
    for part in (Box(box.y0, box.x0, box.y1, middle), Box(box.y0, middle, box.y1, box.x1)):
        found = compute(replace(job, window=part))
        for plane, values in found.planes.items():
            assert np.array_equal(values, whole.planes[plane][part.relative_to(box).slices], equal_nan=True), plane
    plain = plan_mosaic(dirty)
    assert "outliers" not in plain.parameters
    assert "outliers" not in plain.parameters["options"]
    assert plan.parameters["outliers"] == "3"
    assert plan.id != plain.id
    made = jwstpipe.mosaic(dirty, tmp_path / "m.zarr", outliers="blot", workers=ThreadWorkers(3))
    again = jwstpipe.mosaic(dirty, tmp_path / "n.zarr", outliers="blot", workers=ThreadWorkers(1))
    assert made.digest == again.digest
