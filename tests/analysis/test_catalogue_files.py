"""Catalogues as files: the same numbers, units and lineage in every form; and the command that makes them."""

import json
from collections import OrderedDict

import boto3
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.table import Table
from astropy.table.meta import get_header_from_yaml, get_yaml_from_header
from astropy_healpix import lonlat_to_healpix
from scipy.spatial import cKDTree

import jwstpipe
from jwstpipe.analysis.catalogues import cone as cones
from jwstpipe.analysis.catalogues import parquet_file
from jwstpipe.analysis.catalogues import sources_table as sources_tables
from jwstpipe.analysis.catalogues.cone import cone
from jwstpipe.analysis.catalogues.ecsv_header import header_lines
from jwstpipe.analysis.catalogues.files import read_catalogue, write_catalogue
from jwstpipe.analysis.catalogues.healpix import nested_pixels
from jwstpipe.analysis.catalogues.official import official_view
from jwstpipe.api.sources import detect
from jwstpipe.catalog.lineage.carried import carried_provenance
from jwstpipe.errors import ConflictError, DataError, NotFoundError, UsageError
from jwstpipe.storage.position_tables import read_positions
from tests.analysis.fields import star_field
from tests.mosaicking.scenes import header, write


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    field = star_field(300, snr=(20, 500))
    return write(tmp_path_factory.mktemp("catalogue") / "stars.fits", field.image, header(shape=(300, 300)))


@pytest.fixture(scope="module")
def catalogue(image):
    return detect(image)


@pytest.mark.parametrize("form", ["ecsv", "parquet", "vot", "fits"])
def test_every_form_keeps_numbers_units_and_meanings(catalogue, tmp_path, form):
    found = read_catalogue(write_catalogue(catalogue, tmp_path / f"sources.{form}"))
    found.sort("id")
    assert found.colnames == catalogue.colnames
    for name in catalogue.colnames:
        assert np.array_equal(np.asarray(found[name]).astype(catalogue[name].dtype), catalogue[name]) or np.allclose(
            found[name], catalogue[name], rtol=0, equal_nan=True
        )
        assert found[name].unit == catalogue[name].unit
    if form in ("ecsv", "parquet"):
        assert found.meta["jwstpipe"] == catalogue.meta["jwstpipe"]
        assert found["ra"].description == catalogue["ra"].description


def test_parquet_is_astropys_too(catalogue, tmp_path):
    place = write_catalogue(catalogue, tmp_path / "sources.parquet")
    theirs = Table.read(place, format="parquet")
    theirs.sort("id")
    assert theirs["segment_flux"].unit == catalogue["segment_flux"].unit
    assert np.array_equal(theirs["ra"], catalogue["ra"])


def test_headers_say_what_astropys_say():
    """Names and notes that YAML could take for something else, numbers that it could take for words, and quantities."""
    table = Table({"a": np.arange(3), "no": np.ones(3, "f4"), "w: x": ["a", "b", "c"], "~": [True, False, True]})
    table["a"].unit, table["a"].description, table["a"].format = u.uJy, "µJy: 'x' # {y} \\" * 9, "%5d"
    table["no"].meta = {"ucd": "phot.flux;em.IR", "yes": None, "n": np.float64(0.1)}
    meta = {
        "small": 1e-5,
        "large": -3e22,
        "not": float("inf"),
        "on": [True, "1e5", "2020-01-01", {"z": 1, "a": [1, 2]}],
    }
    mine = get_header_from_yaml(header_lines(table, meta))
    theirs = get_header_from_yaml(get_yaml_from_header({"cols": list(table.itercols()), "meta": OrderedDict(meta)}))
    assert mine == theirs
    table["vector"] = np.ones((3, 2))
    assert header_lines(table, {}) == get_yaml_from_header({"cols": list(table.itercols())})
    told = header_lines(table["a", "no"], {"width": 3 * u.pix})
    assert get_header_from_yaml(told)["meta"]["width"] == 3 * u.pix


def test_astropy_reads_meanings_of_fits(catalogue, tmp_path):
    found = Table.read(write_catalogue(catalogue, tmp_path / "a.fits"))
    for name in catalogue.colnames:
        assert found[name].description == catalogue[name].description
        assert dict(found[name].meta) == dict(catalogue[name].meta)
    assert "comments" not in found.meta


def test_a_catalogue_knows_where_it_comes_from(catalogue, image):
    told = catalogue.meta["jwstpipe"]
    assert told["operation"] == "detect"
    assert told["inputs"][0]["file_name"] == image.name
    assert told["product_id"] == detect(image).meta["jwstpipe"]["product_id"]


@pytest.mark.parametrize("form", ["ecsv", "parquet", "fits", "vot"])
def test_a_file_of_any_form_tells_where_it_comes_from(catalogue, tmp_path, form):
    told = catalogue.meta["jwstpipe"]
    carried = carried_provenance(write_catalogue(catalogue, tmp_path / f"sources.{form}"))
    assert carried.product_id == told["product_id"]
    assert (carried.kind, carried.operation, carried.parameters) == ("catalogue", "detect", told["parameters"])
    assert [link.product_id for link in carried.inputs] == [one["product_id"] for one in told["inputs"]]


