"""Routes that measure: values at a pixel and where they came from, regions, the rows of a catalogue."""

from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from jwstpipe.catalog.visibility import HIDDEN
from jwstpipe.errors import NotFoundError, UsageError
from jwstpipe.viewer.outlines import outlines_of
from jwstpipe.viewer.readout import lineage_at, values_at
from jwstpipe.viewer.regions import measured_region
from jwstpipe.viewer.server.asking import Pool, body_of, number_of, page_wishes
from jwstpipe.viewer.server.guard import user_of
from jwstpipe.viewer.source_table import SourceTable
from jwstpipe.viewer.viewing import Viewing

__all__ = ["measuring_routes"]


def measuring_routes(viewing: Viewing) -> list[Route]:
    """Give the routes."""
    asked = _Measuring(viewing)
    return [
        Route("/api/values/{set}/{x:int},{y:int}", asked.values),
        Route("/api/lineage/{set}/{image:int}/{x:int},{y:int}", asked.lineage),
        Route("/api/footprints/{set}/{image:int}", asked.footprints),
        Route("/api/region", asked.region, methods=["POST"]),
        Route("/api/tables", asked.tables),
        Route("/api/tables/{table:int}/rows", asked.rows),
        Route("/api/tables/{table:int}/marks", asked.marks),
    ]


class _Measuring:
    """One method a route."""

    def __init__(self, viewing: Viewing) -> None:
        self._shared = viewing
        self._pool, self._slow = Pool(2, 30), Pool(1, 6)

    def _viewing(self, request: Request) -> Viewing:
        return self._shared.seen_by(user_of(request))

    async def values(self, request: Request) -> Response:
        """Read every plane of every image at a pixel."""
        asked = request.path_params
        images = self._viewing(request).images(asked["set"])
        index = request.query_params.get("slice", "0")
        number = int(index) if index.isdecimal() and len(index) < 8 else 0
        return JSONResponse(
            await self._pool.run(lambda: values_at(images, asked["x"], asked["y"], index=number), request)
        )

    async def lineage(self, request: Request) -> Response:
        """Say which exposures made a pixel."""
        asked, sources, user = request.path_params, self._viewing(request).sources, user_of(request)
        images = self._viewing(request).images(asked["set"])

        def work() -> dict[str, Any]:
            where, s3 = sources.where, sources.s3
            told = lineage_at(images, asked["image"], asked["x"], asked["y"], where=where, s3=s3)
            for one in told["inputs"]:
                if user is not None and one["product_id"] and where(one["product_id"]) is None:
                    one |= {"name": HIDDEN, "value": None}
            return told

        return JSONResponse(await self._slow.run(work, request))

    async def footprints(self, request: Request) -> Response:
        """Give the outlines of the exposures that made an image."""
        viewing, number = self._viewing(request), request.path_params["image"]
        images, sources = viewing.images(request.path_params["set"]).images, viewing.sources
        if number >= len(images):
            raise NotFoundError(f"there is no image {number} in this view")
        work = partial(outlines_of, images[number], where=sources.where, s3=sources.s3)
        return JSONResponse(await self._slow.run(work, request))

    async def region(self, request: Request) -> Response:
        """Measure a region of every image."""
        given = await body_of(request)
        region, exact = given.get("region"), given.get("pixels") == "exact"
        if not isinstance(region, str):
            raise UsageError("region: a line of DS9")
        images = self._viewing(request).images(str(given.get("set", "")))
        workers = self._shared.workers
        return JSONResponse(
            await self._slow.run(lambda: measured_region(images, region, exact=exact, workers=workers), request)
        )

    async def tables(self, _: Request) -> Response:
        """List the catalogues that were named when the server was started."""
        return JSONResponse([{"name": one.rows.name, "rows": len(one.rows)} for one in self._shared.tables])

    async def rows(self, request: Request) -> Response:
        """Give a page of a catalogue."""
        table, wishes = self._table(request), page_wishes(request.query_params)
        return JSONResponse(await self._pool.run(lambda: table.page(**wishes), request))

    async def marks(self, request: Request) -> Response:
        """Give the positions within a radius."""
        table, words = self._table(request), request.query_params
        ra, dec, radius = (number_of(words.get(name, "")) for name in ("ra", "dec", "radius"))
        return JSONResponse(await self._pool.run(lambda: table.marks(ra, dec, radius), request))

    def _table(self, request: Request) -> SourceTable:
        number: int = request.path_params["table"]
        if number >= len(self._shared.tables):
            raise NotFoundError("there is no such catalogue; name one with: jwstpipe view --sources TABLE")
        found: SourceTable = self._shared.tables[number]
        return found
