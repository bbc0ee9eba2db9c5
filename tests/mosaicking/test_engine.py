"""What a mosaic keeps: photometry, negative samples, gaps, bits, and itself under any cutting and any workers."""

from hashlib import blake2b

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

import jwstpipe
from jwstpipe import mosaic, open_image, plan_mosaic
from jwstpipe.errors import ConflictError, DataError, NoCoverageError, TransformError, UsageError
from jwstpipe.execution.workers import ThreadWorkers, open_workers
from jwstpipe.images.convert import convert
from jwstpipe.mosaicking import planning
from jwstpipe.mosaicking.tile import compute
from jwstpipe.requests import MosaicOptions
from jwstpipe.settings import ExecutionSettings
from jwstpipe.sky.box import Box
from jwstpipe.sky.grid import SkyGrid
from tests.mosaicking.scenes import header, wave, write
from tests.sky.gwcs_files import imaging_gwcs, write_gwcs_cal


def dithered(folder, count=5, *, shape=(300, 320), seed=4):
    """Write noisy, turned, distorted images that overlap."""
    random = np.random.default_rng(seed)
    names = []
    for number in range(count):
        where = header(
            shape=shape, sip=True, angle=random.uniform(0, 360), shift=tuple(random.uniform(-90, 90, 2)), ra=150.0
        )
        data = wave(where, shape) + random.normal(0, 0.1, shape)
        data[random.random(shape) < 0.01] = np.nan
        plane = np.full(shape, 0.1)
        dq = (random.random(shape) < 0.02).astype("u4") * 2
        names.append(
            write(folder / f"image{number}.fits", data, where, err=plane, var_rnoise=plane**2, dq=dq, exposure=100.0)
        )
    return names


def same_plane(folder, name, data, **planes):
    """Write an image that needs no resampling on the plane of `PLANE`."""
    return write(folder / name, data, PLANE.header(Box.of_shape(np.shape(data))), **planes)


PLANE = SkyGrid.north_up(150.0, 2.0, 0.1)


def on_plane(names, folder, shape, **options):
    grid = (PLANE, Box.of_shape(shape))
    made = jwstpipe.mosaic(names, folder / "out.zarr", grid=grid, options=MosaicOptions(**options), overwrite=True)
    image = open_image(made.address)
    return made, {plane: image.read(plane, image.window) for plane in image.planes}


@pytest.mark.parametrize(
    "combine", ["mean", "clipped", *(pytest.param(name, marks=pytest.mark.exhaustive) for name in ("median", "first"))]
)
def test_pixels_do_not_depend_on_the_size_of_tiles_and_strips(tmp_path, monkeypatch, combine):
    plan = plan_mosaic(dithered(tmp_path), options=MosaicOptions(combine=combine))
    jobs = plan.jobs("")
    truth = {plane: np.zeros(plan.window.shape, "f8") for plane in plan.planes}
    for job in jobs.values():
        for plane, values in compute(job).planes.items():
            truth[plane][job.window.relative_to(plan.window).slices] = values
    monkeypatch.setattr("jwstpipe.mosaicking.warp.blocks.BLOCK", 37)
    any_job = next(iter(jobs.values()))
    from dataclasses import replace

    for cell in plan.window.cells(97):
        part = compute(replace(any_job, window=cell, sources=plan.sources))
        for plane, values in part.planes.items():
            expected = truth[plane][cell.relative_to(plan.window).slices].astype(values.dtype)
            assert values.tobytes() == np.ascontiguousarray(expected).tobytes(), plane


@pytest.mark.exhaustive("tests/mosaicking/test_cluster.py::test_a_killed_worker_costs_its_tiles_only")
def test_the_same_bytes_from_threads_processes_and_any_order(tmp_path):
    names = dithered(tmp_path)
    digests = []
    for number, (order, workers) in enumerate(
        [(names, "one"), (names[::-1], "threads"), (names[2:] + names[:2], "processes")]
    ):
        out = tmp_path / f"{number}.zarr"
        if workers == "one":
            jwstpipe.mosaic(order, out, workers=ThreadWorkers(1))
        else:
            with open_workers(ExecutionSettings(cluster=workers, workers=2), dashboard=True) as several:
                jwstpipe.mosaic(order, out, workers=several)
        image = open_image(out)
        digests.append([blake2b(image.read(plane)).digest() for plane in image.planes])
        assert image.provenance["product_id"] == open_image(tmp_path / "0.zarr").provenance["product_id"]
    assert digests[0] == digests[1] == digests[2]


