"""Where the S3 mirror keeps files: MAST's ``path_lookup`` tells; keys are never built by rule.

The layout of the bucket changed more than once, and not every file that MAST lists is in it.
"""

import re
import threading
from collections.abc import Iterable, Mapping
from typing import Any

from jwstpipe.archive.http import AbsentError, Sessions, raise_for_answer, web_errors
from jwstpipe.archive.retry import CancellationToken, TransientError, retry
from jwstpipe.archive.safe_names import checked_uri
from jwstpipe.archive.transfer.sources.s3 import S3Source, open_mirror
from jwstpipe.errors import TransferError
from jwstpipe.settings import ArchiveSettings

__all__ = ["Mirror", "look_up_keys"]

URIS_AT_ONCE = 40
"""URIs in one question; with more the address grows too long for the server."""

_KEY = re.compile(r"[A-Za-z0-9_.+=-]+(/[A-Za-z0-9_.+=-]+)*")


def look_up_keys(
    uris: Iterable[str], *, settings: ArchiveSettings, sessions: Sessions, stop: CancellationToken | None = None
) -> dict[str, str | None]:
    """Ask MAST under which keys the mirror keeps files.

    Returns
    -------
    dict
        Key by URI; None = not in the mirror.

    Raises
    ------
    TransientError
        The service fails every time.
    TransferError
        It refuses, or answers with something else.
    """
    wanted = [checked_uri(uri) for uri in dict.fromkeys(uris)]
    name = f"{settings.server}: path_lookup"

    def attempt(batch: list[str]) -> Mapping[str, Any]:
        with web_errors(name):
            response = sessions.get().get(f"{settings.server}/api/v0.1/path_lookup/", params={"uri": batch})
        raise_for_answer(response, name)
        try:
            answer = response.json()
        except ValueError:
            raise TransientError(f"{name}: an answer that is not JSON") from None
        if not isinstance(answer, dict):
            raise TransferError(f"{name}: an answer that is not MAST's")
        return answer

    keys: dict[str, str | None] = {}
    for start in range(0, len(wanted), URIS_AT_ONCE):
        batch = wanted[start : start + URIS_AT_ONCE]
        answer = retry(lambda batch=batch: attempt(batch), attempts=settings.attempts, stop=stop)  # type: ignore[misc]
        keys |= {uri: _key(answer.get(uri)) for uri in batch}
    return keys


def _key(entry: object) -> str | None:
    path = entry.get("path") if isinstance(entry, dict) else None
    if not isinstance(path, str):
        return None
    key = path.lstrip("/")
    return key if _KEY.fullmatch(key) and ".." not in key else None


class Mirror:
    """The S3 mirror during one transfer: keys looked up when first needed, and whether it still answers.

    Shared by threads. Once it failed in a way that is not about one file, it is not asked again: a mirror that is down
    must not cost its time-outs for every file.
    """

    def __init__(
        self,
        uris: Iterable[str],
        *,
        settings: ArchiveSettings,
        sessions: Sessions,
        attempts: int,
        stop: CancellationToken,
    ) -> None:
        self._waiting = dict.fromkeys(uris)
        self._settings = settings
        self._sessions = sessions
        self._attempts = attempts
        self._stop = stop
        self._lock = threading.Lock()
        self._keys: dict[str, str | None] = {}
        self._client: Any = None
        self._down: str | None = "offline" if settings.offline else None

    def source(self, uri: str) -> S3Source:
        """Give the object of a file.

        Raises
        ------
        AbsentError
            The mirror does not have it.
        TransferError
            The mirror, or the service that knows its keys, is down.
        """
        with self._lock:
            if self._down is not None:
                raise TransferError(f"the S3 mirror was given up ({self._down})")
            if uri not in self._keys:
                self._look_up(uri)
            key = self._keys[uri]
            if key is None:
                raise AbsentError(f"{uri}: not in the S3 mirror")
            if self._client is None:
                self._client = open_mirror(self._settings)
            return S3Source(self._client, self._settings.bucket, key, self._attempts)

    def give_up(self, reason: str) -> None:
        """Remember that the mirror is down."""
        with self._lock:
            self._down = self._down or reason

    def close(self) -> None:
        """Close connections."""
        if self._client is not None:
            self._client.close()

    def _look_up(self, uri: str) -> None:
        self._waiting.pop(uri, None)
        batch = [uri, *list(self._waiting)[: URIS_AT_ONCE - 1]]
        try:
            self._keys |= look_up_keys(batch, settings=self._settings, sessions=self._sessions, stop=self._stop)
        except (AbsentError, TransferError, TransientError) as error:
            self._down = str(error)
            raise TransferError(self._down) from None
        for done in batch:
            self._waiting.pop(done, None)
