"""Sources near a place in all registered catalogues, and drawn on a picture without naming one."""

import json

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.table import Table

import jwstpipe
from jwstpipe.analysis.catalogues.files import read_catalogue
from jwstpipe.catalog.catalog import open_catalog
from jwstpipe.catalog.query import RecordQuery
from jwstpipe.operations.sources.known import sources_near
from jwstpipe.settings import load_settings
from jwstpipe.storage import ObjectStore
from jwstpipe.storage.position_tables import read_positions
from tests.analysis.fields import star_field
from tests.cli.conftest import command
from tests.mosaicking.scenes import header, write

__all__ = ["command"]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Two fields a degree apart, their catalogues and one that has other columns, all registered."""
    folder = tmp_path_factory.mktemp("known")
    files = []
    for number in range(2):
        field = star_field(120, seed=number, snr=(50, 500), per_mpx=700, missing=0)
        image = write(folder / f"{number}.fits", field.image, header(shape=(120, 120), ra=150.0 + number))
        jwstpipe.detect_to_file(image, folder / f"{number}.parquet", mesh=32)
        files += [image, folder / f"{number}.parquet"]
    jwstpipe.photometry_to_file(
        folder / "0.fits", folder / "fluxes.ecsv", catalogue=folder / "0.parquet", aperture="3px"
    )
    return folder, files


@pytest.fixture(scope="module")
def home(site, tmp_path_factory):
    folder, _ = site
    place = tmp_path_factory.mktemp("home")
    names = ("0.parquet", "1.parquet", "fluxes.ecsv")
    jwstpipe.add_files([folder / name for name in names], settings=load_settings(None, home=place))
    return place


def test_all_catalogues_are_asked(site, home, command):
    folder, _ = site
    table = read_catalogue(folder / "0.parquet")
    row = table[np.argmax(table["segment_flux"])]
    place = f"{row['ra']:.9f},{row['dec']:.9f}"
    code, told, said = command("sources", place, "--radius", "3", "--home", home, "--json")
    assert code == 0, said
    rows = [json.loads(line) for line in told.splitlines()]
    here = SkyCoord(row["ra"], row["dec"], unit="deg")
    near = here.separation(SkyCoord(table["ra"], table["dec"], unit="deg")).arcsec <= 3
    assert {one["catalogue"] for one in rows} == {"0.parquet", "fluxes.ecsv"}
    assert sum(one["catalogue"] == "0.parquet" for one in rows) == near.sum()
    assert [one["separation"] for one in rows] == sorted(one["separation"] for one in rows)
    assert rows[0]["separation"] < 1e-3
    assert "3 catalogues" in said
    code, _, said = command("sources", place, "--home", home, "-o", folder / "near.ecsv")
    assert code == 0, said
    assert {"separation", "catalogue", "product_id", "ra", "dec"} <= set(Table.read(folder / "near.ecsv").colnames)
    code, told, _ = command("sources", place, "--home", home)
    assert code == 0
    assert "0.parquet" in told


def test_catalogues_that_lie_elsewhere_are_not_opened(site, home):
    """Of two thousand records one reaches the place; the files of the others are not there, and nobody misses them."""
    settings = load_settings(None, home=home)
    table = read_catalogue(site[0] / "0.parquet")
    rng = np.random.default_rng(2)
    with open_catalog(settings.catalog_address) as catalog:
        like = next(one for one in catalog.find(RecordQuery(kind=("catalogue",))) if one.file_name == "0.parquet")
        (done,) = like.processing_results
        ra, dec, radius = done.results["sky_circle"]
        away = SkyCoord(ra, dec, unit="deg").separation(SkyCoord(table["ra"], table["dec"], unit="deg")).deg
        assert away.max() <= radius < away.max() + 1e-5
        others = []
        for number in range(2000):
            place = [float(rng.uniform(0, 360)), float(rng.choice([-1, 1]) * rng.uniform(20, 90)), 5.0]
            other = done.model_copy(update={"results": {"sky_circle": place}})
            name = {"product_id": f"{like.product_id[:-6]}{number:06d}", "uri": f"file:///nowhere/{number}.parquet"}
            name["slot"] = name["product_id"]
            others.append(like.model_copy(update={**name, "processing_results": (other,)}))
        catalog.publish_many(others)
        found = sources_near(catalog, ObjectStore(settings.store_root, settings.s3), ra, dec, 60.0)
        assert (found.catalogues, found.opened, found.notes) == (2003, 2, ())
        assert set(found.table["catalogue"]) == {"0.parquet", "fluxes.ecsv"}
        catalog.delete_many([one.product_id for one in others])


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        (("10,80",), 3, "within 5 arcsec of 10,80: no source"),
        (("10:00:00,+2:00:00", "--at", "10:00:00,+2:00:00"), 2, "not two places"),
        (("10,95",), 2, "no position on the sky"),
        (("10,20,30",), 2, "write X,Y"),
        (("150,2", "--radius", "0"), 2, "give one above 0"),
    ],
)
def test_what_is_not_there_is_a_sentence(home, command, words, status, sentence):
    code, _, said = command("sources", *words, "--home", home)
    assert (code, sentence in said) == (status, True), said


def test_a_catalogue_that_is_gone_is_told_and_left_out(site, command, tmp_path):
    folder, _ = site
    for name in ("0.parquet", "1.parquet"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    jwstpipe.add_files([tmp_path / "0.parquet", tmp_path / "1.parquet"], settings=load_settings(None, home=tmp_path))
    (tmp_path / "1.parquet").unlink()
    place = read_catalogue(folder / "1.parquet")["ra", "dec"][0]
    code, _, said = command("sources", f"{place['ra']},{place['dec']}", "--radius", "100", "--home", tmp_path)
    assert code == 3, said
    assert "left out" in said
    assert "1.parquet" in said


def test_a_picture_shows_what_is_known_there(site, home, command, monkeypatch, tmp_path):
    folder, _ = site
    monkeypatch.setenv("JWSTPIPE_HOME", str(home))
    monkeypatch.chdir(tmp_path)
    code, _, said = command("composite", folder / "0.fits", "-o", tmp_path / "p.png", "--sources", "catalogue")
    assert code == 0, said
    from jwstpipe.catalog.lineage.carried import carried_provenance

    ra, dec = read_positions(carried_provenance(tmp_path / "p.png").parameters["sources"])
    table = read_catalogue(folder / "0.parquet")
    assert len(ra) == len(table)
    assert sorted(np.round(dec, 9)) == pytest.approx(sorted(np.round(table["dec"], 9)), abs=1e-8)
    far = write(tmp_path / "far.fits", np.random.default_rng(3).normal(size=(60, 60)), header(shape=(60, 60), ra=10.0))
    code, _, said = command("composite", far, "-o", tmp_path / "f.png", "--sources", "catalogue")
    assert code == 3
    assert "none of 3 catalogues" in said
