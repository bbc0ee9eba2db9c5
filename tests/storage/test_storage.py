"""One behaviour of the object store on a local folder and on S3 (a moto server)."""

import errno
import os
import time
from threading import Barrier, Thread

import boto3
import pytest
from botocore.exceptions import ClientError

from jwstpipe.errors import DataError, NotFoundError, StorageError
from jwstpipe.settings import S3Settings
from jwstpipe.storage import (
    Uploads,
    aside,
    get_bytes,
    get_range,
    leftovers,
    lifecycle_hint,
    open_store,
    put_bytes,
    s3_client,
    shown,
    storage_errors,
    writing_errors,
)


@pytest.fixture(params=["local", "s3"])
def store(request, tmp_path, monkeypatch):
    if request.param == "local":
        return open_store(tmp_path / "store")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    endpoint = request.getfixturevalue("s3_server")
    bucket = f"bucket-{os.urandom(4).hex()}"
    boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1").create_bucket(Bucket=bucket)
    return open_store(f"s3://{bucket}/prefix", s3=S3Settings(endpoint=endpoint))


def test_objects_are_written_read_listed_and_deleted(store, tmp_path):
    store.write_bytes("a/one.bin", b"1234")
    (tmp_path / "file").write_bytes(b"56")
    store.put_file(tmp_path / "file", "a/b/two.bin")
    assert not (tmp_path / "file").exists()
    assert (store.exists("a/one.bin"), store.exists("a/none")) == (True, False)
    assert (store.size("a/one.bin"), store.read_bytes("a/b/two.bin")) == (4, b"56")
    assert store.list("a") == ["a/b/two.bin", "a/one.bin"]
    store.write_bytes("a/one.bin", b"new")
    assert store.read_bytes("a/one.bin") == b"new"
    store.delete("a")
    store.delete("a")
    assert store.list("a") == []


def test_a_file_that_others_write_stands_in_the_store_when_its_block_ends_well(store):
    def write(content, error=None):
        with store.file_for("a/b/picture.png") as path:
            assert path.name == "picture.png"
            with aside(path) as partial:
                partial.write_bytes(content)
                if error:
                    raise error

    with pytest.raises(RuntimeError, match="in the middle"):
        write(b"half", RuntimeError("in the middle"))
    assert store.list("a") == []
    write(b"whole")
    assert store.read_bytes("a/b/picture.png") == b"whole"
    assert store.list("a") == ["a/b/picture.png"]


def test_what_is_not_there_is_named(store):
    with pytest.raises(NotFoundError, match="none"):
        store.read_bytes("none")


@pytest.mark.parametrize("key", ["", "/abs", "../up", "a/../b", "a//b", "a/./b", "a b", "a\x00", "a/", "sub\\dir"])
def test_keys_cannot_leave_the_root(store, key):
    with pytest.raises(DataError, match="not a storage key"):
        store.write_bytes(key, b"")


def test_nothing_is_seen_of_a_write_that_fails(tmp_path):
    target = tmp_path / "folder"
    target.mkdir()
    (target / "old").write_text("old")

    def fail():
        with aside(target) as partial:
            partial.mkdir()
            (partial / "new").write_text("new")
            raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError):
        fail()
    assert [path.name for path in tmp_path.rglob("*")] == ["folder", "old"]
    with aside(target) as partial:
        partial.mkdir()
        (partial / "new").write_text("new")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["folder", "new"]


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (errno.ENOSPC, "no space left"),
        (errno.EACCES, "not writable"),
        (errno.EROFS, "not writable"),
        (errno.ENOTDIR, "is a file"),
        (errno.ENOENT, "folder cannot be made"),
    ],
)
def test_what_the_system_says_becomes_a_sentence(code, says):
    with pytest.raises(StorageError, match=rf"out\.zarr: .*{says}"), writing_errors("out.zarr"):
        raise OSError(code, os.strerror(code))


def test_reading_and_writing_see_a_missing_path_differently():
    with pytest.raises(NotFoundError), storage_errors("gone"):
        raise FileNotFoundError
    with pytest.raises(StorageError), writing_errors("gone"):
        raise FileNotFoundError(errno.ENOENT, "x")


def test_a_file_where_a_folder_should_be(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="is a file, not a folder"):
        open_store(tmp_path / "file" / "store")


def test_names_of_partial_writes_are_not_shown():
    assert shown("/data/.m101.zarr.0123456789ab.partial/0/sci") == "/data/m101.zarr/0/sci"


