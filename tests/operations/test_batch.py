"""One verb over many products: a row for each, errors as rows, and nothing done twice."""

import numpy as np
import pytest

from jwstpipe.errors import UsageError
from jwstpipe.images.open import open_image
from jwstpipe.operations.batch import batch, batch_table
from jwstpipe.operations.convert import ConvertRecipe
from jwstpipe.operations.make.batch_verbs import batch_inputs, batch_options
from jwstpipe.operations.make.make_products import Order, make_products
from jwstpipe.operations.registry import REGISTRY
from jwstpipe.simulate.spectra import SpectrumScene, simulated_samples, write_x1d
from tests.operations.conftest import SPECTRUM, Site


@pytest.fixture
def images(tmp_path):
    own = Site(tmp_path / "site")
    own.archive = own.fill()
    with own.opened() as catalog:
        known = catalog.get_many(own.archive)
        orders = [Order(ConvertRecipe(), (known[key],), f"{number}.zarr") for number, key in enumerate(own.archive)]
        made = [one.record for one in make_products(own.run(catalog), REGISTRY["convert"], orders)]
    return own, made


def test_an_error_is_a_row_and_what_is_done_is_not_done_again(images):
    own, (first, second) = images
    broken = own.store.url(second.storage_key)
    kept = {
        path: path.read_bytes() for path in (own.root / "store").rglob("*") if path.is_file() and broken in str(path)
    }
    for path in kept:
        if "/0/sci/c/" in str(path):
            path.write_bytes(b"damaged")
    options = batch_options("detect", ["mesh=16", "threshold=6"])
    with own.opened() as catalog:
        rows = batch(own.run(catalog), "detect", options, [first, second])
        assert [row.made for row in rows] == [True, False]
        assert rows[0].results["sources"] > 0
        assert rows[1].error
        assert rows[1].product_id == ""
        assert own.store.exists(catalog.get(rows[0].product_id).storage_key)
        for path, content in kept.items():
            path.write_bytes(content)
        again = batch(own.run(catalog, "again"), "detect", options, [first, second])
        assert [row.made for row in again] == [False, True]
        assert [row.error for row in again] == ["", ""]
        assert again[0].product_id == rows[0].product_id
        assert again[0].results["sources"] == rows[0].results["sources"]
        table = batch_table(rows)
    assert list(table["error"] != "") == [False, True]
    assert table["sources"].mask.tolist() == [False, True]


def test_statistics_are_rows_without_products(images):
    own, made = images
    with own.opened() as catalog:
        rows = batch(own.run(catalog), "stats", batch_options("stats", []), made)
    values = open_image(own.store.url(made[0].storage_key)).read()
    assert rows[0].results["median"] == pytest.approx(np.nanmedian(values), rel=1e-6)
    assert batch_table(rows)["mean"][0] == pytest.approx(np.nanmean(values.astype("f8")), rel=1e-9)


def test_a_verb_or_option_that_is_none_is_a_sentence():
    with pytest.raises(UsageError, match="mosaic: no verb that is done to single products"):
        batch_options("mosaic", [])
    with pytest.raises(UsageError, match="an option of detect is written NAME=VALUE"):
        batch_options("detect", ["colour=red"])
    with pytest.raises(UsageError, match="threshold"):
        batch_options("detect", ["threshold=0"])


def test_spectra_are_a_row_each_and_images_of_the_archive_are_left_out(tmp_path):
    own = Site(tmp_path / "site")
    images = own.fill()
    waves = np.linspace(1.7, 3.1, 300)
    paths = []
    for number, flux in enumerate((4e-18, 8e-18, None), 1):
        scene = SpectrumScene(() if flux is None else ((1.875613, flux),), redshift=0.02, sigma_kms=250.0)
        samples, error = simulated_samples(waves, scene)
        samples = np.full(300, np.nan) if flux is None else samples
        paths.append(write_x1d(own.root / "incoming" / SPECTRUM.replace("s00001", f"s0000{number}"),
                               [(waves, samples, error)]))  # fmt: skip
    spectra = own.register(paths)
    options = batch_options("lines", ["redshift=0.02", "lines=Pa alpha,Br gamma"])
    with own.opened() as catalog:
        known = catalog.get_many([*spectra, *images])
        assert [one.product_id for one in batch_inputs("lines", list(known.values()))] == spectra
        assert {one.product_id for one in batch_inputs("convert", list(known.values()))} == {*spectra, *images}
        chosen = [known[key] for key in spectra]
        rows = batch(own.run(catalog), "lines", options, chosen)
        again = batch(own.run(catalog, "again"), "lines", options, chosen[:2])
        plots = batch(own.run(catalog), "spectrum", batch_options("spectrum", []), chosen[:1], form="png")
        assert plots[0].address.endswith("-spectrum.png")
        assert own.store.read_bytes(catalog.get(plots[0].product_id).storage_key).startswith(b"\x89PNG")
    assert [row.made for row in rows] == [True, True, False]
    assert "no valid sample" in rows[2].error
    assert [row.results for row in again] == [row.results for row in rows[:2]]
    assert not any(row.made for row in again)
    table = batch_table(rows)
    assert np.asarray(table["Pa alpha flux"])[:2] == pytest.approx([4e-18, 8e-18], rel=0.1)
    assert table["lines_found"].tolist() == [1, 1, None]
    assert (np.asarray(table["Br gamma limit"])[:2] > 0).all()
    with pytest.raises(UsageError, match="form docx: lines makes ecsv, parquet"):
        batch(own.run(None), "lines", options, [], form="docx")
