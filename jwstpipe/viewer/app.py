"""The routes of the viewer: what is asked, by whom it is answered; nothing else."""

import json
from collections.abc import Awaitable, Callable
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from anyio import CapacityLimiter, to_thread
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from jwstpipe.errors import (
    ConflictError,
    JwstPipeError,
    NotFoundError,
    ServiceError,
    UsageError,
)
from jwstpipe.redaction import redacted
from jwstpipe.sky.box import Box
from jwstpipe.viewer.exact import encoded, exact_window
from jwstpipe.viewer.guard import Access, App, Guard, cookie_name
from jwstpipe.viewer.readout import lineage_at, set_facts, values_at
from jwstpipe.viewer.viewing import GoneError, Viewing

__all__ = ["make_app"]

ResultT = TypeVar("ResultT")

IMMUTABLE = "private, max-age=31536000, immutable"
"""Addresses of tiles, tables and windows hold ids that follow from the content."""

STATIC = Path(str(files("jwstpipe.viewer") / "static"))

_STATUS: list[tuple[type[JwstPipeError], int]] = [
    (GoneError, 410), (NotFoundError, 404), (UsageError, 400), (ConflictError, 409), (ServiceError, 503),
]  # fmt: skip


class _Pool:
    """Threads for pixel work: some at a time, and a queue that has an end."""

    def __init__(self, threads: int, queue: int) -> None:
        self._limit, self._most, self._asked = CapacityLimiter(threads), threads + queue, 0

    async def run(self, work: Callable[[], ResultT]) -> ResultT:
        if self._asked >= self._most:
            raise _BusyError("too much is being rendered at once; try again")
        self._asked += 1
        try:
            return await to_thread.run_sync(work, limiter=self._limit)
        finally:
            self._asked -= 1


class _BusyError(ServiceError):
    """Ask again a little later."""


def make_app(viewing: Viewing, access: Access, *, port: int) -> App:
    """Put the routes together behind their guard."""
    pages = _Routes(viewing, access, port)
    routes = [
        Route("/", pages.page),
        Route("/healthz", pages.health),
        Route("/api/enter", pages.enter, methods=["POST"]),
        Route("/api/images", pages.images),
        Route("/api/open", pages.open, methods=["POST"]),
        Route("/api/look", pages.look, methods=["POST"]),
        Route("/api/finish/{look}", pages.finish),
        Route("/api/feather/{look}", pages.feather),
        Route("/api/values/{set}/{x:int},{y:int}", pages.values),
        Route("/api/lineage/{set}/{image:int}/{x:int},{y:int}", pages.lineage),
        Route("/table/{look}/{which}/{key}", pages.table),
        Route("/tile/{set}/{form}/{level:int}/{ty:int}/{tx:int}", pages.tile),
        Route("/exact/{look}/{level:int}/{y0:int},{x0:int},{y1:int},{x1:int}.{form}", pages.exact),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]
    handlers: Any = {JwstPipeError: _told, Exception: _unexpected}
    return Guard(Starlette(routes=routes, exception_handlers=handlers), access, port=port)


async def _told(_: Request, error: Exception) -> Response:
    """Say what a known failure is."""
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), 422)
    headers = {"retry-after": "1"} if isinstance(error, _BusyError) else None
    status = 429 if isinstance(error, _BusyError) else status
    return JSONResponse({"error": redacted(str(error))}, status, headers=headers)


async def _unexpected(_: Request, error: Exception) -> Response:
    return JSONResponse({"error": f"unexpected {type(error).__name__}"}, 500)