def test_a_table_of_others_tells_nothing(catalogue, tmp_path):
    table = catalogue.copy()
    table.meta = {}
    for form in ("ecsv", "parquet", "fits", "vot"):
        with pytest.raises(NotFoundError, match="says nothing of what it was made of"):
            carried_provenance(write_catalogue(table, tmp_path / f"others.{form}"))


def test_the_command_makes_catalogue_and_segmentation(command, image, tmp_path):
    words = ("detect", image, "-o", tmp_path / "out.ecsv", "--segmentation", tmp_path / "segm.fits", "--json")
    code, said, _ = command(*words)
    assert code == 0
    told = json.loads(said)
    table = Table.read(tmp_path / "out.ecsv")
    labels = fits.getdata(tmp_path / "segm.fits", "SCI")
    assert told["sources"] == len(table) == labels.max()
    assert labels.dtype == np.dtype(">i4")
    assert np.array_equal(np.bincount(labels.ravel())[1:], table["area"])
    code, _, told = command(*words)
    assert code == 7
    assert "exists" in told


def test_bad_files_are_sentences(catalogue, tmp_path):
    with pytest.raises(UsageError, match="written as"):
        write_catalogue(catalogue, tmp_path / "sources.xls")
    (tmp_path / "there.ecsv").write_text("no table at all\n{{{")
    with pytest.raises(ConflictError, match="exists"):
        write_catalogue(catalogue, tmp_path / "there.ecsv")
    with pytest.raises(DataError, match="cannot be read as a catalogue"):
        read_catalogue(tmp_path / "there.ecsv")
    with pytest.raises(NotFoundError, match="no such file"):
        read_catalogue(tmp_path / "nowhere.ecsv")


@pytest.mark.parametrize("order", [0, 3, 13, 20])
def test_pixels_are_those_of_healpix(order):
    rng = np.random.default_rng(0)
    ra, dec = rng.uniform(-10, 370, 20_000), np.degrees(np.arcsin(rng.uniform(-1, 1, 20_000)))
    dec[:500], dec[500:1000] = rng.uniform(89.9, 90.0, 500), -rng.uniform(89.9, 90.0, 500)
    theirs = lonlat_to_healpix(ra * u.deg, dec * u.deg, 1 << order, order="nested")
    assert np.array_equal(nested_pixels(ra, dec, order), theirs)


def test_words_and_numbers_are_those_of_arrow():
    for values in (["", "Zwölf Äcker", "b"], [1.5, -2.0], np.array([3, -1], "i2"), [True, False], np.arange(4)[::2]):
        column = np.asarray(values)
        assert parquet_file._arrow_of(column).equals(pa.array(column))


def test_a_cone_reads_the_row_groups_that_reach_it(tmp_path, monkeypatch):
    """On both sides of zero hours and near a pole; the truth is astropy's separation of every row."""
    monkeypatch.setattr(parquet_file, "GROUP", 500)
    rng = np.random.default_rng(3)
    ra, dec = rng.uniform(0, 360, 20_000), np.degrees(np.arcsin(rng.uniform(-1, 1, 20_000)))
    place = write_catalogue(Table({"id": np.arange(20_000), "ra": ra, "dec": dec}), tmp_path / "all.parquet")
    sky = SkyCoord(ra, dec, unit="deg")
    for centre in ((0.5, 3.0), (359.9, -40.0), (120.0, 89.0), (200.0, 10.0)):
        away = sky.separation(SkyCoord(*centre, unit="deg")).arcsec
        found = cone(place, *centre, 3 * 3600.0)
        assert set(found["id"]) == set(np.flatnonzero(away <= 3 * 3600.0))
        assert np.allclose(found["separation"], np.sort(away[away <= 3 * 3600.0]), rtol=1e-9)
    with pq.ParquetFile(place) as file:
        bounds = cones._bounds(200.0, 10.0, 3.0)
        assert sum(parquet_file._reaches(file, k, bounds) for k in range(40)) < 20


def test_the_view_of_official_columns(catalogue):
    view = official_view(catalogue)
    assert np.array_equal(view["label"], catalogue["id"])
    assert np.allclose(view["isophotal_flux"], np.asarray(catalogue["segment_flux"]) * 1e-6)
    assert str(view["isophotal_flux"].unit) == "Jy"
    assert np.allclose(view["sky_centroid"].ra.deg, catalogue["ra"])
    assert "CI_50_30" in view.meta["missing_columns"]
    assert np.array_equal(view["is_extended"], np.asarray(catalogue["extendedness"]) > 3)


