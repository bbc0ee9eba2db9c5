"""The routes of the viewer: what is asked, by whom it is answered; nothing else."""

from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from jwstpipe.errors import NotFoundError, UsageError
from jwstpipe.settings import Settings
from jwstpipe.sky.box import Box
from jwstpipe.viewer.exact import encoded, exact_window
from jwstpipe.viewer.looks import Look
from jwstpipe.viewer.readout import set_facts
from jwstpipe.viewer.server.asking import HANDLERS, Pool, body_of, image_ids
from jwstpipe.viewer.server.data_routes import data_routes
from jwstpipe.viewer.server.guard import Access, App, Guard, cookie_name, user_of
from jwstpipe.viewer.server.measuring import measuring_routes
from jwstpipe.viewer.server.pages import page_routes
from jwstpipe.viewer.tiles import FORMS
from jwstpipe.viewer.viewing import Viewing

__all__ = ["make_app"]

IMMUTABLE = "private, max-age=31536000, immutable"
"""Addresses of tiles, tables and windows hold ids that follow from the content."""

STATIC = Path(str(files("jwstpipe.viewer") / "static"))


def make_app(
    viewing: Viewing, access: Access, *, port: int, settings: Settings | None = None, write: bool = False
) -> App:
    """Put the routes together behind their guard.

    Parameters
    ----------
    viewing, access, port
        What is looked at, by whom, and where the server listens.
    settings
        Of the home whose library, jobs and status have pages; None = there are none.
    write
        Whether pages may submit and change.
    """
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
        Route("/table/{look}/{which}/{key}", pages.table),
        Route("/tile/{set}/{form}/{level:int}/{ty:int}/{tx:int}", pages.tile),
        Route("/exact/{look}/{level:int}/{y0:int},{x0:int},{y1:int},{x1:int}.{form}", pages.exact),
        *measuring_routes(viewing),
        *data_routes(viewing),
        *([Route("/api/site", pages.alone)] if settings is None else page_routes(viewing, settings, write=write)),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]
    return Guard(Starlette(routes=routes, exception_handlers=HANDLERS), access, port=port)


class _Routes:
    """One method a route."""

    def __init__(self, viewing: Viewing, access: Access, port: int) -> None:
        self._shared, self._access, self._port = viewing, access, port
        self._quick, self._exact = Pool(2, 62), Pool(2, 4)

    def _viewing(self, request: Request) -> Viewing:
        return self._shared.seen_by(user_of(request))

    async def page(self, _: Request) -> Response:
        """Give the page."""
        return Response((STATIC / "index.html").read_bytes(), media_type="text/html; charset=utf-8")

    async def health(self, _: Request) -> Response:
        """Say that the server is up, and nothing more."""
        return JSONResponse({"status": "ok"})

    async def alone(self, request: Request) -> Response:
        """Say that there are no pages beside the picture."""
        return JSONResponse({"pages": False, "write": False, "library": False, "user": user_of(request)})

    async def enter(self, request: Request) -> Response:
        """Turn the token of the address into a session."""
        given = await body_of(request)
        if not self._access.enter(str(given.get("token", "")), str(given.get("password", ""))):
            return JSONResponse(
                {"error": "this address was used before; take the cookie's browser, or start anew"}, 401
            )
        session = self._access.session
        answer = JSONResponse({"session": session} if self._access.embedded else {})
        answer.set_cookie(
            cookie_name(self._port),
            session,
            httponly=True,
            samesite="strict",
            max_age=30 * 86_400,
            path=self._access.prefix or "/",
        )
        return answer

    async def images(self, _: Request) -> Response:
        """List what was named when the server was started."""
        return JSONResponse([{"id": one.product_id, "name": one.name} for one in self._shared.sources.all()])

    async def open(self, request: Request) -> Response:
        """Open images and say what they are."""
        ids, viewing = image_ids(await body_of(request)), self._viewing(request)
        return JSONResponse(await self._quick.run(lambda: set_facts(viewing.opened(ids).images)))

    async def look(self, request: Request) -> Response:
        """Settle wishes on images."""
        given = await body_of(request)
        ids, wishes = image_ids(given), given.get("wishes", {})
        viewing = self._viewing(request)
        look = await self._quick.run(lambda: viewing.look(ids, wishes))
        return JSONResponse(look.as_dict())

    async def finish(self, request: Request) -> Response:
        """Say how edges blend and what the levels of the finished picture are."""
        look = self._viewing(request).look_by_id(request.path_params["look"])
        return JSONResponse(await self._quick.run(partial(_finish, look)), headers={"cache-control": IMMUTABLE})

    async def feather(self, request: Request) -> Response:
        """Give the square roots of the coverage weights, 16 bits each: small ones weigh much at edges."""
        look = self._viewing(request).look_by_id(request.path_params["look"])
        weights = (await self._quick.run(lambda: look.finish.scene.feather)).weights
        content = np.floor(np.sqrt(weights) * 65_535.0 + 0.5).astype("<u2").tobytes()
        return Response(content, media_type="application/octet-stream", headers={"cache-control": IMMUTABLE})

    async def table(self, request: Request) -> Response:
        """Give the table of the stretch of an image, or of the luminance (``light``)."""
        look, which = self._viewing(request).look_by_id(request.path_params["look"]), request.path_params["which"]
        number = int(which) if which.isdecimal() and len(which) < 3 else None
        if number is None and which != "light":
            raise NotFoundError("a table is of an image by its number, or of the light")
        table = await self._quick.run(lambda: look.table(number))
        return Response(table.tobytes(), media_type="application/octet-stream", headers={"cache-control": IMMUTABLE})

    async def tile(self, request: Request) -> Response:
        """Give a tile of all channels."""
        asked = request.path_params
        etag = '"{set}/{form}/{level}/{ty}/{tx}"'.format(**asked)
        form = asked["form"]
        if form not in FORMS:
            raise NotFoundError(f"tiles are {', '.join(sorted(FORMS))}")
        if request.headers.get("if-none-match") == etag:
            return Response(status_code=304, headers={"cache-control": IMMUTABLE, "etag": etag})
        tiles = self._viewing(request).tiles(asked["set"])
        work = partial(tiles.tile, asked["level"], asked["ty"], asked["tx"], form=form)
        found = await self._quick.run(work, request)
        headers = {"cache-control": IMMUTABLE, "etag": etag, "x-holes": str(int(found.holes))}
        headers |= {"content-encoding": "gzip"} if form == "quick" else {}
        return Response(found.content, media_type="application/octet-stream", headers=headers)

    async def exact(self, request: Request) -> Response:
        """Give a window as the renderer makes it."""
        asked = request.path_params
        if asked["form"] not in ("png", "jpg"):
            raise NotFoundError("a window is .png or .jpg")
        if not (asked["y0"] < asked["y1"] and asked["x0"] < asked["x1"]):
            raise UsageError("a window is y0,x0,y1,x1 with y0 < y1 and x0 < x1")
        look = self._viewing(request).look_by_id(asked["look"])
        box = Box(asked["y0"], asked["x0"], asked["y1"], asked["x1"])
        content = await self._exact.run(
            lambda: encoded(exact_window(look, asked["level"], box), asked["form"]), request
        )
        media = "image/png" if asked["form"] == "png" else "image/jpeg"
        return Response(content, media_type=media, headers={"cache-control": IMMUTABLE})


def _finish(look: Look) -> dict[str, Any]:
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
