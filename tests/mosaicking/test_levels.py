"""Sky levels: exact where the differences are exact, additive, and honest about what they cannot know."""

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

import jwstpipe
from jwstpipe import open_image
from jwstpipe.errors import UsageError
from jwstpipe.mosaicking.background import normal_equations
from jwstpipe.mosaicking.background.cells import CELL, reduced
from jwstpipe.mosaicking.background.overlaps import Overlap, overlap_of
from jwstpipe.mosaicking.background.solve import Difference, solve_levels, solve_skies
from jwstpipe.mosaicking.planning import plan_mosaic
from jwstpipe.requests import MosaicOptions
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box
from jwstpipe.sky.grid import SkyGrid
from tests.mosaicking.scenes import header, write


def lattice_of_tiles(n, random):
    levels = random.normal(0, 1, n * n)
    pairs = [(k, k + 1) for k in range(n * n) if (k + 1) % n] + [(k, k + n) for k in range(n * (n - 1))]
    found = [Difference(i, j, levels[i] - levels[j], random.uniform(0.5, 2)) for i, j in pairs]
    return levels, found


@pytest.mark.parametrize("n", [4, 20])
def test_exact_differences_give_exact_levels(n):
    levels, found = lattice_of_tiles(n, np.random.default_rng(n))
    solved = solve_levels(n * n, found[::-1])
    truth = levels - levels.mean()
    assert np.abs(np.array(solved.values) - truth).max() < 1e-9 * levels.std()
    assert solved.values == solve_levels(n * n, found).values


def test_ten_thousand_tiles_are_solved_exactly():
    levels, found = lattice_of_tiles(100, np.random.default_rng(0))
    solved = solve_levels(10_000, found)
    assert np.abs(np.array(solved.values) - (levels - levels.mean())).max() < 1e-9


def test_images_that_agree_to_the_last_bit_need_nothing():
    solved = solve_levels(3, [Difference(0, 1, 0.0, 1.0), Difference(1, 2, 0.0, 2.0)])
    assert solved.values == (0.0, 0.0, 0.0)
    assert solved.doubtful == ()


def test_each_connected_group_keeps_its_own_mean():
    solved = solve_levels(5, [Difference(0, 1, 4.0, 1.0), Difference(2, 3, -2.0, 1.0)])
    assert solved.values == pytest.approx((2.0, -2.0, -1.0, 1.0, 0.0))
    assert solved.components == (0, 0, 1, 1, 2)


def test_a_contradicting_overlap_is_named_and_hardly_counts():
    random = np.random.default_rng(1)
    levels, found = lattice_of_tiles(6, random)
    noisy = [Difference(d.first, d.second, d.value + random.normal(0, 1e-3), d.weight) for d in found]
    wrong = noisy[10]
    noisy[10] = Difference(wrong.first, wrong.second, wrong.value + 3.0, wrong.weight)
    solved = solve_levels(36, noisy)
    assert (wrong.first, wrong.second) in solved.doubtful
    error = np.array(solved.values) - (levels - levels.mean())
    assert np.abs(error).max() < 0.3


PLANE = SkyGrid.north_up(150.0, 2.0, 0.1)


