"""The verbs of the Python API that need settings: they read those of the site unless they are given."""

from collections.abc import Sequence

from jwstpipe.archive.query import SearchResult
from jwstpipe.archive.query import search as search_archive
from jwstpipe.ingestion import IngestResult, choose, ingest_products
from jwstpipe.progress import Reporter, silent
from jwstpipe.requests import SearchRequest, validated
from jwstpipe.settings import Settings, load_settings

__all__ = ["ingest", "search"]


def search(
    target: str | None = None,
    *,
    ra: float | None = None,
    dec: float | None = None,
    radius: float = 0.2,
    obs_id: str | None = None,
    program: int | None = None,
    instrument: str | None = None,
    filters: Sequence[str] = (),
    level: Sequence[int] = (),
    settings: Settings | None = None,
    report: Reporter = silent,
) -> SearchResult:
    """Find public JWST images by target, position, observation or programme.

    Parameters
    ----------
    target
        Name of an object, as ``NGC 3132``.
    ra, dec, radius
        Position and radius, degrees ICRS.
    obs_id
        Observation id, with ``*`` as wildcard.
    program
        Programme number.
    instrument
        NIRCam, MIRI, NIRISS, NIRSpec or FGS.
    filters
        As ``["F090W"]``; none = all.
    level
        MAST calibration levels; none = exposures (2) and combined images (3).
    settings
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
    request = _request(
        target=target, ra=ra, dec=dec, radius=radius, obs_id=obs_id, program=program, instrument=instrument,
        filters=filters, level=level,
    )  # fmt: skip
    return search_archive(request, settings=(settings or load_settings()).archive, report=report)


def ingest(
    target: str | None = None,
    *,
    ra: float | None = None,
    dec: float | None = None,
    radius: float = 0.2,
    obs_id: str | None = None,
    program: int | None = None,
    instrument: str | None = None,
    filters: Sequence[str] = (),
    level: Sequence[int] = (),
    suffix: Sequence[str] = (),
    settings: Settings | None = None,
    report: Reporter = silent,
) -> IngestResult:
    """Fetch what `search` finds into the store, and register it in the catalogue.

    Parameters are those of `search`, and

    Parameters
    ----------
    suffix
        Kinds of files, as ``["cal"]``; none = ``cal`` of level 2 and ``i2d`` of level 3.

    Returns
    -------
    IngestResult
        A record for each file, and a reason for each that failed. Files that are here move no bytes.
    """
    request = _request(
        target=target, ra=ra, dec=dec, radius=radius, obs_id=obs_id, program=program, instrument=instrument,
        filters=filters, level=level, suffix=suffix,
    )  # fmt: skip
    site = settings or load_settings()
    choice = choose(request, settings=site.archive, report=report)
    return ingest_products(choice.products, settings=site, report=report)


def _request(**wishes: object) -> SearchRequest:
    given = {key: tuple(value) if isinstance(value, list | tuple) else value for key, value in wishes.items()}
    if not given["level"]:
        del given["level"]
    return validated(SearchRequest, **given)
