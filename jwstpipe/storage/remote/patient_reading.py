"""Answers that trickle: a deadline for a whole answer, its headers too, where a socket's timeout is for each read.

A server that sends a byte now and then keeps a socket's timeout from ever passing. Here the time that an answer was
waited for is added up; it may be the timeout, and more as bytes come: at the slowest rate that is still worth waiting
for. Time in which the reader did something else does not count.
"""

import io
import socket
import time
from collections.abc import Iterator
from http.client import HTTPResponse
from typing import Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from jwstpipe.errors import TransferError

__all__ = ["PATIENT_POOLS", "SLOWEST_BYTES_PER_S", "BoundedBody", "PatientResponse", "make_patient"]

SLOWEST_BYTES_PER_S = 1024.0
"""An answer that is slower, beyond a first wait of the timeout, is given up; what came of a file is kept."""


class _PatientReading(io.RawIOBase):
    """What comes from a socket, until the time for one answer is used up (`TimeoutError`)."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__()
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)
        self._timeout_s = sock.gettimeout()
        self._left_s = self._timeout_s or 0.0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self._timeout_s is None:
            return self._raw.readinto(buffer)
        if self._left_s <= 0:
            raise TimeoutError(f"slower than {SLOWEST_BYTES_PER_S:g} bytes a second")
        self._sock.settimeout(min(self._left_s, self._timeout_s))
        asked = time.monotonic()
        count = self._raw.readinto(buffer)
        self._left_s += (count or 0) / SLOWEST_BYTES_PER_S - (time.monotonic() - asked)
        return count

    def fileno(self) -> int:
        return self._raw.fileno()

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()


class _Socket:
    """As much of a socket as a response of the standard library asks for."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def makefile(self, mode: str) -> io.BufferedReader:  # noqa: ARG002 - always "rb"
        return io.BufferedReader(_PatientReading(self._sock))


class PatientResponse(HTTPResponse):
    """An answer of the standard library with a deadline."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(_Socket(sock), *args, **kwargs)  # type: ignore[arg-type]


class _PatientHttp(HTTPConnection):
    response_class = PatientResponse


class _PatientHttps(HTTPSConnection):
    response_class = PatientResponse


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _PatientHttp


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _PatientHttps


class BoundedBody:
    """A body of urllib3 that is refused once it is longer than it may be; all else is the body's."""

    def __init__(self, body: Any, most_bytes: int) -> None:
        self._body = body
        self._most_bytes = most_bytes

    def __getattr__(self, name: str) -> Any:
        return getattr(self._body, name)

    def stream(self, amount: int, decode_content: bool | None = None) -> Iterator[bytes]:  # noqa: FBT001 - as urllib3 has it
        """Yield the body in pieces.

        Raises
        ------
        TransferError
            It is longer than it may be.
        """
        got = 0
        for chunk in self._body.stream(amount, decode_content=decode_content):
            got += len(chunk)
            if got > self._most_bytes:
                raise TransferError(f"the answer is longer than {self._most_bytes:,} bytes, which no page of rows is")
            yield chunk


PATIENT_POOLS = {"http": _HttpPool, "https": _HttpsPool}
"""Pools of connections whose answers have a deadline, as urllib3's managers take them."""


def make_patient(client: Any) -> Any:
    """Give the answers to a boto3 client a deadline as a whole; the client is given back.

    botocore has no public way to choose its connections: a version that keeps them elsewhere fails here, aloud.
    """
    from botocore import awsrequest  # noqa: PLC0415 - what touches no S3 starts without it

    class Http(awsrequest.AWSHTTPConnection):  # type: ignore[misc]
        response_class = PatientResponse

    class Https(awsrequest.AWSHTTPSConnection):  # type: ignore[misc]
        response_class = PatientResponse

    class HttpPool(awsrequest.AWSHTTPConnectionPool):  # type: ignore[misc]
        ConnectionCls = Http

    class HttpsPool(awsrequest.AWSHTTPSConnectionPool):  # type: ignore[misc]
        ConnectionCls = Https

    session, pools = client._endpoint.http_session, {"http": HttpPool, "https": HttpsPool}  # noqa: SLF001
    assert set(session._pool_classes_by_scheme) == set(pools)  # noqa: SLF001
    session._pool_classes_by_scheme = pools  # noqa: SLF001 - for proxies
    session._manager.pool_classes_by_scheme = pools  # noqa: SLF001
    return client
