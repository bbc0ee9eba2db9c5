"""HTTP to the archive and to nobody else: guarded sessions, and what its answers mean.

Every hop of every request, redirects too, passes an allow-list: the configured server, its sister hosts of the same
domain (``mast.stsci.edu`` may send on to ``*.stsci.edu``), and the configured bucket of the S3 mirror, to which MAST
redirects downloads of public files.
"""

import threading
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from ipaddress import ip_address
from typing import Any
from urllib.parse import SplitResult, urlsplit

import requests
import urllib3.exceptions
from requests.adapters import HTTPAdapter

from jwstpipe import __version__
from jwstpipe.archive.retry import TransientError
from jwstpipe.errors import JwstPipeError, NotFoundError, TransferError
from jwstpipe.settings import ArchiveSettings
from jwstpipe.storage.remote.patient_reading import PATIENT_POOLS, BoundedBody

__all__ = ["AbsentError", "AllowedHosts", "Sessions", "guard", "raise_for_answer", "web_errors"]

CONNECT_TIMEOUT_S = 30.0
PASSING_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})
ABSENT_STATUS = frozenset({401, 403, 404, 410})
USUAL_PORTS = {"http": 80, "https": 443}


class AbsentError(NotFoundError):
    """The server does not have this file, or does not give it to us."""


@dataclass(frozen=True)
class AllowedHosts:
    """Where requests may go."""

    server: str
    """Address of the archive."""

    mirrors: tuple[str, ...] = ()
    """Addresses that may be gone to below their path only: the bucket of the mirror."""

    @classmethod
    def of(cls, settings: ArchiveSettings) -> "AllowedHosts":
        """Read the list off the settings."""
        s3, bucket = settings.s3, settings.bucket
        if s3.endpoint:
            return cls(settings.server, (f"{s3.endpoint.rstrip('/')}/{bucket}/",))
        hosts = (f"s3.{s3.region}.amazonaws.com", "s3.amazonaws.com")
        return cls(
            settings.server,
            tuple(f"https://{bucket}.{host}/" for host in hosts) + tuple(f"https://{host}/{bucket}/" for host in hosts),
        )

    def allows(self, url: str) -> bool:
        """Tell whether a request may go to this address."""
        try:
            parts, server = urlsplit(url), urlsplit(self.server)
            if parts.username is not None or parts.password is not None:
                return False
            if _same_origin(parts, server):
                return True
            return _sister(parts, server) or any(_below(parts, urlsplit(mirror)) for mirror in self.mirrors)
        except ValueError:
            return False


def _port(parts: SplitResult) -> int | None:
    return parts.port or USUAL_PORTS.get(parts.scheme)


def _same_origin(parts: SplitResult, server: SplitResult) -> bool:
    if parts.hostname != server.hostname or parts.scheme not in USUAL_PORTS:
        return False
    upgrade = (server.scheme, parts.scheme) == ("http", "https") and _port(parts) == USUAL_PORTS["https"]
    return upgrade or (parts.scheme == server.scheme and _port(parts) == _port(server))


def _sister(parts: SplitResult, server: SplitResult) -> bool:
    """Tell whether the host stands in the same domain as the server; never for an address in numbers."""
    if parts.scheme != "https" or _port(parts) != USUAL_PORTS["https"]:
        return False
    domain = (server.hostname or "").partition(".")[2]
    if "." not in domain or _is_number(server.hostname or ""):
        return False
    return (parts.hostname or "").endswith(f".{domain}")


def _below(parts: SplitResult, mirror: SplitResult) -> bool:
    return (
        (parts.scheme, parts.hostname, _port(parts)) == (mirror.scheme, mirror.hostname, _port(mirror))
        and parts.path.startswith(mirror.path)
        and ".." not in parts.path
    )


