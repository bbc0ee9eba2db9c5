"""Small objects go and come without boto3; what is no plain success is boto3's, within the attempts that are set."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from jwstpipe.errors import StorageError
from jwstpipe.settings import S3Settings
from jwstpipe.storage import get_bytes, get_range
from jwstpipe.storage.s3 import put_object

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
            asked.append((self.command, self.path, dict(self.headers.items())))
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


def test_an_object_is_one_request_with_whose_credentials_it_is(server):
    s3, _, asked = server
    put_object("s3://bucket/a folder/b~c", BODY, s3=s3)
    assert get_bytes("s3://bucket/a folder/b~c", s3=s3) == BODY
    assert [(method, path) for method, path, _ in asked] == [
        (what, "/bucket/a%20folder/b~c") for what in ("PUT", "GET")
    ]
    for _, _, headers in asked:
        assert headers["Authorization"].startswith("AWS4-HMAC-SHA256 Credential=key/")
        assert headers["X-Amz-Security-Token"] == "token"
        assert "boto3" not in headers["User-Agent"].lower()


@pytest.mark.parametrize("status", [307, 400, 403, 500, 503])
def test_what_is_no_plain_success_is_asked_again_by_boto3(server, status):
    s3, first, asked = server
    first.append(status)
    found = get_range("s3://bucket/a", 0, 10, s3=s3)
    assert found is not None
    assert found.content == BODY
    assert ["boto3" in headers["User-Agent"].lower() for _, _, headers in asked] == [False, True]
    assert {headers["Range"] for _, _, headers in asked} == {"bytes=0-9"}


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
