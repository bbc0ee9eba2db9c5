"""Pictures of what was measured: what stands where, looked up in the pixels of the file."""

import numpy as np
import pytest
from PIL import Image

from jwstpipe.analysis.pixels.histogram import pixel_histogram
from jwstpipe.analysis.pixels.statistics import pixel_statistics
from jwstpipe.api.plots import plot_histogram, plot_sources
from jwstpipe.api.sources import detect
from jwstpipe.errors import ConflictError, DataError, UsageError
from jwstpipe.render.plots.completeness import draw_completeness
from jwstpipe.render.plots.contents import BLUE, Axis, Curve, Guide, fitting_axis
from jwstpipe.render.plots.detections import STAR
from jwstpipe.render.plots.figure import draw_figure
from tests.analysis.fields import star_field
from tests.mosaicking.scenes import header, write


@pytest.fixture(scope="module")
def field(tmp_path_factory):
    made = star_field(300, snr=(30, 500), per_mpx=120)
    return write(tmp_path_factory.mktemp("plots") / "stars.fits", made.image, header(shape=(300, 300))), made


def looked_at(path):
    with Image.open(path) as picture:
        return np.asarray(picture)


def near(pixels, colour, reach=60):
    return np.abs(pixels.astype(int) - np.array(colour)).sum(axis=-1) < reach


def test_sources_are_drawn_where_they_are(field, tmp_path):
    image, _ = field
    table = detect(image)
    stars = table[np.asarray(table["extendedness"]) < 3]
    pixels = looked_at(plot_sources(image, stars, tmp_path / "found.png", size=900))
    assert pixels.shape == (900, 900, 3)
    green = near(pixels, STAR)
    yy, xx = np.mgrid[:900, :900]
    allowed = np.zeros((900, 900), bool)
    for row in stars:
        x, y = 3 * (row["x_centroid"] + 0.5), 900 - 3 * (row["y_centroid"] + 0.5)
        reach = max(9.0 * row["semimajor"], 4.0) + 3
        around = np.hypot(xx - x, yy - y) < reach
        assert (green & around).sum() > 12  # a ring is there
        allowed |= around
    assert not (green & ~allowed).any()


def test_the_same_sources_give_the_same_bytes(field, tmp_path):
    image, _ = field
    table = detect(image)
    first, second = (plot_sources(image, table, tmp_path / f"{k}.png").read_bytes() for k in range(2))
    assert first == second
    with pytest.raises(ConflictError):
        plot_sources(image, table, tmp_path / "0.png")
    with pytest.raises(DataError, match="no column theta"):
        plot_sources(image, table["x_centroid", "y_centroid", "semimajor", "semiminor"], tmp_path / "no.png")


def test_a_histogram_counts_what_numpy_counts(field, tmp_path):
    image, made = field
    found = pixel_histogram(image, pixel_statistics(image), bins=50)
    finite = made.image[np.isfinite(made.image)]
    counts, _ = np.histogram(finite.astype("f8"), bins=50, range=(found.edges[0], found.edges[-1]))
    assert np.array_equal(found.counts, counts)
    assert found.outside == finite.size - counts.sum()
    pixels = looked_at(plot_histogram(image, tmp_path / "h.png"))
    assert near(pixels, BLUE).sum() > 500


def test_curves_lie_where_their_numbers_are(tmp_path):
    x = np.linspace(0, 10, 50)
    out = draw_figure(
        tmp_path / "line.png", [Curve(x, 0.1 * x, label="rise")], Axis("time", 0, 10), Axis("share", 0, 1),
        title="A line", guides=[Guide("y", 0.5, "half")], size=(500, 400),
    )  # fmt: skip
    blue = near(looked_at(out), BLUE)
    left, right, top, bottom = 84, 500 - 22, 44, 400 - 60
    for share in (0.1, 0.3, 0.6):
        column = round(left + share * (right - left))
        rows = np.flatnonzero(blue[:, column])
        assert abs(rows.mean() - (bottom - share * (bottom - top))) < 2


def test_axes_have_round_ticks_and_hold_their_numbers():
    assert Axis("m", 28.3, 21.2).ticks() == [22, 24, 26, 28]
    assert Axis("n", 1, 1e5, log=True).ticks() == [1, 10, 100, 1e3, 1e4, 1e5]
    axis = fitting_axis("x", [1.0, np.nan], [5.0])
    assert (axis.low, axis.high) == (0.8, 5.2)
    with pytest.raises(DataError, match="no number to draw"):
        fitting_axis("x", [np.nan])


def test_completeness_is_drawn(tmp_path):
    bins = np.arange(24.0, 29.0, 0.5)
    share = 1 / (1 + np.exp(3 * (bins - 27)))
    out = draw_completeness(
        tmp_path / "c.png", bins, share, np.full(10, 0.05), label="AB magnitude", title="Found again", half=27.0,
        backwards=True,
    )  # fmt: skip
    assert near(looked_at(out), BLUE).sum() > 300


def test_the_commands_make_them(command, field, tmp_path):
    image, _ = field
    code, _, _ = command("detect", image, "-o", tmp_path / "c.ecsv", "--picture", tmp_path / "c.png")
    assert code == 0
    assert looked_at(tmp_path / "c.png").shape == (1600, 1600, 3)
    code, _, _ = command("stats", image, "--histogram", tmp_path / "h.png", "--json")
    assert code == 0
    assert looked_at(tmp_path / "h.png").shape == (600, 960, 3)
    code, _, told = command("stats", image, "--histogram", tmp_path / "x.png", "--region", "0,0,9,9")
    assert code == 2
    assert "one whole image" in told
    with pytest.raises(UsageError, match="size of an overlay"):
        plot_sources(image, detect(image), tmp_path / "big.png", size=10)


def test_photometry_draws_growth_and_colours(command, tmp_path):
    made = star_field(400, seed=2, snr=(300, 2000), per_mpx=150, missing=0)
    image = write(tmp_path / "stars.fits", made.image, header(shape=(400, 400)))
    second = tmp_path / "second.fits"
    second.write_bytes(image.read_bytes())
    words = ("photometry", image, second, "-o", tmp_path / "f.ecsv", "--aperture", "3px", "--growth", "image")
    pictures = ("--growth-picture", tmp_path / "g.png", "--colours-picture", tmp_path / "c.png")
    code, _, said = command(*words, *pictures)
    assert code == 0, said
    for name in ("g.png", "c.png"):
        assert near(looked_at(tmp_path / name), BLUE).sum() > 50
    code, _, said = command(*words, *pictures, "--overwrite", "--colour", "colour_a_b")
    assert code == 6
    assert "has the colours colour_image1_image2" in said
    code, _, said = command("photometry", image, "-o", tmp_path / "one.ecsv", "--growth-picture", tmp_path / "g.png")
    assert code == 7
    assert not (tmp_path / "one.ecsv").exists()
