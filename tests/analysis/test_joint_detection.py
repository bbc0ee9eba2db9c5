"""Several images of one grid searched as one: what none of them shows alone; the same bits for every tiling."""

import numpy as np
import pytest
from scipy.spatial import cKDTree

from jwstpipe.analysis.catalogues.sources_table import sources_table
from jwstpipe.analysis.sources.combine import combined_image
from jwstpipe.analysis.sources.detect import find_sources
from jwstpipe.api.sources import detect
from jwstpipe.errors import UsageError
from jwstpipe.execution.workers import ThreadWorkers
from jwstpipe.images.open import open_image
from jwstpipe.requests.analysis.detect import DetectRequest
from jwstpipe.sky.box import Box
from tests.mosaicking.scenes import header, write

SIDE, SIGMA = 320, 1.2
NOISE, LEVEL = (1.0, 3.0, 0.4), (10.0, 200.0, 0.0)


@pytest.fixture(scope="module")
def filters(tmp_path_factory):
    """Three images whose noise differs; the first twenty stars shine in all, the next ten in the last one only."""
    rng = np.random.default_rng(6)
    x, y = (part.ravel() + rng.uniform(-3, 3, 36) for part in np.meshgrid(*[np.linspace(30, SIDE - 30, 6)] * 2))
    v, u = np.mgrid[:SIDE, :SIDE]
    folder, names = tmp_path_factory.mktemp("filters"), []
    for k, (noise, level) in enumerate(zip(NOISE, LEVEL, strict=True)):
        image = rng.normal(level, noise, (SIDE, SIDE))
        for number in range(30):
            snr = 4.2 if number < 20 else 9.0 * (k == 2)
            image += snr * noise / (SIGMA * np.sqrt(np.pi)) * np.exp(
                -((u - x[number]) ** 2 + (v - y[number]) ** 2) / (2 * SIGMA**2)
            )  # fmt: skip
        image[:, 100 + 40 * k] = np.nan
        names.append(write(folder / f"f{k}.fits", image.astype("f4"), header(shape=image.shape)))
    return names, np.column_stack([x, y])


def shares(found, truth):
    places = np.column_stack([found.column("peak_x"), found.column("peak_y")])
    away = cKDTree(places).query(truth)[0] if len(places) else np.full(len(truth), 99.0)
    return (away[:20] < 2.5).mean(), (away[20:30] < 2.5).mean()


@pytest.mark.parametrize("joint", ["mean", "chi"])
def test_together_they_show_what_none_shows_alone(filters, joint):
    names, truth = filters
    options = DetectRequest(joint=joint)
    alone = max(shares(find_sources(name, options=options), truth)[0] for name in names)
    faint, coloured = shares(find_sources(combined_image(names, options=options), options=options), truth)
    assert alone <= 0.3
    assert faint >= (0.8 if joint == "mean" else 0.45)  # a square of noise costs chi what one colour costs the mean
    assert coloured >= (0.0 if joint == "mean" else 0.8)


@pytest.mark.parametrize("joint", ["mean", "chi"])
def test_the_combined_image_is_noise_of_one(filters, joint):
    made = combined_image(filters[0], options=DetectRequest(joint=joint)).read()
    assert np.isfinite(made).all()  # no pixel is missing in all of them
    assert np.median(made) == pytest.approx(0.0, abs=0.12)
    assert np.percentile(made, 84) - np.percentile(made, 16) == pytest.approx(2.0, rel=0.06)


@pytest.mark.parametrize("joint", ["mean", "chi"])
def test_tilings_do_not_change_a_bit(filters, joint):
    options = DetectRequest(joint=joint, mesh=32)
    found = []
    for tile in (64, 150, 2048):
        image = combined_image(filters[0], options=options, tile=tile, workers=ThreadWorkers(2))
        one = find_sources(image, options=options, tile=tile, workers=ThreadWorkers(2))
        found.append((one.rows.tobytes(), one.runs.tobytes()))
    assert found[0] == found[1] == found[2]


def test_a_catalogue_of_several_names_them_all(filters):
    table = detect(filters[0], joint="chi")
    assert [one["file_name"] for one in table.meta["jwstpipe"]["inputs"]] == ["f0.fits", "f1.fits", "f2.fits"]
    assert table["segment_flux"].unit is None
    assert table.meta["jwstpipe"]["parameters"]["joint"] == "chi"


def test_arrays_are_searched_too(filters):
    image = open_image(filters[0][2])
    table = detect(image[Box.of_shape(image.shape)].sci)
    ours = sources_table(find_sources(filters[0][2]), image)
    assert np.array_equal(table["x_centroid"], ours["x_centroid"])
    assert "ra" not in table.colnames


def test_images_that_lie_elsewhere_are_refused(filters, tmp_path):
    image = np.zeros((SIDE, SIDE), "f4")
    moved = write(tmp_path / "moved.fits", image, header(shape=image.shape, shift=(3.0, 0.0)))
    small = write(tmp_path / "small.fits", image[:99], header(shape=(99, SIDE)))
    for other, told in ((moved, "3.00 pixels away"), (small, "not (320, 320)")):
        with pytest.raises(UsageError, match="not on the grid") as error:
            detect([filters[0][0], other])
        assert told in str(error.value)
