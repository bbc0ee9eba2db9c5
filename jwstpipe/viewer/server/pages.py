"""Routes of the pages beside the picture: library, search, mosaics, jobs, status. Writing needs to be allowed."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from jwstpipe.catalog.maintenance.bulk import Deletion, delete_records, dependents
from jwstpipe.errors import UsageError
from jwstpipe.settings import Settings
from jwstpipe.viewer.exact import MOST_PIXELS
from jwstpipe.viewer.kept import Kept
from jwstpipe.viewer.regions import MOST_REGION_PIXELS
from jwstpipe.viewer.server import page_facts as facts
from jwstpipe.viewer.server.asking import Pool, body_of, image_ids
from jwstpipe.viewer.server.guard import AT_ONCE, MOST_BODY, SECONDS
from jwstpipe.viewer.server.library import Library
from jwstpipe.viewer.viewed import MOST_CHANNELS
from jwstpipe.viewer.viewing import SETS, Viewing

__all__ = ["page_routes"]

MOST_CHOSEN = 1000
"""Most products that are changed at a time."""

SMALL_BYTES = 32 << 20
"""Most bytes of small pictures that are kept."""

LIMITS = {
    "images of a view": MOST_CHANNELS,
    "pixels of an exact window": MOST_PIXELS,
    "pixels of a region": MOST_REGION_PIXELS,
    "sets of images kept open": SETS,
    "requests at once": AT_ONCE,
    "seconds for an answer": int(SECONDS),
    "bytes of a question": MOST_BODY,
}


def page_routes(viewing: Viewing, settings: Settings, *, write: bool) -> list[Route]:
    """Give the routes.

    Parameters
    ----------
    viewing
        Finds the images that a mosaic is planned of.
    settings
        Of the home.
    write
        Whether a page may submit, tag, archive and delete.
    """
    asked = _Pages(viewing, settings, write=write)
    return [
        Route("/api/site", asked.site),
        Route("/api/library", asked.library),
        Route("/api/library/change", asked.change, methods=["POST"]),
        Route("/api/record/{id}", asked.record),
        Route("/api/thumbnail/{id}", asked.thumbnail),
        Route("/api/search", asked.search, methods=["POST"]),
        Route("/api/mosaic/plan", asked.plan, methods=["POST"]),
        Route("/api/jobs", asked.jobs),
        Route("/api/jobs/submit", asked.submit, methods=["POST"]),
        Route("/api/jobs/{id}/cancel", asked.cancel, methods=["POST"]),
        Route("/api/status", asked.status),
    ]


class _Pages:
    """One method a route."""

    def __init__(self, viewing: Viewing, settings: Settings, *, write: bool) -> None:
        self._viewing, self._settings, self._write = viewing, settings, write
        self._library = Library(settings)
        self._pool = Pool(2, 80)
        self._small: Kept[bytes] = Kept(SMALL_BYTES, size=len)

    def _allowed(self) -> None:
        if not self._write:
            raise UsageError("this viewer only looks; start it with --write to change or submit anything")

    async def site(self, _: Request) -> Response:
        """Say what can be done here."""
        return JSONResponse({"pages": True, "write": self._write, "library": self._library.exists})

    async def library(self, request: Request) -> Response:
        """Give a page of cards."""
        words = dict(request.query_params)
        return JSONResponse(await self._pool.run(lambda: self._library.page(words), request))

    async def record(self, request: Request) -> Response:
        """Tell all of a record."""
        identity = request.path_params["id"]
        return JSONResponse(await self._pool.run(lambda: self._library.record(identity), request))

    async def thumbnail(self, request: Request) -> Response:
        """Give the small picture of a product."""
        identity = request.path_params["id"]
        content = await self._pool.run(
            lambda: self._small.get(identity, lambda: self._library.thumbnail(identity)), request
        )
        kind = "image/jpeg" if content[:2] == b"\xff\xd8" else "image/png"
        return Response(content, media_type=kind, headers={"cache-control": "private, max-age=3600"})

    async def change(self, request: Request) -> Response:
        """Tag, archive or delete what was chosen; a deletion is told before it is done."""
        self._allowed()
        given = await body_of(request)
        ids = image_ids({"images": given.get("ids")})
        if not 1 <= len(ids) <= MOST_CHOSEN:
            raise UsageError(f"1 to {MOST_CHOSEN} products are changed at a time")
        return JSONResponse(await self._pool.run(lambda: self._changed(ids, given)))

    def _changed(self, ids: list[str], given: dict[str, Any]) -> dict[str, Any]:
        what, tag = given.get("what"), str(given.get("tag", "")).strip()
        with self._library.catalog() as catalog:
            chosen = tuple(catalog.get(identity) for identity in dict.fromkeys(ids))
            plan = Deletion(chosen, dependents(catalog, [record.product_id for record in chosen]))
            if what == "delete":
                delete_records(catalog, plan, self._library.store)
            elif what in ("tag", "archive", "unarchive"):
                for record in chosen:
                    amended: dict[str, Any] = (
                        {"add_tags": (tag,)} if what == "tag" else {"is_archived": what == "archive"}
                    )
                    catalog.amend(record.product_id, **amended)
            elif what != "plan":
                raise UsageError("what: tag, archive, unarchive, plan or delete")
        return {"records": len(chosen), "bytes": plan.bytes, "dependents": len(plan.dependents)}

    async def search(self, request: Request) -> Response:
        """Search the archive."""
        wishes = (await body_of(request)).get("wishes", {})
        return JSONResponse(await self._pool.run(lambda: facts.found_in_archive(wishes, self._settings), request))

    async def plan(self, request: Request) -> Response:
        """Plan a mosaic."""
        given = await body_of(request)
        sources = self._viewing.sources
        ids, wishes = image_ids(given), given.get("wishes", {})

        def work() -> dict[str, Any]:
            return facts.mosaic_plan([one.address for one in sources.get(ids)], wishes, self._settings)

        return JSONResponse(await self._pool.run(work, request))

    async def jobs(self, request: Request) -> Response:
        """List recent jobs."""
        return JSONResponse(await self._pool.run(lambda: facts.jobs_of(self._settings), request))

    async def submit(self, request: Request) -> Response:
        """Ask for a job."""
        self._allowed()
        given = await body_of(request)
        kind, wishes = str(given.get("kind", "")), given.get("wishes", {})
        return JSONResponse(await self._pool.run(lambda: facts.submitted(kind, wishes, self._settings)))

    async def cancel(self, request: Request) -> Response:
        """Ask a job to stop."""
        self._allowed()
        identity = request.path_params["id"]
        return JSONResponse(await self._pool.run(lambda: facts.cancel_job(identity, self._settings)))

    async def status(self, request: Request) -> Response:
        """Tell the parts of the site."""
        return JSONResponse(await self._pool.run(lambda: facts.site_status(self._settings, LIMITS), request))
