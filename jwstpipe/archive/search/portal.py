"""Questions to the MAST portal through astroquery: pointed at the configured server, paged and retried page by page.

astroquery fixes addresses, timeout and page size when it is imported and shares its column descriptions between all
instances; each connection here carries its own. It retries nothing and starts over when page 40 fails: so pages are
asked for one by one.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import requests
from astropy.table import Table, vstack

from jwstpipe import __version__
from jwstpipe.archive.http import AbsentError, guard, raise_for_answer, web_errors
from jwstpipe.archive.retry import TransientError, retry
from jwstpipe.archive.search.response_cache import Answer, Answers
from jwstpipe.errors import ArchiveError, TransferError
from jwstpipe.settings import ArchiveSettings

__all__ = ["NAME_LOOKUP", "Portal", "Rows", "all_rows", "build_filters", "count_rows", "known_answer", "open_portal"]

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

    answers: Answers | None
    """Answers kept on disk; None = none are."""


@dataclass(frozen=True)
class Rows:
    """All rows that a service gave."""

    table: Table
    """Every field as MAST names it; empty fields are masked."""

    reported: int
    """Rows that the archive said it has."""

    cut: str | None
    """Where and how the answer fell short of `reported`; None = it did not."""

    asked_at: float
    """When the archive answered, seconds since 1970; in the past for an answer that was kept."""


def open_portal(settings: ArchiveSettings, *, answers: Answers | None = None) -> Portal:
    """Connect to the configured server; nothing is sent yet."""
    from astroquery.mast.discovery_portal import PortalAPI  # noqa: PLC0415 - takes most of a second to import

    session = guard(requests.Session(), settings)  # astroquery sets no timeout by itself
    session.headers["User-Agent"] = f"jwstpipe/{__version__}"
    connection = PortalAPI(session=session)
    connection.MAST_REQUEST_URL = f"{settings.server}/api/v0/invoke"
    connection.COLUMNS_CONFIG_URL = f"{settings.server}/portal/Mashup/Mashup.asmx/columnsconfig"
    connection.MAST_DOWNLOAD_URL = f"{settings.server}/api/v0.1/Download/file"
    connection.MAST_BUNDLE_URL = f"{settings.server}/api/v0.1/Download/bundle"
    connection.TIMEOUT = settings.timeout_s
    connection.PAGESIZE = settings.page_size
    connection._column_configs = {NAME_LOOKUP: {}}  # noqa: SLF001 - else shared by all servers of this process
    return Portal(connection, settings, answers)


def ask(portal: Portal, service: str, params: Mapping[str, Any], *, page: int = 1) -> dict[str, Any]:
    """Ask a service for one page, again and again while it fails in passing.

    Raises
    ------
    ArchiveError
        The server is down, fails every time, or refuses the question.
    """

    def attempt() -> dict[str, Any]:
        with _portal_errors(portal):
            responses = portal.connection.service_request_async(
                service, dict(params), pagesize=portal.settings.page_size, page=page
            )
            answer = responses[-1].json()
        if not isinstance(answer, dict) or answer.get("status") == "ERROR":
            said = answer.get("msg") if isinstance(answer, dict) else type(answer).__name__
            raise TransientError(f"{service} answers: {said or 'error'}")
        return answer

    return _with_patience(portal, attempt)


def known_answer(portal: Portal, service: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Ask a service for one page, or take the answer that is kept (see `ask`)."""
    question = {"server": portal.settings.server, "service": service, "params": dict(params)}
    held = _recall(portal, question)
    if held is None:
        held = _keep(portal, question, ask(portal, service, params))
    content: dict[str, Any] = held.content
    return content


