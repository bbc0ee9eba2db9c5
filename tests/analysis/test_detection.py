"""Detection against simulated truth, scipy's labels and photutils; and the same bits for every tiling."""

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from scipy.spatial import cKDTree

import jwstpipe
from jwstpipe.analysis.catalogues.sources_table import sources_table
from jwstpipe.analysis.sources import huge
from jwstpipe.analysis.sources.detect import find_sources
from jwstpipe.analysis.sources.segmentation import label_window
from jwstpipe.errors import DataError, UsageError
from jwstpipe.execution.workers import ThreadWorkers, open_workers
from jwstpipe.images.convert import convert
from jwstpipe.images.open import open_image
from jwstpipe.numerics.areas.components import labelled
from jwstpipe.numerics.sky_level import clipped_sky, sorted_samples
from jwstpipe.requests.analysis.detect import DetectRequest
from jwstpipe.settings import ExecutionSettings
from jwstpipe.sky.box import Box
from tests.analysis.fields import SIGMA, awkward_field, star_field
from tests.as_written import as_written
from tests.mosaicking.scenes import header, write

LOOSE = DetectRequest(background="none")
WHOLE = LOOSE.model_copy(update={"deblend": False})


@pytest.fixture(scope="module")
def stars(tmp_path_factory):
    field = star_field()
    place = tmp_path_factory.mktemp("stars") / "stars.fits"
    return field, write(place, field.image, header(shape=field.image.shape, angle=25.0, scale=0.03))


@pytest.fixture(scope="module")
def awkward(tmp_path_factory):
    image = awkward_field()
    return write(tmp_path_factory.mktemp("awkward") / "awkward.fits", image, header(shape=image.shape))


def places(found):
    return np.column_stack([
        found.column("peak_x") + found.column("win_x"), found.column("peak_y") + found.column("win_y"),
    ])  # fmt: skip


def bits(found):
    return found.rows.tobytes(), found.runs.tobytes()


def test_what_is_found_is_there(stars):
    field, image = stars
    found = find_sources(image)
    truth = np.column_stack([field.x, field.y])
    away, _ = cKDTree(places(found)).query(truth)
    back, _ = cKDTree(truth).query(places(found))
    alone = cKDTree(truth).query(truth, k=2)[0][:, 1] > 8
    assert (back < 1.5).mean() >= 0.98
    for low, high, share in ((5, 10, 0.8), (10, 30, 0.95), (30, 1e9, 0.99)):
        chosen = alone & (field.snr >= low) & (field.snr < high)
        assert (away[chosen] < 1.5).mean() >= share
    assert np.median(away[alone & (field.snr > 300)]) < 0.004


def test_centre_errors_are_what_they_claim(stars):
    field, image = stars
    found = find_sources(image)
    away, which = cKDTree(np.column_stack([field.x, field.y])).query(places(found))
    good = (away < 1.5) & (found.column("flags") == 0)
    pull = (places(found)[good, 0] - field.x[which[good]]) / found.column("win_x_err")[good]
    assert 0.8 < np.std(pull[np.abs(pull) < 5]) < 1.25


@pytest.fixture(scope="module", params=[LOOSE, DetectRequest()], ids=["plain", "mesh"])
def searched(awkward, request):
    """Give options, and what is found with them in one tile."""
    whole = find_sources(awkward, options=request.param, tile=2048, workers=ThreadWorkers(1))
    assert len(whole.rows) > 60
    return request.param, whole


FURTHER = pytest.mark.exhaustive


@pytest.mark.parametrize(
    ("tile", "count"),
    [(64, 8), (377, 2), *(pytest.param(*one, marks=FURTHER) for one in ((64, 1), (256, 2), (512, 1)))],
)
def test_every_tiling_and_number_of_workers_gives_the_same_bits(awkward, searched, tile, count):
    """Worms cross all tiles, blocks touch at the corners of tiles of 64 pixels, and some tiles have no data at all."""
    options, whole = searched
    assert bits(find_sources(awkward, options=options, tile=tile, workers=ThreadWorkers(count))) == bits(whole)


