"""Questions to the MAST portal through astroquery: pointed at the configured server, paged and retried page by page.

astroquery fixes addresses, timeout and page size when it is imported and shares its column descriptions between all
instances; each connection here carries its own. It retries nothing and starts over when page 40 fails: so pages are
asked for one by one.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import requests
from astropy.table import Table, vstack

from jwstpipe.archive.retry import PassingError, patiently
from jwstpipe.archive.web import AbsentError, guard, raise_for_answer, web_errors
from jwstpipe.errors import ArchiveError, TransferError
from jwstpipe.settings import ArchiveSettings

__all__ = ["Portal", "Rows", "all_rows", "ask", "build_filters", "count_rows", "open_portal"]

T = TypeVar("T")

NAME_LOOKUP = "Mast.Name.Lookup"
COLUMNS = "Mast.Caom.Cone"
"""Service whose column descriptions are those of all CAOM searches."""

DTYPES = {"string": str, "float": float, "double": float, "int": int, "boolean": bool}


@dataclass(frozen=True)
class Portal:
    """A connection to the search services of one MAST server; not for use by several threads at once."""

    connection: Any
    """astroquery's ``PortalAPI``."""

    settings: ArchiveSettings
    """Which server, and how patient to be."""


@dataclass(frozen=True)
class Rows:
    """All rows that a service gave."""

    table: Table
    """Every field as MAST names it; empty fields are masked."""

    reported: int
    """Rows that the archive said it has."""

    cut: str | None
    """Where and how the answer fell short of `reported`; None = it did not."""


def open_portal(settings: ArchiveSettings) -> Portal:
    """Connect to the configured server; nothing is sent yet."""
    from astroquery.mast.discovery_portal import PortalAPI  # noqa: PLC0415 - takes most of a second to import

    connection = PortalAPI()
    connection.MAST_REQUEST_URL = f"{settings.server}/api/v0/invoke"
    connection.COLUMNS_CONFIG_URL = f"{settings.server}/portal/Mashup/Mashup.asmx/columnsconfig"
    connection.MAST_DOWNLOAD_URL = f"{settings.server}/api/v0.1/Download/file"
    connection.MAST_BUNDLE_URL = f"{settings.server}/api/v0.1/Download/bundle"
    connection.TIMEOUT = settings.timeout_s
    connection.PAGESIZE = settings.page_size
    connection._column_configs = {NAME_LOOKUP: {}}  # noqa: SLF001 - else shared by all servers of this process
    guard(connection._session, settings)  # noqa: SLF001 - astroquery sets no timeout by itself
    return Portal(connection, settings)


def ask(portal: Portal, service: str, params: Mapping[str, Any], *, page: int = 1) -> tuple[dict[str, Any], Any]:
    """Ask a service for one page, again and again while it fails in passing.

    Returns
    -------
    dict, Response
        The answer read as JSON, and as it came.

    Raises
    ------
    ArchiveError
        The server is down, fails every time, or refuses the question.
    """

    def attempt() -> tuple[dict[str, Any], Any]:
        with _portal_errors(portal):
            responses = portal.connection.service_request_async(
                service, dict(params), pagesize=portal.settings.page_size, page=page
            )
            answer = responses[-1].json()
        if not isinstance(answer, dict) or answer.get("status") == "ERROR":
            said = answer.get("msg") if isinstance(answer, dict) else type(answer).__name__
            raise PassingError(f"{service} answers: {said or 'error'}")
        return answer, responses[-1]

    return _with_patience(portal, attempt)