class _Routes:
    """One method a route."""

    def __init__(self, viewing: Viewing, access: Access, port: int) -> None:
        self._viewing, self._access, self._port = viewing, access, port
        self._quick, self._exact = _Pool(2, 62), _Pool(2, 4)

    async def page(self, _: Request) -> Response:
        """Give the page."""
        return Response((STATIC / "index.html").read_bytes(), media_type="text/html; charset=utf-8")

    async def health(self, _: Request) -> Response:
        """Say that the server is up, and nothing more."""
        return JSONResponse({"status": "ok"})

    async def enter(self, request: Request) -> Response:
        """Turn the token of the address into a session."""
        if not self._access.enter(str((await _body(request)).get("token", ""))):
            return JSONResponse(
                {"error": "this address was used before; take the cookie's browser, or start anew"}, 401
            )
        session = self._access.session
        answer = JSONResponse({"session": session} if self._access.embedded else {})
        answer.set_cookie(cookie_name(self._port), session, httponly=True, samesite="strict", max_age=30 * 86_400)
        return answer

    async def images(self, _: Request) -> Response:
        """List what was named when the server was started."""
        return JSONResponse([{"id": one.product_id, "name": one.name} for one in self._viewing.sources.all()])

    async def open(self, request: Request) -> Response:
        """Open images and say what they are."""
        ids = _ids(await _body(request))
        return JSONResponse(await self._quick.run(lambda: set_facts(self._viewing.opened(ids).images)))

    async def look(self, request: Request) -> Response:
        """Settle wishes on images."""
        given = await _body(request)
        ids, wishes = _ids(given), given.get("wishes", {})
        look = await self._quick.run(lambda: self._viewing.look(ids, wishes))
        return JSONResponse(look.as_dict())

    async def finish(self, request: Request) -> Response:
        """Say how edges blend and what the levels of the finished picture are."""
        look = self._viewing.look_by_id(request.path_params["look"])
        return JSONResponse(await self._quick.run(partial(_finish, look)), headers={"cache-control": IMMUTABLE})

    async def feather(self, request: Request) -> Response:
        """Give the coverage weights of the channels, 8 bits each."""
        look = self._viewing.look_by_id(request.path_params["look"])
        weights = (await self._quick.run(lambda: look.finish.scene.feather)).weights
        content = np.floor(weights * 255.0 + 0.5).astype(np.uint8).tobytes()
        return Response(content, media_type="application/octet-stream", headers={"cache-control": IMMUTABLE})

    async def table(self, request: Request) -> Response:
        """Give the table of the stretch of an image, or of the luminance (``light``)."""
        look, which = self._viewing.look_by_id(request.path_params["look"]), request.path_params["which"]
        number = int(which) if which.isdecimal() and len(which) < 3 else None
        if number is None and which != "light":
            raise NotFoundError("a table is of an image by its number, or of the light")
        table = await self._quick.run(lambda: look.table(number))
        return Response(table.tobytes(), media_type="application/octet-stream", headers={"cache-control": IMMUTABLE})

    async def tile(self, request: Request) -> Response:
        """Give a tile of all channels."""
        asked = request.path_params
        etag = '"{set}/{form}/{level}/{ty}/{tx}"'.format(**asked)
        if asked["form"] not in ("plain", "filled"):
            raise NotFoundError("tiles are plain or filled")
        if request.headers.get("if-none-match") == etag:
            return Response(status_code=304, headers={"cache-control": IMMUTABLE, "etag": etag})
        tiles, filled = self._viewing.tiles(asked["set"]), asked["form"] == "filled"
        work = partial(tiles.tile, asked["level"], asked["ty"], asked["tx"], filled=filled)
        found = await _still_wanted(request, self._quick, work)
        headers = {"cache-control": IMMUTABLE, "etag": etag, "x-holes": str(int(found.holes))}
        return Response(found.content, media_type="application/octet-stream", headers=headers)

    async def exact(self, request: Request) -> Response:
        """Give a window as the renderer makes it."""
        asked = request.path_params
        if asked["form"] not in ("png", "jpg"):
            raise NotFoundError("a window is .png or .jpg")
        if not (asked["y0"] < asked["y1"] and asked["x0"] < asked["x1"]):
            raise UsageError("a window is y0,x0,y1,x1 with y0 < y1 and x0 < x1")
        look = self._viewing.look_by_id(asked["look"])
        box = Box(asked["y0"], asked["x0"], asked["y1"], asked["x1"])
        content = await _still_wanted(
            request, self._exact, lambda: encoded(exact_window(look, asked["level"], box), asked["form"])
        )
        media = "image/png" if asked["form"] == "png" else "image/jpeg"
        return Response(content, media_type=media, headers={"cache-control": IMMUTABLE})

    async def values(self, request: Request) -> Response:
        """Read every plane of every image at a pixel."""
        asked = request.path_params
        images = self._viewing.images(asked["set"])
        index = request.query_params.get("slice", "0")
        number = int(index) if index.isdecimal() else 0
        found = await self._quick.run(lambda: values_at(images, asked["x"], asked["y"], index=number))
        return JSONResponse(found)

    async def lineage(self, request: Request) -> Response:
        """Say which exposures made a pixel."""
        asked, s3 = request.path_params, self._viewing.sources.s3
        images = self._viewing.images(asked["set"])
        return JSONResponse(
            await self._quick.run(lambda: lineage_at(images, asked["image"], asked["x"], asked["y"], s3=s3))
        )


def _finish(look: Any) -> dict[str, Any]:
    found = look.finish
    scene, feather = found.scene, found.scene.feather
    box = found.plan.covered
    return {
        "least": scene.least,
        "covered": [box.x0, box.y0, box.x1, box.y1],
        "screen": {"black": scene.screen.black, "white": scene.screen.white, "gamma": scene.screen.gamma},
        "feather": {
            "level": feather.level,
            "shape": feather.weights.shape[1:],
            "kernel": feather.kernel.tolist(),
            "offset": feather.offset.tolist(),
            "slope": feather.slope.tolist(),
        },
        "notes": list(found.plan.notes),
    }


async def _still_wanted(request: Request, pool: _Pool, work: Callable[[], ResultT]) -> ResultT:
    """Run work, unless whoever asked has left before it began."""
    leaving: Callable[[], Awaitable[bool]] = request.is_disconnected
    if await leaving():
        raise _BusyError("nobody waits for this any more")
    return await pool.run(work)


async def _body(request: Request) -> dict[str, Any]:
    """Read a question, which is a JSON object."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise UsageError("a question is of type application/json")
    try:
        found = json.loads(await request.body())
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise UsageError("a question is a JSON object")
    return found


def _ids(given: dict[str, Any]) -> list[str]:
    ids = given.get("images")
    if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
        raise UsageError("images: a list of product ids")
    return ids
