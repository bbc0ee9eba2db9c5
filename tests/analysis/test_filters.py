"""Filters against scipy and numpy, and the same bytes for every cutting."""

import json

import numpy as np
import pytest
from astropy import units as u
from astropy.io import fits
from astropy.nddata import CCDData
from astropy.wcs import WCS
from scipy import ndimage

import jwstpipe
from jwstpipe.errors import ConflictError, DataError, UsageError
from jwstpipe.images.export import export
from jwstpipe.images.zarr.verify_store import verify_store
from tests.mosaicking.scenes import header, write

SHAPE = (2100, 540)  # a little more than a shard, and than a block


@pytest.fixture(scope="module")
def samples():
    rng = np.random.default_rng(11)
    values = rng.normal(10.0, 0.3, SHAPE)
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    for cy, cx in ((40.2, 30.7), (2047.6, 300.1), (1023.9, 511.5)):  # on seams of shards and blocks
        values += 200.0 * np.exp(-0.5 * ((x - cx) ** 2 + (y - cy) ** 2) / 1.2**2)
    values[rng.random(SHAPE) < 0.03] = np.nan
    values[500:520, 200:260] = np.nan
    return values.astype("f4")


@pytest.fixture(scope="module")
def image(tmp_path_factory, samples):
    flags = np.zeros(SHAPE)
    flags[3, 4] = 4
    place = tmp_path_factory.mktemp("filters") / "image.fits"
    return write(place, samples, header(shape=SHAPE, angle=20.0), err=np.full(SHAPE, 0.3), dq=flags)


def normalised(values, smooth):
    """Convolve what has data, and what share of the kernel that is."""
    weight = smooth(np.isfinite(values).astype("f8"))
    with np.errstate(invalid="ignore", divide="ignore"):
        return smooth(np.nan_to_num(values.astype("f8"))) / weight, weight


def gaussian(sigma):
    return lambda values: ndimage.gaussian_filter(values, sigma, mode="constant", truncate=4.0)


def box(size):
    return lambda values: ndimage.uniform_filter(values, size, mode="constant")


@pytest.mark.parametrize(
    ("smooth", "wishes"), [(gaussian(2.0), {"sigma": 2.0}), (box(5), {"method": "box", "size": 5})]
)
def test_means_are_normalised_convolutions(samples, smooth, wishes):
    part = samples[480:600, 150:300]
    expected, weight = normalised(part, smooth)
    kept = np.isfinite(part)
    found = jwstpipe.filter_image(part, **wishes).sci
    assert found[kept] == pytest.approx(expected[kept], rel=2e-6)
    assert np.isnan(found[~kept]).all()
    filled = jwstpipe.filter_image(part, fill=True, **wishes).sci
    sure = np.abs(weight - 0.5) > 1e-6
    known = kept | (weight >= 0.5)
    assert np.array_equal(np.isfinite(filled)[sure], known[sure])
    assert (~kept & known).any()
    assert filled[known & sure] == pytest.approx(expected[known & sure], rel=2e-6)


def test_an_unsharp_mask_adds_what_a_gaussian_takes_away(samples):
    part = samples[:200, :200]
    smooth, _ = normalised(part, gaussian(2.0))
    found = jwstpipe.filter_image(part, method="unsharp", amount=1.5).sci
    kept = np.isfinite(part)
    assert found[kept] == pytest.approx((part + 1.5 * (part - smooth))[kept], rel=1e-4)


@pytest.mark.parametrize("size", [3, 7])
def test_medians_are_those_of_numpy(samples, size):
    part = samples[480:560, 180:280]
    half = size // 2
    around = np.lib.stride_tricks.sliding_window_view(np.pad(part, half, constant_values=np.nan), (size, size))
    around = around.reshape(*part.shape, -1)
    share = np.isfinite(around).mean(axis=-1)
    known = np.isfinite(part) | (share >= 0.5)
    expected = np.full(part.shape, np.nan, "f4")
    expected[known] = np.nanmedian(around[known], axis=-1)
    assert np.array_equal(
        jwstpipe.filter_image(part, method="median", size=size, fill=True).sci, expected, equal_nan=True
    )
    expected[np.isnan(part)] = np.nan
    assert np.array_equal(jwstpipe.filter_image(part, method="median", size=size).sci, expected, equal_nan=True)