@pytest.mark.parametrize("quantity", ["surface", "flux"])
def test_a_cell_is_the_mean_of_the_pixels_whose_middles_it_holds(tmp_path, quantity):
    shape, random = (120, 140), np.random.default_rng(8)
    placed = header(angle=25.0, scale=0.13, shape=shape)
    data = random.normal(1e3, 1.0, shape).astype("f4")
    data[50:60, 70:75] = np.nan
    name = write(tmp_path / "a.fits", data, placed)
    plan = plan_mosaic([name], grid=(PLANE, Box(-90, -100, 60, 150)), options=MosaicOptions(quantity=quantity))
    found = reduced(plan.sources[0], plan.grid, (), S3Settings(), is_flux=plan.is_flux)
    rows, columns = np.nonzero(np.isfinite(data))
    sky = WCS(placed).all_pix2world(columns, rows, 0)
    x, y = PLANE.wcs(Box(0, 0, 1, 1)).all_world2pix(*sky, 0)
    column, row = (
        np.floor((one + 0.5) / CELL).astype(int) - corner for one, corner in ((x, found.box.x0), (y, found.box.y0))
    )
    inside = (row >= 0) & (row < found.box.shape[0]) & (column >= 0) & (column < found.box.shape[1])
    cell = row[inside] * found.box.shape[1] + column[inside]
    values = data[rows, columns][inside].astype("f8") / (1.69 if quantity == "flux" else 1.0)
    count, total, squares = (np.bincount(cell, one, found.means.size) for one in (values * 0 + 1, values, values**2))
    whole = count > 0.5 * 64 / 1.69
    assert whole.sum() > 200
    np.testing.assert_array_equal(np.isfinite(found.means.ravel()), whole)
    means = total[whole] / count[whole]
    np.testing.assert_allclose(found.means.ravel()[whole], means, rtol=1e-5 if quantity == "flux" else 1e-9)
    scatter = (squares[whole] - count[whole] * means**2) / (count[whole] - 1)
    expected = np.maximum(scatter, np.median(scatter)) / count[whole]
    np.testing.assert_allclose(found.variances.ravel()[whole], expected, rtol=1e-3)


def test_a_star_beside_a_bright_nebula_keeps_its_flux(tmp_path):
    """The scene on which a matcher that scales by percentiles made a star 97 times too bright."""
    random = np.random.default_rng(5)
    y, x = np.mgrid[:400, :700].astype("f8")
    star = 1000 * np.exp(-((x - 350) ** 2 + (y - 100) ** 2) / (2 * 2.0**2))
    nebula = 50 * np.exp(-((x - 550) ** 2 + (y - 200) ** 2) / (2 * 60.0**2))
    sky = star + nebula
    names = []
    for name, x0, level in (("a.fits", 0, 10.0), ("b.fits", 300, 13.0)):
        box = Box(0, x0, 400, x0 + 400)
        data = sky[box.slices] + level + random.normal(0, 0.1, (400, 400))
        names.append(write(tmp_path / name, data, PLANE.header(box)))
    options = MosaicOptions(background="level")
    made = jwstpipe.mosaic(names, tmp_path / "out.zarr", grid=(PLANE, Box(0, 0, 400, 700)), options=options)
    image = open_image(made.address)
    matched = image.read("sci", image.window).astype("f8")
    mean_level = 11.5
    cut = (matched - mean_level - nebula)[70:131, 320:381]
    assert cut.sum() == pytest.approx(25_133, rel=0.01)
    assert matched[195:206, 545:556].mean() - mean_level == pytest.approx(49.6, rel=0.01)
    residual = matched - mean_level - sky
    # three standard errors of the difference of two means over the overlap's 40,000 pixels
    assert abs(residual[:, :290].mean() - residual[:, 410:].mean()) < 3 * 0.1 * np.sqrt(2 / 40_000)
    levels = {entry["image"]: entry["level"] for entry in made.background["levels"]}
    assert levels["b.fits"] - levels["a.fits"] == pytest.approx(3.0, abs=0.002)
    assert made.background["note"] == ""


def test_images_apart_are_told_as_components(tmp_path):
    names = [
        write(tmp_path / f"{k}.fits", np.full((200, 200), k), PLANE.header(Box(0, 260 * k, 200, 260 * k + 200)))
        for k in range(2)
    ]
    made = jwstpipe.mosaic(names, tmp_path / "out.zarr", options=MosaicOptions(background="level"))
    assert made.background["components"] == [["0.fits"], ["1.fits"]]
    assert made.background["overlaps"] == 0


