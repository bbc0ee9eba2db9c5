"""Routes that measure: values at a pixel and where they came from, regions, the rows of a catalogue."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from jwstpipe.errors import NotFoundError, UsageError
from jwstpipe.viewer.readout import lineage_at, values_at
from jwstpipe.viewer.regions import measured_region
from jwstpipe.viewer.server.asking import Pool, body_of, number_of
from jwstpipe.viewer.source_table import SourceTable
from jwstpipe.viewer.viewing import Viewing

__all__ = ["measuring_routes"]


def measuring_routes(viewing: Viewing) -> list[Route]:
    """Give the routes."""
    asked = _Measuring(viewing)
    return [
        Route("/api/values/{set}/{x:int},{y:int}", asked.values),
        Route("/api/lineage/{set}/{image:int}/{x:int},{y:int}", asked.lineage),
        Route("/api/region", asked.region, methods=["POST"]),
        Route("/api/tables", asked.tables),
        Route("/api/tables/{table:int}/rows", asked.rows),
        Route("/api/tables/{table:int}/marks", asked.marks),
    ]


class _Measuring:
    """One method a route."""

    def __init__(self, viewing: Viewing) -> None:
        self._viewing = viewing
        self._pool, self._slow = Pool(2, 30), Pool(1, 6)

    async def values(self, request: Request) -> Response:
        """Read every plane of every image at a pixel."""
        asked = request.path_params
        images = self._viewing.images(asked["set"])
        index = request.query_params.get("slice", "0")
        number = int(index) if index.isdecimal() and len(index) < 8 else 0
        return JSONResponse(
            await self._pool.run(lambda: values_at(images, asked["x"], asked["y"], index=number), request)
        )

    async def lineage(self, request: Request) -> Response:
        """Say which exposures made a pixel."""
        asked, sources = request.path_params, self._viewing.sources
        images = self._viewing.images(asked["set"])
        return JSONResponse(
            await self._slow.run(
                lambda: lineage_at(images, asked["image"], asked["x"], asked["y"], where=sources.where, s3=sources.s3),
                request,
            )
        )

    async def region(self, request: Request) -> Response:
        """Measure a region of every image."""
        given = await body_of(request)
        region, exact = given.get("region"), given.get("pixels") == "exact"
        if not isinstance(region, str):
            raise UsageError("region: a line of DS9")
        images = self._viewing.images(str(given.get("set", "")))
        workers = self._viewing.workers
        return JSONResponse(
            await self._slow.run(lambda: measured_region(images, region, exact=exact, workers=workers), request)
        )

    async def tables(self, _: Request) -> Response:
        """List the catalogues that were named when the server was started."""
        return JSONResponse([{"name": one.name, "rows": len(one.table)} for one in self._viewing.tables])

    async def rows(self, request: Request) -> Response:
        """Give a page of a catalogue."""
        table, words = self._table(request), request.query_params
        start, count = (words.get(name, usual) for name, usual in (("start", "0"), ("count", "100")))
        if not (start.isdecimal() and count.isdecimal()):
            raise UsageError("start and count are whole numbers")

        def page() -> dict[str, Any]:
            return table.page(
                start=int(start), count=int(count), sort=words.get("sort", ""),
                descending=words.get("descending") == "true", text=words.get("text", "")[:200],
            )  # fmt: skip

        return JSONResponse(await self._pool.run(page, request))

    async def marks(self, request: Request) -> Response:
        """Give the positions within a radius."""
        table, words = self._table(request), request.query_params
        ra, dec, radius = (number_of(words.get(name, "")) for name in ("ra", "dec", "radius"))
        return JSONResponse(await self._pool.run(lambda: table.marks(ra, dec, radius), request))

    def _table(self, request: Request) -> SourceTable:
        number: int = request.path_params["table"]
        if number >= len(self._viewing.tables):
            raise NotFoundError("there is no such catalogue; name one with: jwstpipe view --sources TABLE")
        found: SourceTable = self._viewing.tables[number]
        return found
