"""The spectra of the demo, from the archive to pictures, thumbnails, lineage; made again when they are gone."""

import pytest
from PIL import Image

from jwstpipe.catalog.catalog import open_catalog
from jwstpipe.catalog.lineage.carried import carried_provenance
from jwstpipe.catalog.lineage.embedded_id import find_product
from jwstpipe.catalog.lineage.graph import ancestors
from jwstpipe.cli.analysis.demo import demo_spectra
from jwstpipe.operations.products.reproduce import reproduce
from jwstpipe.settings import load_settings
from jwstpipe.simulate.spectroscopy import REDSHIFT, simulate_spectroscopy
from jwstpipe.storage import open_store
from tests.world import served


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    simulate_spectroscopy(folder / "archive", target="JWSTPIPE DEMO")
    with served(folder / "archive") as archive:
        site = load_settings(home=folder / "home", archive=archive.settings)
        return site, demo_spectra(site, folder, target="JWSTPIPE DEMO")


def test_two_pictures_come_of_the_spectra_of_the_demo(made):
    site, paths = made
    assert [path.name for path in paths] == ["lines.png", "spectrum.png"]
    with Image.open(paths[0]) as picture:
        assert picture.size == (320, 320)
    with open_catalog(site.catalog_address) as catalog:
        records = {record.kind: record for record in catalog.find()}
        assert set(records) == {"archive", "cube", "picture", "spectrum", "thumbnail"}
        found = records["spectrum"].processing_results[-1].results
        assert found["redshift"] == pytest.approx(REDSHIFT, abs=2e-4)
        assert {line["line"] for line in found["lines"] if line["flux"]} >= {"Pa alpha", "Br gamma", "H2 1-0 S(1)"}
        assert records["cube"].thumbnail
        spectra = [one for one in catalog.find() if one.file_name.endswith("_x1d.fits")]
        assert [bool(one.thumbnail) for one in spectra] == [True]
        assert (spectra[0].data_type, spectra[0].image_info.width) == ("spectral", None)


def test_what_they_are_made_of_is_known_and_they_are_made_again(made):
    site, (picture, plot) = made
    store = open_store(site.store_root)
    with open_catalog(site.catalog_address) as catalog:
        for path, operation, root in ((picture, "cube-picture", "s3d"), (plot, "spectrum", "x1d")):
            record = find_product(catalog, str(path)).record
            assert record.operation == operation
            assert carried_provenance(path).product_id == record.product_id
            tree = ancestors(catalog, record.product_id)
            while tree.branches:
                (tree,) = tree.branches
            assert tree.record.file_name.endswith(f"_{root}.fits")
            kept = store.read_bytes(record.storage_key)
            store.delete(record.storage_key)
            again = reproduce(record.product_id, catalog=catalog, store=store)
            assert (again.same, again.restored) == (True, True)
            assert store.read_bytes(record.storage_key) == kept
