"""A scripted HTTP server on loopback: its answer is a function of the request, right or wrong."""

import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


@dataclass
class Ask:
    method: str
    path: str
    query: dict
    headers: dict
    body: bytes


@dataclass
class Answer:
    status: int = 200
    headers: dict = field(default_factory=dict)
    body: bytes = b""
    length: int | None = -1  # -1 = that of the body, None = no Content-Length
    abort_after: int | None = None  # bytes sent before the connection is cut


class Loopback:
    def __init__(self, answer):
        self.asked = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def _serve(self):
                parts = urlsplit(self.path)
                size = int(self.headers.get("Content-Length") or 0)
                ask = Ask(
                    self.command,
                    parts.path,
                    parse_qs(parts.query),
                    {key.lower(): value for key, value in self.headers.items()},
                    self.rfile.read(size) if size else b"",
                )
                outer.asked.append(ask)
                reply = answer(ask)
                if reply is None:
                    self.close_connection = True
                    return
                try:
                    self.send_response(reply.status)
                    for key, value in reply.headers.items():
                        self.send_header(key, value)
                    length = len(reply.body) if reply.length == -1 else reply.length
                    if length is not None:
                        self.send_header("Content-Length", str(length))
                    else:
                        self.close_connection = True
                    self.end_headers()
                    self.wfile.write(reply.body if reply.abort_after is None else reply.body[: reply.abort_after])
                    if reply.abort_after is not None or (length is not None and length > len(reply.body)):
                        self.close_connection = True
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True

            do_GET = do_HEAD = do_POST = _serve  # noqa: N815 - names that http.server looks for

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    @property
    def address(self):
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *args):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def ranged(content, ask, etag='"v1"', **extra):
    """Answer as a good server: a byte range if one is asked for."""
    headers = {"ETag": etag, "Accept-Ranges": "bytes", **extra} if etag else dict(extra)
    wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", ask.headers.get("range", ""))
    if wanted is None or ask.headers.get("if-range", etag) != etag:
        return Answer(200, headers, content)
    start, stop = int(wanted[1]), min(int(wanted[2]) + 1, len(content))
    if start >= len(content):
        return Answer(416, {**headers, "Content-Range": f"bytes */{len(content)}"})
    headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(content)}"
    return Answer(206, headers, content[start:stop])
