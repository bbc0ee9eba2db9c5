"""A spectral cube from the archive to its store, its small picture and a spectrum of it, all in the catalogue."""

import numpy as np
import pytest

from jwstpipe.catalog.catalog import open_catalog
from jwstpipe.execution.workers import ThreadWorkers
from jwstpipe.ingestion import choose, ingest_products
from jwstpipe.operations.cubes.convert_cube import CONVERT_CUBE, CubeStoreRecipe
from jwstpipe.operations.cubes.cube_spectrum import CUBE_SPECTRUM
from jwstpipe.operations.make.make_missing import OperationRun
from jwstpipe.operations.make.make_products import Order, make_products
from jwstpipe.operations.thumbnail import THUMBNAIL
from jwstpipe.requests import SearchRequest, ThumbnailOptions
from jwstpipe.requests.analysis.cubes import CubeSpectrumRequest
from jwstpipe.settings import load_settings
from jwstpipe.simulate.spectral_cube import CubeScene, simulate_cube
from jwstpipe.storage import open_store
from tests.world import served

NAME = "jw02733-o009_t001_miri_ch1-short_s3d.fits"


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cubes")
    known = {
        "CAL_VER": "1.18.0", "DATE-OBS": "2023-03-04", "TIME-OBS": "05:06:07.8", "EFFEXPTM": 500.0, "PROGRAM": "02733",
        "OBSERVTN": "009", "TARGPROP": "DISC", "TARG_RA": 82.9, "TARG_DEC": -70.12,
    }  # fmt: skip
    simulate_cube(folder / NAME, np.linspace(5.30, 5.38, 60), shape=(16, 14), scene=CubeScene(primary=known))
    with served(folder) as archive:
        yield archive


def test_a_cube_comes_with_spectra_and_only_then(archive, tmp_path):
    site = load_settings(home=tmp_path / "home", archive=archive.settings)
    plain, wished = (
        choose(SearchRequest(program=2733, level=(3,), spectra=spectra), settings=site.archive).products
        for spectra in (False, True)
    )
    assert (plain, [product.file_name for product in wished]) == ((), [NAME])
    (entry,) = ingest_products(wished, settings=site).require_all()
    assert (entry.record.kind, entry.record.is_viewable) == ("archive", True)
    store = open_store(site.store_root)
    with open_catalog(site.catalog_address) as catalog:
        run = OperationRun(catalog, store, ThreadWorkers(1), "run")
        (cube,) = make_products(run, CONVERT_CUBE, [Order(CubeStoreRecipe(), (entry.record,), "x.zarr")])
        (small,) = make_products(run, THUMBNAIL, [Order(ThumbnailOptions(size=32), (cube.record,), "x.png")])
        place = CubeSpectrumRequest(place="7,8", circle="3px")
        (spectrum,) = make_products(run, CUBE_SPECTRUM, [Order(place, (cube.record,), "x.ecsv")])
        kinds = {record.kind: record for record in catalog.find()}
    assert set(kinds) == {"archive", "cube", "thumbnail", "spectrum"}
    assert list(kinds["cube"].parents) == [entry.record.product_id]
    assert store.read_bytes(small.record.storage_key).startswith(b"\x89PNG")
    assert spectrum.receipt.results["valid"] == 60
