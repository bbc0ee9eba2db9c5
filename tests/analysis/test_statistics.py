"""Statistics against numpy and astropy on the same samples, and the ways to name a region."""

import json

import numpy as np
import pytest
import shapely
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.stats import biweight_location, biweight_scale, mad_std, sigma_clipped_stats
from astropy.wcs import WCS
from pydantic import ValidationError

from jwstpipe.analysis.pixels.histogram import pixel_histogram
from jwstpipe.analysis.pixels.regions import regions_of
from jwstpipe.analysis.pixels.report import statistics
from jwstpipe.analysis.pixels.statistics import PERCENTS, pixel_statistics
from jwstpipe.errors import DataError, NoCoverageError, UsageError
from jwstpipe.execution.workers import ThreadWorkers
from jwstpipe.images.memory import as_image
from jwstpipe.images.open import open_image
from jwstpipe.numerics import ranks
from jwstpipe.numerics.robust import MAD_TO_SIGMA
from jwstpipe.requests.analysis.statistics import FIGURES, StatisticsRequest
from tests.mosaicking.scenes import header, write

SHAPE = (300, 2150)  # a little more than a shard


@pytest.fixture(scope="module")
def samples():
    rng = np.random.default_rng(7)
    values = rng.normal(10.0, 0.3, SHAPE).astype("f4")
    values[100:140, 50:70] += 500
    values[rng.random(SHAPE) < 0.02] += 5
    values[::50, ::31] = np.nan
    values[5, 5] = -3e20
    return values


@pytest.fixture(scope="module")
def image(tmp_path_factory, samples):
    place = tmp_path_factory.mktemp("statistics") / "image.fits"
    # mirrored: east to the right, so that a region that forgets the parity measures other pixels
    cards = header(shape=SHAPE, angle=30.0)
    cards["CD1_1"], cards["CD2_1"] = -cards["CD1_1"], -cards["CD2_1"]
    return write(place, samples, cards)


def test_all_numbers_are_those_of_numpy_and_astropy(image, samples):
    values = samples[np.isfinite(samples)]
    exact = values.astype("f8")
    found = pixel_statistics(image)
    assert (found.count, found.n_nan) == (values.size, samples.size - values.size)
    assert (found.minimum, found.maximum) == (exact.min(), exact.max())
    assert found.total == pytest.approx(exact.sum(), rel=1e-12)
    assert found.std == pytest.approx(exact.std(), rel=1e-12)
    assert list(found.percentiles.values()) == pytest.approx(np.percentile(exact, PERCENTS), rel=1e-15)
    assert np.float32(found.median) == np.median(values)
    assert found.mad_std == pytest.approx(mad_std(values), rel=1e-6)
    assert found.biweight_location == pytest.approx(biweight_location(exact), rel=1e-9)
    assert found.biweight_scale == pytest.approx(biweight_scale(exact), rel=1e-6)


def test_clipping_is_that_of_astropy(image, samples):
    window = samples[150:290, 200:2100]
    mean, median, std = sigma_clipped_stats(window[np.isfinite(window)].astype("f8"), sigma=3.0, maxiters=5)
    (shape,) = regions_of("200,150,2100,290", open_image(image))
    found = pixel_statistics(image, shape).clipped
    assert (found.mean, found.median, found.std) == pytest.approx((mean, median, std), abs=3e-4 * std)


def test_only_what_is_asked_for(image, samples):
    values = samples[np.isfinite(samples)]
    (every,) = statistics([image])
    (row,) = statistics([image], options=StatisticsRequest(only=("median", "percentiles")))
    percents = {f"p{percent:g}" for percent in PERCENTS}
    assert row.keys() == {"image", "region", "plane", "unit", "count", "n_nan", "rule", "median"} | percents
    assert (row["count"], np.float32(row["median"])) == (values.size, np.median(values))
    for only in FIGURES:
        (row,) = statistics([image], options=StatisticsRequest(only=(only,)))
        assert row == {key: every[key] for key in row}
    with pytest.raises(ValidationError, match="'mode' is no figure"):
        StatisticsRequest(only=("mode",))


def gaussian(rng, size):
    return rng.normal(0.0, 1.0, size)


