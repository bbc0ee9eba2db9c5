"""The S3 mirror: keys from path_lookup, ranges of one version, and the way back to HTTPS with its reason."""

import boto3
import pytest
from botocore.config import Config

from jwstpipe.archive.http import Sessions
from jwstpipe.archive.retry import TransientError
from jwstpipe.archive.transfer import progress_meter
from jwstpipe.archive.transfer.sources.mirror import look_up_keys
from jwstpipe.archive.transfer.sources.s3 import S3Source
from jwstpipe.settings import S3Settings
from jwstpipe.testing.local_archive.faults import Faults
from tests.archive.archive_helpers import NAME, RANGE, fits_bytes, make_product, rows_of, settings_for
from tests.archive.loopback import Answer, Loopback, ranged

URI = f"mast:JWST/product/{NAME}"


@pytest.fixture
def auto(archive):
    return archive.settings.model_copy(update={"attempts": 3})


@pytest.fixture
def only_s3(auto):
    return auto.model_copy(update={"source": "s3"})


@pytest.fixture
def sessions(auto):
    opened = Sessions(auto)
    yield opened
    opened.close()


def test_bytes_come_from_the_mirror_when_it_has_them(archive, auto, bring, product, content):
    (receipt,) = bring(product, auto).require_all()
    assert (receipt.source, receipt.fell_back) == ("s3", None)
    assert receipt.path.read_bytes() == content
    assert archive.count("download") == 0
    assert archive.count("lookup") == 1
    assert archive.count("s3") == 1 + 6


def test_keys_are_looked_up_in_batches_and_told_by_uri(archive, auto, sessions):
    names = [f"jw02733-o001_t{n:03d}_nircam_clear-f090w_i2d.fits" for n in range(100)]
    archive.set_rows(rows_of(**dict.fromkeys(names[::2], b"x")))
    keys = look_up_keys([f"mast:JWST/product/{name}" for name in names], settings=auto, sessions=sessions)
    assert keys == {
        f"mast:JWST/product/{name}": None if n % 2 else f"jwst/public/{name}" for n, name in enumerate(names)
    }
    assert archive.count("lookup") == 3


@pytest.mark.parametrize("path", ["/../../etc/passwd", 5, "", "/a//b", "/jwst/a b"])
def test_a_path_that_is_no_key_is_not_used(auto, path):
    answer = b'{"%s": {"status_code": 200, "path": %s}}' % (URI.encode(), repr(path).replace("'", '"').encode())
    with Loopback(lambda ask: Answer(200, {}, answer)) as server:
        settings = auto.model_copy(update={"server": server.address})
        opened = Sessions(settings)
        assert look_up_keys([URI], settings=settings, sessions=opened) == {URI: None}
        opened.close()


def test_a_lookup_that_fails_for_ever_says_so(archive, auto, sessions):
    archive.set_faults(Faults(("lookup",), status=503))
    with pytest.raises(TransientError, match="path_lookup: HTTP 503"):
        look_up_keys([URI], settings=auto, sessions=sessions)
    assert archive.count("lookup") == 3


FALL_BACK = {
    "not in the mirror": (None, "not in the S3 mirror"),
    "no lookup": (Faults(("lookup",), status=500), "path_lookup: HTTP 500"),
    "lookup says nonsense": (Faults(("lookup",), body="html"), "not JSON"),
    "object missing": (Faults(("s3",), status=404), "HTTP 404"),
    "mirror forbids": (Faults(("s3",), status=403), "HTTP 403"),
    "mirror busy": (Faults(("s3",), status=503), "HTTP 503"),
    "mirror busy in mid-file": (Faults(("s3",), status=503, skip=3), "HTTP 503"),
    "mirror damaged": (Faults(("s3",), body="corrupt"), "DATASUM"),
    "mirror cuts": (Faults(("s3",), body="none", skip=1), "connection lost"),
}


