"""`reconcile --verify`: a lost shard and a wrong bit are found in every kind of store, local and on S3, by name."""

import os
import shutil
from datetime import UTC, datetime, timedelta

import boto3
import numpy as np
import pytest

from jwstpipe import convert, mosaic
from jwstpipe.catalog.catalog import open_catalog
from jwstpipe.catalog.maintenance.reconcile import repair, survey
from jwstpipe.catalog.records.models import ProductRecord
from jwstpipe.cli.main import main
from jwstpipe.render.files.picture import open_picture
from jwstpipe.settings import S3Settings
from jwstpipe.storage import open_store
from tests.images.fits_files import write_cal

SHARDS = {"image": "0/sci/c/0/0", "mosaic": "0/wht/c/0/0", "picture": "0/c/0/0/0"}


@pytest.fixture(scope="module")
def products(tmp_path_factory):
    """One store of each kind."""
    folder = tmp_path_factory.mktemp("products")
    made = {kind: folder / f"{kind}s" / "ab12" / "x.zarr" for kind in SHARDS}
    for path in made.values():
        path.parent.mkdir(parents=True)
    convert(write_cal(folder / "cal.fits"), made["image"])
    mosaic([folder / "cal.fits"], made["mosaic"])
    with open_picture(made["picture"], (40, 50)) as sink:
        sink.write(np.random.default_rng(1).integers(0, 256, (40, 50, 3)).astype("u1"))
    return folder


@pytest.fixture
def store(request, products, tmp_path, monkeypatch):
    """A store with the products in it, and how to change an object of it."""
    if request.param == "local":
        for kind in SHARDS:
            shutil.copytree(products / f"{kind}s", tmp_path / "store" / f"{kind}s")
        yield open_store(tmp_path / "store")
        return
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    endpoint = request.getfixturevalue("s3_server")
    client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1")
    bucket = f"damage-{os.urandom(4).hex()}"
    client.create_bucket(Bucket=bucket)
    for kind in SHARDS:
        for path in (products / f"{kind}s").rglob("*"):
            if path.is_file():
                client.upload_file(str(path), bucket, str(path.relative_to(products)))
    yield open_store(f"s3://{bucket}", s3=S3Settings(endpoint=endpoint))


@pytest.fixture
def catalog(tmp_path):
    with open_catalog(tmp_path / "catalog.sqlite") as opened:
        for kind in SHARDS:
            opened.publish(
                ProductRecord(
                    product_id=f"{kind}1", kind=kind, file_name="x.zarr", storage_key=f"{kind}s/ab12/x.zarr",
                    file_format="zarr", created=datetime.now(UTC), is_validated=True,
                )
            )  # fmt: skip
        yield opened


def altered(catalog, store):
    found = survey(catalog, store, verify=True, grace=timedelta(0))
    return {finding.product_id: finding.detail for finding in found if finding.kind == "altered"}


@pytest.mark.parametrize(
    ("store", "damage"),
    [
        ("local", "lost"),
        ("local", "damaged"),
        *(pytest.param("s3", damage, marks=pytest.mark.exhaustive) for damage in ("lost", "damaged")),
    ],
    indirect=["store"],
)
def test_damage_to_any_kind_of_store_is_found_and_marked(catalog, store, damage):
    assert altered(catalog, store) == {}
    for kind, shard in SHARDS.items():
        key = f"{kind}s/ab12/x.zarr/{shard}"
        content = bytearray(store.read_bytes(key))
        store.delete(key)
        if damage == "damaged":
            content[len(content) // 3] ^= 16
            store.write_bytes(key, bytes(content))
    found = altered(catalog, store)
    assert set(found) == {f"{kind}1" for kind in SHARDS}
    for kind, shard in SHARDS.items():
        assert f"{store.url(f'{kind}s/ab12/x.zarr')}: damaged: {shard}: {damage}" in found[f"{kind}1"]
        assert "--overwrite, or use jwstpipe reproduce" in found[f"{kind}1"]
    repair(catalog, store, survey(catalog, store, verify=True, grace=timedelta(0)))
    assert shard in catalog.get("picture1").validation_error


@pytest.mark.parametrize("store", ["local"], indirect=True)
def test_the_command_ends_with_6_and_the_name_of_the_shard(catalog, store, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("JWSTPIPE_HOME", str(tmp_path))
    for code in (0, 6):
        with pytest.raises(SystemExit) as ended:
            main(["catalog", "reconcile", "--verify"])
        assert ended.value.code == code
        said = capsys.readouterr()
        store.delete("images/ab12/x.zarr/0/err/c/0/0")
    assert "0/err/c/0/0: lost" in said.out
    assert "1 products are not as they were written, first images/ab12/x.zarr" in " ".join(said.err.split())
