"""The commands `discover` (what can be made, what is new, and making it) and `find` (records by words)."""

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jwstpipe.cli.arguments import Home, Json, User
from jwstpipe.cli.context import choices_of, settings_of
from jwstpipe.cli.discovery_tables import show_discovery, show_featured, show_found, show_releases
from jwstpipe.cli.output import data, json_data, progress_bars, remark
from jwstpipe.cli.request_options import request_options
from jwstpipe.errors import NotFoundError, UsageError
from jwstpipe.requests.discovery import DiscoverRequest, FindRequest

if TYPE_CHECKING:
    from jwstpipe.discovery.discover import Discovery, Site
    from jwstpipe.settings import Settings

__all__ = ["discover", "find"]

Offline = Annotated[bool, typer.Option("--offline", help="answers on disk, of any age, and the library; ask nobody")]
MaxAge = Annotated[
    float | None, typer.Option("--max-age", help="oldest answer that is taken from disk, seconds; 0 = ask anew")
]


@request_options(DiscoverRequest, arguments={"target": "TARGET"})
def discover(
    context: typer.Context,
    *,
    request: DiscoverRequest,
    make: Annotated[int | None, typer.Option(min=1, metavar="N", help="make the picture of this number")] = None,
    submit: Annotated[bool, typer.Option("--submit", help="with --make: ask the Prefect server for it")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="with --make: show the request, make nothing")] = False,
    watch: Annotated[str | None, typer.Option(metavar="NAME", help="put it on the watch list under this name")] = None,
    watchlist: Annotated[Path, typer.Option(metavar="FILE", help="watch list")] = Path("configs/watchlist.toml"),
    everything: Annotated[bool, typer.Option("--all", help="pictures of all data and of other fields too")] = False,
    offline: Offline = False,
    max_age: MaxAge = None,
    user: User = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Tell what is worth making: pictures of a target, what is new, or what the featured targets hold.

    Examples: jwstpipe discover "NGC 3132"; jwstpipe discover "NGC 3132" --make 1; jwstpipe discover --recent 30d
    """
    from jwstpipe.api.discovery import opened_site

    if (make is not None or watch is not None) and not request.names_a_place:
        raise UsageError(f"{'--make' if make is not None else '--watch'} needs a target or a position")
    settings = settings_of(context, home=home)
    chosen = None
    with opened_site(settings, offline=offline, max_age_s=max_age, user=user) as (site, own):
        with progress_bars(quiet=choices_of(context).quiet) as report:
            if request.names_a_place:
                from jwstpipe.discovery.discover import discover_target

                found = discover_target(request, site, report=report)
                chosen = _about_target(found, request, make, everything=everything, as_json=as_json)
            elif request.recent is not None:
                _about_releases(request, site, own, user, report, as_json=as_json)
            else:
                from jwstpipe.discovery.discover import discover_featured

                show_featured(discover_featured(site, report=report), as_json=as_json)
        if watch is not None:
            _watch(found, request, watch, watchlist)
    if chosen is not None:
        _make(context, chosen, settings, home, submit=submit, dry_run=dry_run, as_json=as_json)


@request_options(FindRequest, arguments={"words": "WORDS"})
def find(
    context: typer.Context,
    *,
    request: FindRequest,
    reasons: Annotated[bool, typer.Option("--why", help="a line for each result: what of the words it meets")] = False,
    user: User = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Find records of the catalogue by words: lines, classes, wavelengths, programmes, dates, names.

    Examples: jwstpipe find "narrowband images of a planetary nebula"; jwstpipe find "H2 jets not MIRI" --why
    """
    from jwstpipe.catalog.catalog import open_catalog
    from jwstpipe.discovery.find import find_records_by_words
    from jwstpipe.discovery.words.encoder import load_encoder

    settings = settings_of(context, home=home)
    with open_catalog(settings.catalog_address) as catalog, progress_bars(quiet=choices_of(context).quiet) as report:
        reader = catalog if user is None else catalog.as_user(user)
        encoder = load_encoder(settings.discovery.encoder)
        found = find_records_by_words(request, reader, settings.home, encoder=encoder, report=report)
    show_found(found, reasons=reasons, as_json=as_json)
    if not found.hits:
        raise NotFoundError(
            f"nothing in the catalogue fits {request.words!r} ({found.records:,} records); other words?"
        )


def _about_target(
    found: "Discovery", request: DiscoverRequest, make: int | None, *, everything: bool, as_json: bool
) -> Any:
    """Show the recipes, or give the one that is to be made."""
    shown = [one for one in found.recipes if everything or one.rank < 10] or list(found.recipes)
    if make is None:
        show_discovery(found, shown, as_json=as_json)
    if not found.recipes:
        why = "; ".join(str(one) for one in found.dropped) or "no observations"
        raise NotFoundError(
            f"{found.place.title}: nothing to make within {found.radius:g} degrees ({why}); try a larger --radius"
        )
    if make is None:
        return None
    if make > len(shown):
        raise UsageError(f"--make {make}: {request.target or 'this place'} has {len(shown)} pictures; --all shows more")
    return shown[make - 1]


def _about_releases(
    request: DiscoverRequest, site: "Site", own: "Settings", user: str | None, report: Any, *, as_json: bool
) -> None:
    from jwstpipe.discovery.looks import last_look, note_look
    from jwstpipe.discovery.releases import recent_releases

    assert request.recent is not None
    now, before = time.time(), last_look(own.home, user)
    found = recent_releases(request.recent, site, instrument=request.instrument, report=report)
    show_releases(found, before, as_json=as_json)
    if found.source == "archive":
        note_look(own.home, now, user)
    if not found.releases:
        raise NotFoundError(f"nothing was released since {found.since}, as far as is known here")


def _watch(found: "Discovery", request: DiscoverRequest, name: str, watchlist: Path) -> None:
    from jwstpipe.ingestion.watch import add_entry
    from jwstpipe.requests import WatchEntry, validated

    place = {"target": found.place.name} if request.target is not None else {"ra": request.ra, "dec": request.dec}
    if found.place.ra is None:
        raise UsageError(f"{found.place.name} moves: watch the programme instead, as in configs/watchlist.toml")
    entry = validated(
        WatchEntry, name=name, **place, radius=found.radius, instrument=request.instrument, filters=request.filters,
        level=(3,), max_files=200, max_gigabytes=50.0,
    )  # fmt: skip
    add_entry(watchlist, entry)
    remark(f"{name} stands in {watchlist}; the flow watch-programs looks after it")


def _make(
    context: typer.Context, recipe: Any, settings: "Settings", home: Path | None, *, submit: bool, dry_run: bool,
    as_json: bool,
) -> None:  # fmt: skip
    from jwstpipe.requests import ProcessTargetRequest, validated

    if dry_run:
        json_data({"request": recipe.request, "command": recipe.command}) if as_json else data(recipe.command)
        if not as_json:
            data(json.dumps(recipe.request, indent=1))
        return
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in recipe.request.items()}
    request = validated(ProcessTargetRequest, **values)
    remark(recipe.command)
    if submit:
        from jwstpipe.jobs.submission import submit as ask

        job = ask("process_target", request, settings=settings)
        json_data({"id": job.id}) if as_json else data(f"{job.id}  {request.summary()}")
        return
    from jwstpipe.cli.runs import run_request

    run_request(context, request, home=home, as_json=as_json)
