"""Flows that keep to this machine, and what they have made once."""

import os
import shutil

import boto3
import pytest


@pytest.fixture
def site(tiny_world, tmp_path, monkeypatch, prefect_server):
    """A fresh site that uses the tiny archive."""
    from tests.world import variables

    _, archive = tiny_world
    archive.set_faults()
    for key, value in variables(archive, tmp_path / "home").items():
        monkeypatch.setenv(key, value)
    monkeypatch.chdir(tmp_path)
    return archive


@pytest.fixture(scope="session")
def first_run(tiny_world, tmp_path_factory, prefect_server):
    """Process the tiny target once, for the tests that look at it or build on it."""
    from jwstpipe.flows.process_target import process_target
    from jwstpipe.requests import ProcessTargetRequest
    from tests.world import TARGET, variables

    _, archive = tiny_world
    archive.set_faults()
    place = variables(archive, tmp_path_factory.mktemp("first") / "home")
    with pytest.MonkeyPatch.context() as patch:
        for key, value in place.items():
            patch.setenv(key, value)
        return place, process_target(ProcessTargetRequest(target=TARGET, level=2))


@pytest.fixture
def finished(first_run, tiny_world, monkeypatch):
    """Go to the site where the target was processed, and give the report of that run."""
    place, report = first_run
    tiny_world[1].set_faults()
    for key, value in place.items():
        monkeypatch.setenv(key, value)
    return report


@pytest.fixture
def finished_copy(first_run, site, tmp_path):
    """Go to a copy of the site where the target was processed, to change it; the archive is that of `site`."""
    place, _ = first_run
    shutil.copytree(place["JWSTPIPE_HOME"], tmp_path / "home")
    return site


@pytest.fixture
def s3_site(s3_server, tmp_path):
    """Settings of a store on a fresh bucket, with a catalogue of its own."""
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    bucket = f"bucket-{os.urandom(4).hex()}"
    client = boto3.client(
        "s3", endpoint_url=s3_server, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    client.create_bucket(Bucket=bucket)
    place = {"JWSTPIPE_STORE": f"s3://{bucket}/jwst", "JWSTPIPE_S3__ENDPOINT": s3_server}
    return {**keys, **place, "JWSTPIPE_HOME": str(tmp_path / "remote")}