def test_wavelets_take_noise_out_and_leave_stars():
    rng = np.random.default_rng(3)
    y, x = np.mgrid[:256, :256]
    star = 50.0 * np.exp(-0.5 * ((x - 128) ** 2 + (y - 100) ** 2) / 1.5**2)
    noisy = (star + rng.normal(5.0, 1.0, star.shape)).astype("f4")
    taps, current, expected = np.array([1, 4, 6, 4, 1]) / 16.0, noisy.astype("f8"), 0.0
    for scale, noise in enumerate((0.8907, 0.2007, 0.0856)):  # Starck and Murtagh 2006, with a mirror at the edges
        spread = np.zeros(4 * 2**scale + 1)
        spread[:: 2**scale] = taps
        smooth = ndimage.convolve1d(ndimage.convolve1d(current, spread, axis=0), spread, axis=1)
        detail = current - smooth
        expected += np.sign(detail) * np.maximum(np.abs(detail) - 3.0 * noise, 0.0)
        current = smooth
    found = jwstpipe.filter_image(noisy, method="wavelet").sci
    inner = (slice(20, -20), slice(20, -20))
    assert np.abs(found - expected - current)[inner].max() < 0.1  # its noise is measured, within 2 %
    assert found[150:230, 20:230].std() < 0.25
    assert found[100, 128] == pytest.approx(55.0, abs=6.0)  # soft thresholds take 3.5


def test_a_repair_finds_hits_and_spares_stars(samples):
    rng = np.random.default_rng(5)
    samples = samples[:700]
    hit = samples.copy()
    ys, xs = rng.integers(0, 700, 100), rng.integers(0, SHAPE[1], 100)
    star = np.abs(ndimage.gaussian_filter(np.nan_to_num(samples, nan=10.0), 2.0) - 10.0) > 0.5
    placed = ~star[ys, xs] & np.isfinite(samples[ys, xs])
    ys, xs = ys[placed], xs[placed]
    hit[ys, xs] += 30.0
    found = jwstpipe.filter_image(hit, method="repair").sci
    assert np.abs(found[ys, xs] - 10.0).max() < 1.5
    rest = np.isfinite(samples)
    rest[ys, xs] = False
    assert np.array_equal(found[rest & star], samples[rest & star])
    assert (found[rest] != samples[rest]).mean() < 1e-5
    assert np.isnan(found[np.isnan(samples)]).all()


def test_what_was_repaired_stands_in_a_plane_and_flags_sources(tmp_path):
    rng = np.random.default_rng(3)
    y, x = np.mgrid[:200, :200]
    stars = [(40.2, 50.7, 300.0), (120.4, 150.1, 400.0), (160.8, 60.2, 250.0)]
    clean = rng.normal(10.0, 0.3, (200, 200))
    for cy, cx, height in stars:
        clean += height * np.exp(-0.5 * ((x - cx) ** 2 + (y - cy) ** 2) / 2.0**2)
    hit = clean.copy()
    hit[122, 153] += 900.0  # on the flank of the second star
    hit[20, 20:23] += 60.0
    where = write(tmp_path / "hit.fits", hit.astype("f4"), header(shape=hit.shape))
    made = jwstpipe.filter_to_store(where, tmp_path / "out.zarr", method="repair")
    image = jwstpipe.open_image(made.address)
    repaired = image.read("repaired")
    assert np.array_equal(repaired > 0, image.read("sci") != hit.astype("f4"))
    assert repaired[122, 153] == 1
    assert repaired[20, 20:23].tolist() == [1, 1, 1]
    assert repaired.sum() == made.results["changed"] < 20
    found = jwstpipe.detect(made.address, background="level", mesh=100)
    flagged = {
        (round(float(row["y_centroid"])), round(float(row["x_centroid"]))): bool(row["flags"] & 1024) for row in found
    }
    assert flagged == {(40, 51): False, (120, 150): True, (161, 60): False}
    export(made.address, tmp_path / "out.fits")
    with fits.open(tmp_path / "out.fits") as hdus:
        assert np.array_equal(hdus["REPAIRED"].data, repaired)
    again = jwstpipe.filter_to_store(made.address, tmp_path / "again.zarr", method="repair")
    assert (jwstpipe.open_image(again.address).read("repaired") >= repaired).all()


