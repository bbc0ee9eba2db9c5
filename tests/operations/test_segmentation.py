"""The segmentation as a product: the labels of its catalogue, what it says of itself, and regions of it."""

import json
from dataclasses import replace

import numpy as np
import pytest
from astropy.io import fits

import jwstpipe
from jwstpipe.analysis.catalogues.files import read_catalogue
from jwstpipe.catalog.lineage.carried import carried_provenance
from jwstpipe.operations.sources import segmentation as labels
from jwstpipe.storage import file_digest
from tests.analysis.fields import star_field
from tests.cli.conftest import command
from tests.mosaicking.scenes import header, write

__all__ = ["command"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("labels")
    field = star_field(160, snr=(30, 500), per_mpx=600, missing=0)
    image = write(folder / "stars é.fits", field.image, header(shape=(160, 160)))
    jwstpipe.detect_to_file(image, folder / "stars.parquet", segmentation=folder / "labels.fits", mesh=32)
    return folder, image, field


def test_the_side_file_of_a_detection_is_the_product(made, tmp_path):
    folder, image, _ = made
    receipt = jwstpipe.segmentation(image, tmp_path / "own.fits", mesh=32)
    assert file_digest(tmp_path / "own.fits") == file_digest(folder / "labels.fits") == receipt.digest
    told = carried_provenance(folder / "labels.fits")
    assert (told.kind, told.operation, told.product_id) == ("segmentation", "segmentation", receipt.product_id)
    assert [link.file_name for link in told.inputs] == [image.name]
    told.require_true(name="labels.fits")
    table = read_catalogue(folder / "stars.parquet")
    with fits.open(folder / "labels.fits") as file:
        assert file[0].header["JPCATID"] == table.meta["jwstpipe"]["product_id"]
        assert file[0].header["JPPRODID"] == receipt.product_id
        areas = np.bincount(file["SCI"].data.ravel())[1:]
    table.sort("id")
    assert np.array_equal(areas, table["area"])
    assert receipt.results["catalogue"] == table.meta["jwstpipe"]["product_id"]
    other = jwstpipe.segmentation(image, tmp_path / "other.fits", mesh=32, threshold=9.0)
    assert other.product_id != receipt.product_id


def test_a_label_is_a_region(made, command):
    folder, image, field = made
    table = read_catalogue(folder / "stars.parquet")
    row = table[np.argmax(table["segment_flux"])]
    code, told, said = command("stats", image, "--region", f"label:{row['id']}@{folder / 'labels.fits'}", "--json")
    assert code == 0, said
    found = json.loads(told)
    pixels = fits.getdata(folder / "labels.fits", "SCI") == row["id"]
    assert found["count"] == row["area"] == pixels.sum()
    assert found["maximum"] == pytest.approx(field.image[pixels].max(), rel=1e-7)
    assert found["median"] == pytest.approx(np.median(field.image[pixels].astype("f8")), rel=1e-6)


def test_it_is_entered_made_again_and_told_stale(made, command, tmp_path, monkeypatch):
    _, image, _ = made
    store, home = tmp_path / "stars.zarr", tmp_path / "home"
    jwstpipe.convert(image, store)
    code, _, said = command("segmentation", store, "-o", tmp_path / "mine.fits", "--mesh", "32")
    assert code == 0, said
    code, _, said = command("catalog", "add", store, tmp_path / "mine.fits", "--home", home)
    assert code == 0, said
    code, told, _ = command("lineage", tmp_path / "mine.fits", "--home", home)
    assert code == 0
    assert "mine.fits [segmentation]" in told
    assert "stars.zarr" in told
    digest = file_digest(tmp_path / "mine.fits")
    code, told, said = command(
        "reproduce", tmp_path / "mine.fits", "-o", tmp_path / "again.fits", "--home", home, "--json"
    )
    assert code == 0, said
    assert json.loads(told)["same"]
    assert file_digest(tmp_path / "again.fits") == digest
    monkeypatch.setattr(labels, "SEGMENTATION", replace(labels.SEGMENTATION, version="9"))
    code, told, _ = command("catalog", "stale", "--home", home)
    mine = told[told.index("mine.fits") :]
    assert "algorithm" in mine.partition("\n\n")[0]


def test_the_labels_of_a_joint_detection(made, tmp_path):
    _, image, _ = made
    pair = [image, image.with_name("second.fits")]
    pair[1].write_bytes(image.read_bytes())
    made_pair = jwstpipe.detect_to_file(pair, tmp_path / "both.ecsv", segmentation=tmp_path / "both.fits", mesh=32)
    told = carried_provenance(tmp_path / "both.fits")
    assert len(told.inputs) == 2
    with fits.open(tmp_path / "both.fits") as file:
        assert file[0].header["JPCATID"] == made_pair.product_id
        assert file["SCI"].data.max() == made_pair.sources