def test_an_image_on_the_plane_is_copied_bit_for_bit(tmp_path):
    random = np.random.default_rng(1)
    data = random.normal(0, 1, (150, 170)).astype("f4")
    data[5:16, 5:16] = np.nan
    _, planes = on_plane([same_plane(tmp_path, "a.fits", data)], tmp_path, data.shape, weights="uniform")
    assert planes["sci"].tobytes() == data.tobytes()
    assert (planes["sci"] < 0).sum() == (data < 0).sum()
    assert np.array_equal(planes["n"], np.isfinite(data))


@pytest.mark.parametrize("stored", [False, True])
def test_another_gwcs_makes_another_product_though_headers_and_samples_are_the_same(tmp_path, stored):
    shape, plans = (64, 64), {}
    for name, strength in (("same", 1.0), ("again", 1.0), ("bent", 40.0)):
        (tmp_path / name).mkdir()
        address = write_gwcs_cal(tmp_path / name / "one.fits", shape, imaging_gwcs(shape, strength=strength))
        if stored:  # the id from the catalogue does not tell how it is mapped
            address = tmp_path / name / "one.zarr"
            convert(tmp_path / name / "one.fits", address, parent="archive:1")
        plans[name] = plan_mosaic([address], grid=(SkyGrid.north_up(187.7, 12.39, 0.0312), None))
    job = {name: next(iter(plan.jobs("out").values())) for name, plan in plans.items()}
    assert plans["same"].sources[0].wcs.origin == "gwcs"
    assert plans["same"].id == plans["again"].id != plans["bent"].id
    assert job["same"].id == job["again"].id != job["bent"].id
    inputs = {name: plan.sources[0].product_id for name, plan in plans.items()}
    assert (inputs["same"] != inputs["bent"]) is not stored


@pytest.mark.parametrize(
    ("combine", "truth"),
    [("mean", 4.0), ("median", 1.0), ("sum", 12.0), ("min", 1.0), ("max", 10.0), ("first", 1.0), ("last", 10.0)],
)
def test_combinations_of_1_1_10(tmp_path, combine, truth):
    values = (1.0, 1.0, 10.0)
    names = [same_plane(tmp_path, f"{index}.fits", np.full((20, 20), value)) for index, value in enumerate(values)]
    _, planes = on_plane(names, tmp_path, (20, 20), combine=combine)
    assert np.all(planes["sci"] == truth)
    assert np.all(planes["n"] == 3)


def test_weights_and_errors_follow_the_formulas(tmp_path):
    values, sigmas, times = (1.0, 2.0, 4.0), (0.1, 0.2, 0.4), (10.0, 20.0, 40.0)
    names = [
        same_plane(
            tmp_path, f"{index}.fits", np.full((20, 20), value), exposure=time,
            err=np.full((20, 20), sigma), var_rnoise=np.full((20, 20), sigma**2),
        )
        for index, (value, sigma, time) in enumerate(zip(values, sigmas, times, strict=True))
    ]  # fmt: skip
    for weights, w in (("ivm", 1 / np.square(sigmas)), ("exptime", np.array(times)), ("uniform", np.ones(3))):
        made, planes = on_plane(names, tmp_path, (20, 20), weights=weights)
        assert made.weights == weights
        assert planes["sci"][3, 3] == pytest.approx(np.sum(w * values) / w.sum(), rel=1e-6)
        assert planes["err"][3, 3] == pytest.approx(np.sqrt(np.sum(w**2 * np.square(sigmas))) / w.sum(), rel=1e-6)
        assert planes["wht"][3, 3] == pytest.approx(w.sum(), rel=1e-6)


@pytest.mark.parametrize(("kernel", "combine"), [("bilinear", "mean"), ("bilinear", "sum"), ("drizzle", "mean")])
def test_the_last_block_may_be_one_pixel_wide_and_high(tmp_path, kernel, combine):
    random, shape = np.random.default_rng(5), (513, 513)
    values, sigmas = random.normal(5, 1, (2, *shape)), random.uniform(0.5, 2, (2, *shape))
    bits = (random.random((2, *shape)) < 0.2).astype("u4") * 4
    names = [
        same_plane(tmp_path, f"{k}.fits", values[k], err=sigmas[k], var_rnoise=sigmas[k] ** 2, dq=bits[k])
        for k in range(2)
    ]
    _, planes = on_plane(names, tmp_path, shape, kernel=kernel, combine=combine)
    weights = 1 / np.square(sigmas)
    shares = np.ones(2)[:, None, None] if combine == "sum" else weights / weights.sum(axis=0)
    for plane, truth in (
        ("sci", (shares * values).sum(axis=0)),
        ("err", np.sqrt(np.square(shares * sigmas).sum(axis=0))),
        ("wht", weights.sum(axis=0)),
    ):
        np.testing.assert_allclose(planes[plane], truth, rtol=1e-5)
    assert np.array_equal(planes["dq"], bits[0] | bits[1])


