"""Verbs on the archive: search and ingest. They read the settings of the site unless they are given."""

from jwstpipe.archive.search.search import SearchResult
from jwstpipe.archive.search.search import search as search_archive
from jwstpipe.ingestion import IngestResult, answers_of, choose, ingest_products, require_within
from jwstpipe.progress import Reporter, silent
from jwstpipe.requests import IngestRequest, SearchRequest
from jwstpipe.requests.fields.keywords import request_keywords
from jwstpipe.settings import Settings, load_settings

__all__ = ["ingest", "search"]


@request_keywords(SearchRequest, into="request", positional=("target",))
def search(
    *,
    request: SearchRequest,
    max_age_s: float | None = None,
    settings: Settings | None = None,
    report: Reporter = silent,
) -> SearchResult:
    """Find public JWST images by target, position, observation, programme or release date.

    Parameters
    ----------
    **options
    max_age_s : float, optional
        Oldest answer that is taken from disk in place of asking, seconds; default: as the site says, 0 = ask.
    settings : Settings, optional
        Which archive; default: those of the site, see `jwstpipe.settings.load_settings`.
    report
        Told of pages.

    Returns
    -------
    SearchResult
        ``observations`` is an astropy Table with every MAST field; ``complete`` says whether all rows came.

    Raises
    ------
    UsageError
        No selector, or a value out of range.
    TargetNotFoundError
        No resolver knows the name.
    ArchiveError
        The archive is down.

    Examples
    --------
    >>> found = jwstpipe.search("NGC 3132", filters=["F090W"])  # doctest: +SKIP
    >>> found.observations["obs_id", "t_exptime"]  # doctest: +SKIP
    """
    site = settings or load_settings()
    return search_archive(request, settings=site.archive, answers=answers_of(site, max_age_s=max_age_s), report=report)


@request_keywords(IngestRequest, into="request", positional=("target",))
def ingest(
    *,
    request: IngestRequest,
    settings: Settings | None = None,
    report: Reporter = silent,
) -> IngestResult:
    """Fetch what `search` finds into the store, and register it in the catalogue.

    Parameters
    ----------
    **options
    settings, report
        As in `search`.

    Returns
    -------
    IngestResult
        A record for each file, and a reason for each that failed. Files that are here move no bytes.

    Examples
    --------
    >>> jwstpipe.ingest("NGC 3132", filters=["F090W"], level=[3])  # doctest: +SKIP
    """
    site = settings or load_settings()
    if request.source is not None:
        site = site.model_copy(update={"archive": site.archive.model_copy(update={"source": request.source})})
    choice = choose(request, settings=site.archive, answers=answers_of(site, max_age_s=0.0), report=report)
    require_within(choice, request)
    return ingest_products(choice.products, settings=site, report=report)
