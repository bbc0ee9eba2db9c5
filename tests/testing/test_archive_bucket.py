import boto3
import fsspec
import pytest
import requests
from astropy.io import fits
from botocore.exceptions import ClientError

from jwstpipe.storage import s3_options
from jwstpipe.testing.local_archive.faults import Faults
from tests.testing.archive_folder import CAL, CAL_KEY, CALS, I2D, I2DS, bucket_client
from tests.waiting import LIMIT_SECONDS


@pytest.fixture
def s3(archive):
    return bucket_client(archive.s3_endpoint)


def test_objects_are_the_files(s3, whole):
    head = s3.head_object(Bucket="stpubdata", Key=CAL_KEY)
    assert head["ContentLength"] == len(whole)
    answer = s3.get_object(Bucket="stpubdata", Key=CAL_KEY)
    assert (answer["Body"].read(), answer["ETag"]) == (whole, head["ETag"])
    part = s3.get_object(Bucket="stpubdata", Key=CAL_KEY, Range="bytes=100-199", IfMatch=head["ETag"])
    assert part["Body"].read() == whole[100:200]
    assert part["ContentRange"] == f"bytes 100-199/{len(whole)}"


@pytest.mark.parametrize(
    ("call", "arguments", "code"),
    [
        ("get_object", {"Key": "jwst/public/absent.fits"}, "NoSuchKey"),
        ("head_object", {"Key": "jwst/public/absent.fits"}, "404"),
        ("get_object", {"Key": CAL_KEY, "Range": "bytes=99999999-"}, "InvalidRange"),
        ("get_object", {"Key": CAL_KEY, "IfMatch": '"other"'}, "PreconditionFailed"),
        ("get_object", {"Key": CAL_KEY, "Bucket": "other"}, "NoSuchBucket"),
        ("put_object", {"Key": "mine", "Body": b"x"}, "AccessDenied"),
        ("delete_object", {"Key": CAL_KEY}, "AccessDenied"),
    ],
)
def test_the_bucket_refuses_as_s3_does(s3, call, arguments, code):
    with pytest.raises(ClientError) as refused:
        getattr(s3, call)(**{"Bucket": "stpubdata", **arguments})
    assert refused.value.response["Error"]["Code"] == code


def test_the_bucket_fails_as_s3_does(s3, archive, whole):
    archive.set_faults(Faults(at=("s3",), status=503, times=1))
    assert s3.get_object(Bucket="stpubdata", Key=CAL_KEY)["Body"].read() == whole, "the client tries again"
    assert [request.status for request in archive.requests] == [503, 200]
    archive.set_faults(Faults(at=("s3",), status=403))
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.get_object(Bucket="stpubdata", Key=CAL_KEY)


def test_files_can_be_missing_from_the_bucket(folder, archive):
    archive_rows = archive.rows
    archive.set_rows(archive_rows.without_key(I2D))
    try:
        lookup = requests.get(
            f"{archive.server}/api/v0.1/path_lookup/", params={"uri": f"mast:JWST/product/{I2D}"}, timeout=LIMIT_SECONDS
        )
        assert lookup.json() == {f"mast:JWST/product/{I2D}": {"status_code": 404, "path": None}}
        with pytest.raises(ClientError, match="404"):
            bucket_client(archive.s3_endpoint).head_object(Bucket="stpubdata", Key=archive_rows.keys[I2D])
    finally:
        archive.set_rows(archive_rows)


@pytest.fixture(scope="module")
def oracle(served, s3_server):
    """The same objects in moto's S3, as an independent account of the protocol."""
    writer = boto3.client(
        "s3",
        endpoint_url=s3_server,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    writer.create_bucket(Bucket="stpubdata")
    for name, key in served.rows.keys.items():
        source = served.rows.files[name]
        content = source if isinstance(source, bytes) else source.read_bytes()
        writer.put_object(Bucket="stpubdata", Key=key, Body=content)
    return writer


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"Prefix": "jwst/public/jw02733/L3/"},
        {"Prefix": "jwst/public/jw02733/", "Delimiter": "/"},
        {"Prefix": "jwst/public/jw02733/jw02733001001/", "Delimiter": "/"},
        {"Delimiter": "/"},
        {"Prefix": "nothing/"},
        {"StartAfter": CAL_KEY},
        {"Prefix": "jwst/", "PaginationConfig": {"PageSize": 3}},
        {"Prefix": "jwst/public/jw02733/L3/t/", "Delimiter": "/", "PaginationConfig": {"PageSize": 1}},
    ],
)
def test_listings_equal_those_of_another_s3(s3, oracle, asked):
    def listed(client):
        pages = client.get_paginator("list_objects_v2").paginate(Bucket="stpubdata", **asked)
        keys, prefixes, counts = [], [], []
        for page in pages:
            keys += [(entry["Key"], entry["Size"]) for entry in page.get("Contents", [])]
            prefixes += [entry["Prefix"] for entry in page.get("CommonPrefixes", [])]
            counts.append(page["KeyCount"])
        return keys, prefixes, counts

    assert listed(s3) == listed(oracle)


@pytest.mark.parametrize("asked", ["bytes=0-0", "bytes=100-199", "bytes=5000-", "bytes=-100", "bytes=9000-99999999"])
def test_object_ranges_equal_those_of_another_s3(s3, oracle, asked):
    ours, theirs = (client.get_object(Bucket="stpubdata", Key=CAL_KEY, Range=asked) for client in (s3, oracle))
    assert ours["Body"].read() == theirs["Body"].read()
    for field in ("ContentRange", "ContentLength", "AcceptRanges", "ContentType"):
        assert ours[field] == theirs[field]


def test_s3fs_reads_it_without_credentials(archive, whole):
    filesystem = fsspec.filesystem("s3", **s3_options(archive.settings.s3), skip_instance_cache=True)
    root = "stpubdata/jwst/public/jw02733"
    found = {path.rpartition("/")[2] for path in filesystem.find(root)}
    assert found >= {*CALS, *I2DS}
    assert sorted(filesystem.ls(f"{root}/L3/t")) == [f"{root}/L3/t/o001", f"{root}/L3/t/o002"]
    assert filesystem.cat_file(f"stpubdata/{CAL_KEY}", start=100, end=200) == whole[100:200]
    with filesystem.open(f"stpubdata/{CAL_KEY}") as stream, fits.open(stream) as hdus:
        assert hdus[0].header["FILENAME"] == CAL
