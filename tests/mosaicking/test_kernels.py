"""Kernels against independent truths: the formula of Lanczos, reproject, and fluxes that are known."""

import numpy as np
import pytest
from astropy.wcs import WCS

import jwstpipe
from jwstpipe import open_image
from jwstpipe.errors import UsageError
from jwstpipe.mosaicking.inputs.brightness_units import quantity_of
from jwstpipe.mosaicking.warp import kernels
from jwstpipe.requests import MosaicOptions
from jwstpipe.sky.box import Box
from jwstpipe.sky.grid import SkyGrid
from tests.as_written import as_written
from tests.mosaicking.scenes import header, wave, write

SHAPE = (120, 130)
GRID, BOX = SkyGrid.north_up(150.0, 2.0, 0.113), Box(-50, -55, 52, 53)


def resampled(folder, data, where, *, grid=GRID, box=BOX, unit="MJy/sr", planes=(), err=None, dq=None, **options):
    name = write(folder / "image.fits", data, where, unit=unit, err=err, dq=dq)
    jwstpipe.mosaic(
        [name],
        folder / "out.zarr",
        grid=(grid, box),
        options=MosaicOptions(tolerance_px=1e-7, **options),
        overwrite=True,
    )
    image = open_image(folder / "out.zarr")
    found = tuple(image.read(plane, image.window).astype("f8") for plane in ("sci", *planes))
    return found if planes else found[0]


def positions(where, grid=GRID, box=BOX):
    y, x = np.mgrid[: box.shape[0], : box.shape[1]]
    return WCS(where).all_world2pix(*WCS(grid.header(box)).all_pix2world(x, y, 0), 0)


def test_lanczos_follows_its_formula_and_falls_back_beside_a_hole(tmp_path):
    where = header(shape=SHAPE, sip=True, angle=25.0)
    random = np.random.default_rng(4)
    data = random.normal(0, 1, SHAPE).astype("f4")
    data[58:66, 58:66] = np.nan
    error = random.uniform(0.5, 1, SHAPE).astype("f4")
    ours, err = resampled(tmp_path, data, where, kernel="lanczos3", err=error, planes=("err",))
    bilinear = resampled(tmp_path, data, where, kernel="bilinear", err=error)
    xs, ys = positions(where)
    checked = fallen = 0
    for row in range(3, BOX.shape[0] - 3, 7):
        for column in range(3, BOX.shape[1] - 3, 5):
            x, y = xs[row, column], ys[row, column]
            left, low = int(np.floor(x)) - 2, int(np.floor(y)) - 2
            if not (0 <= left < SHAPE[1] - 6 and 0 <= low < SHAPE[0] - 6):
                continue
            u, v = x - np.arange(left, left + 6), y - np.arange(low, low + 6)
            wx, wy = np.sinc(u) * np.sinc(u / 3), np.sinc(v) * np.sinc(v / 3)
            weights = np.outer(wy / wy.sum(), wx / wx.sum())
            cut = np.s_[low : low + 6, left : left + 6]
            if np.isfinite(data[cut]).all():
                assert ours[row, column] == pytest.approx(np.sum(weights * data[cut]), abs=3e-6)
                truth = np.sqrt(np.sum(weights**2 * error[cut].astype("f8") ** 2))
                assert err[row, column] == pytest.approx(truth, rel=1e-5)
                checked += 1
            elif np.isfinite(bilinear[row, column]):
                assert ours[row, column] == bilinear[row, column]
                fallen += 1
    assert checked > 100
    assert fallen > 0


@pytest.mark.parametrize(("kernel", "function"), [("adaptive", "reproject_adaptive"), ("exact", "reproject_exact")])
def test_adaptive_and_exact_are_those_of_reproject(tmp_path, kernel, function):
    import reproject

    where = header(shape=SHAPE, angle=25.0)
    data = wave(where, SHAPE)
    data[60:62, 50:53] = np.nan
    dq = np.zeros(SHAPE, "u4")
    dq[30:32, 30:32] = 2
    ours, weight, bits = resampled(tmp_path, data, where, kernel=kernel, weights="uniform", dq=dq, planes=("wht", "dq"))
    theirs = getattr(reproject, function)
    truth, footprint = theirs((data.astype("f8"), WCS(where)), WCS(GRID.header(BOX)), shape_out=BOX.shape)
    assert np.array_equal(np.isfinite(ours), np.isfinite(truth) & (footprint > 0))
    both = np.isfinite(ours)
    np.testing.assert_allclose(ours[both], truth[both], rtol=1e-5)
    np.testing.assert_allclose(weight[both], footprint[both], rtol=1e-5)
    assert set(np.unique(bits)) == {0, 2}


