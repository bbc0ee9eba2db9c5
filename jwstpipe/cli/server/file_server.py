"""The products of a local store for browsers of this machine: what the links on run pages open."""

import hmac
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from jwstpipe.execution.loopback import foreign
from jwstpipe.storage import ObjectStore, is_remote

__all__ = ["serving_store"]


class _Quiet(SimpleHTTPRequestHandler):
    """Reads only, says nothing of each request; whoever does not know the first part of the path gets nothing."""

    def __init__(self, *arguments: Any, word: str, **named: Any) -> None:
        self._word = word
        super().__init__(*arguments, **named)

    def send_head(self) -> Any:
        """Look at where a request comes from before a file is opened."""
        lead, _, rest = self.path.removeprefix("/").partition("/")
        assert isinstance(self.server, ThreadingHTTPServer)
        port = self.server.server_port
        if foreign(self.headers.get("Host"), self.headers.get("Origin"), port=port) is not None:
            self.send_error(HTTPStatus.FORBIDDEN)
            return None
        if not hmac.compare_digest(lead.encode(), self._word.encode()):
            self.send_error(HTTPStatus.NOT_FOUND)
            return None
        self.path = f"/{rest}"
        return super().send_head()

    def list_directory(self, path: Any) -> Any:
        """Show no folders."""
        del path
        self.send_error(HTTPStatus.NOT_FOUND)

    def log_message(self, *arguments: Any) -> None:
        """Say nothing."""

    def end_headers(self) -> None:
        """Let no browser guess at types, nor run anything that stands in a product."""
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Content-Security-Policy", "default-src 'none'; img-src 'self'; sandbox")
        super().end_headers()


@contextmanager
def serving_store(store: ObjectStore) -> Iterator[str | None]:
    """Serve a local store on loopback, for reading; give its address, or None for a store on S3.

    The address has a word in it that nobody can guess: it stands on run pages, which ask for a password.
    """
    if is_remote(store.root):
        yield None
        return
    word = secrets.token_urlsafe(24)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=store.root, word=word)) as server:
        thread = threading.Thread(target=server.serve_forever, name="store", daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/{word}"
        finally:
            server.shutdown()
            thread.join()
