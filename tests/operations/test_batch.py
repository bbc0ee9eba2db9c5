"""One verb over many products: a row for each, errors as rows, and nothing done twice."""

import numpy as np
import pytest

from jwstpipe.errors import UsageError
from jwstpipe.images.open import open_image
from jwstpipe.operations.batch import batch, batch_options, batch_table
from jwstpipe.operations.convert import ConvertRecipe
from jwstpipe.operations.make.make_products import Order, make_products
from jwstpipe.operations.registry import REGISTRY
from tests.operations.conftest import Site


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