METHODS = ["gaussian", "median", "box", "unsharp", "wavelet", "repair"]


@pytest.mark.parametrize("method", METHODS)
def test_shards_and_blocks_leave_no_trace(image, samples, tmp_path, method):
    made = jwstpipe.filter_to_store(image, tmp_path / "out.zarr", method=method)
    found = jwstpipe.open_image(tmp_path / "out.zarr")
    whole = jwstpipe.filter_image(samples, method=method).sci
    assert found.read().tobytes() == whole.tobytes()
    assert made.planes == (("sci", "err", "dq", "repaired") if method == "repair" else ("sci",))
    assert made.results["pixels"] == np.isfinite(samples).sum()
    verify_store(tmp_path / "out.zarr")
    again = jwstpipe.filter_to_store(image, tmp_path / "out.zarr", method=method)
    assert (again.reused, again.product_id) == (True, made.product_id)
    with pytest.raises(ConflictError, match="another image"):
        jwstpipe.filter_to_store(image, tmp_path / "out.zarr", method=method, size=9)


def test_it_lies_where_the_image_lies_and_is_a_fits_file(image, samples, tmp_path):
    jwstpipe.filter_to_store(image, tmp_path / "out.zarr", method="repair")
    jwstpipe.filter_to_store(image, tmp_path / "out.fits", method="repair")
    export(tmp_path / "out.zarr", tmp_path / "same.fits")
    assert (tmp_path / "same.fits").read_bytes() == (tmp_path / "out.fits").read_bytes()
    with fits.open(image) as before, fits.open(tmp_path / "out.fits", checksum=True) as after:
        after.verify("exception")
        corners = np.array([[0, 0], [539, 2099], [100, 900]])
        expected = WCS(before["SCI"].header).all_pix2world(corners, 0)
        assert WCS(after["SCI"].header).all_pix2world(corners, 0) == pytest.approx(expected, abs=1e-12)
        assert after["SCI"].header["BUNIT"] == "MJy/sr"
        assert np.array_equal(after["DQ"].data, before["DQ"].data)
        assert np.array_equal(after["ERR"].data, before["ERR"].data)
        kept = np.isfinite(samples)
        assert np.array_equal(np.isfinite(after["SCI"].data), kept)
    assert jwstpipe.open_image(tmp_path / "out.fits").shape == SHAPE


def test_arrays_and_ccddata_are_images(samples):
    part = samples[:80, :90]
    data = CCDData(np.nan_to_num(part), unit="MJy/sr", mask=np.isnan(part), wcs=WCS(header(shape=part.shape)))
    found = jwstpipe.filter_image(data, sigma=1.5)
    assert np.array_equal(found.sci, jwstpipe.filter_image(part, sigma=1.5).sci, equal_nan=True)
    assert found.unit == u.MJy / u.sr
    assert found.wcs.pixel_to_world(3, 4).separation(data.wcs.pixel_to_world(3, 4)).mas < 1e-3


def test_what_cannot_be_filtered_is_a_sentence(command, samples, tmp_path):
    part = samples[:300]
    image = write(tmp_path / "part.fits", part, header(shape=part.shape))
    with pytest.raises(DataError, match="all pixels are NaN"):
        jwstpipe.filter_image(np.full((9, 9), np.nan))
    with pytest.raises(UsageError, match="odd side; 3 or 5"):
        jwstpipe.filter_image(np.zeros((9, 9)), method="median", size=4)
    with pytest.raises(UsageError, match="two axes"):
        jwstpipe.filter_image(np.zeros(9))
    with pytest.raises(UsageError, match="no slice 3"):
        jwstpipe.filter_image(np.zeros((9, 9)), slice=3)
    out = str(tmp_path / "a.zarr")
    code, told, _ = command("filter", image, "-o", out, "--method", "median", "--size", "4")
    assert code == 2
    code, told, _ = command("filter", image, "-o", str(tmp_path / "a.png"))
    assert code == 2
    code, told, _ = command("filter", str(tmp_path / "none.fits"), "-o", out)
    assert code == 3
    code, told, _ = command("filter", image, "-o", out, "--method", "repair", "--json")
    assert code == 0
    assert json.loads(told)["results"]["noise"] == pytest.approx(0.33, abs=0.03)
