"""Servers that send a byte now and then, or more than anybody asked for: an answer has a deadline and a size."""

import socketserver
import threading
from contextlib import contextmanager
from functools import partial

import pytest
import requests

from jwstpipe.archive.http import guard, web_errors
from jwstpipe.archive.retry import TransientError
from jwstpipe.archive.transfer.sources.https import HttpsSource
from jwstpipe.archive.transfer.sources.s3 import S3Source, open_mirror
from jwstpipe.archive.transfer.sources.source import SourceInfo
from jwstpipe.errors import StorageError, TransferError
from jwstpipe.settings import S3Settings
from jwstpipe.storage import s3
from tests.archive.archive_helpers import settings_for
from tests.archive.loopback import Answer, Loopback

SIZE = 100
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n" % SIZE


@contextmanager
def trickle(at_once, slowly):
    """Serve some bytes at once and the others one by one, ten a second, to one client after the other."""
    enough = threading.Event()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            self.request.recv(65536)
            try:
                self.request.sendall(at_once)
                for byte in slowly:
                    if enough.wait(0.1):
                        return
                    self.request.sendall(bytes([byte]))
            except OSError:
                pass  # the client left

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            enough.set()
            server.shutdown()
            thread.join()


SLOW = {
    "headers": (b"HTTP/1.1 200 OK\r\nX-Long: ", b"a" * SIZE + b"\r\nContent-Length: 0\r\n\r\n"),
    "body": (HEAD + b"\r\n", b"b" * SIZE),
}


@pytest.mark.parametrize("what", SLOW)
def test_an_answer_that_trickles_is_given_up(what):
    """No read is longer than 0.1 s, the answer would be whole after 10 s; it may take half a second."""
    with trickle(*SLOW[what]) as address:
        session = guard(requests.Session(), settings_for(address, timeout_s=0.5))
        with session, pytest.raises(TransientError), web_errors("it"):
            session.get(address)


def test_a_file_that_trickles_is_given_up():
    class OneSession:
        def ask(self, url, headers):
            return session.get(url, headers=dict(headers), stream=True)

    with trickle(HEAD + b"\r\n" + b"c" * 50, b"c" * 50) as address:
        settings = settings_for(address, timeout_s=0.5)
        with guard(requests.Session(), settings) as session:
            source = HttpsSource("mast:JWST/product/a.fits", settings, OneSession())
            with pytest.raises(TransientError, match="no answer in time"):
                list(source.read_all(SourceInfo(SIZE, None, None, ranges=False)))


@pytest.mark.parametrize("what", SLOW)
def test_an_object_of_the_mirror_that_trickles_is_given_up(what, monkeypatch):
    """Headers and body of a GET; the headers of a HEAD."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with trickle(*SLOW[what]) as address:
        settings = settings_for(address, timeout_s=0.5)
        settings = settings.model_copy(update={"s3": S3Settings(endpoint=address, anonymous=True)})
        source = S3Source(open_mirror(settings), "bucket", "a.fits", attempts=1)
        with pytest.raises(TransientError, match="Timeout"):
            list(source.read_all(SourceInfo(SIZE, None, None, ranges=False)))
        if what == "headers":
            with pytest.raises(TransientError, match="Timeout"):
                source.describe()


@pytest.mark.parametrize("what", SLOW)
def test_an_object_of_the_own_store_that_trickles_is_given_up(what, monkeypatch):
    """The timeout of a read would never pass; the answer as a whole has one second."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setattr(s3, "s3_client", partial(s3.s3_client, attempts=1, timeout_s=0.5))
    with trickle(*SLOW[what]) as address, pytest.raises(StorageError, match=r"[Tt]ime"):
        s3.get_range("s3://bucket/a", 0, SIZE, s3=S3Settings(endpoint=address, anonymous=True))


def test_a_connection_serves_the_next_answer_with_a_deadline_of_its_own():
    with Loopback(lambda ask: Answer(body=b"d" * 5000)) as server:
        with guard(requests.Session(), settings_for(server.address, timeout_s=60.0)) as session:
            bodies = [session.get(server.address).content for _ in range(3)]
        assert bodies == [b"d" * 5000] * 3


def test_an_answer_longer_than_it_may_be_is_refused():
    with Loopback(lambda ask: Answer(body=b"e" * 5000)) as server:
        settings = settings_for(server.address)
        with guard(requests.Session(), settings, most_bytes=5000) as session:
            assert len(session.get(server.address).content) == 5000
        with (
            guard(requests.Session(), settings, most_bytes=4999) as session,
            pytest.raises(TransferError, match="longer than 4,999 bytes"),
        ):
            session.get(server.address)