@pytest.mark.exhaustive("test_a_known_sky_and_a_sky_region_fix_the_zero")
def test_real_survey_tiles_lose_their_seams(tmp_path, shared_data):
    names = sorted((shared_data / "m101-2mass").glob("*.fits"))
    steps = {}
    for background in ("none", "level"):
        out = tmp_path / f"{background}.zarr"
        made = jwstpipe.mosaic(names, out, options=MosaicOptions(background=background))
        image = open_image(out)
        sci, count = (image.read(plane, image.window) for plane in ("sci", "n"))
        # along rows, where an overlap of two images begins: the step of the mean across it
        jumps = []
        for row in range(0, sci.shape[0], 7):
            edges = np.flatnonzero((count[row, 1:] == 2) & (count[row, :-1] == 1))
            for edge in edges:
                before, after = sci[row, edge - 40 : edge], sci[row, edge + 2 : edge + 42]
                if before.size == 40 and np.isfinite(before).all() and np.isfinite(after).all():
                    jumps.append(np.median(after) - np.median(before))
        steps[background] = np.sqrt(np.mean(np.clip(jumps, -5, 5) ** 2)), abs(np.median(jumps))
        assert len(jumps) > 100
    assert made.background["residual_rms"] < 0.2
    # levels cannot close round a circle where skies slope, whoever finds them: that is said, with the way out
    assert "the skies have slopes; planes would leave 0.0" in made.background["note"]
    made = jwstpipe.mosaic(names, tmp_path / "plane.zarr", options=MosaicOptions(background="plane"))
    sky_rms = np.median([fits.getheader(name)["SKYSIG"] for name in names])
    assert made.background["residual_rms"] < 0.05 * sky_rms
    assert made.background["note"] == ""
    assert steps["level"][1] < 0.05
    assert steps["level"][0] < 0.5 * steps["none"][0]


