"""Regions and catalogues behind the page: against numpy, astropy, and what must not be read."""

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.table import Table
from astropy.wcs import WCS

import jwstpipe
from jwstpipe.errors import DataError, NotFoundError, UsageError
from jwstpipe.viewer.readout import lineage_at
from jwstpipe.viewer.regions import measured_region
from jwstpipe.viewer.source_table import open_table
from tests.render.render_images import tan_header
from tests.viewer.scenes import SCALE, SHAPE, SKY


@pytest.fixture(scope="module")
def images(viewing, ids):
    return viewing.opened(ids[:3]).images


@pytest.fixture(scope="module")
def wcs():
    return WCS(tan_header(SHAPE, crval=SKY, scale=SCALE, rotation=20.0))


def test_a_circle_on_the_sky_is_measured_as_numpy_does(images, wcs, viewing, mosaics):
    ra, dec = (float(one) for one in wcs.pixel_to_world_values(410.0, 300.0))
    rows = measured_region(images, f'icrs;circle({ra:.9f},{dec:.9f},1.3")', exact=False, workers=viewing.workers)
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    inside = np.hypot(x - 410.0, y - 300.0) < 1.3 / 3600 / SCALE
    for store, row in zip(mosaics, rows, strict=True):
        values = jwstpipe.open_image(store).read("sci")[inside].astype(np.float64)
        seen = values[np.isfinite(values)]
        assert (row["count"], row["n_nan"]) == (seen.size, values.size - seen.size)
        for name, truth in (
            ("mean", seen.mean()),
            ("median", np.median(seen)),
            ("std", seen.std()),
            ("total", seen.sum()),
        ):
            assert row[name] == pytest.approx(truth, rel=1e-6), name


@pytest.mark.parametrize(
    "text",
    ["/etc/passwd.reg", "label:1@/etc/x.fits", "a.crtf", "icrs;circle(1,2,3)\nimage;circle(1,2,3)", "", "circle(", "x"],
)
def test_a_region_names_no_files(images, viewing, text):
    with pytest.raises(UsageError, match="a region is one line"):
        measured_region(images, text, exact=False, workers=viewing.workers)


def test_an_image_that_was_not_made_of_others_says_so(images):
    facts = lineage_at(images, 0, 400, 300)
    assert list(facts["inputs"]) == []
    assert facts["inputs_note"]
    assert "address" not in facts


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    rng = np.random.default_rng(1)
    rows = Table(
        {
            "id": np.arange(5000), "name": [f"star {n % 7}" for n in range(5000)],
            "ra": 83.8 + rng.uniform(-0.01, 0.01, 5000), "dec": -5.4 + rng.uniform(-0.01, 0.01, 5000),
            "flux": rng.uniform(1, 100, 5000),
        }
    )  # fmt: skip
    rows["flux"].unit = "Jy"
    path = tmp_path_factory.mktemp("table") / "stars.ecsv"
    rows.write(path)
    return open_table(path), rows


def test_marks_are_those_within_reach_the_brightest_where_there_are_too_many(table):
    found, rows = table
    apart = SkyCoord(rows["ra"], rows["dec"], unit="deg").separation(SkyCoord(83.801, -5.401, unit="deg")).deg
    near = found.marks(83.801, -5.401, 0.002)
    assert {row for row, _, _ in near["marks"]} == set(np.flatnonzero(apart <= 0.002).tolist())
    everything = found.marks(83.8, -5.4, 1.0)
    assert (everything["total"], len(everything["marks"])) == (5000, 4000)
    assert {row for row, _, _ in everything["marks"]} == set(np.argsort(-rows["flux"])[:4000].tolist())


def test_pages_are_sorted_and_searched(table):
    found, rows = table
    page = found.page(start=10, count=5, sort="flux", descending=True)
    assert [row["row"] for row in page["rows"]] == np.argsort(-rows["flux"])[10:15].tolist()
    assert {column["name"]: column["unit"] for column in page["columns"]}["flux"] == "Jy"
    assert found.page(start=0, count=1, text="STAR 3")["total"] == sum(name == "star 3" for name in rows["name"])
    for wrong in ({"count": 501}, {"count": 0}, {"count": 1, "sort": "nothing"}):
        with pytest.raises(UsageError):
            found.page(start=0, **wrong)


def test_what_is_no_table_of_positions_is_refused(tmp_path):
    with pytest.raises(NotFoundError, match="no such file"):
        open_table(tmp_path / "none.csv")
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match="no positions on the sky"):
        open_table(tmp_path / "a.csv")
