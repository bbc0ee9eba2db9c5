"""Our drizzle against the official library, with the exact pixel map and the same weights."""

import numpy as np
import pytest
from astropy.wcs import WCS
from drizzle.resample import Drizzle

import jwstpipe
from jwstpipe import open_image
from jwstpipe.mosaicking.sky_model import NO_BACKGROUND
from jwstpipe.mosaicking.warp.drizzling.drizzled import drizzled
from jwstpipe.mosaicking.warp.resample import InputWindow
from jwstpipe.requests import MosaicOptions
from jwstpipe.sky.box import Box
from jwstpipe.sky.grid import SkyGrid
from jwstpipe.sky.pixelmap import lattice_map
from tests.mosaicking.scenes import header, write

SKY_RMS = 0.1
SHAPE = (210, 230)


def exposures(folder, count=3, *, errors=True, **where):
    """Write turned, distorted exposures of two stars in noise, with weights, a hole and flagged pixels."""
    random = np.random.default_rng(8)
    names, inputs = [], []
    for number in range(count):
        cards = header(shape=SHAPE, sip=True, angle=31 * number + 4, shift=tuple(random.uniform(-30, 30, 2)), **where)
        y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
        data = random.normal(0, SKY_RMS, SHAPE)
        for cy, cx in ((80.3, 120.8), (150.2, 60.1)):
            data += 30 * np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / (2 * 1.3**2))
        data[40:43, 50:55] = np.nan
        variance = random.uniform(0.5, 2.0, SHAPE).astype("f4")
        dq = (random.random(SHAPE) < 0.01).astype("u4")
        held = {"var_rnoise": variance, "dq": dq} | ({"err": np.sqrt(variance)} if errors else {})
        names.append(write(folder / f"{number}.fits", data, cards, **held))
        inputs.append((data.astype("f4"), cards, variance, dq))
    return names, inputs


def official(inputs, grid, box, *, pixfrac):
    out = Drizzle(kernel="square", out_shape=box.shape, fillval=np.nan)
    target = WCS(grid.header(box))
    for data, cards, variance, dq in inputs:
        y, x = np.mgrid[: SHAPE[0], : SHAPE[1]].astype("f8")
        lon, lat = WCS(cards).all_pix2world(x, y, 0)
        pixmap = np.stack(target.wcs_world2pix(lon, lat, 0), axis=-1)
        bad = ~np.isfinite(data) | (dq > 0)
        weight = np.where(bad, 0, 1 / variance).astype("f4")
        out.add_image(np.where(bad, 0, data).astype("f4"), 1.0, pixmap, weight_map=weight, pixfrac=pixfrac)
    return out.out_img, out.out_wht


@pytest.mark.parametrize(
    ("pixfrac", "scale", "errors"),
    [(1.0, 0.1, False), (1.0, 0.053, False), (0.7, 0.1, True), (0.5, 0.06, True), (1.0, 0.23, False), (1.0, 0.1, True)],
)
def test_drizzle_equals_the_official_one(tmp_path, pixfrac, scale, errors):
    names, inputs = exposures(tmp_path, errors=errors)
    grid = SkyGrid.north_up(150.0, 2.0, scale)
    half = round(14 / scale)
    box = Box(-half, -half - 7, half, half + 9)
    jwstpipe.mosaic(
        names, tmp_path / "out.zarr", grid=(grid, box), options=MosaicOptions(kernel="drizzle", pixfrac=pixfrac)
    )
    image = open_image(tmp_path / "out.zarr")
    ours, weights = (image.read(plane, image.window).astype("f8") for plane in ("sci", "wht"))
    truth, truth_weights = official(inputs, grid, box, pixfrac=pixfrac)
    solid = truth_weights > 1e-3  # slivers: float32 sums of the official library
    solid[:3] = solid[-3:] = solid[:, :3] = solid[:, -3:] = False  # it drops some of what crosses the rim of its output
    assert solid.sum() > 0.15 * box.area
    assert np.isfinite(ours[solid]).all()
    limit = 1e-5 * SKY_RMS + 3e-7 * np.abs(truth)  # and the last bit of float32 in the stars
    assert (np.abs(ours - truth)[solid] < limit[solid]).all()
    np.testing.assert_allclose(weights[solid], truth_weights[solid], rtol=1e-6)