@pytest.mark.parametrize("fault", FALL_BACK)
def test_what_the_mirror_does_not_give_comes_over_https_with_the_reason(archive, auto, bring, product, content, fault):
    faults, reason = FALL_BACK[fault]
    if faults is None:
        archive.set_rows(archive.rows.without_key(NAME))
    else:
        archive.set_faults(faults)
    (receipt,) = bring(product, auto).require_all()
    assert receipt.path.read_bytes() == content
    assert receipt.source == "https"
    assert reason in receipt.fell_back


def test_a_checksum_of_the_mirror_finds_what_the_file_itself_does_not_tell(archive, auto, bring):
    """Files of the archive carry no checksums of their own."""
    bare = fits_bytes(3, checksum=False)
    archive.set_rows(rows_of(**{NAME: bare}))
    archive.set_faults(Faults(("s3",), body="corrupt"))
    (receipt,) = bring(make_product(size=len(bare)), auto).require_all()
    assert receipt.path.read_bytes() == bare
    assert (receipt.source, "crc32" in receipt.fell_back) == ("https", True)


def test_a_mirror_that_is_down_costs_its_waits_once(archive, auto, bring):
    files = {f"jw02733-o00{n}_t001_nircam_clear-f090w_i2d.fits": fits_bytes(n) for n in range(1, 6)}
    archive.set_rows(rows_of(**files))
    archive.set_faults(Faults(("s3",), status=503))
    products = [make_product(name, len(file)) for name, file in files.items()]
    receipts = bring(products, auto.model_copy(update={"files_at_once": 1})).require_all()
    assert {receipt.source for receipt in receipts} == {"https"}
    assert all("HTTP 503" in receipt.fell_back for receipt in receipts)
    assert archive.count("s3") == 3


def test_a_mirror_that_is_behind_the_listing_is_not_believed(archive, auto, bring, product, content):
    older = fits_bytes(1, side=200)

    def answer(ask):
        if ask.path.endswith("/path_lookup/"):
            return Answer(200, {}, b'{"%s": {"status_code": 200, "path": "/old.fits"}}' % URI.encode())
        return ranged(older, ask) if ask.path == "/stpubdata/old.fits" else ranged(content, ask)

    with Loopback(answer) as server:
        s3 = S3Settings(endpoint=server.address, anonymous=True)
        (receipt,) = bring(product, settings_for(server.address, source="auto", s3=s3)).require_all()
    assert receipt.path.read_bytes() == content
    assert f"{len(older):,} bytes in the S3 mirror" in receipt.fell_back


def test_without_a_way_back_the_mirror_is_the_only_source(archive, only_s3, bring, product):
    archive.set_rows(archive.rows.without_key(NAME))
    result = bring(product, only_s3)
    assert "not in the S3 mirror" in result.failures[0].reason
    assert archive.count("download") == 0


def test_the_mirror_is_asked_as_often_as_its_settings_say(archive, only_s3, bring, product):
    archive.set_faults(Faults(("s3",), status=503))
    s3 = only_s3.s3.model_copy(update={"max_attempts": 5})
    bring(product, only_s3.model_copy(update={"s3": s3}))
    assert archive.count("s3") == 5


def test_a_part_from_the_mirror_goes_on_over_https_when_it_is_the_same_version(archive, auto, bring, product, content):
    """The archive's ETag is the object's when MAST redirects to the bucket; then no byte is fetched twice."""
    one_by_one = auto.model_copy(update={"ranges_at_once": 1})
    archive.set_faults(Faults(("s3",), status=503, skip=4))
    (receipt,) = bring(product, one_by_one).require_all()
    assert receipt.source == "https"
    assert receipt.bytes_moved == len(content)


def test_a_part_begun_over_https_goes_on_there(archive, auto, bring, product, content):
    one_by_one = auto.model_copy(update={"ranges_at_once": 1})
    archive.set_faults(Faults(("s3",), status=503), Faults(("download",), status=500, skip=4))
    assert "HTTP 500" in bring(product, one_by_one).failures[0].reason
    archive.set_faults()
    (receipt,) = bring(product, one_by_one).require_all()
    assert (receipt.source, receipt.bytes_moved) == ("https", len(content) - 3 * RANGE)
    assert "HTTP 503" in receipt.fell_back