def test_an_object_over_31_tiles_is_one(tmp_path):
    field = awkward_field()[60:100]
    field[:] = np.random.default_rng(2).normal(size=field.shape)
    field[18:23, 5:595] = 30.0
    place = write(tmp_path / "strip.fits", field, header(shape=field.shape))
    whole = find_sources(place, options=WHOLE, tile=2048, workers=ThreadWorkers(1))
    assert max(whole.column("x1") - whole.column("x0")) >= 590
    assert bits(find_sources(place, options=WHOLE, tile=19, workers=ThreadWorkers(2))) == bits(whole)


def test_a_worm_that_is_not_taken_apart_is_one(awkward):
    whole = find_sources(awkward, options=WHOLE, tile=2048)
    assert max(whole.column("x1") - whole.column("x0")) > 300
    for tile in (64, 100):
        assert bits(find_sources(awkward, options=WHOLE, tile=tile)) == bits(whole)


@pytest.mark.exhaustive("test_every_tiling_and_number_of_workers_gives_the_same_bits")
def test_processes_give_the_same_bits(awkward, tmp_path):
    store = convert(awkward, tmp_path / "awkward.zarr").address
    here = find_sources(awkward, options=LOOSE)
    with open_workers(ExecutionSettings(cluster="processes", workers=2, dashboard_port=0)) as workers:
        assert bits(find_sources(store, options=LOOSE, tile=256, workers=workers)) == bits(here)


@settings(max_examples=12)
@given(seed=st.integers(0, 10_000), tile=st.integers(32, 130), threshold=st.floats(1.0, 4.0))
def test_any_noise_in_any_tiling(tmp_path_factory, seed, tile, threshold):
    rng = np.random.default_rng(seed)
    image = ndimage.gaussian_filter(rng.normal(size=(140, 170)), 1.5).astype("f4")
    image[rng.random(image.shape) < 0.01] = np.nan
    place = write(tmp_path_factory.mktemp("noise") / "noise.fits", image, header(shape=image.shape))
    options = DetectRequest(threshold=threshold, mesh=32, contrast=0.0, significance=0.0, min_pixels=1)
    whole = find_sources(place, options=options, tile=1024, workers=ThreadWorkers(1))
    assert bits(find_sources(place, options=options, tile=tile, workers=ThreadWorkers(1))) == bits(whole)


def test_huge_components_are_the_same_bits_too(awkward):
    first = find_sources(awkward, options=WHOLE, tile=128, whole=90_000)
    assert (first.column("flags").astype(int) & 256).any()
    assert bits(find_sources(awkward, options=WHOLE, tile=77, whole=90_000)) == bits(first)
    whole = find_sources(awkward, options=WHOLE, tile=128)
    k = int(np.argmax(first.column("pixels")))
    same = int(np.argmax(whole.column("pixels")))
    for name in ("pixels", "peak_y", "peak_x", "smooth_peak"):
        assert first.column(name)[k] == whole.column(name)[same]
    assert first.column("flux")[k] == pytest.approx(whole.column("flux")[same], rel=1e-5)
    assert first.column("iso_x")[k] == pytest.approx(whole.column("iso_x")[same], abs=1e-3)


@pytest.mark.exhaustive("test_a_huge_component_is_taken_apart_on_blocks")
def test_huge_components_are_taken_apart_into_the_same_bits(awkward):
    parted = find_sources(awkward, options=LOOSE, tile=128, whole=90_000)
    assert bits(find_sources(awkward, options=LOOSE, tile=77, whole=90_000)) == bits(parted)