def test_planes_that_nobody_asks_for_are_not_made_and_the_others_are_what_they_were(tmp_path):
    names = dithered(tmp_path, 3, shape=(60, 64))
    options = MosaicOptions(kernel="lanczos3", combine="median")
    whole, some = (
        planning.plan_mosaic(names, options=options),
        planning.plan_mosaic(names, options=options, planes=("n", "sci", "wht")),
    )
    assert (whole.planes, some.planes) == (("sci", "err", "wht", "n", "dq"), ("sci", "wht", "n"))
    assert whole.id != some.id
    a, b = (compute(next(iter(plan.jobs("").values()))).planes for plan in (whole, some))
    for plane in some.planes:
        np.testing.assert_array_equal(a[plane], b[plane])
    with pytest.raises(UsageError, match="a mosaic has n, wht too"):
        planning.plan_mosaic(names, planes=("sci", "err"))


def test_weights_that_an_input_lacks_fall_back_and_say_so(tmp_path):
    full = same_plane(tmp_path, "a.fits", np.ones((20, 20)), exposure=10.0, var_rnoise=np.ones((20, 20)))
    bare = same_plane(tmp_path, "b.fits", np.ones((20, 20)))
    assert on_plane([full], tmp_path, (20, 20))[0].weights == "ivm"
    made, _ = on_plane([full, bare], tmp_path, (20, 20))
    assert made.weights == "uniform"
    assert "b.fits" in made.weights_note


def test_flagged_pixels_take_no_part_and_lost_ones_keep_their_bits(tmp_path):
    first, second = np.ones((20, 20)), np.full((20, 20), 3.0)
    dq = np.zeros((20, 20), "u4")
    dq[4, 4], dq[5, 5], dq[6, 6], dq[7, 7] = 1, 2, 512, 2**31
    core = np.zeros((20, 20), "u4")
    core[10:13, 10:13] = 3
    first[10:13, 10:13] = second[10:13, 10:13] = np.nan
    names = [same_plane(tmp_path, "a.fits", first, dq=dq | core), same_plane(tmp_path, "b.fits", second, dq=core)]
    _, planes = on_plane(names, tmp_path, (20, 20))
    assert [planes["sci"][k, k] for k in (3, 4, 5, 6, 7)] == [2.0, 3.0, 2.0, 3.0, 3.0]
    assert planes["dq"][5, 5] == 2
    assert planes["dq"][4, 4] == 0
    assert np.isnan(planes["sci"][10:13, 10:13]).all()
    assert (planes["dq"][10:13, 10:13] == 3).all()
    assert np.isnan(planes["wht"][11, 11])


def test_noise_keeps_its_mean_and_its_negatives(tmp_path):
    random = np.random.default_rng(7)
    names = [same_plane(tmp_path, f"{k}.fits", random.normal(0, 1, (400, 400))) for k in range(4)]
    _, planes = on_plane(names, tmp_path, (400, 400))
    assert abs(planes["sci"].mean()) < 4 * 0.5 / 400
    assert planes["sci"].std() == pytest.approx(0.5, rel=0.02)
    assert 0.48 < (planes["sci"] < 0).mean() < 0.52


def test_star_fluxes_and_positions_survive_resampling(tmp_path):
    shape, scale = (300, 300), 0.03
    names, truth = [], []
    random = np.random.default_rng(3)
    for number in range(4):
        where = header(
            shape=shape, scale=scale, sip=True, angle=60 * number + 11, shift=tuple(random.uniform(-9, 9, 2))
        )
        wcs = WCS(where)
        y, x = np.mgrid[: shape[0], : shape[1]]
        data = np.zeros(shape)
        for ra, dec in ((150.0, 2.0), (150.0004, 2.0003), (149.9996, 1.9998)):
            cx, cy = wcs.all_world2pix(ra, dec, 0)
            # constant flux on the sky: the profile is defined on the sky, sampled as surface brightness
            lon, lat = wcs.all_pix2world(x, y, 0)
            r2 = ((lon - ra) * np.cos(np.radians(dec))) ** 2 + (lat - dec) ** 2
            data += 50 * np.exp(-r2 * 3600**2 / (2 * 0.09**2))
            assert 20 < cx < 280
            assert 20 < cy < 280
        names.append(write(tmp_path / f"{number}.fits", data, where))
    jwstpipe.mosaic(names, tmp_path / "out.zarr", fits=tmp_path / "out.fits")
    with fits.open(tmp_path / "out.fits") as opened:
        data, wcs = opened["SCI"].data.astype("f8"), WCS(opened["SCI"].header)
    truth = 50 * 2 * np.pi * (0.09 / 0.03) ** 2
    for ra, dec in ((150.0, 2.0), (150.0004, 2.0003), (149.9996, 1.9998)):
        cx, cy = (float(value) for value in wcs.all_world2pix(ra, dec, 0))
        y, x = np.mgrid[int(cy) - 15 : int(cy) + 17, int(cx) - 15 : int(cx) + 17]
        cut = data[y, x]
        assert cut.sum() == pytest.approx(truth, rel=2e-3)
        assert np.hypot((cut * x).sum() / cut.sum() - cx, (cut * y).sum() / cut.sum() - cy) * scale < 1e-3


