"""Spectra and cubes as jobs: ingested, converted, small pictures of them, measured in a batch."""

import numpy as np
import pytest
from PIL import Image

from jwstpipe.catalog.catalog import open_catalog
from jwstpipe.requests import ConvertRequest, IngestRequest, ThumbnailsRequest
from jwstpipe.requests.batch import BatchRequest
from jwstpipe.settings import load_settings
from jwstpipe.simulate.spectroscopy import simulate_spectroscopy
from jwstpipe.storage import open_store
from tests.world import served, variables

TARGET = "SIMULATED GALAXY"


@pytest.fixture
def spectral_site(tmp_path, monkeypatch, prefect_server):
    simulate_spectroscopy(tmp_path / "archive", target=TARGET)
    with served(tmp_path / "archive") as archive:
        for key, value in variables(archive, tmp_path / "home").items():
            monkeypatch.setenv(key, value)
        monkeypatch.chdir(tmp_path)
        yield archive


def pixels(path):
    with Image.open(path) as opened:
        return np.asarray(opened.convert("L"), float)


def test_spectra_and_cubes_go_the_way_of_images(spectral_site):
    from jwstpipe.flows.batch import batch
    from jwstpipe.flows.convert import convert
    from jwstpipe.flows.ingest import ingest
    from jwstpipe.flows.operation import flow_of
    from jwstpipe.flows.thumbnails import thumbnails

    assert ingest(IngestRequest(target=TARGET, level=(3,), spectra=True)).files == 2
    (cube,) = convert(ConvertRequest(target=TARGET)).products
    assert cube.kind == "cube"
    *small, sheet = thumbnails(ThumbnailsRequest(target=TARGET)).products
    assert [one.kind for one in small] == ["thumbnail", "thumbnail"]
    white, plot = sorted((pixels(one.where) for one in small), key=len, reverse=True)
    assert white.shape == (256, 256)
    assert plot.shape == (160, 256)
    assert white[118:138, 118:138].mean() > 2 * white[:20, :20].mean()  # the galaxy, in all light
    assert pixels(sheet.where).shape[1] > 256
    with open_catalog(load_settings().catalog_address) as catalog:
        shown = {
            one.file_name.rpartition("_")[2]: bool(one.thumbnail) for one in catalog.find() if one.kind != "thumbnail"
        }
        assert shown["x1d.fits"]
        assert shown["s3d.zarr"]
    (drawn,) = flow_of("spectrum")({"target": TARGET, "form": "svg"}).products
    assert drawn.where.endswith(".svg")
    wish = BatchRequest(verb="lines", target=TARGET, with_=("redshift=auto",))
    report = batch(wish)
    assert report.files == 1
    content = open_store(load_settings().store_root).read_bytes(f"runs/{report.run_id}/batch.parquet")
    assert b"Pa alpha flux" in content
