"""`Refusing`: in front of Prefect's server, what refuses a run that cannot work when a form or a program asks for it.

Prefect knows what values a form takes, and no more: that nobody knows a target, or that the catalogue has nothing of
what is chosen, it has no place to say before a run is there. So the request to begin one is read here first; what is
refused is answered as Prefect answers values that it does not take, and its pages show the sentence.
"""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from jwstpipe.errors import NotFoundError, UsageError
from jwstpipe.jobs.feasible import refuse_impossible
from jwstpipe.jobs.kinds import KINDS, JobKind
from jwstpipe.requests import Request, validated
from jwstpipe.requests.fields.grouped import request_values
from jwstpipe.settings import Settings

__all__ = ["Refusing"]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

BEGIN = re.compile(r"(/api/deployments/[0-9a-fA-F-]{36})/create_flow_run/?")

MOST_BYTES = 1 << 20
"""A longer request is Prefect's affair."""

CONFLICT = 409
"""What Prefect answers where it does not take the values of a form."""


class Refusing:
    """An ASGI application in front of Prefect's.

    Parameters
    ----------
    app
        Prefect's.
    settings
        Of the site whose runs the server keeps.
    """

    def __init__(self, app: App, settings: Settings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Refuse, or pass on unchanged."""
        begin = BEGIN.fullmatch(scope["path"]) if scope["type"] == "http" and scope["method"] == "POST" else None
        if begin is None:
            await self._app(scope, receive, send)
            return
        read: list[Message] = []
        body = await _body(receive, read)
        why = None if body is None else await self._why_not(begin[1], scope, body)
        if why is None:
            await self._app(scope, _again(read, receive), send)
            return
        answer = json.dumps({"detail": f"nothing was begun: {why}"}).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": CONFLICT, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    async def _why_not(self, deployment: str, scope: Message, body: bytes) -> str | None:
        """Say why the run that is asked for cannot work; None = it may, or what is asked is not understood here."""
        try:
            given = dict(json.loads(body)["parameters"])
        except (ValueError, KeyError, TypeError):
            return None
        known = await self._known(deployment, scope)
        kind = KINDS.get(str(known.get("name")).replace("-", "_"))
        if kind is None:
            return None
        asked = {**(known.get("parameters") or {}), **given}.get("request")
        request = _request(kind, asked)
        if request is None:
            return None
        try:
            await asyncio.to_thread(refuse_impossible, kind, request, self._settings)
        except NotFoundError as error:
            return " ".join(str(error).split())
        return None

    async def _known(self, deployment: str, scope: Message) -> dict[str, Any]:
        """Ask Prefect for a deployment in the name of who asks: to whom it does not answer, nothing is said here."""
        status, parts, answered = 0, [b""], asyncio.Event()
        messages = iter([{"type": "http.request", "body": b"", "more_body": False}])

        async def receive() -> Message:
            for message in messages:
                return message
            await answered.wait()  # who listens for the end of a connection waits for the answer
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            parts.append(message.get("body", b""))
            if message["type"] == "http.response.body" and not message.get("more_body"):
                answered.set()

        skipped = {b"content-length", b"content-type", b"accept-encoding"}
        headers = [(name, value) for name, value in scope["headers"] if name.lower() not in skipped]
        asked = {"method": "GET", "path": deployment, "raw_path": deployment.encode(), "headers": headers}
        await self._app({**scope, **asked, "query_string": b"", "state": dict(scope.get("state", {}))}, receive, send)
        return dict(json.loads(b"".join(parts))) if status == 200 else {}


def _request(kind: JobKind, asked: object) -> Request | None:
    """Read what is asked for; values that the request does not take are refused by Prefect, in its words."""
    if not isinstance(asked, dict):
        return None
    try:
        return validated(kind.request, **request_values(asked))
    except UsageError:
        return None


async def _body(receive: Receive, read: list[Message]) -> bytes | None:
    """Read the body of a request and keep its messages; None = it is too long, or whoever asked is gone."""
    size = 0
    while True:
        message = await receive()
        read.append(message)
        size += len(message.get("body", b""))
        if message["type"] != "http.request" or size > MOST_BYTES:
            return None
        if not message.get("more_body"):
            return b"".join(one.get("body", b"") for one in read)


def _again(read: list[Message], receive: Receive) -> Receive:
    """Give the messages that were read once more, and then those that follow."""
    messages = iter(read)

    async def receiving() -> Message:
        for message in messages:
            return message
        return await receive()

    return receiving
