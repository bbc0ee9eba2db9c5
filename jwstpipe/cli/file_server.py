"""The products of a local store for browsers of this machine: what the links on run pages open."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from jwstpipe.storage import ObjectStore, is_remote

__all__ = ["serving_store"]


class _Quiet(SimpleHTTPRequestHandler):
    """Reads only, says nothing of each request."""

    def log_message(self, *arguments: Any) -> None:
        """Say nothing."""

    def end_headers(self) -> None:
        """Let no browser guess at types, nor run anything that stands in a product."""
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Content-Security-Policy", "default-src 'none'; img-src 'self'; sandbox")
        super().end_headers()


@contextmanager
def serving_store(store: ObjectStore) -> Iterator[str | None]:
    """Serve a local store on loopback, for reading; give its address, or None for a store on S3."""
    if is_remote(store.root):
        yield None
        return
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=store.root)) as server:
        thread = threading.Thread(target=server.serve_forever, name="store", daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
