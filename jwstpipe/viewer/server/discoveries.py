"""What can be made, and what fits some words: recipes and records as the pages show them, and a recipe made."""

from typing import Any

from jwstpipe.api.discovery import discover
from jwstpipe.catalog.visibility import require_name
from jwstpipe.discovery.find import find_records_by_words
from jwstpipe.discovery.recipes.recipe import Recipe
from jwstpipe.discovery.targets.resolve import resolve_place
from jwstpipe.discovery.targets.table import featured
from jwstpipe.discovery.words.conditions import Condition
from jwstpipe.discovery.words.encoder import load_encoder
from jwstpipe.errors import NotFoundError, UsageError
from jwstpipe.jobs.submission import submit
from jwstpipe.jobs.users import user_tags
from jwstpipe.requests.discovery import DiscoverRequest, FindRequest
from jwstpipe.settings import ArchiveSettings
from jwstpipe.viewer.server.library import Library, card_of
from jwstpipe.viewer.server.page_facts import asked

__all__ = ["featured_targets", "found_by_words", "made", "place_named", "recipes"]

MOST_RECIPES = 40

_WISHES = {"target", "ra", "dec", "radius", "instrument", "filters", "offline"}


def featured_targets() -> list[dict[str, Any]]:
    """List the targets that people know."""
    return [{"name": one.name, "title": one.title, "category": one.category, "says": one.says} for one in featured()]


def place_named(name: str, settings: ArchiveSettings) -> dict[str, Any]:
    """Tell where a target is, and who says so.

    Raises
    ------
    UsageError
        No name, or a target that moves.
    TargetNotFoundError
        Nobody knows the name.
    """
    if not name.strip():
        raise UsageError("write the name of a target, or a position as 83.82 -5.39")
    place = resolve_place(name, settings=settings)
    if place.ra is None or place.dec is None:
        raise UsageError(f"{place.title} moves over the sky; give a position")
    return {"title": place.title, "ra": place.ra, "dec": place.dec, "resolver": place.resolver}


def recipes(wishes: Any, library: Library) -> list[dict[str, Any]]:
    """Tell what can be made of a target or at a position, the best first.

    Raises
    ------
    UsageError
        A wish that is none, or neither target nor position.
    TargetNotFoundError
        Nobody knows the name.
    """
    return [one.model_dump(mode="json") for one in _found(wishes, library)[:MOST_RECIPES]]


def found_by_words(wishes: Any, library: Library) -> dict[str, Any]:
    """Find records by words: cards with reasons, and what of the words was understood.

    Raises
    ------
    UsageError
        A wish that is none.
    NotFoundError
        There is no catalogue yet.
    """
    request: FindRequest = asked(FindRequest, wishes)
    encoder = load_encoder(library.settings.discovery.encoder)
    with library.catalog() as catalog:
        found = find_records_by_words(request, catalog, library.settings.home, encoder=encoder)
        records = catalog.get_many(one.product_id for one in found.hits)
    hits = [
        {
            **card_of(records[one.product_id]), "why": one.why, "records": one.records, "known_as": one.known_as,
            "observed": one.observed, "program": one.program, "exposure_s": one.exposure_s, "headline": one.title,
        }
        for one in found.hits
        if one.product_id in records
    ]  # fmt: skip
    return {
        "hits": hits,
        "total": found.records,
        "understood": [_chip(one) for one in found.query.conditions],
        "refused": [_chip(one) for one in found.query.refused],
        "corrected": dict(found.query.corrected),
    }


def _chip(condition: Condition) -> dict[str, Any]:
    return {"label": condition.label, "negated": condition.negated}


def made(wishes: Any, command: str, library: Library) -> dict[str, Any]:
    """Ask for a job that makes one of the recipes, found anew by its command: fields may have recipes of one name."""
    require_name(library.user)
    recipe = next((one for one in _found(wishes, library) if one.command == command), None)
    if recipe is None:
        raise NotFoundError(f"no recipe {command[:80]!r} is there any more; search again")
    job = submit("process_target", recipe.request, tags=user_tags(library.user), settings=library.settings)
    return {"id": job.id, "kind": job.kind, "title": job.title, "page": job.page}


def _found(wishes: Any, library: Library) -> tuple[Recipe, ...]:
    more = set(wishes) - _WISHES if isinstance(wishes, dict) else set()
    if more or not isinstance(wishes, dict):
        raise UsageError(f"a page asks by {', '.join(sorted(_WISHES))}")
    offline = wishes.get("offline") is True
    request: DiscoverRequest = asked(DiscoverRequest, {key: value for key, value in wishes.items() if key != "offline"})
    if not request.names_a_place:
        raise UsageError("give a target, or a position")
    if not library.exists:
        raise NotFoundError("this home has no catalogue yet; ask with the command: jwstpipe discover")
    return discover(request=request, offline=offline, user=library.user, settings=library.settings)
