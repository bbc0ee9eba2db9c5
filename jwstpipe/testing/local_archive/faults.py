"""How the local archive misbehaves: what goes wrong, for which requests, and how often.

One `Faults` describes requests that are answered wrongly and what is wrong with the answers; several can be set at
once, the first that fits a request decides. Without any, the archive is a good one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from threading import Lock
from typing import Literal

__all__ = ["Body", "Etag", "FaultDesk", "Faults", "Ranges", "Service"]

Service = Literal["invoke", "columns", "lookup", "download", "resolver", "s3", "unknown"]
"""Portal queries, column configurations, path look-up, file downloads, name resolver, bucket; no service at all."""

Ranges = Literal["honoured", "unconditional", "ignored", "misplaced", "refused"]
Etag = Literal["strong", "weak", "absent", "wandering"]
Body = Literal["whole", "short", "long", "zeros", "corrupt", "html", "none"]


@dataclass(frozen=True)
class Faults:
    """Requests that go wrong, and what goes wrong with them; the defaults are faultless."""

    at: tuple[Service, ...] = ("invoke", "columns", "lookup", "download", "resolver", "s3")
    """Services that misbehave."""

    only: str = ""
    """Text in the subject of a request (file name, service name, key); empty = every request."""

    methods: tuple[str, ...] = ()
    """HTTP methods that misbehave, as ``HEAD``; none = all."""

    skip: int = 0
    """Fitting requests that are still answered well."""

    times: int | None = None
    """Fitting requests after those that go wrong; None = all until the faults are changed."""

    status: int | None = None
    """HTTP status instead of an answer: 429, 500, 503, 403, 404, 405..."""

    retry_after: str = ""
    """Value of the ``Retry-After`` header beside `status`: seconds or an HTTP date."""

    error: str = ""
    """Portal queries only: status ERROR with this message, under HTTP 200, as MAST reports faults."""

    executing: bool = False
    """Portal queries only: status EXECUTING, which asks the client to come again."""

    ranges: Ranges = "honoured"
    """``unconditional`` takes no notice of If-Range, ``ignored`` answers 200 with the whole file, ``misplaced`` answers
    206 from byte 0 whatever was asked, ``refused`` answers 416."""

    etag: Etag = "strong"
    """``wandering``: another strong one in every answer, as from servers that do not agree."""

    body: Body = "whole"
    """``short`` breaks the connection after half of the bytes promised, ``long`` promises and sends 1,000 more,
    ``zeros`` and ``corrupt`` have the right size (corrupt: 64 inverted bytes in the middle of the first image),
    ``html`` is an error page under the status of success, ``none`` breaks the connection before any answer."""

    delay_s: float = 0.0
    """Wait before the answer, seconds."""

    def fits(self, service: Service, subject: str, method: str) -> bool:
        """Tell whether a request is one of those that go wrong (leaving aside how often)."""
        return service in self.at and self.only in subject and (not self.methods or method in self.methods)


class FaultDesk:
    """Hands out the faults of each request, and counts; safe to share between threads."""

    def __init__(self, faults: Iterable[Faults] = ()) -> None:
        self._lock = Lock()
        self._current: list[Faults] = []
        self._met: list[int] = []
        self.set(faults)

    def set(self, faults: Iterable[Faults]) -> None:
        """Replace all faults; counting starts anew."""
        with self._lock:
            self._current = list(faults)
            self._met = [0] * len(self._current)

    def take(self, service: Service, subject: str, method: str) -> Faults:
        """Give the faults of one request: the first that fit and are not used up, else the faultless default."""
        with self._lock:
            for index, faults in enumerate(self._current):
                if not faults.fits(service, subject, method):
                    continue
                self._met[index] += 1
                order = self._met[index] - faults.skip
                if order > 0 and (faults.times is None or order <= faults.times):
                    return faults
        return Faults()
