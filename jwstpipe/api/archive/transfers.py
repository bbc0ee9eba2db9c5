"""Verbs on transfers that stand in the middle: find, pause, resume, cancel and clean."""

from collections.abc import Sequence

from jwstpipe.archive.transfer import control
from jwstpipe.archive.transfer.control import PendingTransfer
from jwstpipe.archive.transfer.destinations.destination import Destination
from jwstpipe.ingestion import IngestResult, arrivals, ingest_products
from jwstpipe.progress import Reporter, silent
from jwstpipe.settings import Settings, load_settings
from jwstpipe.storage import open_store

__all__ = ["cancel_transfers", "clean_transfers", "find_transfers", "pause_transfers", "resume_transfers"]

Names = str | Sequence[str]


def find_transfers(names: Names = (), *, settings: Settings | None = None) -> tuple[PendingTransfer, ...]:
    """List the files of the archive that are not whole yet.

    Parameters
    ----------
    names : str or sequence of str
        Files, or observations of which all files are meant; none = all.
    settings : Settings, optional
        Of the store; default: those of the site.

    Returns
    -------
    tuple of PendingTransfer
        By name; none where nothing stands in the middle.

    Examples
    --------
    >>> [one.file_name for one in jwstpipe.find_transfers()]  # doctest: +SKIP
    """
    chosen = set(_listed(names))
    return tuple(
        one for one in control.pending(_arrivals(settings)) if not chosen or chosen & {one.file_name, one.obs_id}
    )


def pause_transfers(names: Names = (), *, settings: Settings | None = None) -> tuple[PendingTransfer, ...]:
    """Pause transfers; a running one stops within a moment, in whatever process it runs.

    Parameters
    ----------
    names, settings
        As in `find_transfers`.

    Raises
    ------
    NotFoundError
        No transfer of such a name.

    Examples
    --------
    >>> paused = jwstpipe.pause_transfers()  # doctest: +SKIP
    """
    return control.pause(_arrivals(settings), _listed(names))


def cancel_transfers(names: Names = (), *, settings: Settings | None = None) -> tuple[PendingTransfer, ...]:
    """Give transfers up and remove what has come of their files.

    Parameters
    ----------
    names, settings
        As in `find_transfers`.

    Raises
    ------
    NotFoundError
        No transfer of such a name.

    Examples
    --------
    >>> jwstpipe.cancel_transfers("jw02733001001_02101_00001_nrca1_cal.fits")  # doctest: +SKIP
    """
    return control.cancel(_arrivals(settings), _listed(names))


def clean_transfers(*, settings: Settings | None = None) -> tuple[PendingTransfer, ...]:
    """Remove parts that nobody went on with for as long as the settings say, usually a week.

    Examples
    --------
    >>> jwstpipe.clean_transfers()  # doctest: +SKIP
    ()
    """
    site = settings or load_settings()
    return control.sweep(_arrivals(site), older_than_s=site.archive.parts_kept_days * 86400.0)


def resume_transfers(names: Names = (), *, settings: Settings | None = None, report: Reporter = silent) -> IngestResult:
    """Go on with transfers that are paused or interrupted, where they were, and register what is whole then.

    Parameters
    ----------
    names, settings
        As in `find_transfers`.
    report
        Told of bytes.

    Returns
    -------
    IngestResult
        As of `ingest`; empty where nothing is paused or interrupted.

    Raises
    ------
    NotFoundError
        No transfer of such a name.

    Examples
    --------
    >>> result = jwstpipe.resume_transfers()  # doctest: +SKIP
    """
    site = settings or load_settings()
    products = control.resume(_arrivals(site), _listed(names))
    return ingest_products(products, settings=site, report=report)


def _arrivals(settings: Settings | None) -> Destination:
    site = settings or load_settings()
    return arrivals(open_store(site.store_root, s3=site.s3), site)


def _listed(names: Names) -> list[str]:
    return [names] if isinstance(names, str) else list(names)
