"""Routes of the pages beside the picture: library, search, mosaics, jobs, status. Writing needs to be allowed."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from jwstpipe.catalog.maintenance.bulk import Deletion, delete_records, dependents
from jwstpipe.catalog.visibility import require_name
from jwstpipe.errors import UsageError
from jwstpipe.execution.kept import Kept
from jwstpipe.settings import Settings
from jwstpipe.viewer.exact import MOST_PIXELS
from jwstpipe.viewer.kept_views import keep_view, kept_view, short_link
from jwstpipe.viewer.regions import MOST_REGION_PIXELS
from jwstpipe.viewer.server import discoveries, page_jobs, upkeep
from jwstpipe.viewer.server import page_facts as facts
from jwstpipe.viewer.server.asking import Pool, body_of, image_ids
from jwstpipe.viewer.server.feed import JobFeed
from jwstpipe.viewer.server.guard import AT_ONCE, MOST_BODY, SECONDS, user_of
from jwstpipe.viewer.server.library import Library
from jwstpipe.viewer.server.mosaic_plans import mosaic_plan
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
        Route("/api/library/images", asked.images),
        Route("/api/library/change", asked.change, methods=["POST"]),
        Route("/api/record/{id}", asked.record),
        Route("/api/thumbnail/{id}", asked.thumbnail),
        Route("/api/search", asked.search, methods=["POST"]),
        Route("/api/find", asked.find, methods=["POST"]),
        Route("/api/place", asked.place),
        Route("/api/discover", asked.featured),
        Route("/api/discover", asked.discover, methods=["POST"]),
        Route("/api/discover/make", asked.make, methods=["POST"]),
        Route("/api/mosaic/plan", asked.plan, methods=["POST"]),
        Route("/api/views", asked.keep, methods=["POST"]),
        Route("/api/views/{name}", asked.kept),
        Route("/api/jobs", asked.jobs),
        Route("/api/events", asked.events),
        Route("/api/jobs/submit", asked.submit, methods=["POST"]),
        Route("/api/jobs/{id}/cancel", asked.cancel, methods=["POST"]),
        Route("/api/status", asked.status),
        Route("/api/orphans", asked.orphans),
        Route("/api/orphans/repair", asked.put_right, methods=["POST"]),
    ]


class _Pages:
    """One method a route."""

    def __init__(self, viewing: Viewing, settings: Settings, *, write: bool) -> None:
        self._viewing, self._settings, self._write = viewing, settings, write
        self._pool, self._slow = Pool(2, 80), Pool(1, 4)
        self._feed = JobFeed(self._look)
        self._small: Kept[bytes] = Kept(SMALL_BYTES, size=len)

    def _library(self, request: Request) -> Library:
        return Library(self._settings, user_of(request))

    def _allowed(self) -> None:
        if not self._write:
            raise UsageError("this viewer only looks; start it with --write to change or submit anything")

    async def site(self, request: Request) -> Response:
        """Say what can be done here, and who asks."""
        library = self._library(request)
        return JSONResponse({"pages": True, "write": self._write, "library": library.exists, "user": library.user})

    async def library(self, request: Request) -> Response:
        """Give a page of cards."""
        words, library = dict(request.query_params), self._library(request)
        return JSONResponse(await self._pool.run(lambda: library.page(words), request))

    async def images(self, request: Request) -> Response:
        """List the images of a target, each exposure once."""
        target, library = request.query_params.get("target", "").strip(), self._library(request)
        return JSONResponse(await self._pool.run(lambda: library.images(target), request))

    async def record(self, request: Request) -> Response:
        """Tell all of a record."""
        identity, library = request.path_params["id"], self._library(request)
        return JSONResponse(await self._pool.run(lambda: library.record(identity), request))

    async def thumbnail(self, request: Request) -> Response:
        """Give the small picture of a product."""
        identity, library = request.path_params["id"], self._library(request)

        def small() -> bytes:
            library.check(identity)  # others may have asked for it before
            return self._small.get(identity, lambda: library.thumbnail(identity))

        content = await self._pool.run(small, request)
        kind = "image/jpeg" if content[:2] == b"\xff\xd8" else "image/png"
        return Response(content, media_type=kind, headers={"cache-control": "private, max-age=3600"})

    async def change(self, request: Request) -> Response:
        """Tag, archive or delete what was chosen; a deletion is told before it is done."""
        self._allowed()
        given = await body_of(request)
        ids = image_ids({"images": given.get("ids")})
        if not 1 <= len(ids) <= MOST_CHOSEN:
            raise UsageError(f"1 to {MOST_CHOSEN} products are changed at a time")
        library = self._library(request)
        return JSONResponse(await self._pool.run(lambda: self._changed(library, ids, given)))

    def _changed(self, library: Library, ids: list[str], given: dict[str, Any]) -> dict[str, Any]:
        what, tag = given.get("what"), str(given.get("tag", "")).strip()
        with library.catalog() as catalog:
            chosen = tuple(catalog.get(identity) for identity in dict.fromkeys(ids))
            plan = Deletion(chosen, dependents(catalog, [record.product_id for record in chosen]))
            if what == "delete":
                delete_records(catalog, plan, library.store)
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
        wishes, library = (await body_of(request)).get("wishes", {}), self._library(request)
        return JSONResponse(await self._pool.run(lambda: facts.found_in_archive(wishes, library), request))

    async def find(self, request: Request) -> Response:
        """Find records by words."""
        wishes, library = (await body_of(request)).get("wishes", {}), self._library(request)
        return JSONResponse(await self._slow.run(lambda: discoveries.found_by_words(wishes, library), request))

    async def place(self, request: Request) -> Response:
        """Tell where a target is."""
        name, settings = request.query_params.get("name", ""), self._settings.archive
        return JSONResponse(await self._slow.run(lambda: discoveries.place_named(name, settings), request))

    async def featured(self, _: Request) -> Response:
        """List the targets that people know."""
        return JSONResponse(await self._pool.run(discoveries.featured_targets))

    async def discover(self, request: Request) -> Response:
        """Tell what can be made of a target."""
        wishes, library = (await body_of(request)).get("wishes", {}), self._library(request)
        return JSONResponse(await self._slow.run(lambda: discoveries.recipes(wishes, library), request))

    async def make(self, request: Request) -> Response:
        """Ask for a job that makes a recipe."""
        self._allowed()
        given, library = await body_of(request), self._library(request)
        wishes, command = given.get("wishes", {}), str(given.get("command", ""))
        return JSONResponse(await self._slow.run(lambda: discoveries.made(wishes, command, library)))

    async def plan(self, request: Request) -> Response:
        """Plan a mosaic."""
        given = await body_of(request)
        sources = self._viewing.seen_by(user_of(request)).sources
        ids, wishes = image_ids(given), given.get("wishes", {})

        def work() -> dict[str, Any]:
            return mosaic_plan([one.address for one in sources.get(ids)], wishes, self._settings)

        return JSONResponse(await self._pool.run(work, request))

    async def jobs(self, request: Request) -> Response:
        """List recent jobs."""
        user = user_of(request)
        return JSONResponse(await self._pool.run(lambda: page_jobs.jobs_of(self._settings, user), request))

    async def events(self, request: Request) -> Response:
        """Tell how jobs stand, whenever that changes."""
        return StreamingResponse(await self._feed.lines(user_of(request)), media_type="text/event-stream")

    async def _look(self, user: str | None) -> dict[str, Any]:
        return await self._pool.run(lambda: page_jobs.jobs_of(self._settings, user))

    async def submit(self, request: Request) -> Response:
        """Ask for a job."""
        self._allowed()
        given = await body_of(request)
        kind, wishes, library = str(given.get("kind", "")), given.get("wishes", {}), self._library(request)
        return JSONResponse(await self._pool.run(lambda: page_jobs.submitted(kind, wishes, library)))

    async def cancel(self, request: Request) -> Response:
        """Ask a job to stop."""
        self._allowed()
        identity, library = request.path_params["id"], self._library(request)
        return JSONResponse(await self._pool.run(lambda: page_jobs.cancel_job(identity, library)))

    async def orphans(self, request: Request) -> Response:
        """Compare store and catalogue: what a clean-up would do."""
        library = self._library(request)
        return JSONResponse(await self._slow.run(lambda: upkeep.orphans(library), request))

    async def put_right(self, request: Request) -> Response:
        """Do what was shown."""
        self._allowed()
        rows, library = (await body_of(request)).get("rows"), self._library(request)
        if not isinstance(rows, list):
            raise UsageError("rows: a list of what was shown")
        return JSONResponse(await self._slow.run(lambda: upkeep.put_right(library, rows)))

    async def keep(self, request: Request) -> Response:
        """Keep a long link, and give a short one."""
        self._allowed()
        link, library = str((await body_of(request)).get("link", "")), self._library(request)
        require_name(library.user)
        name = await self._pool.run(lambda: keep_view(library.store, link))
        return JSONResponse({"link": short_link(name)})

    async def kept(self, request: Request) -> Response:
        """Give the link that a short one stands for."""
        name, library = request.path_params["name"], self._library(request)
        return JSONResponse({"link": await self._pool.run(lambda: kept_view(library.store, name))})

    async def status(self, request: Request) -> Response:
        """Tell the parts of the site."""
        library = self._library(request)

        def work() -> dict[str, Any]:
            return facts.site_status(library, LIMITS, page_jobs.runs_of(library.settings, library.user))

        return JSONResponse(await self._pool.run(work, request))