def test_a_huge_component_is_taken_apart_on_blocks(tmp_path, monkeypatch):
    """Three broad hills that run into each other; the truth is which hill is the highest at a pixel."""
    y, x = np.mgrid[:300, :420]
    hills = [(90, 90, 40.0), (210, 200, 60.0), (80, 330, 50.0)]
    heights = np.array([h * np.exp(-((y - v) ** 2 + (x - u) ** 2) / (2 * 45.0**2)) for v, u, h in hills])
    image = heights.sum(axis=0) + np.random.default_rng(4).normal(0.0, 1.0, y.shape)
    place = write(tmp_path / "hills.fits", image, header(shape=image.shape))
    monkeypatch.setattr(huge, "MOST_BLOCKS", 3000)
    first = find_sources(place, options=LOOSE, tile=128, whole=40_000)
    large = first.column("pixels") > 5000
    assert large.sum() == 3
    assert set(first.column("children")[large]) == {3}
    flags = first.column("flags")[large].astype(int)
    assert (flags & 256).all()
    for tile, count in ((77, 1), (150, 2)):
        again = find_sources(place, options=LOOSE, tile=tile, whole=40_000, workers=ThreadWorkers(count))
        assert bits(again) == bits(first)
    labels = label_window(first, Box.of_shape(first.shape))
    owner = np.argmax(heights, axis=0)
    for k in np.flatnonzero(large):
        inside = labels == k + 1
        assert inside.sum() == first.column("pixels")[k]
        assert image[inside].astype("f8").sum() == pytest.approx(first.column("flux")[k], rel=1e-3)
        hill = np.bincount(owner[inside], minlength=3)
        assert hill.max() > 0.93 * hill.sum()
    whole = find_sources(place, options=WHOLE, tile=128, whole=40_000)
    assert (whole.column("pixels") > 5000).sum() == 1
    assert first.column("pixels")[large].sum() == whole.column("pixels").max()


def test_labels_are_those_of_scipy():
    above = np.random.default_rng(1).random((150, 190)) < 0.4
    ours, count = labelled(above)
    theirs, many = ndimage.label(above, np.ones((3, 3)))
    assert count == many
    assert np.array_equal(ours, theirs)


def test_the_segmentation_belongs_to_the_catalogue(stars):
    """Areas, fluxes and moments again from the label plane, by photutils."""
    from photutils.segmentation import SegmentationImage, SourceCatalog

    _, image = stars
    found = find_sources(image, options=DetectRequest(background="none"))
    labels = label_window(found, Box.of_shape(found.shape))
    data = fits.getdata(image).astype("f8")
    theirs = SourceCatalog(data, SegmentationImage(labels), mask=~np.isfinite(data))
    table = sources_table(found, open_image(image))
    assert np.array_equal(theirs.labels, table["id"])
    assert np.array_equal(theirs.area.value, table["area"])
    assert np.allclose(theirs.segment_flux, found.column("flux"), rtol=1e-6)
    assert np.allclose(theirs.x_centroid, table["x_isophotal"], atol=1e-6)
    assert np.array_equal(theirs.bbox_xmin, table["bbox_xmin"])
    assert np.array_equal(theirs.bbox_ymax, table["bbox_ymax"])
    wide = np.asarray(theirs.semiminor_axis.value) > 0.6
    assert np.allclose(theirs.semimajor_axis.value[wide], table["semimajor"][wide], rtol=1e-5)


def test_blends_come_apart_and_a_galaxy_does_not(tmp_path):
    """A bump of noise on a galaxy's rim may be a source of its own; the galaxy is one."""
    yy, xx = np.mgrid[:200, :200]
    image = np.random.default_rng(5).normal(0, 1, (200, 200))
    for x, y, flux in ((60, 60, 3000), (65, 60, 2000), (140, 140, 4000), (140, 145.5, 800)):
        image += flux / (2 * np.pi * 1.44) * np.exp(-((xx - x) ** 2 + (yy - y) ** 2) / 2.88)
    image += 30 * np.exp(-((xx - 60) ** 2 + (yy - 150) ** 2) / (2 * 15**2))
    truth = np.array([[60, 60], [65, 60], [140, 140], [140, 145.5]])
    place = write(tmp_path / "blends.fits", image, header(shape=image.shape))
    found = find_sources(place, options=LOOSE)
    assert cKDTree(places(found)).query(truth)[0].max() < 0.5
    galaxy = np.hypot(found.column("peak_x") - 60, found.column("peak_y") - 150) < 30
    assert galaxy.sum() == 1
    assert found.column("pixels")[galaxy][0] > 1500
    assert sorted(found.column("children")[found.column("pixels") > 20]) == [1, 2, 2, 2, 2]
    whole = find_sources(place, options=WHOLE)
    assert (whole.column("pixels") > 20).sum() == 3