SHAPES = {
    "about zero": gaussian,
    "far from zero": lambda rng, size: rng.normal(5.0, 1e-4, size),
    "faint": lambda rng, size: rng.normal(0.0, 1e-40, size),
    "whole numbers": lambda rng, size: rng.poisson(3.0, size),
    "one value": lambda rng, size: np.full(size, -2.5),
    "two values": lambda rng, size: rng.integers(0, 2, size) * 8.0 - 3.0,
    "all orders": lambda rng, size: 10.0 ** rng.uniform(-37, 38, size) * rng.choice([-1, 1], size),
    "half zero": lambda rng, size: np.maximum(rng.normal(0.0, 1.0, size), 0.0),
    "other on one side": lambda rng, size: np.where(np.arange(size) < size // 8, 0.0, 90.0) + rng.normal(0, 1, size),
}


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("most", [ranks.MOST_COUNTED, 2])
def test_ranks_are_exact_whatever_the_distribution(name, most, monkeypatch):
    """Where a pass may look into few bins there are more of them, and the same numbers."""
    monkeypatch.setattr(ranks, "MOST_COUNTED", most)
    values = SHAPES[name](np.random.default_rng(3), 1_500_000).astype("f4").reshape(1000, 1500)
    values[::7, ::11] = np.nan
    found = pixel_statistics(as_image(values), only=("median", "percentiles", "mad"))
    good = values[np.isfinite(values)]
    with np.errstate(over="ignore"):
        assert list(found.percentiles.values()) == pytest.approx(np.percentile(good.astype("f8"), PERCENTS), rel=1e-12)
        away = np.abs(good - np.float32(found.median)).astype("f8")
    assert found.mad_std == MAD_TO_SIGMA * np.median(away)


def test_double_precision_keeps_its_differences(tmp_path):
    """Single precision has steps of 8 at 1e8: an image of noise of 1e-3 would be one value."""
    values = 1e8 + np.random.default_rng(5).normal(0.0, 1e-3, (200, 300))
    values[3, 4] = np.nan
    place = tmp_path / "level.fits"
    fits.writeto(place, values)
    good = values[np.isfinite(values)]
    for image in (place, as_image(values)):
        found = pixel_statistics(image)
        assert found.std == pytest.approx(good.std(), rel=1e-6)
        assert found.mad_std == pytest.approx(mad_std(good), rel=1e-5)
        assert list(found.percentiles.values()) == pytest.approx(np.percentile(good, PERCENTS), abs=1e-7)
        assert (found.minimum, found.maximum) == pytest.approx((good.min(), good.max()), abs=1e-7)
        assert found.total == pytest.approx(good.sum(), rel=1e-15)
        assert found.clipped.std == pytest.approx(good.std(), rel=0.03)
        assert pixel_histogram(image, found).counts.sum() == good.size
    assert found.median == pytest.approx(np.median(good), abs=2e-8)


def test_workers_do_not_change_a_bit(image):
    assert pixel_statistics(image, workers=ThreadWorkers(1)) == pixel_statistics(image, workers=ThreadWorkers(2))


REGIONS = (
    'icrs;circle(150.001,2.0005,3.1")',
    'icrs;annulus(150.001,2.0005,1.4",3.1")',
    'icrs;ellipse(150.001,2.0005,4.2",1.7",25)',
)


@pytest.mark.parametrize("text", REGIONS)
def test_sky_regions_take_the_pixels_that_lie_there(image, samples, text):
    """The truth is the sky position of each pixel's centre, asked of astropy one by one."""
    sky = WCS(fits.getheader(image, 1)).pixel_to_world(*np.meshgrid(np.arange(SHAPE[1]), np.arange(SHAPE[0])))
    centre = SkyCoord(150.001, 2.0005, unit="deg")
    east, north = (offset.arcsec for offset in centre.spherical_offsets_to(sky))
    if "ellipse" in text:
        angle = np.radians(25.0)  # DS9 counts from the west towards the north
        along = -east * np.cos(angle) + north * np.sin(angle)
        across = east * np.sin(angle) + north * np.cos(angle)
        inside = (along / 4.2) ** 2 + (across / 1.7) ** 2 < 1
    else:
        distance = np.hypot(east, north)
        inside = (distance < 3.1) & (distance >= (1.4 if "annulus" in text else 0.0))
    kept = samples[inside]
    (shape,) = regions_of(text, open_image(image))
    found = pixel_statistics(image, shape)
    assert found.count + found.n_nan == kept.size
    assert found.total == pytest.approx(np.nansum(kept.astype("f8")), rel=1e-12)


def test_exact_shares_are_those_of_photutils(image, samples):
    from photutils.aperture import EllipticalAperture

    aperture = EllipticalAperture((900.3, 160.7), 31.5, 12.25, theta=0.4)
    (shape,) = regions_of("image;ellipse(901.3,161.7,31.5,12.25,22.918311805232927)", open_image(image))
    found = pixel_statistics(image, shape, rule="exact")
    good = np.isfinite(samples)
    weights = aperture.to_mask(method="exact").to_image(SHAPE)
    assert found.area == pytest.approx(weights[good].sum(), rel=1e-12)
    assert found.total == pytest.approx((weights[good] * samples[good].astype("f8")).sum(), rel=1e-12)


def test_polygons_and_footprints(image, samples):
    wcs = WCS(fits.getheader(image, 1))
    corners = [(20.2, 30.1), (400.7, 41.0), (395.5, 200.9), (200.3, 90.2), (30.3, 210.4)]
    inside = np.zeros(SHAPE, bool)
    shape = shapely.Polygon(corners)
    rows, columns = np.mgrid[25:215, 15:405]
    inside[rows, columns] = shapely.contains_xy(shape, columns, rows)
    sky = [wcs.pixel_to_world(x, y) for x, y in corners]
    told = " ".join(f"{one.ra.deg:.12f} {one.dec.deg:.12f}" for one in sky)
    for text in (f"POLYGON ICRS {told}", f"icrs;polygon({told.replace(' ', ',')})"):
        (found,) = regions_of(text, open_image(image))
        assert pixel_statistics(image, found).total == pytest.approx(np.nansum(samples[inside].astype("f8")), rel=1e-12)


def test_a_label_is_a_region(image, samples, tmp_path):
    labels = np.zeros(SHAPE, "f4")
    labels[40:60, 1000:2149] = 7
    segmentation = write(tmp_path / "segm.fits", labels, header(shape=SHAPE))
    (shape,) = regions_of(f"label:7@{segmentation}", open_image(image))
    assert pixel_statistics(image, shape).total == pytest.approx(
        np.nansum(samples[40:60, 1000:2149].astype("f8")), rel=1e-12
    )


def test_files_of_regions_give_a_row_each(image, tmp_path):
    file = tmp_path / "two.reg"
    file.write_text("# Region file format: DS9\nimage\ncircle(100,100,5) # text={core}\nbox(300,100,20,10,0)\n")
    crtf = tmp_path / "one.crtf"
    crtf.write_text("#CRTFv0\ncircle[[150.001deg, 2.0005deg], 3arcsec], coord=ICRS\n")
    rows = list(statistics([image], options=StatisticsRequest(region=(str(file), str(crtf)))))
    assert [row["count"] + row["n_nan"] for row in rows[1:2]] == [200]
    assert rows[0]["region"] == "core"
    assert len(rows) == 3


def test_a_sum_becomes_a_flux(tmp_path):
    """2.29e-14 sr of 1 MJy/sr make AB 28.000."""
    side = np.degrees(np.sqrt(2.29e-14)) * 3600
    place = write(tmp_path / "one.fits", np.ones((9, 9)), header(shape=(9, 9), scale=side))
    (row,) = statistics([place], options=StatisticsRequest(region=("4,4,5,5",)))
    assert row["mag_ab"] == pytest.approx(28.0, abs=1e-3)
    assert row["flux_jy"] == pytest.approx(2.29e-8, rel=1e-6)


def test_what_cannot_be_measured_is_a_sentence(image, tmp_path):
    opened = open_image(image)
    with pytest.raises(NoCoverageError, match="lies outside"):
        regions_of("5000,5000,5010,5010", opened)
    with pytest.raises(UsageError, match="X0,Y0,X1,Y1"):
        regions_of("somewhere", opened)
    with pytest.raises(UsageError, match="has no area"):
        regions_of("image;line(1,1,5,5)", opened)
    empty = write(tmp_path / "empty.fits", np.full((20, 20), np.nan), header(shape=(20, 20)))
    with pytest.raises(DataError, match="all 400 pixels"):
        pixel_statistics(empty)
    with pytest.raises(UsageError, match="no samples in plane"):
        pixel_statistics(image, plane="dq")


def test_the_command(command, image, samples):
    code, said, _ = command("stats", image, "--region", "0,0,100,100", "--json")
    row = json.loads(said)
    assert code == 0
    assert np.float32(row["median"]) == np.nanmedian(samples[:100, :100])
    code, _, told = command("stats", image, "--region", "9000,0,9100,100")
    assert code == 3
    assert "lies outside" in told
