"""HTTP servers of the local archive: threads on loopback that stop when told, quietly and completely."""

import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from threading import Event, Lock, Thread
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from jwstpipe.errors import ServiceError
from jwstpipe.testing.local_archive.faults import FaultDesk, Faults, Service
from jwstpipe.testing.local_archive.reply import Asked, Reply, chunks, spoiled

__all__ = ["Front", "Journal", "LoggedRequest", "Site"]

_LARGEST_BODY = 1 << 26


@dataclass(frozen=True)
class LoggedRequest:
    """One request that the archive answered, or was made to fail."""

    service: Service
    subject: str
    """File name, key, or name of the portal service."""

    method: str
    path: str
    ranges: str
    """Range header, as ``bytes=0-99``; empty without one."""

    condition: str
    """If-Range header; empty without one."""

    status: int
    """Status of the answer; 0 = the connection was broken instead."""


class Journal:
    """Remembers requests and failures of the server itself; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._requests: list[LoggedRequest] = []
        self._crashes: list[BaseException] = []

    def note(self, request: LoggedRequest) -> None:
        """Remember a request."""
        with self._lock:
            self._requests.append(request)

    def note_crash(self, error: BaseException) -> None:
        """Remember an error of the server that no fault asked for."""
        with self._lock:
            self._crashes.append(error)

    def clear(self) -> None:
        """Forget the requests."""
        with self._lock:
            self._requests.clear()

    @property
    def requests(self) -> tuple[LoggedRequest, ...]:
        """Requests in the order in which they were answered."""
        with self._lock:
            return tuple(self._requests)

    @property
    def crashes(self) -> tuple[BaseException, ...]:
        """Errors of the server itself; none, if all is well."""
        with self._lock:
            return tuple(self._crashes)


@dataclass(frozen=True)
class Front:
    """What one server shows: how requests are named and how they are answered."""

    named: Callable[[Asked], tuple[Service, str]]
    """Service and subject of a request."""

    answered: Callable[[Asked, Faults], Reply]
    refused: Callable[[int], Reply]
    """Answer that carries an error status."""


@dataclass
class Site:
    """A server at a fixed address that can go down and come back."""

    host: str
    port: int
    """0 = any free one, chosen when it first starts and kept."""

    front: Front
    desk: FaultDesk
    journal: Journal
    _server: "_Server | None" = None
    _lock: Lock = field(default_factory=Lock)

    @property
    def address(self) -> str:
        """URL of the server, without a trailing slash."""
        return f"http://{self.host}:{self.port}"

    def start(self) -> None:
        """Answer from now on; nothing happens when it does already.

        Raises
        ------
        ServiceError
            The port is taken.
        """
        with self._lock:
            if self._server is None:
                try:
                    self._server = _Server(self)
                except OSError as error:
                    raise ServiceError(f"cannot listen at {self.address}: {error.strerror}; choose port 0") from None
                self.port = self._server.server_address[1]
                self._server.begin()

    def stop(self) -> None:
        """Refuse connections from now on, break those that are open, and wait for the threads to end."""
        with self._lock:
            if self._server is not None:
                self._server.end()
                self._server = None


class _Server(ThreadingHTTPServer):
    """Threads of one site; ending it breaks connections that clients keep open."""

    request_queue_size = 128

    def __init__(self, site: Site) -> None:
        self.site = site
        self.ending = Event()
        self._open: set[socket.socket] = set()
        self._workers: list[Thread] = []
        self._open_lock = Lock()
        self._thread = Thread(target=self.serve_forever, args=(0.02,), name="local-archive", daemon=True)
        super().__init__((site.host, site.port), _Handler)

    def server_bind(self) -> None:
        TCPServer.server_bind(self)  # HTTPServer would ask a name server who 127.0.0.1 is
        self.server_name, self.server_port = self.site.host, self.server_address[1]

    def begin(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self.ending.set()
        self.shutdown()
        with self._open_lock:
            connections, workers = list(self._open), list(self._workers)
        for connection in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for worker in workers:
            worker.join()
        self.server_close()
        self._thread.join()

    def process_request(self, request: Any, client_address: Any) -> None:
        worker = Thread(target=self.process_request_thread, args=(request, client_address), daemon=True)
        with self._open_lock:
            self._open.add(request)
            self._workers = [*(other for other in self._workers if other.is_alive()), worker]
        worker.start()

    def close_request(self, request: Any) -> None:
        with self._open_lock:
            self._open.discard(request)
        super().close_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Do nothing: the handler has noted what concerns the server; clients that go away are ordinary."""


class _Handler(BaseHTTPRequestHandler):
    """Reads a request, asks the desk what goes wrong with it, and sends the answer."""

    protocol_version = "HTTP/1.1"
    server_version = "LocalArchive"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing on stderr."""

    def handle_expect_100(self) -> bool:
        proceeds = super().handle_expect_100()
        self.wfile.flush()  # the client waits for this line before it sends its body
        return proceeds

    def _serve(self) -> None:
        site = self.server.site
        try:
            self._answer(site)
        except (ConnectionError, TimeoutError):
            self.close_connection = True
        except Exception as error:
            site.journal.note_crash(error)
            self.close_connection = True
            raise

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815 - http.server looks for these names

    def _answer(self, site: Site) -> None:
        asked = self._read()
        service, subject = site.front.named(asked)
        faults = site.desk.take(service, subject, asked.method)
        if faults.status is not None:
            reply = site.front.refused(faults.status)
            if faults.retry_after:
                reply.headers["Retry-After"] = faults.retry_after
        else:
            reply = spoiled(site.front.answered(asked, faults), faults)
        if self.server.ending.wait(faults.delay_s):
            self.close_connection = True
            return
        site.journal.note(
            LoggedRequest(
                service=service,
                subject=subject,
                method=asked.method,
                path=asked.path,
                ranges=asked.headers.get("range", ""),
                condition=asked.headers.get("if-range", ""),
                status=0 if reply.silent else reply.status,
            )
        )
        self._send(reply)

    def _read(self) -> Asked:
        address = urlsplit(self.path)
        length = min(int(self.headers.get("Content-Length") or 0), _LARGEST_BODY)
        return Asked(
            method=self.command,
            path=unquote(address.path),
            query=parse_qs(address.query, keep_blank_values=True),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(length) if length else b"",
        )

    def _send(self, reply: Reply) -> None:
        if reply.silent:
            self.close_connection = True
            return
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.status != 304:
            self.send_header("Content-Length", str(reply.length))
        self.end_headers()
        if self.command != "HEAD" and reply.status != 304:
            sent = 0 if reply.altered else self._send_file(reply)
            for piece in chunks(reply, sent):
                sent += self.wfile.write(piece)
            self.close_connection |= sent < reply.length
        self.wfile.flush()

    def _send_file(self, reply: Reply) -> int:
        """Let the kernel copy the bytes of a file as they are; gives how many went."""
        if isinstance(reply.source, bytes) or reply.stop <= reply.start:
            return 0
        self.wfile.flush()
        with reply.source.open("rb") as stream:
            return int(self.connection.sendfile(stream, reply.start, reply.stop - reply.start))