def build_filters(portal: Portal, service: str, criteria: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Translate column criteria to the filters of a CAOM service; ``*`` in a value is a wildcard.

    Raises
    ------
    ArchiveError
        The server does not describe its columns, or lacks one of them.
    """
    from astroquery.exceptions import InvalidQueryError  # noqa: PLC0415

    def attempt() -> list[dict[str, Any]]:
        with _portal_errors(portal):
            filters: list[dict[str, Any]] = portal.connection.build_filter_set(COLUMNS, service, **criteria)
        return filters

    try:
        return _with_patience(portal, attempt)
    except InvalidQueryError as error:
        raise ArchiveError(f"{portal.settings.server}: {error}; is this a MAST server?") from None


def count_rows(portal: Portal, service: str, params: Mapping[str, Any]) -> int:
    """Ask how many rows a search has."""
    answer, _ = ask(portal, service, {**params, "columns": "COUNT_BIG(*)"})
    try:
        return int(next(iter(answer["data"][0].values())))
    except (KeyError, IndexError, TypeError, ValueError, StopIteration):
        raise ArchiveError(f"{portal.settings.server}: {service} gives no row count; is this a MAST server?") from None


def all_rows(
    portal: Portal,
    service: str,
    params: Mapping[str, Any],
    *,
    expected: int | None = None,
    told: Callable[[int, int], None] | None = None,
) -> Rows:
    """Page through an answer to its end.

    Parameters
    ----------
    portal, service, params
        What is asked.
    expected
        Rows counted beforehand; None = as many as the first page says.
    told
        Called with rows so far and rows in all after each page.
    """
    tables: list[Table] = []
    got, page, pages, total = 0, 0, 1, expected or 0
    while page < pages:
        page += 1
        answer, response = ask(portal, service, params, page=page)
        rows = len(answer.get("data") or ())
        paging = answer.get("paging") or {}
        if page == 1:
            total = expected if expected is not None else int(paging.get("rowsFiltered") or rows)
            size = min(portal.settings.page_size, max(rows, 1))
            pages = max(math.ceil(total / size), int(paging.get("pagesFiltered") or 1))
        tables.append(_table(portal, answer, response))
        got += rows
        if told is not None:
            told(got, max(total, got))
        if got >= total or not rows:
            break
    cut = None if got >= total else f"page {page} ended at row {got:,} of {total:,}"
    return Rows(_stacked(tables), total, cut)


def _table(portal: Portal, answer: dict[str, Any], response: Any) -> Table:
    fields = [field for field in answer.get("fields") or () if field["name"] != "_selected_"]
    if answer.get("data"):
        with _portal_errors(portal):
            table: Table = portal.connection._parse_result([response])  # noqa: SLF001 - astroquery's typed, masked rows
        return table
    portal.connection._current_service = None  # noqa: SLF001 - as parsing the rows would have done
    return Table(names=[f["name"] for f in fields], dtype=[DTYPES.get(f["type"], str) for f in fields], masked=True)


def _stacked(tables: list[Table]) -> Table:
    """Join pages; empty ones carry no types worth keeping beside full ones."""
    full = [table for table in tables if len(table)] or tables[:1]
    return full[0] if len(full) == 1 else vstack(full, metadata_conflicts="silent")


def _with_patience(portal: Portal, attempt: Callable[[], T]) -> T:
    settings = portal.settings
    try:
        return patiently(attempt, attempts=settings.attempts)
    except PassingError as error:
        raise ArchiveError(
            f"{settings.server}: {error} ({settings.attempts} attempts); try later, or check archive.server"
        ) from None
    except (AbsentError, TransferError) as error:
        raise ArchiveError(f"{error}; check archive.server") from None


@contextmanager
def _portal_errors(portal: Portal) -> Iterator[None]:
    from astroquery.exceptions import InvalidQueryError, RemoteServiceError  # noqa: PLC0415

    name = "MAST portal"
    try:
        with web_errors(name):
            yield
    except InvalidQueryError:
        raise
    except requests.HTTPError as error:
        if error.response is not None:
            raise_for_answer(error.response, name)
        raise ArchiveError(f"{name}: {error}") from None
    except TimeoutError:
        raise PassingError(f"{name}: no answer within {portal.settings.timeout_s:g} s") from None
    except RemoteServiceError as error:
        raise PassingError(f"{name}: {error}") from None
    except (KeyError, TypeError, ValueError) as error:
        raise PassingError(f"{name}: an answer that is not MAST's ({type(error).__name__}: {error})") from None
