"""Verbs of discovery: what can be made of a target, what is new, and what fits some words."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from jwstpipe.catalog.catalog import open_catalog
from jwstpipe.discovery.discover import Site, discover_featured, discover_target
from jwstpipe.discovery.find import Hit, find_records_by_words
from jwstpipe.discovery.rates import rates_here
from jwstpipe.discovery.recipes.recipe import Recipe
from jwstpipe.discovery.releases import recent_releases
from jwstpipe.discovery.words.encoder import load_encoder
from jwstpipe.discovery.words.ranking import Encoder
from jwstpipe.ingestion import answers_of
from jwstpipe.progress import Reporter, silent
from jwstpipe.requests.discovery import DiscoverRequest, FindRequest
from jwstpipe.requests.fields.keywords import request_keywords
from jwstpipe.settings import Settings, load_settings
from jwstpipe.storage import open_store

__all__ = ["discover", "find", "opened_site"]


@request_keywords(DiscoverRequest, into="request", positional=("target",))
def discover(
    *,
    request: DiscoverRequest,
    offline: bool = False,
    max_age_s: float | None = None,
    user: str | None = None,
    settings: Settings | None = None,
    report: Reporter = silent,
) -> tuple[Recipe, ...]:
    """Tell which pictures can be made, the best first.

    Of a target or a position: all of it. With `recent`: those that releases since then made possible. With neither:
    the first choice of each featured target.

    Parameters
    ----------
    **options
    offline
        Ask nobody: answers on disk, of any age, and the library.
    max_age_s
        Oldest answer that is taken from disk in place of asking, seconds; default: as the site says, 0 = ask.
    user
        Whose records count as here: own, shared and public ones. None = the site, which sees all.
    settings
        Which archive, catalogue and store; default: those of the site.
    report
        Told of pages.

    Returns
    -------
    tuple of Recipe
        ``recipe.request`` holds the values of a `ProcessTargetRequest` that makes it, ``recipe.command`` the command.

    Raises
    ------
    TargetNotFoundError
        Nobody knows the name.

    Examples
    --------
    >>> best = jwstpipe.discover("NGC 3132")[0]  # doctest: +SKIP
    >>> best.filters, best.reasons  # doctest: +SKIP
    >>> jwstpipe.submit("process_target", best.request)  # doctest: +SKIP
    """
    with opened_site(settings, offline=offline, max_age_s=max_age_s, user=user) as (site, _):
        if request.names_a_place:
            return discover_target(request, site, report=report).recipes
        if request.recent is not None:
            found = recent_releases(request.recent, site, instrument=request.instrument, report=report)
            return tuple(recipe for release in found.releases for recipe in release.recipes)
        return tuple(one.recipes[0] for one in discover_featured(site, report=report) if one.recipes)


@request_keywords(FindRequest, into="request", positional=("words",))
def find(
    *,
    request: FindRequest,
    user: str | None = None,
    encoder: Encoder | None = None,
    settings: Settings | None = None,
    report: Reporter = silent,
) -> tuple[Hit, ...]:
    """Find records of the catalogue by words, the best first.

    Filters, lines, classes of objects, wavelengths, programmes, names, dates and exposure times are understood; each
    that a record meets counts, and none is a must. Levels and detectors of one observation are one result.

    Parameters
    ----------
    **options
    user
        Who asks: sees public, own and shared records only. None = the site, which sees all.
    encoder
        Model with ``encode(texts) -> float32 (n, d)``, unit vectors: it then has three tenths of the say. Default: the
        one that the settings name (``discovery.encoder``), which is none unless a site has one.
    settings
        Which catalogue; default: that of the site.
    report
        Told while records are indexed.

    Returns
    -------
    tuple of Hit
        Each says why it is there; empty when nothing fits.

    Examples
    --------
    >>> jwstpipe.find("narrowband images of a planetary nebula")[0].why  # doctest: +SKIP
    """
    own = settings or load_settings()
    with open_catalog(own.catalog_address) as catalog:
        reader = catalog if user is None else catalog.as_user(user)
        chosen = encoder or load_encoder(own.discovery.encoder)
        return find_records_by_words(request, reader, own.home, encoder=chosen, report=report).hits


@contextmanager
def opened_site(
    settings: Settings | None = None,
    *,
    offline: bool = False,
    max_age_s: float | None = None,
    user: str | None = None,
) -> Iterator[tuple[Site, Settings]]:
    """Open the catalogue and the answers of a site, and measure how fast it is."""
    own = settings or load_settings()
    archive = own.archive.model_copy(update={"offline": offline or own.archive.offline})
    own = own.model_copy(update={"archive": archive})
    with open_catalog(own.catalog_address) as catalog:
        reader = catalog if user is None else catalog.as_user(user)
        threads = own.execution.workers or os.cpu_count() or 1
        rates = rates_here(open_store(own.store_root, s3=own.s3), catalog, threads=threads)
        yield Site(archive, answers_of(own, max_age_s=max_age_s), reader, rates, threads), own