def test_the_command_shows_what_lies_near_a_place(command, catalogue, tmp_path):
    place = write_catalogue(catalogue, tmp_path / "sources.parquet")
    row = catalogue[7]
    at = f"{row['ra']:.8f}d,{row['dec']:.8f}d"
    code, said, _ = command("sources", place, "--at", at, "--radius", "0.01", "--json")
    assert code == 0
    assert json.loads(said)["id"] == row["id"]
    code, said, told = command("sources", place, "--at", at, "--radius", "0.01")
    assert (code, f"{row['ra']:.7f}" in said, "columns; all with -v" in told) == (0, True, True)
    assert max(map(len, said.splitlines())) < 160
    code, said, _ = command("sources", place, "--at", at, "--radius", "0.01", "-v")
    assert (code, "concentration" in said) == (0, True)
    code, _, told = command("sources", place, "--at", "10.0d,-80.0d")
    assert code == 3
    assert "no source within 5 arcsec" in told
    code, said, told = command("sources", place, "--columns", "jwst", "-o", tmp_path / "view.ecsv")
    assert code == 0
    assert "sky_centroid" in Table.read(tmp_path / "view.ecsv").colnames


def test_stars_and_galaxies_are_told_apart(tmp_path):
    rng = np.random.default_rng(2)
    yy, xx = np.mgrid[:400, :400]
    image = rng.normal(0, 1, (400, 400))
    x, y = (part.ravel() for part in np.meshgrid(np.arange(25, 400, 50), np.arange(25, 400, 50)))
    wide = np.arange(64) % 4 == 3
    for a, b, broad in zip(x, y, wide, strict=True):
        sigma = 2.2 if broad else 1.3  # the stars of this image are a little wider than was asked for
        flux = 3000 if broad else 2000
        image += flux / (2 * np.pi * sigma**2) * np.exp(-((xx - a) ** 2 + (yy - b) ** 2) / (2 * sigma**2))
    table = detect(write(tmp_path / "both.fits", image.astype("f4"), header(shape=image.shape)))
    away, which = cKDTree(np.column_stack([x, y])).query(np.column_stack([table["x_centroid"], table["y_centroid"]]))
    good = away < 1
    assert (np.asarray(table["extendedness"])[good & wide[which]] > 5).all()
    assert (np.abs(np.asarray(table["extendedness"])[good & ~wide[which]]) < 4).all()
    assert table.meta["stars"]["number"] > 20


def test_a_picture_takes_our_catalogue(catalogue, tmp_path):
    for form in ("parquet", "ecsv", "fits", "vot"):
        ra, dec = read_positions(str(write_catalogue(catalogue, tmp_path / f"s.{form}")))
        assert np.allclose(np.sort(ra), np.sort(catalogue["ra"]), atol=1e-12)
        assert len(dec) == len(catalogue)


def test_names_are_those_of_astropy(catalogue):
    sky = SkyCoord(catalogue["ra"], catalogue["dec"], unit="deg")
    hours = sky.ra.to_string(unit="hourangle", sep="", precision=3, pad=True)
    degrees = sky.dec.to_string(sep="", precision=2, pad=True, alwayssign=True)
    assert list(catalogue["name"]) == [f"J{a}{b}" for a, b in zip(hours, degrees, strict=True)]
    assert sources_tables._name(359.9999999999, -0.001) == "J000000.000-000003.60"
    assert sources_tables._name(float("nan"), 1.0) == ""


def test_catalogues_on_s3_are_inputs_and_files_are_local(command, s3_server, tmp_path, monkeypatch):
    """A catalogue in a bucket: read, cut to a cone, measured, and named as the input that it is."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("JWSTPIPE_S3__ENDPOINT", s3_server)
    field = star_field(160, snr=(50, 500), per_mpx=400, missing=0)
    image = write(tmp_path / "a.fits", field.image, header(shape=field.image.shape))
    made = jwstpipe.detect_to_file(image, tmp_path / "a.parquet")
    client = boto3.client("s3", endpoint_url=s3_server, region_name="us-east-1")
    client.create_bucket(Bucket="catalogues")
    client.upload_file(str(tmp_path / "a.parquet"), "catalogues", "a.parquet")
    address = "s3://catalogues/a.parquet"
    code, _, said = command("photometry", image, "--catalogue", address, "-o", tmp_path / "b.ecsv", "--aperture", "3px")
    assert code == 0, said
    table = Table.read(tmp_path / "b.ecsv")
    assert len(table) == made.sources
    assert table.meta["jwstpipe"]["inputs"][0]["product_id"] == made.product_id
    near = f"{table['ra'][0]:.9f}d,{table['dec'][0]:.9f}d"
    code, told, _ = command("sources", address, "--at", near, "--radius", "0.05", "--json")
    assert code == 0
    assert json.loads(told.splitlines()[0])["id"] == table["id"][0]
    code, _, said = command("detect", image, "-o", "s3://catalogues/c.parquet")
    assert code == 2
    assert "local file" in said
    code, _, said = command("sources", "s3://catalogues/none.parquet")
    assert code == 3
    assert "no such catalogue" in said
