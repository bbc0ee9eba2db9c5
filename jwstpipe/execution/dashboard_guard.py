"""The pages of a Dask scheduler, which know no users, behind a password.

They run code for nobody, but they show arguments, logs and call stacks. Tornado hands every request, also those that
become WebSockets, to one object; ours looks at the headers first. A scheduler of its own process preloads it::

    JWSTPIPE_EXECUTION__PASSWORD_FILE=... dask scheduler --preload jwstpipe.execution.dashboard_guard
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from tornado.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPMessageDelegate,
    HTTPServerConnectionDelegate,
    RequestStartLine,
    ResponseStartLine,
)

from jwstpipe.errors import UsageError
from jwstpipe.execution.loopback import foreign, home_password, let_in
from jwstpipe.settings import load_settings

__all__ = ["dask_setup", "guard_dashboard"]

OPEN = ("/health",)
"""Paths that tell nothing but that the server is up."""


def guard_dashboard(scheduler: Any, password: str, *, draw: bool) -> None:
    """Let requests to the pages of a scheduler pass only with ``user:password``, and only from this machine.

    Parameters
    ----------
    scheduler
        A scheduler of this process.
    password
        With its user.
    draw
        Begin pages that the scheduler was started without when the first request may pass: what draws them takes a
        second of a processor to load, and most runs are over before anybody looks.
    """
    server = scheduler.http_server
    begin = partial(_draw, scheduler) if draw else None
    server.request_callback = _Guard(server.request_callback, password, int(server.port), begin)


def _draw(scheduler: Any) -> None:
    """Begin the pages of a scheduler that has none yet."""
    from bokeh.server.tornado import BokehTornado  # noqa: PLC0415 - see `guard_dashboard`
    from distributed.dashboard.scheduler import connect  # noqa: PLC0415 - as above

    if not any(isinstance(one, BokehTornado) for one in scheduler.http_application.applications):
        connect(scheduler.http_application, scheduler.http_server, scheduler, prefix="")


def dask_setup(scheduler: Any) -> None:
    """Guard the pages of a scheduler that loads this module (see Dask's preloads).

    Raises
    ------
    UsageError
        The settings name no file with the password.
    """
    file = load_settings().execution.password_file
    if file is None:
        raise UsageError("no password for the dashboard; set JWSTPIPE_EXECUTION__PASSWORD_FILE")
    guard_dashboard(scheduler, home_password(file), draw=False)


class _Guard(HTTPServerConnectionDelegate):
    def __init__(
        self, application: HTTPServerConnectionDelegate, password: str, port: int, draw: Callable[[], None] | None
    ) -> None:
        self.application, self.password, self.port = application, password, port
        self._draw = draw

    def begin(self) -> None:
        """Have something to show: called with each request that may pass, in the one thread that serves them."""
        draw, self._draw = self._draw, None
        if draw is not None:
            draw()

    def start_request(self, server_conn: object, request_conn: HTTPConnection) -> HTTPMessageDelegate:
        """Look at a request before the application does."""
        return _Request(self, server_conn, request_conn)

    def on_close(self, server_conn: object) -> None:
        """Pass it on."""
        self.application.on_close(server_conn)

    def refusal(self, path: str, headers: HTTPHeaders) -> tuple[int, str, str] | None:
        """Give status, reason and text of an answer that refuses; None for a request that may pass."""
        why = foreign(headers.get("Host"), headers.get("Origin"), port=self.port)
        if why is not None:
            return 403, "Forbidden", why
        if path.partition("?")[0] in OPEN or let_in(headers.get("Authorization"), self.password):
            return None
        return 401, "Unauthorized", "the password stands in the home's folder prefect, file password"


class _Request(HTTPMessageDelegate):
    def __init__(self, guard: _Guard, server_conn: object, request_conn: HTTPConnection) -> None:
        self._guard, self._server, self._connection = guard, server_conn, request_conn
        self._inner: HTTPMessageDelegate | None = None

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        """Refuse, or begin."""
        refused = self._guard.refusal(getattr(start_line, "path", ""), headers)
        path = getattr(start_line, "path", "")
        if refused is None:
            if path.partition("?")[0] not in OPEN:
                self._guard.begin()
            self._inner = self._guard.application.start_request(self._server, self._connection)
            return self._inner.headers_received(start_line, headers)
        status, reason, text = refused
        body = f"{text}\n".encode()
        answer = HTTPHeaders({"Content-Length": str(len(body)), "Content-Type": "text/plain", "Connection": "close"})
        if status == 401:
            answer["WWW-Authenticate"] = 'Basic realm="jwstpipe"'
        self._connection.write_headers(ResponseStartLine("HTTP/1.1", status, reason), answer, body)
        self._connection.finish()
        return None

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        """Pass it on."""
        return None if self._inner is None else self._inner.data_received(chunk)

    def finish(self) -> None:
        """Pass it on."""
        if self._inner is not None:
            self._inner.finish()

    def on_connection_close(self) -> None:
        """Pass it on."""
        if self._inner is not None:
            self._inner.on_connection_close()