@pytest.mark.parametrize("kernel", ["nearest", "bilinear", "lanczos3", "drizzle", "adaptive", "exact"])
def test_a_flux_in_a_pixel_keeps_its_sum_and_a_surface_brightness_its_value(tmp_path, kernel):
    where = header(shape=SHAPE, sip=kernel in ("bilinear", "drizzle"), angle=25.0)
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    star = 50 * np.exp(-((x - 64.3) ** 2 + (y - 61.8) ** 2) / (2 * 3.0**2))
    fine, wide = SkyGrid.north_up(150.0, 2.0, 0.061), Box(-80, -80, 80, 80)
    flux = resampled(tmp_path, star, where, unit="DN/s", kernel=kernel, grid=fine, box=wide)
    assert np.nansum(flux) == pytest.approx(star.sum(), rel=1e-3)
    surface = resampled(tmp_path, np.full(SHAPE, 7.0), where, unit="MJy/sr", kernel=kernel, grid=fine, box=wide)
    np.testing.assert_allclose(surface[np.isfinite(surface)], 7.0, rtol=1e-6)


@pytest.mark.parametrize(
    ("unit", "flux"),
    [
        ("MJy/sr", False), ("Jy/arcsec2", False), ("mJy / arcsec^2", False), ("DN/s", True), ("DN", True), ("Jy", True),
        ("uJy", True), ("electron/s", True), ("counts", True), ("Jy/pixel", True),
    ],
)  # fmt: skip
def test_units_tell_fluxes_from_brightness(unit, flux):
    assert quantity_of(unit, "auto") == (flux, "")
    assert quantity_of(unit, "surface") == (False, "")


def test_an_unknown_unit_is_said_to_be_taken_for_brightness():
    is_flux, note = quantity_of("furlongs", "auto")
    assert not is_flux
    assert note.startswith("unit 'furlongs': 'furlongs' is not known; samples are not scaled")
    assert quantity_of("", "auto")[0] is False


def test_masks_are_chosen_by_the_names_of_bits(tmp_path):
    where = GRID.header(Box.of_shape((20, 20)))
    dq = np.zeros((20, 20), "u4")
    dq[4, 4], dq[6, 6] = 1, 2
    box = Box.of_shape((20, 20))
    both = resampled(tmp_path, np.ones((20, 20)), where, dq=dq, box=box, reject_dq=("SATURATED",))
    assert np.isfinite(both[4, 4])
    assert np.isnan(both[6, 6])
    with pytest.raises(UsageError, match="'HOTT' is no data quality bit"):
        resampled(tmp_path, np.ones((20, 20)), where, box=box, reject_dq=("HOTT",))


def test_all_planes_in_one_loop_follow_their_formulas():
    random, shape = np.random.default_rng(7), (40, 50)
    sci, wht, var = (random.uniform(1, 2, shape).astype("f4") for _ in range(3))
    dq = random.integers(0, 16, shape).astype("u4")
    sci[random.random(shape) < 0.1] = np.nan
    var[random.random(shape) < 0.05] = np.inf
    xs, ys = random.uniform(-2, 51, 4000), random.uniform(-2, 41, 4000)
    xs[::5], ys[::7] = np.round(xs[::5]), np.round(ys[::7])  # whole pixels need no neighbour
    base, fx, fy = np.empty(xs.size, "i4"), np.empty(xs.size), np.empty(xs.size)
    as_written(kernels.locate_row)(kernels.BILINEAR, xs, ys, *shape, 0, 0, *shape, base, fx, fy)
    samples, weights, variances, bits = (np.full(xs.size, 3).astype(kind) for kind in ("f8", "f8", "f8", "u4"))
    flat = [plane.reshape(-1) for plane in (sci, wht, var, dq)]
    as_written(kernels.all_row)(*flat, shape[1], base, fx, fy, samples, weights, variances, bits)
    inside = (xs >= -0.5) & (xs <= shape[1] - 0.5) & (ys >= -0.5) & (ys <= shape[0] - 0.5)
    assert 200 < np.count_nonzero(~inside) < 1000
    assert np.isnan(samples[~inside]).all()
    assert not variances[~inside].any()
    assert not bits[~inside].any()
    expected = np.empty((3, xs.size))
    for j in np.flatnonzero(inside):
        x, y = np.clip(xs[j], 0, shape[1] - 1), np.clip(ys[j], 0, shape[0] - 1)
        corners = [
            (row, column, (1 - abs(y - row)) * (1 - abs(x - column)))
            for row in {int(np.floor(y)), int(np.ceil(y))}
            for column in {int(np.floor(x)), int(np.ceil(x))}
        ]
        value = sum(share * float(sci[row, column]) for row, column, share in corners)
        expected[:, j] = (
            value,
            sum(share * float(wht[row, column]) for row, column, share in corners),
            sum(share**2 * float(var[row, column]) for row, column, share in corners),
        )
        if np.isnan(value):
            row, column, _ = max(corners, key=lambda corner: corner[2])
            assert bits[j] == dq[row, column]  # of the pixel that is nearest
        else:
            assert bits[j] == np.bitwise_or.reduce([dq[row, column] for row, column, _ in corners])
    for found, truth in zip((samples, weights, variances), expected, strict=True):
        np.testing.assert_allclose(found[inside], truth[inside], rtol=1e-12)
