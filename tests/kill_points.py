"""A process that dies at a chosen step: at the n-th thing that it makes, renames or deletes on disk or on S3.

Nothing of the project is replaced for it. On disk, Python's own audit events tell of every step before it is taken; on
S3, every request passes through one function of botocore, or of aiobotocore. The step that is chosen raises, and so
does every later one: whatever a cleanup would still do, it does not come to it. What is left is what a kill leaves.
"""

import os
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import aiobotocore.client
import botocore.httpsession
import pytest

from jwstpipe.storage import leftovers

NAMED = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "jwstpipe.exchange"}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
ASKING = ("Get", "Head", "List")


class KilledError(Exception):
    """The process is dead."""


class KillPoints:
    """Counts the steps of the work in a folder or on S3, and ends it at one of them."""

    def __init__(self):
        self.active, self.folder, self.taken, self.last = False, "", [], None
        self.lock = threading.Lock()
        sys.addaudithook(self._audit)  # stays for the life of this process, and does nothing while it is not active

    def _audit(self, event, arguments):
        if not self.active:
            return
        if event == "open":
            path, _, flags = arguments
            if not (isinstance(flags, int) and flags & WRITING):
                return
        elif event in NAMED:
            path = arguments[0]
            if event in ("os.remove", "os.rmdir") and arguments[-1] not in (-1, None):  # inside a tree that goes
                self.take(event, str(path))
                return
        else:
            return
        if isinstance(path, (str, bytes, os.PathLike)) and os.fsdecode(path).startswith(self.folder):
            self.take(event, os.fsdecode(path))

    def take(self, what, where):
        with self.lock:
            self.taken.append((what, where))
            if self.last is not None and len(self.taken) >= self.last:
                raise KilledError(f"{what} {where}")

    @contextmanager
    def watching(self, folder: Path, last=None):
        """Count steps; from number `last` on none is taken any more."""
        self.folder, self.taken, self.last = str(folder), [], last
        leftovers._settle.cache_clear()  # a new process knows nothing
        self.active = True
        try:
            yield self
        finally:
            self.active = False


@pytest.fixture(scope="session")
def points():
    """The one that may end this process."""
    found = KillPoints()
    asynchronous, sessions = aiobotocore.client.AioBaseClient, botocore.httpsession.URLLib3Session
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asynchronous, "_make_api_call", _counted(asynchronous._make_api_call, found))
        patch.setattr(sessions, "send", _counted_requests(sessions.send, found))
        yield found


def _counted(call, points):
    def counted(self, operation, parameters):
        if points.active and not operation.startswith(ASKING):
            points.take(operation, str(parameters.get("Key", "")))
        return call(self, operation, parameters)

    return counted


def _counted_requests(send, points):
    def counted(self, request):
        if points.active and request.method not in ("GET", "HEAD"):
            copies = any(name.lower() == "x-amz-copy-source" for name in request.headers)
            points.take(f"{request.method} of a copy" if copies else request.method, urlsplit(request.url).path)
        return send(self, request)

    return counted