def test_a_link_reads_one_object_for_a_while_and_then_no_more(s3_server, monkeypatch):
    from urllib.parse import parse_qs, urlsplit
    from urllib.request import urlopen

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    bucket = f"bucket-{os.urandom(4).hex()}"
    boto3.client("s3", endpoint_url=s3_server, region_name="us-east-1").create_bucket(Bucket=bucket)
    store = open_store(f"s3://{bucket}/prefix", s3=S3Settings(endpoint=s3_server))
    store.write_bytes("a/one.bin", b"1234")
    link = store.link("a/one.bin")
    with urlopen(link) as answer:
        assert answer.read() == b"1234"
    query = parse_qs(urlsplit(link).query)
    seconds = query.get("X-Amz-Expires") or [int(query["Expires"][0]) - int(time.time())]
    assert 14 * 60 < int(seconds[0]) <= 15 * 60
    assert urlsplit(link).path == f"/{bucket}/prefix/a/one.bin"


def test_a_local_object_has_no_link(tmp_path):
    store = open_store(tmp_path / "store")
    store.write_bytes("one", b"1")
    with pytest.raises(DataError, match="local path has no link"):
        store.link("one")


def test_a_bucket_takes_the_suggested_lifecycle(s3_server, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    bucket = f"bucket-{os.urandom(4).hex()}"
    client = s3_client(S3Settings(endpoint=s3_server))
    client.create_bucket(Bucket=bucket)
    client.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration=lifecycle_hint("store/mast"))
    rules = client.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert rules[0]["Filter"] == {"Prefix": "store/mast/"}
    assert rules[0]["Transitions"][0]["StorageClass"] == "STANDARD_IA"


def test_what_goes_wrong_with_an_upload_is_told_when_it_is_waited_for(s3_server, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    s3 = S3Settings(endpoint=s3_server)
    bucket = f"bucket-{os.urandom(4).hex()}"
    s3_client(s3).create_bucket(Bucket=bucket)
    uploads = Uploads(s3)
    uploads.put(f"s3://{bucket}/first", b"1")
    uploads.put("s3://no-such-bucket/lost", b"2")
    uploads.put(f"s3://{bucket}/last", b"3")
    with pytest.raises(ClientError, match="NoSuchBucket"):
        uploads.wait()
    uploads.wait()
    assert [get_bytes(f"s3://{bucket}/{key}", s3=s3) for key in ("first", "last")] == [b"1", b"3"]


def test_ranges_know_their_object(s3_server, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    s3 = S3Settings(endpoint=s3_server)
    bucket = f"bucket-{os.urandom(4).hex()}"
    s3_client(s3).create_bucket(Bucket=bucket)
    address = f"s3://{bucket}/key"
    assert get_range(address, 0, 10, s3=s3) is None
    s3_client(s3).put_object(Bucket=bucket, Key="key", Body=b"0123456789")
    first, last = get_range(address, 2, 3, s3=s3), get_range(address, -4, s3=s3)
    assert (first.content, last.content, first.size, last.size) == (b"234", b"6789", 10, 10)
    assert first.etag == last.etag != ""
    s3_client(s3).put_object(Bucket=bucket, Key="key", Body=b"another")
    with pytest.raises(StorageError, match="was replaced"):
        get_range(address, 0, 4, etag=first.etag, s3=s3)


def test_threads_that_enter_a_folder_at_once_do_not_sweep_each_other(tmp_path, monkeypatch):
    """What another thread has just made, and has not locked yet, looks like the work of a dead process."""
    made, swept = leftovers._held, []

    def late(descriptor, path):
        if path.parent not in swept:
            swept.append(path.parent)
            leftovers._settle.cache_clear()
            leftovers.settle(path.parent)
            assert not path.exists()
        return made(descriptor, path)

    monkeypatch.setattr(leftovers, "_held", late)
    put_bytes(str(tmp_path / "files" / "a"), b"one", b" two")
    assert (tmp_path / "files" / "a").read_bytes() == b"one two"
    with aside(tmp_path / "b") as partial:
        partial.mkdir()
    assert (tmp_path / "b").is_dir()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["b", "files"]
    assert len(swept) == 2


def test_who_is_about_to_sweep_is_waited_for(tmp_path):
    threads, faults = Barrier(2), []

    def enter(folder, name):
        threads.wait()
        try:
            put_bytes(str(folder / name), b"x")
        except OSError as fault:
            faults.append(fault)

    for number in range(150):  # one in fifty failed
        both = [Thread(target=enter, args=(tmp_path / str(number), name)) for name in "ab"]
        for one in both:
            one.start()
        for one in both:
            one.join()
    assert not faults
    assert len(list(tmp_path.glob("*/[ab]"))) == 300
