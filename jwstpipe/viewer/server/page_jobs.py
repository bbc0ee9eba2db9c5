"""Jobs as the pages tell of them, and what they may ask for."""

from collections import Counter
from typing import Any

from jwstpipe.catalog.visibility import require_name
from jwstpipe.errors import JwstPipeError, NotFoundError, UsageError
from jwstpipe.jobs.job import Job
from jwstpipe.jobs.kinds import KINDS
from jwstpipe.jobs.listing import find_job, listed
from jwstpipe.jobs.states import JobStatus
from jwstpipe.jobs.submission import submit
from jwstpipe.jobs.users import user_tag, user_tags
from jwstpipe.requests import ConvertRequest, IngestRequest, MosaicRequest, PictureRequest, Request
from jwstpipe.settings import Settings
from jwstpipe.viewer.drawn import drawn_options
from jwstpipe.viewer.server.library import Library
from jwstpipe.viewer.server.page_facts import asked
from jwstpipe.viewer.state import safe_wishes

__all__ = ["cancel_job", "jobs_of", "runs_of", "submitted", "with_drawn"]

QUEUES = ("interactive", "bulk")

MOST_STANDING = 200
"""Runs that are looked at of those that wait, and of those that run."""

MOST_SHOWN = 20
MOST_ENDED = 10

_KINDS: dict[str, type[Request]] = {
    "mosaic": MosaicRequest, "ingest": IngestRequest, "composite": PictureRequest, "convert": ConvertRequest
}  # fmt: skip
"""What a page may ask for."""

_WISHES = {
    "mosaic": {"target", "products", "filters", "kernel", "combine", "background", "weights", "level"},
    "convert": {"target", "products"},
    "ingest": {"target", "ra", "dec", "radius", "instrument", "filters", "program"},
}
"""And with what: wishes that name files of the machine are for its command line."""


def jobs_of(settings: Settings, user: str | None) -> dict[str, Any]:
    """List recent jobs, those of a user or all; without a server the page says so."""
    try:
        found = listed(limit=40, tag=None if user is None else user_tag(user), settings=settings)
    except JwstPipeError as error:
        return {"jobs": [], "note": str(error)}
    return {"jobs": [_job(job, status) for job, status in found], "note": ""}


def _job(job: Job, status: JobStatus) -> dict[str, Any]:
    progress = None
    if not status.ended:
        try:
            told = job.progress()
            progress = {"percent": told.percent, "stages": told.stages}
        except JwstPipeError:
            progress = None
    return {**_facts(job, status), "progress": progress}


def _facts(job: Job, status: JobStatus) -> dict[str, Any]:
    return {
        "id": job.id,
        "kind": job.kind,
        "title": job.title,
        "state": status.state,
        "message": status.message,
        "seconds": status.seconds,
        "started": None if status.started is None else status.started.isoformat(),
        "ended": status.ended,
        "page": job.page,
    }


def runs_of(settings: Settings, user: str | None) -> dict[str, Any]:
    """Tell what waits and runs, by queue, and how the latest ended; without a server, why that is not known."""
    tag = None if user is None else user_tag(user)
    try:
        waiting, running = (
            listed(state=state, tag=tag, limit=MOST_STANDING, settings=settings) for state in ("waiting", "running")
        )
        latest = listed(tag=tag, limit=4 * MOST_ENDED, settings=settings)
    except JwstPipeError as error:
        return {"queues": [], "now": [], "recent": [], "note": str(error)}
    waits, runs = (Counter(KINDS[job.kind].queue for job, _ in found) for found in (waiting, running))
    now = [_facts(job, status) for job, status in (*running, *waiting)]
    return {
        "queues": [{"name": name, "waiting": waits[name], "running": runs[name]} for name in QUEUES],
        "now": now[:MOST_SHOWN],
        "recent": [_facts(job, status) for job, status in latest if status.ended][:MOST_ENDED],
        "note": "",
    }


def submitted(kind: str, wishes: Any, library: Library) -> dict[str, Any]:
    """Ask for a job; of products that its reader may see.

    Raises
    ------
    UsageError
        A kind or a wish that pages do not have.
    NotFoundError
        A product that is not there, or not to be seen.
    """
    if kind not in _KINDS:
        raise UsageError(f"a page asks for {' or '.join(_KINDS)}, not {kind[:40]!r}")
    require_name(library.user)
    if kind == "composite" and isinstance(wishes, dict):
        wishes = with_drawn(wishes)
    more = set(wishes) - _WISHES.get(kind, set(wishes)) if isinstance(wishes, dict) else set()
    if more:
        raise UsageError(f"{min(more)[:40]}: a page does not ask for this; give it to the command")
    request = asked(_KINDS[kind], wishes)
    if isinstance(request, PictureRequest):
        try:
            safe_wishes(request)
        except ValueError as error:
            raise UsageError(str(error)) from None
    for product_id in getattr(request, "products", ()):
        library.check(product_id)
    job = submit(kind, request, tags=user_tags(library.user), settings=library.settings)
    return {"id": job.id, "kind": job.kind, "title": job.title, "page": job.page}


def with_drawn(wishes: dict[str, Any]) -> dict[str, Any]:
    """Put what is drawn over a view (overlays, regions, positions of sources) into the wishes for a picture of it."""
    plain, drawn = {name: value for name, value in wishes.items() if name != "drawn"}, wishes.get("drawn")
    if drawn is None:
        return plain
    try:
        overlays, regions = ([str(one) for one in drawn.get(name, ())] for name in ("overlays", "regions"))
        places = [(float(ra), float(dec)) for ra, dec in drawn.get("positions", ())]
    except (AttributeError, TypeError, ValueError):
        raise UsageError("drawn: lists of overlays and regions, and of positions as pairs of degrees") from None
    return {**plain, **drawn_options(overlays, regions, places)[0]}


def cancel_job(job_id: str, library: Library) -> dict[str, Any]:
    """Ask a job to stop; a user stops own ones."""
    job = find_job(job_id, settings=library.settings)
    if library.user is not None:
        own = listed(limit=200, tag=user_tag(library.user), settings=library.settings)
        if job.id not in {one.id for one, _ in own}:
            raise NotFoundError(f"you have no job {job_id}")
    job.cancel()
    return {"id": job.id, "state": job.status().state}
