"""How a body is read from the socket, and by urllib3's own methods where a version keeps its parts elsewhere."""

from http.client import HTTPResponse

import numpy as np
import pytest
import urllib3

from jwstpipe.archive.retry import TransientError
from jwstpipe.archive.transfer.sources.https import HttpsSource, _chunks, _socket_response
from jwstpipe.archive.transfer.sources.source import SourceInfo
from tests.archive.archive_helpers import settings_for
from tests.archive.loopback import Answer, Loopback

CONTENT = np.random.default_rng(12).bytes(600_001)


class Elsewhere:
    """A response of a urllib3 that has nothing below it where this one has."""

    def __init__(self, body):
        self._body = body
        self.chunked = body.chunked
        self.release_conn = body.release_conn

    def stream(self, amount, decode_content):
        return self._body.stream(amount, decode_content=decode_content)


@pytest.mark.parametrize("version", [lambda body: body, Elsewhere], ids=["this urllib3", "another"])
def test_a_body_is_read_whole_and_its_connection_given_back(version):
    with Loopback(lambda ask: Answer(body=CONTENT)) as server, urllib3.PoolManager() as pools:
        for _ in range(2):
            body = version(pools.request("GET", server.address, preload_content=False))
            assert (_socket_response(body) is None) == (version is Elsewhere)
            assert b"".join(bytes(chunk) for chunk in _chunks(body)) == CONTENT
        assert pools.connection_from_url(server.address).num_connections == 1


def test_what_lies_below_is_the_response_of_the_standard_library():
    with Loopback(lambda ask: Answer(body=CONTENT)) as server, urllib3.PoolManager() as pools:
        body = pools.request("GET", server.address, preload_content=False)
        assert isinstance(_socket_response(body), HTTPResponse)
        body.close()


def test_a_body_that_ends_early_is_seen_by_the_other_way_too():
    class Response:
        def __init__(self, raw):
            self.raw = raw

    with Loopback(lambda ask: Answer(body=CONTENT, abort_after=400_000)) as server, urllib3.PoolManager() as pools:
        source = HttpsSource("mast:JWST/product/a.fits", settings_for(server.address), None)
        info = SourceInfo(len(CONTENT), None, None, ranges=False)
        body = pools.request("GET", server.address, preload_content=False)
        with pytest.raises(TransientError, match="connection lost"):
            list(source._body(Response(Elsewhere(body)), info.size))
        body.close()
