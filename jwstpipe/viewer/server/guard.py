"""Who may ask, and how much: in front of every route of the viewer.

The page itself and its modules tell nothing and are open. Everything else wants the session of this server: a cookie
that a browser gets for the token in the address that was printed, which is good for one browser, or the password of
the home. A request names the server by an address of this machine and comes from no other origin; what it may load, and
who may show it in a frame, stands in every answer.
"""

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Any

from starlette.requests import Request

from jwstpipe.errors import UsageError
from jwstpipe.execution.loopback import USER, foreign, let_in
from jwstpipe.viewer.server.proxy import Proxy

__all__ = ["Access", "Guard", "TooLongError", "user_of"]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

AT_ONCE = 64
"""Most requests that are answered at a time."""

SECONDS = 30.0
"""Longest time that an answer may take."""

MOST_BODY = 1 << 20
"""Most bytes of a question."""

_USER = "jwstpipe.user"
"""Where the scope of a request says who asks."""

OPEN = ("/", "/healthz", "/api/enter")

_POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; object-src 'none';"
    " base-uri 'none'; form-action 'self'; frame-ancestors {ancestors}"
)


@dataclass
class Access:
    """What opens the door of one server."""

    secret: bytes
    """Of the home: sessions outlive a restart of the server, at the same port."""

    password: str | None = None
    """``user:password`` that programs and pages of the home bring."""

    embedded: bool = False
    """The page may stand in a frame of a notebook of this machine, and keeps its session itself."""

    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    """Printed in the address."""

    proxy: Proxy | None = None
    """Stands before the viewer and names the user."""

    prefix: str = ""
    """Before all addresses, as ``/jwst``."""

    _taken: bool = False

    @property
    def session(self) -> str:
        """What a browser brings after it came in."""
        return hmac.new(self.secret, b"jwstpipe viewer", hashlib.sha256).hexdigest()

    def enter(self, token: str, password: str = "") -> bool:
        """Take a token, which is good once, or in a notebook as long as the server; or the password of the home."""
        if self.password is not None and password:
            word = password if ":" in password else f"{USER}:{password}"
            return hmac.compare_digest(word.strip().encode(), self.password.encode())
        good = hmac.compare_digest(token.encode(), self.token.encode()) and (self.embedded or not self._taken)
        self._taken = self._taken or good
        return good

    def admits(self, headers: MutableMapping[bytes, str], *, port: int) -> bool:
        """Tell whether a request brings the session, or the password."""
        authorization = headers.get(b"authorization", "")
        if self.password is not None and let_in(authorization, self.password):
            return True
        given = [authorization.removeprefix("Bearer ")]
        try:
            cookie = SimpleCookie(headers.get(b"cookie", "")).get(cookie_name(port))
        except CookieError:
            cookie = None
        given += [] if cookie is None else [cookie.value]
        return any(hmac.compare_digest(one.encode(), self.session.encode()) for one in given)


def user_of(request: Request) -> str | None:
    """Give the user whom the proxy named; None = the owner of the home, who sees all."""
    found: str | None = request.scope.get(_USER)
    return found


def cookie_name(port: int) -> str:
    """Name the cookie of a server: browsers share cookies between the ports of a host."""
    return f"jwstpipe-viewer-{port}"


class TooLongError(UsageError):
    """A question that did not say how long it is has no end."""


class Guard:
    """An ASGI application in front of another one."""

    def __init__(self, app: App, access: Access, *, port: int) -> None:
        self._app, self._access, self._port = app, access, port
        self._busy = 0

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Refuse, or pass on."""
        if scope["type"] != "http":
            return
        headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        path = self._within(str(scope["path"]))
        if path is None:
            await self._answer(send, 404, "there is nothing at this address")
            return
        if not path:
            await self._answer(send, 308, "", more=[(b"location", f"{self._access.prefix}/".encode())])
            return
        scope = {**scope, "path": path, "raw_path": path.encode()}
        refused = self._refusal(scope, headers)
        if refused is not None:
            await self._answer(send, *refused)
            return
        self._busy += 1
        started = False

        async def sending(message: Message) -> None:
            nonlocal started
            started = True
            await self._marked(send, scope["path"])(message)

        try:
            await asyncio.wait_for(self._app(scope, _bounded(receive), sending), SECONDS)
        except TimeoutError:
            if not started:
                await self._answer(send, 503, f"no answer within {SECONDS:.0f} s; try again", "2")
        finally:
            self._busy -= 1

    def _refusal(
        self, scope: Message, headers: MutableMapping[bytes, str]
    ) -> tuple[int, str] | tuple[int, str, str] | None:
        proxy, origin = self._access.proxy, headers.get(b"origin")
        password = self._access.password
        known = password is not None and let_in(headers.get(b"authorization", ""), password)
        proxied = proxy is not None and proxy.speaks(scope, with_password=known)
        if proxy is not None and proxied:
            why, scope[_USER] = proxy.foreign(origin), proxy.user(scope)
        else:
            why = foreign(headers.get(b"host"), origin, port=self._port)
        if why is not None:
            return 403, why
        if proxied and scope[_USER] is None and scope["path"] not in OPEN:
            return 401, "the proxy did not say who asks"
        if not headers.get(b"content-length", "0").isdecimal() or int(headers.get(b"content-length", "0")) > MOST_BODY:
            return 413, f"a question has at most {MOST_BODY:,} bytes"
        if self._busy >= AT_ONCE:
            return 503, "too many requests at once; try again", "1"
        path = str(scope["path"])
        if proxied or path in OPEN or path.startswith("/static/") or self._access.admits(headers, port=self._port):
            return None
        return 401, "open the address that jwstpipe view printed, or bring the password of the home"

    def _within(self, path: str) -> str | None:
        """Take the prefix off a path: empty where a slash is missing at its end, None for what lies elsewhere."""
        prefix = self._access.prefix
        if not prefix or path == "/healthz":
            return path
        rest = path.removeprefix(prefix) if path.startswith(prefix) else None
        return rest if rest is None or rest == "" or rest.startswith("/") else None

    def _marked(self, send: Send, path: str) -> Send:
        ancestors = "http://127.0.0.1:* http://localhost:*" if self._access.embedded else "'none'"
        policy = _POLICY.format(ancestors=ancestors).encode()

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                named = {name.lower() for name, _ in message.get("headers", ())}
                more = [
                    (b"content-security-policy", policy),
                    (b"x-content-type-options", b"nosniff"),
                    (b"referrer-policy", b"no-referrer"),
                    (b"cross-origin-resource-policy", b"same-origin"),
                ]
                if b"cache-control" not in named:
                    more.append((b"cache-control", b"no-cache" if path.startswith("/static/") else b"no-store"))
                message = {**message, "headers": [*message.get("headers", ()), *more]}
            await send(message)

        return sending

    async def _answer(
        self, send: Send, status: int, text: str, retry: str | None = None, *, more: Sequence[tuple[bytes, bytes]] = ()
    ) -> None:
        body = f"{text}\n".encode()
        headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode()), *more]
        headers += [] if retry is None else [(b"retry-after", retry.encode())]
        marked = self._marked(send, "")
        await marked({"type": "http.response.start", "status": status, "headers": headers})
        await marked({"type": "http.response.body", "body": body})


def _bounded(receive: Receive) -> Receive:
    """Stop reading a question that does not say how long it is, and is too long."""
    seen = 0

    async def receiving() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > MOST_BODY:
            raise TooLongError(f"a question has at most {MOST_BODY:,} bytes")
        return message

    return receiving