def test_exact_planes_are_found_exactly():
    """Tiles of a lattice, each with a plane of its own, compared in the cells of thin overlaps."""
    random = np.random.default_rng(11)
    n, side, step = 5, 64, 56
    boxes = [Box(step * (k // n), step * (k % n), step * (k // n) + side, step * (k % n) + side) for k in range(n * n)]
    centres = [(CELL * (b.x0 + b.x1) / 2 - 0.5, CELL * (b.y0 + b.y1) / 2 - 0.5) for b in boxes]
    truth = np.column_stack([random.normal(0, 1, n * n), random.normal(0, 1e-3, (n * n, 2))])

    def values(k, cells):
        rows, columns = np.mgrid[cells.y0 : cells.y1, cells.x0 : cells.x1]
        x, y = (columns + 0.5) * CELL - 0.5, (rows + 0.5) * CELL - 0.5
        return truth[k, 0] + truth[k, 1] * (x - centres[k][0]) + truth[k, 2] * (y - centres[k][1])

    overlaps = []
    for i in range(n * n):
        for j in range(i + 1, n * n):
            common = boxes[i].intersection(boxes[j])
            if common is not None:
                found = overlap_of(
                    i, j, common, values(i, common) - values(j, common), np.ones(common.shape), planes=True
                )
                overlaps += [found] if found else []
    solved = solve_skies(centres, overlaps[::-1], planes=True)
    assert set(solved.components) == {0}
    # true up to one plane for all: compare what is left
    slopes = np.array([sky.slope for sky in solved.values]) - truth[:, 1:]
    assert np.abs(slopes - slopes.mean(axis=0)).max() < 1e-9 * 1e-3
    levels = np.array([sky.level for sky in solved.values]) - truth[:, 0]
    common_plane = np.column_stack([np.ones(n * n), np.array(centres)])
    rest = levels - common_plane @ np.linalg.lstsq(common_plane, levels, rcond=None)[0]
    assert np.abs(rest).max() < 1e-9
    assert abs(np.mean([sky.level for sky in solved.values])) < 1e-9
    assert solved.residual_rms < 1e-9


def test_known_levels_are_kept_and_tie_the_others():
    chain = [Difference(k, k + 1, float(k), 1.0) for k in range(4)]
    solved = solve_levels(6, chain, known={2: 7.0, 5: 3.0})
    assert solved.values == pytest.approx((8.0, 8.0, 7.0, 5.0, 2.0, 3.0))


def two_levels(folder):
    """Write two overlapping images of a slope and of different skies."""
    random = np.random.default_rng(3)
    names = []
    for name, x0, level, slope in (("a.fits", 0, 10.0, 0.0), ("b.fits", 300, 13.0, 0.004)):
        box = Box(0, x0, 400, x0 + 400)
        x = np.arange(400) - 199.5
        data = level + slope * x + random.normal(0, 0.05, (400, 400))
        names.append(write(folder / name, data, PLANE.header(box)))
    return names


def test_a_known_sky_and_a_sky_region_fix_the_zero(tmp_path):
    names = two_levels(tmp_path)
    known = MosaicOptions(background="level", sky=("b.fits=13.0",))
    made = jwstpipe.mosaic(names, tmp_path / "known.zarr", options=known)
    assert made.background["gauges"] == ["known"]
    levels = {entry["image"]: entry["level"] for entry in made.background["levels"]}
    assert levels["b.fits"] == 13.0
    lon, lat = PLANE.wcs(Box(0, 0, 1, 1)).wcs_pix2world(100, 200, 0)
    region = MosaicOptions(background="level", sky_region=(float(lon), float(lat), 4.0 / 3600))
    made = jwstpipe.mosaic(names, tmp_path / "region.zarr", options=region)
    assert made.background["gauges"] == ["region"]
    image = open_image(made.address)
    assert abs(np.nanmedian(image.read("sci", image.window)[160:240, 60:140])) < 0.01
    with pytest.raises(UsageError, match=r"'c\.fits' is none of the images"):
        jwstpipe.mosaic(names, tmp_path / "c.zarr", options=MosaicOptions(background="level", sky=("c.fits=1",)))


def test_planes_take_off_a_slope_between_images(tmp_path):
    made = jwstpipe.mosaic(two_levels(tmp_path), tmp_path / "out.zarr", options=MosaicOptions(background="plane"))
    slopes = {entry["image"]: entry["slope"] for entry in made.background["levels"]}
    # 100 x 400 pixels of noise 0.07 tell the slope across the overlap to 0.07 / (29 * 200)
    assert slopes["b.fits"][0] - slopes["a.fits"][0] == pytest.approx(0.004, abs=6e-5)
    assert abs(slopes["b.fits"][1] - slopes["a.fits"][1]) < 2e-5


@pytest.mark.parametrize("planes", [False, True])
def test_few_unknowns_are_solved_as_many_are(monkeypatch, planes):
    random = np.random.default_rng(7)
    centres = [(float(x), float(y)) for x, y in random.uniform(0, 3000, (12, 2))]
    overlaps = []
    for first, second in [(i, j) for i in range(12) for j in range(i + 1, 12) if (i + j) % 3 and (i < 8) == (j < 8)]:
        u, v, d = random.normal(0, 400, 50), random.normal(0, 400, 50), random.normal(first - second, 0.1, 50)
        sums = [(1.0 * part).sum() for part in (np.ones(50), u, v, u * u, u * v, v * v)]
        middle = tuple(np.mean([centres[first], centres[second]], axis=0).tolist())
        overlaps.append(
            Overlap(first, second, middle, tuple(sums), (d.sum(), (d * u).sum(), (d * v).sum()), (d * d).sum())
        )
    few = solve_skies(centres, overlaps, planes=planes)
    monkeypatch.setattr(normal_equations, "MOST_DENSE", 0)
    many = solve_skies(centres, overlaps, planes=planes)
    assert few.components == many.components == (0,) * 8 + (1,) * 4
    for one, other in zip(few.values, many.values, strict=True):
        np.testing.assert_allclose(one.as_array(), other.as_array(), rtol=1e-9, atol=1e-12)
