"""What routes share: threads with a queue that has an end, questions as JSON, failures as answers."""

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from jwstpipe.errors import ConflictError, JwstPipeError, NotFoundError, ServiceError, UsageError
from jwstpipe.redaction import redacted
from jwstpipe.viewer.server.guard import TooLongError
from jwstpipe.viewer.viewing import GoneError

__all__ = ["HANDLERS", "BusyError", "Pool", "body_of", "image_ids", "number_of", "page_wishes"]

ResultT = TypeVar("ResultT")

_STATUS: list[tuple[type[JwstPipeError], int]] = [
    (GoneError, 410), (TooLongError, 413), (NotFoundError, 404), (UsageError, 400), (ConflictError, 409),
    (ServiceError, 503),
]  # fmt: skip


class BusyError(ServiceError):
    """Ask again a little later."""


class Pool:
    """Threads for pixel work: some at a time, and a queue that has an end."""

    def __init__(self, threads: int, queue: int) -> None:
        self._limit, self._most, self._asked = CapacityLimiter(threads), threads + queue, 0

    async def run(self, work: Callable[[], ResultT], request: Request | None = None) -> ResultT:
        """Do work in a thread.

        Parameters
        ----------
        work
            What is to be done.
        request
            Who asked; nothing is begun for one who has left.

        Raises
        ------
        BusyError
            The queue is full.
        """
        if self._asked >= self._most:
            raise BusyError("too much is being rendered at once; try again")
        self._asked += 1
        try:
            async with self._limit:
                if request is not None and await request.is_disconnected():
                    raise BusyError("nobody waits for this any more")
                return await to_thread.run_sync(work, limiter=CapacityLimiter(1))
        finally:
            self._asked -= 1


async def body_of(request: Request) -> dict[str, Any]:
    """Read a question, which is a JSON object."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise UsageError("a question is of type application/json")
    content = await request.body()
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise UsageError("a question is a JSON object")
    return found


def image_ids(given: dict[str, Any]) -> list[str]:
    """Read the images of a question."""
    ids = given.get("images")
    if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
        raise UsageError("images: a list of product ids")
    return ids


def number_of(text: str, kind: type[float] = float) -> float:
    """Read a number of an address.

    Raises
    ------
    UsageError
        It is none, or not a finite one.
    """
    try:
        value = kind(text)
    except ValueError:
        value = float("nan")
    if not -1e300 < value < 1e300:
        raise UsageError(f"not a number: {text[:40]!r}")
    return value


def page_wishes(words: Mapping[str, str]) -> dict[str, Any]:
    """Read which page of a table is wanted."""
    start, count = words.get("start", "0"), words.get("count", "100")
    if not (start.isdecimal() and count.isdecimal() and len(start) < 13 and len(count) < 13):
        raise UsageError("start and count are whole numbers")
    return {
        "start": int(start), "count": int(count), "sort": words.get("sort", ""),
        "descending": words.get("descending") == "true", "text": words.get("text", "")[:200],
    }  # fmt: skip


async def _told(_: Request, error: Exception) -> Response:
    """Say what a known failure is."""
    busy = isinstance(error, BusyError)
    status = 429 if busy else next((status for kind, status in _STATUS if isinstance(error, kind)), 422)
    return JSONResponse({"error": redacted(str(error))}, status, headers={"retry-after": "1"} if busy else None)


async def _unexpected(_: Request, error: Exception) -> Response:
    return JSONResponse({"error": f"unexpected {type(error).__name__}"}, 500)


HANDLERS: Any = {JwstPipeError: _told, Exception: _unexpected}
"""From failures to answers."""
