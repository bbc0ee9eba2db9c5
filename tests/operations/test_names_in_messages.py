"""Messages name the user's files, also where the work is done on temporary ones."""

import os

import boto3
import pytest

from jwstpipe.errors import DataError, StoreError
from jwstpipe.execution.workers import ThreadWorkers
from jwstpipe.operations.inputs.align_inputs import aligned
from jwstpipe.settings import S3Settings
from jwstpipe.storage import open_store
from tests.mosaicking.scenes import header, wave, write


@pytest.fixture
def two_scales(tmp_path):
    made = []
    for number, scale in enumerate((0.1, 0.13)):
        sky = header(scale=scale, shape=(40, 50))
        made.append(write(tmp_path / f"mine{number}.fits", wave(sky, (40, 50)), sky))
    return made


def damage(image):
    os.truncate(f"{image.address}/0/sci/c/0/0", 100)
    image.read()


def test_an_error_behind_the_alignment_names_the_users_file(two_scales):
    with pytest.raises(DataError) as caught, aligned(two_scales, workers=ThreadWorkers(1)) as found:
        raise DataError(f"{found.images[1].address}: has no data; leave it out")
    assert str(caught.value) == f"{two_scales[1]}: has no data; leave it out"


def test_damage_to_a_temporary_image_names_the_users_file(two_scales):
    whole = aligned(two_scales, workers=ThreadWorkers(1), laying="whole")
    with pytest.raises(StoreError) as caught, whole as found:
        damage(found.images[0])
    assert str(caught.value).startswith(f"{two_scales[0]}: 0/sci/c/0/0: damaged")
    assert "jwstpipe-aligned" not in str(caught.value)


def test_a_file_on_its_way_to_s3_has_its_own_name(s3_server, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    bucket = f"names-{os.urandom(4).hex()}"
    boto3.client("s3", endpoint_url=s3_server, region_name="us-east-1").create_bucket(Bucket=bucket)
    store = open_store(f"s3://{bucket}", s3=S3Settings(endpoint=s3_server))
    with pytest.raises(DataError) as caught, store.file_for("pictures/a.png") as path:
        raise DataError(f"{path}: too long for a JPEG")
    assert str(caught.value) == f"s3://{bucket}/pictures/a.png: too long for a JPEG"
    assert not store.exists("pictures/a.png")