def build_filters(portal: Portal, service: str, criteria: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Translate column criteria to the filters of a CAOM service; ``*`` in a value is a wildcard.

    Raises
    ------
    ArchiveError
        The server does not describe its columns, or lacks one of them.
    """
    from astroquery.exceptions import InvalidQueryError  # noqa: PLC0415

    _describe_columns(portal, service, COLUMNS)
    try:
        with _portal_errors(portal):
            filters: list[dict[str, Any]] = portal.connection.build_filter_set(COLUMNS, service, **criteria)
    except (InvalidQueryError, TransientError) as error:
        raise ArchiveError(f"{portal.settings.server}: {error}; is this a MAST server?") from None
    return filters


def _describe_columns(portal: Portal, service: str, described_as: str) -> None:
    """Make sure that the connection knows the columns of a service."""
    if portal.connection._column_configs.get(service):  # noqa: SLF001 - astroquery's memory, one for each connection
        return
    question = {"server": portal.settings.server, "columns": described_as}
    held = _recall(portal, question)
    if held is None:

        def attempt() -> dict[str, Any]:
            with _portal_errors(portal):
                portal.connection._get_col_config(service, described_as)  # noqa: SLF001 - so that it can be kept
            columns: dict[str, Any] = portal.connection._column_configs[service]  # noqa: SLF001
            return columns

        held = _keep(portal, question, _with_patience(portal, attempt))
    portal.connection._column_configs[service] = held.content  # noqa: SLF001


def count_rows(portal: Portal, service: str, params: Mapping[str, Any]) -> int:
    """Ask how many rows a search has."""
    answer = ask(portal, service, {**params, "columns": "COUNT_BIG(*)"})
    try:
        return int(next(iter(answer["data"][0].values())))
    except (KeyError, IndexError, TypeError, ValueError, StopIteration):
        raise ArchiveError(f"{portal.settings.server}: {service} gives no row count; is this a MAST server?") from None


def all_rows(
    portal: Portal,
    service: str,
    params: Mapping[str, Any],
    *,
    counted: bool = False,
    told: Callable[[int, int], None] | None = None,
) -> Rows:
    """Page through an answer to its end, or take the whole answer that is kept.

    Parameters
    ----------
    portal, service, params
        What is asked.
    counted
        Ask first how many rows there are; otherwise as many are expected as the first page says.
    told
        Called with rows so far and rows in all after each page.
    """
    question = {"server": portal.settings.server, "service": service, "params": dict(params), "counted": counted}
    _describe_columns(portal, service, COLUMNS if counted else service)
    held = _recall(portal, question)
    if held is not None:
        pages, total = held.content["pages"], int(held.content["reported"])
        return Rows(_stacked([_table(portal, service, page) for page in pages]), total, None, held.asked_at)
    expected = count_rows(portal, service, params) if counted else None
    pages, total, cut = _ask_pages(portal, service, params, expected, told)
    asked_at = time.time()
    if cut is None:
        asked_at = _keep(portal, question, {"pages": pages, "reported": total}).asked_at
    return Rows(_stacked([_table(portal, service, page) for page in pages]), total, cut, asked_at)


def _ask_pages(
    portal: Portal,
    service: str,
    params: Mapping[str, Any],
    expected: int | None,
    told: Callable[[int, int], None] | None,
) -> tuple[list[dict[str, Any]], int, str | None]:
    """Ask page after page; give the pages, the rows that there should be, and where the answer fell short."""
    answers: list[dict[str, Any]] = []
    got, page, pages, total = 0, 0, 1, expected or 0
    while page < pages:
        page += 1
        answer = ask(portal, service, params, page=page)
        if not isinstance(answer.get("data"), list) or not isinstance(answer.get("fields"), list):
            raise ArchiveError(f"{portal.settings.server}: {service} gives no rows; is this a MAST server?")
        rows = len(answer["data"])
        paging = answer.get("paging") or {}
        if page == 1:
            total = expected if expected is not None else int(paging.get("rowsFiltered") or rows)
            size = min(portal.settings.page_size, max(rows, 1))
            pages = max(math.ceil(total / size), int(paging.get("pagesFiltered") or 1))
        answers.append({key: answer.get(key) for key in ("status", "fields", "data")})
        got += rows
        if told is not None:
            told(got, max(total, got))
        if got >= total or not rows:
            break
    return answers, total, None if got >= total else f"page {page} ended at row {got:,} of {total:,}"


def _recall(portal: Portal, question: Mapping[str, Any]) -> Answer | None:
    return None if portal.answers is None else portal.answers.recall(question)


def _keep(portal: Portal, question: Mapping[str, Any], content: Any) -> Answer:
    return Answer(content, time.time()) if portal.answers is None else portal.answers.keep(question, content)


@dataclass(frozen=True)
class _Read:
    """An answer in the shape that astroquery parses."""

    content: dict[str, Any]

    def json(self) -> dict[str, Any]:
        return self.content


def _table(portal: Portal, service: str, answer: dict[str, Any]) -> Table:
    fields = [field for field in answer.get("fields") or () if field["name"] != "_selected_"]
    if not answer.get("data"):
        return Table(names=[f["name"] for f in fields], dtype=[DTYPES.get(f["type"], str) for f in fields], masked=True)
    portal.connection._current_service = service  # noqa: SLF001 - whose columns tell which values stand for none
    with _portal_errors(portal):
        table: Table = portal.connection._parse_result([_Read(answer)])  # noqa: SLF001 - its typed, masked rows
    return table


def _stacked(tables: list[Table]) -> Table:
    """Join pages; empty ones carry no types worth keeping beside full ones."""
    full = [table for table in tables if len(table)] or tables[:1]
    return full[0] if len(full) == 1 else vstack(full, metadata_conflicts="silent")


def _with_patience(portal: Portal, attempt: Callable[[], T]) -> T:
    settings = portal.settings
    try:
        return retry(attempt, attempts=settings.attempts)
    except TransientError as error:
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
        raise TransientError(f"{name}: no answer within {portal.settings.timeout_s:g} s") from None
    except RemoteServiceError as error:
        raise TransientError(f"{name}: {error}") from None
    except (KeyError, TypeError, ValueError) as error:
        raise TransientError(f"{name}: an answer that is not MAST's ({type(error).__name__}: {error})") from None
