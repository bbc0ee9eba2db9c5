"""What is new in the archive, or what can be made of a target, on the page of a run."""

import json
import os
from collections.abc import Iterator
from datetime import timedelta

from prefect import get_run_logger

from jwstpipe.catalog.query import RecordQuery
from jwstpipe.catalog.records.models import ProductRecord
from jwstpipe.discovery.discover import Discovery, Site, discover_target
from jwstpipe.discovery.rates import rates_here
from jwstpipe.discovery.recipes.recipe import Recipe
from jwstpipe.discovery.releases import Release, Releases, recent_releases
from jwstpipe.errors import NotFoundError
from jwstpipe.ingestion import answers_of
from jwstpipe.requests import ProcessTargetRequest, validated
from jwstpipe.requests.discovery import DiscoverRequest
from jwstpipe.tasks.artifacts import markdown, progress_artifacts
from jwstpipe.tasks.run_context import Run
from jwstpipe.tasks.steps.step_task import step_task

__all__ = ["settle_suggestion", "tell_what_is_new", "tell_what_to_make"]

DAYS = 30
"""Window of a run that names no day."""

MOST_ROWS = 200
MOST_PICTURES = 36
AROUND_DEG = 0.1


@step_task("discover")
def tell_what_is_new(run: Run, request: DiscoverRequest) -> Releases:
    """Ask what was released, and show it with the pictures that became possible and thumbnails of what is here."""
    since = request.recent or run.now().date() - timedelta(days=DAYS)
    with progress_artifacts() as report:
        found = recent_releases(since, _site(run), instrument=request.instrument, report=report)
    for note in found.notes:
        run.note(note)
    run.counts |= {
        "targets released": len(found.releases),
        "pictures possible now": sum(len(one.recipes) for one in found.releases),
    }
    markdown(_releases_text(found), key="what-is-new", description=f"Released since {since}")
    run.show(_thumbnails(run, found.releases))
    get_run_logger().info("%d targets with releases since %s", len(found.releases), since)
    return found


@step_task("discover")
def tell_what_to_make(run: Run, request: DiscoverRequest) -> Discovery:
    """Show the pictures of a target, each with the values for the form of process-target."""
    found = _told(run, request)
    run.counts["pictures"] = len(found.recipes)
    return found


def _told(run: Run, request: DiscoverRequest) -> Discovery:
    with progress_artifacts() as report:
        found = discover_target(request, _site(run), report=report)
    for note in found.gathered.notes:
        run.note(note)
    for dropped in found.dropped:
        run.note(f"left out: {dropped}")
    lines = [
        line for number, one in enumerate(found.recipes[:MOST_ROWS], start=1) for line in _recipe_lines(number, one)
    ]
    text = f"# {found.place.title}\n\n" + ("\n".join(lines) or "Nothing to make.\n")
    markdown(text, key="recipes", description=f"What can be made of {found.place.title}")
    return found


@step_task("discover")
def settle_suggestion(run: Run, request: ProcessTargetRequest) -> ProcessTargetRequest:
    """Put what discovery suggests in the place of a suggestion that is asked for by kind; others pass as they are.

    Raises
    ------
    NotFoundError
        Nothing of this kind can be made of the target; the message says what can.
    """
    if request.suggestion is None:
        return request
    given = request.model_dump(exclude_defaults=True)
    where = {name: given[name] for name in ("instrument", "filters", "radius") if name in given}
    found = _told(run, DiscoverRequest(target=request.target, **where))
    own = [one for one in found.recipes if request.suggestion in ("first", one.kind)]
    if not own:
        kinds = ", ".join(dict.fromkeys(one.kind for one in found.recipes)) or "nothing"
        raise NotFoundError(f"{request.target}: no suggestion {request.suggestion!r}; there is: {kinds}")
    chosen = own[0]
    kept = {name: value for name, value in given.items() if name not in ("suggestion", "radius")}
    looks = {name: given[name] for name in ("recipe", "palette", "luminance") if name in given}
    run.note(f"suggestion {request.suggestion}: {chosen.name} ({chosen.reasons})")
    for warning in chosen.warnings:
        run.note(warning)
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in chosen.request.items()}
    return validated(ProcessTargetRequest, **(kept | values | looks))


def _site(run: Run) -> Site:
    settings = run.settings
    threads = settings.execution.workers or os.cpu_count() or 1
    return Site(
        settings.archive,
        answers_of(settings),
        run.catalog,
        rates_here(run.store, run.catalog, threads=threads),
        threads,
    )


def _releases_text(found: Releases) -> str:
    head = "| released | programme | target | filters | area | here | title |\n|---|---|---|---|---|---|---|\n"
    rows = [
        f"| {one.last} | {one.program or '-'} | {_cell(one.target.title if one.target else one.name)}"
        f" | {' '.join(one.filters)} | {one.area_arcmin2:.1f} | {one.here} of {one.observations} | {_cell(one.title)} |"
        for one in found.releases[:MOST_ROWS]
    ]
    possible = [
        line
        for one in found.releases[:MOST_ROWS]
        for number, recipe in enumerate(one.recipes[:3], start=1)
        for line in _recipe_lines(number, recipe)
    ]
    age = (
        "" if found.age_s is None else f"The archive answered {found.age_s / 3600.0:.1f} hours ago ({found.source}).\n"
    )
    more = "\n## Possible now\n\n" + "\n".join(possible) if possible else ""
    return f"# What is new since {found.since}\n\n{age}\n{head}" + "\n".join(rows) + f"\n{more}\n"


def _recipe_lines(number: int, one: Recipe) -> Iterator[str]:
    """Write a recipe with what the run form takes: its JSON can be pasted into the form of process-target."""
    yield f"{number}. **{_cell(one.name)}** ({one.tag}): {one.reasons}; {' '.join(one.filters)}"
    yield f"    - `{one.command}`"
    yield f"    - run form: suggestion `{one.kind}`, or `{json.dumps({'request': one.request})}`"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "/").split())


def _thumbnails(run: Run, releases: tuple[Release, ...]) -> Iterator[ProductRecord]:
    """Give small pictures of what the library holds where something was released."""
    given = 0
    for one in releases:
        if not one.held_there or given >= MOST_PICTURES:
            continue
        query = RecordQuery(kind=("thumbnail",), ra=one.ra, dec=one.dec, radius=AROUND_DEG)
        for record in run.catalog.each(query, limit=4):
            if record.storage_key is not None:
                given += 1
                yield record
