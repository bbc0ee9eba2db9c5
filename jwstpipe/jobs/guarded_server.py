"""A Prefect server on loopback that answers this machine's own pages and programs only.

    python -m jwstpipe.jobs.guarded_server PORT [refusing]

Prefect asks for a password by itself (PREFECT_SERVER_API_AUTH_STRING). Before it comes to that, requests that name
another host or come from a page of another origin are refused here, and no page may show ours in a frame. One page is
added: ``/enter#user:password`` keeps the password in the browser, as Prefect's own form would, and goes on to the
dashboard. What stands behind # never leaves the browser. Where it keeps the runs of a site, as under ``jwstpipe up``,
runs that cannot work are refused before they begin (`jwstpipe.jobs.refusing`).
"""

import sys
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from jwstpipe.execution.loopback import foreign

__all__ = ["Guard", "main"]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

ENTER = "/enter"
PAGE = b"""<!doctype html><meta charset="utf-8"><title>jwstpipe</title>
<script>
const password = decodeURIComponent(location.hash.slice(1));
history.replaceState(null, "", location.pathname);
if (password) localStorage.setItem("prefect-password", btoa(password));
location.replace("/");
</script>
"""


class Guard:
    """An ASGI application in front of another one."""

    def __init__(self, app: App, *, port: int) -> None:
        self._app = app
        self._port = port

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Refuse, or pass on."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        why = foreign(headers.get(b"host"), headers.get(b"origin"), port=self._port)
        if why is not None:
            await _refuse(scope, receive, send, why)
        elif scope["type"] == "http" and scope["path"] == ENTER:
            await _answer(send, 200, PAGE, b"text/html; charset=utf-8")
        else:
            await self._app(scope, receive, _framed(send))


def _framed(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), (b"x-frame-options", b"DENY")]}
        await send(message)

    return sending


async def _refuse(scope: Message, receive: Receive, send: Send, why: str) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})
        return
    await _answer(send, 403, f"{why}\n".encode(), b"text/plain")


async def _answer(send: Send, status: int, body: bytes, kind: bytes) -> None:
    headers = [
        (b"content-type", kind),
        (b"content-length", str(len(body)).encode()),
        (b"x-frame-options", b"DENY"),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def main(port: int, *, refusing: bool = False) -> None:
    """Serve until a signal comes."""
    import uvicorn  # noqa: PLC0415 - Prefect's server, which takes seconds to load
    from prefect.server.api.server import create_app  # noqa: PLC0415

    app: App = create_app(final=True)
    if refusing:
        from jwstpipe.jobs.refusing import Refusing  # noqa: PLC0415 - as above
        from jwstpipe.settings import load_settings  # noqa: PLC0415

        app = Refusing(app, load_settings())
    app = Guard(app, port=port)
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", server_header=False)


if __name__ == "__main__":
    main(int(sys.argv[1]), refusing="refusing" in sys.argv[2:])