def test_a_finished_mosaic_is_not_made_again_and_another_not_overwritten(tmp_path):
    names = dithered(tmp_path, 3)
    first = jwstpipe.mosaic(names, tmp_path / "out.zarr")
    again = jwstpipe.mosaic(names, tmp_path / "out.zarr")
    assert (first.reused, again.reused) == (False, True)
    assert again.product_id == first.product_id
    assert again.pixels == first.pixels
    with pytest.raises(ConflictError):
        jwstpipe.mosaic(names[:2], tmp_path / "out.zarr")


def test_a_replaced_input_makes_another_product(tmp_path):
    names = dithered(tmp_path, 3)
    before = plan_mosaic(names).id
    with fits.open(names[0], mode="update") as opened:
        opened["SCI"].data[100, 100] += 1
    assert plan_mosaic(names).id != before


@pytest.mark.parametrize(
    ("make", "error", "says"),
    [
        (lambda folder: [], UsageError, "at least one"),
        (lambda folder: [dithered(folder, 1)[0]] * 2, UsageError, "given twice"),
        (
            lambda folder: [
                same_plane(folder, "a.fits", np.ones((9, 9))),
                same_plane(folder, "b.fits", np.ones((9, 9)), unit="DN/s"),
            ],
            DataError,
            "different units",
        ),
        (
            lambda folder: [
                *dithered(folder, 3),
                write(folder / "far.fits", np.ones((9, 9)), header(dec=40.0, shape=(9, 9))),
            ],
            DataError,
            r"far\.fits: lies 37",
        ),
        (
            lambda folder: [write(folder / "blind.fits", np.ones((9, 9)), fits.Header())],
            TransformError,
            r"blind\.fits: no celestial WCS",
        ),
    ],
)
def test_what_cannot_be_mosaicked_is_refused_by_name(tmp_path, make, error, says):
    with pytest.raises(error, match=says) as caught:
        plan_mosaic(make(tmp_path))
    assert "\n" not in str(caught.value)


def test_a_mosaic_beyond_the_limit_and_one_beside_the_grid_are_refused(tmp_path):
    names = dithered(tmp_path, 2)
    with pytest.raises(DataError, match="gigapixels"):
        plan_mosaic(names, options=MosaicOptions(scale_arcsec=1e-4))
    with pytest.raises(NoCoverageError):
        plan_mosaic(names, grid=(PLANE, Box(5000, 5000, 5100, 5100)))


def test_a_large_mosaic_of_nothing_between_two_images_is_asked_about(tmp_path):
    """Two images of 10 x 10 px, 62 degrees apart at 14 arcsec: nobody meant 290 megapixels."""
    names = [
        write(tmp_path / f"{name}.fits", np.ones((10, 10)), header(ra=150 + dec, dec=dec, scale=14.0, shape=(10, 10)))
        for name, dec in (("south", -22.3), ("north", 22.3))
    ]
    with pytest.raises(DataError, match=r"cover .* %.*south\.fits lies 62\.3 deg from north\.fits.*--sparse") as caught:
        plan_mosaic(names)
    assert "\n" not in str(caught.value)
    insisted = plan_mosaic(names, options=MosaicOptions(sparse=True))
    assert insisted.window.area > 100_000_000
    made = mosaic(names, tmp_path / "m.zarr", options=MosaicOptions(sparse=True))
    assert made.tiles == 2  # empty ones cost nothing
    recipe = MosaicOptions.model_validate(insisted.parameters["options"])
    assert not recipe.sparse  # to insist does not change what is made
    assert plan_mosaic(names, grid=(insisted.grid, insisted.window)).id == insisted.id
    near = [
        names[0],
        write(tmp_path / "near.fits", np.ones((10, 10)), header(ra=127.7, dec=-22.2, scale=14.0, shape=(10, 10))),
    ]
    plan_mosaic(near)


def test_nothing_is_left_of_a_mosaic_that_fails(tmp_path):
    names = dithered(tmp_path, 3)
    plan = plan_mosaic(names)
    names[1].write_bytes(names[1].read_bytes()[:5000])
    from jwstpipe.mosaicking.build import build_mosaic

    with pytest.raises(DataError, match=r"image1\.fits: truncated"):
        build_mosaic(plan, tmp_path / "out.zarr", workers=ThreadWorkers(2))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["image0.fits", "image1.fits", "image2.fits"]
