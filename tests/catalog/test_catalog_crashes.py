"""Killed between any two steps of publishing, then run again: one product, right lineage, nothing left over."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from jwstpipe.catalog.catalog import open_catalog
from jwstpipe.catalog.maintenance.reconcile import repair, survey
from jwstpipe.catalog.query import RecordQuery
from jwstpipe.images.open import open_image
from jwstpipe.operations.products.reproduce import reproduce
from jwstpipe.storage import open_store
from tests.catalog.publish_once import KEY


@pytest.fixture(scope="module")
def attempts(tmp_path_factory, request):
    """Kill at so many steps of the whole work, from its first to its last."""
    folder = tmp_path_factory.mktemp("crashes")
    header = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRPIX1": 24.5, "CRPIX2": 24.5, "CRVAL1": 151.75,
              "CRVAL2": -40.43,
              "CDELT1": -1e-5, "CDELT2": 1e-5, "CUNIT1": "deg", "CUNIT2": "deg", "BUNIT": "MJy/sr"}  # fmt: skip
    values = np.random.default_rng(7).normal(size=(48, 48)).astype("f4")
    hdus = [fits.PrimaryHDU(), fits.ImageHDU(values, fits.Header(header), name="SCI")]
    hdus[0].header["FILTER"] = "F090W"
    fits.HDUList(hdus).writeto(folder / "source.fits")
    script = Path(__file__).with_name("publish_once.py")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, script, folder, folder / "source.fits", str(request.param)],
        capture_output=True, text=True, timeout=1000, env=environment, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder, json.loads(done.stdout), request.param


@pytest.mark.parametrize("attempts", [4, pytest.param(10, marks=pytest.mark.exhaustive)], indirect=True)
def test_a_kill_at_any_step_leaves_one_product_after_a_second_run(attempts):
    folder, told, points = attempts
    assert told["steps"] > 3 * points
    assert len(told["died"]) == points
    assert sum(told["died"].values()) >= points * 3 // 4  # the lease is renewed more often on a slow day
    whole = digest_of(folder / "whole")
    for name in told["died"]:
        store = open_store(folder / name / "store")
        with open_catalog(folder / name / "catalog.sqlite") as catalog:
            everything = catalog.find(RecordQuery(status=()), sort="file_name")
            assert [record.status for record in everything] == ["published", "published"], name
            file, image = everything
            assert (file.kind, image.kind, image.parents) == ("archive", "image", (file.product_id,)), name
            assert image.inputs[0].digest == file.digest
            repair(catalog, store, survey(catalog, store, grace=timedelta(0)))
            assert survey(catalog, store, verify=True, grace=timedelta(0)) == (), name
            assert {item.key.partition(".zarr")[0] + ".zarr" for item in store.objects("images")} == {image.storage_key}
            assert [item.key for item in store.objects("mast")] == [KEY]
            assert open_image(store.url(image.storage_key)).read().shape == (48, 48)
        assert digest_of(folder / name) == whole, name


def digest_of(place):
    store = open_store(place / "store")
    with open_catalog(place / "catalog.sqlite") as catalog:
        (image,) = catalog.find(RecordQuery(kind=("image",)))
        made = reproduce(image.product_id, catalog=catalog, store=store)
    assert made.same
    return image.product_id, open_image(store.url(image.storage_key)).read().tobytes()
