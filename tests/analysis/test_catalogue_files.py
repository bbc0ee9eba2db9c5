"""Catalogues as files: the same numbers, units and lineage in every form; and the command that makes them."""

import json

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from jwstpipe.analysis.catalogues.files import read_catalogue, write_catalogue
from jwstpipe.errors import ConflictError, DataError, NotFoundError, UsageError
from jwstpipe.operations.detect import detect
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


def test_a_catalogue_knows_where_it_comes_from(catalogue, image):
    told = catalogue.meta["jwstpipe"]
    assert told["operation"] == "detect"
    assert told["inputs"][0]["file_name"] == image.name
    assert told["product_id"] == detect(image).meta["jwstpipe"]["product_id"]


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
