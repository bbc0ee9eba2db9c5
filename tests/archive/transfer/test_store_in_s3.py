"""Files straight into an S3 store: parts of an upload, verified before they have their name, resumed after a crash."""

import hashlib
import os

import boto3
import pytest

from jwstpipe.archive.transfer import control
from jwstpipe.archive.transfer.destinations.s3 import SMALLEST_PART, RemoteFolder
from jwstpipe.archive.transfer.fetch import fetch
from jwstpipe.settings import S3Settings
from jwstpipe.testing.local_archive.archive import serve_archive
from jwstpipe.testing.local_archive.faults import Faults
from tests.archive.archive_helpers import NAME, fits_bytes, make_product, rows_of
from tests.s3_server import forget_buckets

PART = SMALLEST_PART


@pytest.fixture(scope="module")
def large():
    """A file of three parts, the last one short, with pixels in its middle."""
    held = fits_bytes(side=1260)
    assert 2 * PART < len(held) < 3 * PART
    return held


@pytest.fixture
def bucket(s3_server, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    client = boto3.client("s3", endpoint_url=s3_server, region_name="us-east-1")
    name = f"bucket-{os.urandom(4).hex()}"
    client.create_bucket(Bucket=name)
    client.name = name
    yield client
    client.close()
    forget_buckets()


@pytest.fixture
def store(bucket, s3_server, tmp_path):
    return RemoteFolder(f"s3://{bucket.name}/jwst/mast", S3Settings(endpoint=s3_server), tmp_path / "side")


@pytest.fixture
def archive(large):
    with serve_archive(rows=rows_of(**{NAME: large}), s3=False) as served:
        yield served


@pytest.fixture
def product(large):
    return make_product(size=len(large))


@pytest.fixture
def bring(archive, store):
    settings = archive.settings.model_copy(update={"attempts": 2})

    def run(product, **changes):
        return fetch([product], store, settings=settings.model_copy(update=changes))

    return run


def keys(bucket):
    return [entry["Key"] for entry in bucket.list_objects_v2(Bucket=bucket.name).get("Contents", [])]


def uploads(bucket):
    return bucket.list_multipart_uploads(Bucket=bucket.name).get("Uploads", [])


def stored(bucket, product):
    return bucket.get_object(Bucket=bucket.name, Key=f"jwst/mast/{product.obs_id}/{NAME}")["Body"].read()


def test_a_file_goes_into_the_bucket_and_never_to_the_disk(bring, bucket, product, large, tmp_path):
    (receipt,) = bring(product).require_all()
    assert receipt.address == f"s3://{bucket.name}/jwst/mast/{product.obs_id}/{NAME}"
    assert stored(bucket, product) == large
    assert receipt.sha256 == hashlib.sha256(large).hexdigest()
    assert keys(bucket) == [f"jwst/mast/{product.obs_id}/{NAME}"]
    assert uploads(bucket) == []
    assert sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()) < 10_000
    again = bring(product).receipts[0]
    assert (again.reused, again.bytes_moved) == (True, 0)


def test_an_upload_that_broke_off_goes_on(bring, bucket, archive, product, large, store):
    archive.set_faults(Faults(("download",), status=500, skip=2))
    assert bring(product, ranges_at_once=1).receipts == ()
    assert keys(bucket) == []
    assert [(found.here, found.state) for found in control.pending(store)] == [(PART, "interrupted")]
    archive.set_faults()
    (receipt,) = bring(product).require_all()
    assert receipt.bytes_moved == len(large) - PART
    assert stored(bucket, product) == large
    assert uploads(bucket) == []


def test_an_upload_that_the_store_forgot_begins_anew(bring, bucket, archive, product, large):
    archive.set_faults(Faults(("download",), status=500, skip=2))
    bring(product, ranges_at_once=1)
    archive.set_faults()
    (held,) = uploads(bucket)
    bucket.abort_multipart_upload(Bucket=bucket.name, Key=held["Key"], UploadId=held["UploadId"])
    assert bring(product).require_all()[0].bytes_moved == len(large)
    assert stored(bucket, product) == large


def test_a_cancelled_upload_leaves_nothing_in_the_bucket(bring, bucket, archive, product, store):
    archive.set_faults(Faults(("download",), status=500, skip=2))
    bring(product, ranges_at_once=1)
    assert len(uploads(bucket)) == 1
    control.cancel(store)
    assert uploads(bucket) == []
    assert keys(bucket) == []


@pytest.mark.parametrize("body", ["zeros", "corrupt"])
def test_wrong_bytes_are_never_seen_under_the_name(bring, bucket, archive, product, body):
    archive.set_faults(Faults(("download",), body=body))
    assert bring(product).receipts == ()
    assert keys(bucket) == []
    assert uploads(bucket) == []


def test_a_server_without_ranges_fills_the_parts_in_order(bring, bucket, archive, product, large):
    archive.set_faults(Faults(("download",), ranges="ignored"))
    assert bring(product).require_all()[0].bytes_moved == len(large)
    assert stored(bucket, product) == large
