"""Small objects go and come without boto3; what is no plain success is boto3's, within the attempts that are set."""

import threading
import zlib
from base64 import b64encode
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials

from jwstpipe.errors import StorageError
from jwstpipe.settings import S3Settings
from jwstpipe.storage import get_bytes, get_range
from jwstpipe.storage.remote import short_way
from jwstpipe.storage.remote.signature import authorization
from jwstpipe.storage.s3 import put_object, s3_client

BODY = b"0123456789"


@pytest.fixture
def server(monkeypatch):
    """Give settings of a server, the answers that it gives first (200 when none is left), and what it was asked."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    first, asked = [], []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            asked.append((self.command, self.path, {name.lower(): value for name, value in self.headers.items()}))
            status = first.pop(0) if first else 200
            content = b"" if self.command == "PUT" or status != 200 else BODY
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_PUT = do_GET  # noqa: N815 - as http.server has it

        def log_message(self, *words):
            """Stay quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as served:
        thread = threading.Thread(target=served.serve_forever, args=(0.02,))
        thread.start()
        yield S3Settings(endpoint=f"http://127.0.0.1:{served.server_port}", max_attempts=2), first, asked
        served.shutdown()
        thread.join()


@pytest.mark.parametrize("token", ["", "to/ken=="])
def test_a_signature_is_that_of_botocore(token):
    keys = ReadOnlyCredentials("key", "secret/with+signs", token or None)
    path = "/bucket/" + quote("a folder/é~c(1)+&.fits", safe="/~")
    request = AWSRequest("GET", f"http://server:8333{path}", headers={"Range": "bytes=0-9", "If-Match": '"tag"'})
    S3SigV4Auth(keys, "s3", "eu-west-1").add_auth(request)
    told = {name.lower(): value for name, value in request.headers.items()}
    expected = told.pop("authorization")
    assert authorization("GET", path, {"host": "server:8333", **told}, keys=keys, region="eu-west-1") == expected


@pytest.mark.parametrize("private", [True, False])
def test_the_pieces_of_a_body_have_a_checksum_or_where_others_listen_a_signed_digest(server, private, monkeypatch):
    s3, _, asked = server
    if not private:
        monkeypatch.setattr(short_way, "_private", lambda scheme, host: False)
    put_object("s3://bucket/a", b"012", b"", b"3456789", s3=s3)
    put_object("s3://bucket/b", s3=s3)
    assert [headers["content-length"] for _, _, headers in asked] == ["10", "0"]
    told, empty = [headers["x-amz-content-sha256"] for _, _, headers in asked]
    assert empty == sha256(b"").hexdigest()
    check = b64encode(zlib.crc32(BODY).to_bytes(4, "big")).decode()
    assert told == ("UNSIGNED-PAYLOAD" if private else sha256(BODY).hexdigest())
    assert asked[0][2].get("x-amz-checksum-crc32") == (check if private else None)


def test_a_way_is_private_by_tls_or_on_this_machine():
    ways = ("https", "s3.amazonaws.com"), ("http", "localhost"), ("http", "127.0.0.1"), ("http", "::1")
    assert all(short_way._private(*way) for way in ways)
    others = "seaweedfs", "10.0.0.1", "localhost.example.org", "127.0.0.1.example.org"
    assert not any(short_way._private("http", host) for host in others)


@pytest.mark.parametrize("moved", ["_request_signer", "_endpoint"])
def test_another_botocore_only_takes_longer(server, moved, monkeypatch, caplog):
    s3, _, asked = server
    client = s3_client(s3)

    class Elsewhere:
        """A client of a version that keeps this under another name."""

        def __getattr__(self, name):
            if name == moved:
                raise AttributeError(name)
            return getattr(client, name)

    clients = {None: Elsewhere(), 1: s3_client(s3, attempts=1)}
    monkeypatch.setattr("jwstpipe.storage.s3.s3_client", lambda s3, attempts=None: clients[attempts])
    put_object("s3://bucket/a", BODY[:4], BODY[4:], s3=s3)
    assert get_bytes("s3://bucket/a", s3=s3) == BODY
    assert ["boto3" in headers["user-agent"].lower() for _, _, headers in asked] == [True, True]
    assert [record.levelname for record in caplog.records if "botocore" in record.message] == ["WARNING"]


def test_an_object_is_one_request_with_whose_credentials_it_is(server):
    s3, _, asked = server
    put_object("s3://bucket/a folder/b~c", BODY, s3=s3)
    assert get_bytes("s3://bucket/a folder/b~c", s3=s3) == BODY
    assert [(method, path) for method, path, _ in asked] == [
        (what, "/bucket/a%20folder/b~c") for what in ("PUT", "GET")
    ]
    for _, _, headers in asked:
        assert headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=key/")
        assert headers["x-amz-security-token"] == "token"
        assert "boto3" not in headers["user-agent"].lower()


@pytest.mark.parametrize("status", [307, 400, 403, 500, 503])
def test_what_is_no_plain_success_is_asked_again_by_boto3(server, status):
    s3, first, asked = server
    first.append(status)
    found = get_range("s3://bucket/a", 0, 10, s3=s3)
    assert found is not None
    assert found.content == BODY
    assert ["boto3" in headers["user-agent"].lower() for _, _, headers in asked] == [False, True]
    assert {headers["range"] for _, _, headers in asked} == {"bytes=0-9"}


@pytest.mark.parametrize("attempts", [1, 2])
def test_no_more_is_asked_than_the_attempts_that_are_set(server, attempts):
    s3, first, asked = server
    first += [503] * 5
    with pytest.raises(StorageError, match=r"s3://bucket/a: .*503"):
        get_range("s3://bucket/a", 0, 10, s3=s3.model_copy(update={"max_attempts": attempts}))
    assert len(asked) == attempts


def test_nothing_there_and_another_one_there_need_no_second_question(server):
    s3, first, asked = server
    first += [404, 412, 416]
    assert get_bytes("s3://bucket/a", s3=s3) is None
    with pytest.raises(StorageError, match="was replaced"):
        get_range("s3://bucket/a", 0, 10, etag="x", s3=s3)
    behind = get_range("s3://bucket/a", 20, 10, s3=s3)
    assert behind is not None
    assert behind.content == b""
    assert len(asked) == 3
