"""What stands at a target that is not ours is left alone; what a killed process left is no image."""

import json
import os

import boto3
import numpy as np
import pytest

from jwstpipe.errors import ConflictError
from jwstpipe.images.zarr.metadata import array_document, group_document, rewritten
from jwstpipe.images.zarr.publish import existing_product, new_image
from jwstpipe.settings import S3Settings


@pytest.fixture
def prefix(s3_server, monkeypatch):
    """Give a client, a bucket and the settings of an endpoint."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    client = boto3.client("s3", endpoint_url=s3_server, region_name="us-east-1")
    bucket = f"publish-{os.urandom(4).hex()}"
    client.create_bucket(Bucket=bucket)
    return client, bucket, S3Settings(endpoint=s3_server)


def test_a_prefix_with_other_things_is_refused_and_not_emptied(prefix):
    client, bucket, s3 = prefix
    for key in ("data/thesis.tex", "data/2024/raw.fits"):
        client.put_object(Bucket=bucket, Key=key, Body=b"precious")
    for attempt in (existing_product, lambda target, s3: new_image(target, s3=s3).__enter__()):
        with pytest.raises(ConflictError, match="holds other things"):
            attempt(f"s3://{bucket}/data", s3=s3)
    assert client.list_objects_v2(Bucket=bucket)["KeyCount"] == 2


def test_a_zarr_group_of_others_is_refused(prefix):
    client, bucket, s3 = prefix
    client.put_object(Bucket=bucket, Key="other.zarr/zarr.json", Body=b'{"zarr_format": 3, "node_type": "group"}')
    with pytest.raises(ConflictError, match="no image store"):
        existing_product(f"s3://{bucket}/other.zarr", s3=s3)


def test_an_attempt_that_died_is_nothing(prefix):
    client, bucket, s3 = prefix
    client.put_object(Bucket=bucket, Key="new.zarr/0/sci/c/0/0", Body=b"half")
    assert existing_product(f"s3://{bucket}/new.zarr", s3=s3) is None


def test_documents_stand_in_their_group_as_json_writes_them():
    inner = array_document((3,), np.dtype("u1"), (3,), ("byte",), attributes={"told": ['a "b"\n', {"c": []}]})
    members = {"b/1": rewritten(json.dumps(json.loads(inner)).encode()), 'a "0"': group_document({"x": {}}, members={})}
    members["c"] = group_document(members=members)
    text = group_document({"title": "t"}, members=members)
    assert text == json.dumps(json.loads(text), indent=1).encode()
    found = json.loads(text)["consolidated_metadata"]["metadata"]
    assert found == {path: json.loads(document) for path, document in members.items()}
    assert list(found) == sorted(members)