def test_depth_steps_are_no_sources(tmp_path):
    """Half of the image has four times the exposure: weights tell the noise between pixels."""
    rng = np.random.default_rng(3)
    weights = np.ones((512, 512), "f4")
    weights[:, 250:] = 4.0
    image = (rng.normal(0, 1, weights.shape) / np.sqrt(weights)).astype("f4")
    image[100:110] = 0.0
    weights[100:110] = 0.0
    place = tmp_path / "depth.fits"
    write(place, image, header(shape=image.shape))
    with fits.open(place, mode="append") as hdus:
        hdus.append(fits.ImageHDU(weights, name="WHT"))
    found = find_sources(place)
    assert len(found.rows) <= 3
    assert found.facts["noise"] == pytest.approx(1.0, rel=0.05)


def test_clipped_sky_is_that_of_a_known_sky():
    rng = np.random.default_rng(8)
    samples = rng.normal(10, 0.5, 4096).astype("f4")
    samples[:300] += rng.exponential(20, 300).astype("f4")
    samples[400:420] = np.nan
    room = np.empty(4096, "u4"), np.empty(4096, "u4")
    ordered = samples.copy()
    count = as_written(sorted_samples)(ordered, *room)
    assert np.array_equal(ordered[:count], np.sort(samples[np.isfinite(samples)]))
    level, noise = as_written(clipped_sky)(ordered, count, 3.0, 10)
    assert level == pytest.approx(10, abs=0.03)
    assert noise == pytest.approx(0.5, rel=0.05)


def test_positions_on_the_sky_are_astropys(stars):
    _, image = stars
    table = sources_table(find_sources(image), open_image(image))
    sky = WCS(fits.getheader(image, 1)).pixel_to_world(table["x_centroid"], table["y_centroid"])
    assert np.allclose(sky.ra.deg, table["ra"], atol=1e-10)
    assert np.allclose(sky.dec.deg, table["dec"], atol=1e-10)


def test_what_cannot_be_searched_is_a_sentence(tmp_path, stars):
    for name, values, told in (
        ("nan", np.full((80, 80), np.nan), "no noise can be measured"),
        ("flat", np.ones((80, 80)), "no noise can be measured"),
    ):
        place = write(tmp_path / f"{name}.fits", values, header(shape=(80, 80)))
        with pytest.raises(DataError, match=told):
            find_sources(place)
    with pytest.raises(UsageError, match="raise the threshold"):
        find_sources(stars[1], options=DetectRequest(threshold=1.0, min_pixels=1, max_sources=10))


def test_nothing_above_the_threshold_is_no_error(tmp_path):
    noise = np.random.default_rng(4).normal(size=(150, 150))
    found = find_sources(write(tmp_path / "empty.fits", noise, header(shape=noise.shape)))
    assert found.rows.shape == (0, 28)
    table = sources_table(found, open_image(tmp_path / "empty.fits"))
    assert len(table) == 0
    assert "ra" in table.colnames


def test_neighbours_and_a_borrowed_sky_are_flagged():
    """Two stars five pixels apart, and one in a box of the mesh that has hardly any data."""
    image = np.random.default_rng(2).normal(0.0, 1.0, (256, 256)).astype("f4")
    v, u = np.mgrid[:256, :256]
    for x, y in ((40.0, 40.0), (45.0, 40.0), (100.0, 200.0), (224.0, 224.0)):
        image += np.float32(300.0) * np.exp(-((u - x) ** 2 + (v - y) ** 2) / (2 * SIGMA**2)).astype("f4")
    hole = image[192:, 192:].copy()
    image[192:, 192:] = np.nan
    image[218:231, 218:231] = hole[26:39, 26:39]
    found = jwstpipe.detect(image)
    flags = {(round(row["x_centroid"]), round(row["y_centroid"])): row["flags"] for row in found}
    assert flags[40, 40] & 1
    assert flags[45, 40] & 1
    assert not flags[100, 200] & (1 | 512)
    assert flags[224, 224] & 512