@pytest.mark.parametrize("mirrored", [1, -1])
@pytest.mark.parametrize("is_flux", [False, True])
def test_edge_by_edge_is_drop_by_drop(mirrored, is_flux):
    """The ways of laying whole pixels, with variances and without, agree with that of smaller drops."""
    random, shape, box = np.random.default_rng(3), (130, 140), Box(-20, -30, 70, 90)
    sci = random.normal(5, 1, shape).astype("f4")
    sci[30:33, 50:60], sci[70, 40], sci[44, 44], sci[60, 60:64] = np.nan, 3e18, -2e6, 0.0
    wht, dq = random.uniform(0.5, 2, shape).astype("f4"), (random.random(shape) < 0.01).astype("u4") * 4
    wht[50, 20:30], wht[51, 30], sci[51, 30] = 1e9, 0.0, np.nan
    turn = np.radians(23.0)

    def exact(rows, columns):
        x, y = columns - 70.0, rows - 50.0
        return np.stack(
            [mirrored * (x * np.cos(turn) - y * np.sin(turn)) + 1e-4 * x**2 + 30, x * np.sin(turn) + y * np.cos(turn)],
            -1,
        )

    forward = lattice_map(exact, Box.of_shape(shape).dilated(2), tolerance=1e-7)
    none = np.empty((0, 0), dtype="f4")
    layers = [
        InputWindow(sci, wht, var, dq, Box.of_shape(shape), shape, 1.0, NO_BACKGROUND, is_flux)
        for var in (none, random.uniform(0.5, 2, shape).astype("f4"))
    ]
    edges, whole = (drizzled(layer, forward, box, pixfrac=1.0) for layer in layers)
    drops = drizzled(layers[1], forward, box, pixfrac=1.0 - 1e-12)
    assert np.isfinite(drops.sci).mean() > 0.5
    assert not np.isfinite(drops.sci).all()
    for one in (edges, whole):
        np.testing.assert_allclose(one.sci, drops.sci, rtol=1.2e-7)  # NaN at the same places, too
        np.testing.assert_allclose(one.wht, drops.wht, rtol=1.2e-7)
        assert np.array_equal(one.bits, drops.bits)
    np.testing.assert_allclose(whole.var, drops.var, rtol=1.2e-7)


def test_drops_keep_flux_and_follow_error_propagation(tmp_path):
    """One pixel of light, laid on a finer plane: its sum and its variance are known."""
    plane = SkyGrid.north_up(150.0, 2.0, 0.05)
    data, error = np.zeros((31, 31)), np.full((31, 31), 0.2)
    data[15, 15] = 8.0
    name = write(tmp_path / "a.fits", data, header(shape=(31, 31), angle=20.0), err=error, unit="Jy")
    options = MosaicOptions(kernel="drizzle", pixfrac=0.6, weights="uniform")
    made = jwstpipe.mosaic([name], tmp_path / "out.zarr", grid=(plane, Box(-20, -20, 20, 20)), options=options)
    assert made.quantity == "flux"
    image = open_image(made.address)
    sci, wht, err = (image.read(plane, image.window).astype("f8") for plane in ("sci", "wht", "err"))
    # a share a of the drop brings flux 8 (pixel of the plane / pixel of the image), in proportion to its weight
    assert np.nansum(sci * wht) == pytest.approx(8.0 * 0.25, rel=1e-4)
    inner = np.isfinite(sci) & (wht > 0)
    assert (err[inner] <= 0.2 * 0.25 * 1.001).all()