@pytest.fixture
def bucket(s3_server):
    client = boto3.session.Session().client(
        "s3", endpoint_url=s3_server, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b",
        config=Config(s3={"addressing_style": "path"}),
    )  # fmt: skip
    client.create_bucket(Bucket="stpubdata", ACL="public-read")
    yield client
    for entry in client.list_objects_v2(Bucket="stpubdata").get("Contents", []):
        client.delete_object(Bucket="stpubdata", Key=entry["Key"])
    client.delete_bucket(Bucket="stpubdata")
    client.close()


def put(client, content):
    client.put_object(Bucket="stpubdata", Key=f"jwst/public/{NAME}", Body=content, ACL="public-read")


def test_another_s3_server_serves_without_credentials(archive, bucket, s3_server, bring, product, content, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
    put(bucket, content)
    settings = archive.settings.model_copy(
        update={"s3": S3Settings(endpoint=s3_server, anonymous=True), "source": "s3"}
    )
    (receipt,) = bring(product, settings).require_all()
    assert receipt.path.read_bytes() == content
    assert receipt.source == "s3"


def test_an_object_replaced_on_the_way_is_never_a_mixture(
    archive, bucket, s3_server, bring, product, content, monkeypatch
):
    monkeypatch.setattr(progress_meter, "SHORTEST_GAP_S", 0.0)
    put(bucket, content)
    newer = fits_bytes(5)
    s3 = S3Settings(endpoint=s3_server, anonymous=True)
    settings = archive.settings.model_copy(update={"s3": s3, "source": "s3", "ranges_at_once": 1})
    replaced = []

    def report(progress):
        if progress.done > 0 and not replaced:
            replaced.append(progress)
            put(bucket, newer)

    (receipt,) = bring(product, settings, report=report).require_all()
    assert receipt.path.read_bytes() == newer
    assert replaced


def test_no_such_bucket_is_a_reason(archive, s3_server, bring, product):
    settings = archive.settings.model_copy(
        update={"s3": S3Settings(endpoint=s3_server, anonymous=True), "source": "s3", "bucket": "elsewhere"}
    )
    assert "HTTP 404" in bring(product, settings).failures[0].reason


def test_the_archive_may_redirect_to_the_bucket_and_nowhere_else(archive, bring, product, content):
    target = f"{archive.s3_endpoint}/{archive.bucket}/jwst/public/{NAME}"
    with Loopback(lambda ask: Answer(307, {"Location": target})) as server:
        allowed = settings_for(server.address, s3=S3Settings(endpoint=archive.s3_endpoint, anonymous=True))
        (receipt,) = bring(product, allowed).require_all()
        assert receipt.path.read_bytes() == content
        receipt.path.unlink()
        result = bring(product, settings_for(server.address))
    assert "not part of the archive; refused" in result.failures[0].reason


class Head:
    """An S3 client of one answer."""

    def __init__(self, **fields):
        self.answer = {"ContentLength": 9, "ETag": '"v"', **fields}

    def head_object(self, **asked):
        assert asked["ChecksumMode"] == "ENABLED"
        return self.answer


def test_checksums_of_a_whole_object_are_used_and_those_of_parts_are_told():
    whole = S3Source(Head(ChecksumCRC64NVME="rosUhgp5mIg=", ChecksumType="FULL_OBJECT"), "b", "k", 1).describe()
    assert (whole.checksums, whole.remark) == ((("crc64nvme", "rosUhgp5mIg="),), None)
    older = S3Source(Head(ChecksumSHA1="98I="), "b", "k", 1).describe()  # servers that do not say which type
    assert older.checksums == (("sha1", "98I="),)
    for head in (Head(ChecksumSHA256="abc=-3", ChecksumType="COMPOSITE"), Head(ChecksumSHA256="abc=-3")):
        parts = S3Source(head, "b", "k", 1).describe()
        assert parts.checksums == ()
        assert parts.remark == "not compared: sha256 abc=-3, of an upload in parts"