def _is_number(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


class _GuardedAdapter(HTTPAdapter):
    """Refuses other hosts, or all when offline, and gives each request a timeout that its caller forgot."""

    def __init__(self, settings: ArchiveSettings, most_bytes: int | None) -> None:
        super().__init__(max_retries=0)
        self._hosts = AllowedHosts.of(settings)
        self._most_bytes = most_bytes
        self._offline = settings.offline
        self._timeout = (min(CONNECT_TIMEOUT_S, settings.timeout_s), settings.timeout_s)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools, of connections whose answers have a deadline."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = PATIENT_POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """Make the pools of a proxy, which have the same deadline."""
        manager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = PATIENT_POOLS
        return manager

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Send one request, or refuse it."""
        url = request.url or ""
        if self._offline:
            raise TransferError("offline: nothing is asked of the archive; run again without --offline")
        if not self._hosts.allows(url):
            host = urlsplit(url).netloc.rpartition("@")[2]
            raise TransferError(f"{self._hosts.server} sends on to {host!r}, which is not part of the archive; refused")
        kwargs["timeout"] = kwargs.get("timeout") or self._timeout
        response = super().send(request, *args, **kwargs)
        if self._most_bytes is not None:
            response.raw = BoundedBody(response.raw, self._most_bytes)
        return response


def guard(session: requests.Session, settings: ArchiveSettings, *, most_bytes: int | None = None) -> requests.Session:
    """Make a session go to the archive only, with timeouts; answers longer than `most_bytes`, unpacked, are refused."""
    adapter = _GuardedAdapter(settings, most_bytes)
    for scheme in USUAL_PORTS:
        session.mount(f"{scheme}://", adapter)
    return session


@dataclass(frozen=True)
class _Kept:
    """A request that is worked out, without the headers of each time."""

    url: str
    request: requests.PreparedRequest
    options: MutableMapping[str, Any]


class Sessions:
    """One guarded session for each thread, all closed together."""

    def __init__(self, settings: ArchiveSettings) -> None:
        self._settings = settings
        self._here = threading.local()
        self._lock = threading.Lock()
        self._opened: list[requests.Session] = []

    def get(self) -> requests.Session:
        """Give the session of this thread."""
        session: requests.Session | None = getattr(self._here, "session", None)
        if session is None:
            session = guard(requests.Session(), self._settings)
            # The bytes of a file are wanted as they are; a compressing server would break ranges and sizes.
            session.headers.update({"User-Agent": f"jwstpipe/{__version__}", "Accept-Encoding": "identity"})
            self._here.session = session
            with self._lock:
                self._opened.append(session)
        return session

    def ask(self, url: str, headers: Mapping[str, str]) -> requests.Response:
        """Make one GET and leave its body to be read; redirects are followed, each hop past the guard.

        `requests` works out environment, cookies and headers anew for each request, which takes longer than the
        request. Thousands of ranges come from the address that was asked last: for it, what was worked out is kept.
        """
        session = self.get()
        kept: _Kept | None = getattr(self._here, "kept", None)
        if kept is None or kept.url != url:
            prepared = session.prepare_request(requests.Request("GET", url))
            kept = _Kept(url, prepared, session.merge_environment_settings(url, {}, True, None, None))
        request = kept.request.copy()
        request.headers.update(headers)
        response = session.get_adapter(url).send(request, **kept.options)
        # Cookies tell a balancer where to send the next request; they go into the next preparation.
        self._here.kept = None if response.cookies else kept
        session.cookies.update(response.cookies)
        for hop in session.resolve_redirects(response, request, **kept.options):
            response = hop
        return response

    def close(self) -> None:
        """Close the sessions of all threads."""
        with self._lock:
            for session in self._opened:
                session.close()
            self._opened.clear()


@contextmanager
def web_errors(name: str) -> Iterator[None]:
    """Turn what may go wrong on the way into the error families; what an answer says passes through.

    Raises
    ------
    TransientError
        No connection, no answer in time, a connection lost in mid-body.
    TransferError
        A request that cannot succeed, as one that is redirected for ever.
    """
    try:
        yield
    except (JwstPipeError, requests.HTTPError, requests.JSONDecodeError):
        raise
    except (requests.TooManyRedirects, requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema) as error:
        raise TransferError(f"{name}: {error}") from None
    except requests.Timeout:
        raise TransientError(f"{name}: no answer in time") from None
    except TimeoutError:
        raise TransientError(f"{name}: no answer in time") from None
    except (urllib3.exceptions.HTTPError, HTTPException, OSError) as error:  # requests' errors are of the last kind
        raise TransientError(f"{name}: connection lost ({type(error).__name__})") from None


def raise_for_answer(response: requests.Response, name: str) -> None:
    """Sort an answer of 400 and above into the error families; others pass.

    Raises
    ------
    TransientError
        408, 425, 429, 500, 502, 503, 504; with the wait that ``Retry-After`` asks for.
    AbsentError
        401, 403, 404, 410.
    TransferError
        Any other.
    """
    status = response.status_code
    if status < 400:
        return
    if status in PASSING_STATUS:
        raise TransientError(f"{name}: HTTP {status}", wait_s=_retry_after_s(response.headers.get("Retry-After")))
    if status in ABSENT_STATUS:
        raise AbsentError(f"{name}: HTTP {status}")
    raise TransferError(f"{name}: HTTP {status}")


def _retry_after_s(value: str | None) -> float | None:
    """Read ``Retry-After``: seconds or a date (RFC 9110, 10.2.3)."""
    if value is None:
        return None
    if value.strip().isdecimal():  # not a digit such as a superscript two
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max((aware - datetime.now(UTC)).total_seconds(), 0.0)
