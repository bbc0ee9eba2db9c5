"""Questions to the MAST portal through astroquery: pointed at the configured server, paged and retried page by page.

astroquery fixes addresses, timeout and page size when it is imported and shares its column descriptions between all
instances; each connection here carries its own, and answers astroquery's questions for them itself. astroquery retries
nothing and starts over when page 40 fails: so pages are asked for one by one.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import requests
from astropy.table import Table

from jwstpipe import __version__
from jwstpipe.archive.http import AbsentError, guard, raise_for_answer, web_errors
from jwstpipe.archive.retry import TransientError, retry
from jwstpipe.archive.search.answers_as_tables import filters_of, stacked, table_of
from jwstpipe.archive.search.held_columns import HeldColumns
from jwstpipe.archive.search.name_service import NAME_LOOKUP
from jwstpipe.archive.search.response_cache import Answer, Answers
from jwstpipe.errors import ArchiveError, TransferError
from jwstpipe.settings import ArchiveSettings

__all__ = [
    "Portal", "Rows", "all_rows", "build_filters", "count_rows", "known_answer", "name_question",
    "open_portal",
]  # fmt: skip

T = TypeVar("T")

COLUMNS = "Mast.Caom.Cone"
"""Service whose column descriptions are those of all CAOM searches."""

MOST_BYTES = 512 << 20
"""Longest answer that is read, unpacked: ten times a page of 50,000 observations."""


@dataclass(frozen=True)
class Portal:
    """A connection to the search services of one MAST server; not for use by several threads at once."""

    connection: Any
    """astroquery's ``PortalAPI``."""

    settings: ArchiveSettings
    """Which server, and how patient to be."""

    answers: Answers | None
    """Answers kept on disk; None = none are."""

    session: requests.Session
    """Goes to this server only."""

    columns: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Column descriptions by service, as far as they were asked for."""

    @property
    def columns_address(self) -> str:
        """Where the server describes its columns."""
        return f"{self.settings.server}/portal/Mashup/Mashup.asmx/columnsconfig"


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

    session = guard(requests.Session(), settings, most_bytes=MOST_BYTES)  # astroquery sets no timeout by itself
    session.headers["User-Agent"] = f"jwstpipe/{__version__}"
    connection = PortalAPI(session=session)
    portal = Portal(connection, settings, answers, session, {NAME_LOOKUP: {}})
    connection.MAST_REQUEST_URL = f"{settings.server}/api/v0/invoke"
    connection.COLUMNS_CONFIG_URL = portal.columns_address
    connection.MAST_DOWNLOAD_URL = f"{settings.server}/api/v0.1/Download/file"
    connection.MAST_BUNDLE_URL = f"{settings.server}/api/v0.1/Download/bundle"
    connection.TIMEOUT = settings.timeout_s
    connection.PAGESIZE = settings.page_size
    session.mount(portal.columns_address, HeldColumns(portal.columns, session.get_adapter(settings.server)))
    return portal


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
    question = _question(portal.settings.server, service, params)
    held = _recall(portal, question)
    if held is None:
        held = _keep(portal, question, ask(portal, service, params))
    content: dict[str, Any] = held.content
    return content


def name_question(server: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Give the question under which the answer of a server's name service is kept."""
    return _question(server, NAME_LOOKUP, params)


def _question(server: str, service: str, params: Mapping[str, Any]) -> dict[str, Any]:
    return {"server": server, "service": service, "params": dict(params)}


def build_filters(portal: Portal, service: str, criteria: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Translate column criteria to the filters of a CAOM service; ``*`` in a value is a wildcard.

    Raises
    ------
    ArchiveError
        The server does not describe its columns, or lacks one of them.
    """
    columns = _columns_of(portal, service, COLUMNS)
    try:
        return filters_of(columns, criteria)
    except ArchiveError as error:
        raise ArchiveError(f"{portal.settings.server}: {error}; is this a MAST server?") from None


def _columns_of(portal: Portal, service: str, described_as: str) -> dict[str, Any]:
    """Give the column descriptions of a service: those that are held, or kept, or the server's."""
    if service not in portal.columns:
        question = {"server": portal.settings.server, "columns": described_as}
        held = _recall(portal, question)
        if held is None:

            def attempt() -> dict[str, Any]:
                with _portal_errors(portal):
                    response = portal.session.post(portal.columns_address, data={"colConfigId": described_as})
                    response.raise_for_status()
                    columns = response.json()
                return columns if isinstance(columns, dict) else {}  # it says nothing where it has none

            held = _keep(portal, question, _with_patience(portal, attempt))
        portal.columns[service] = held.content
    return portal.columns[service]


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
    report: Callable[[int, int], None] | None = None,
) -> Rows:
    """Page through an answer to its end, or take the whole answer that is kept.

    Parameters
    ----------
    portal, service, params
        What is asked.
    counted
        Ask first how many rows there are; otherwise as many are expected as the first page says.
    report
        Called with rows so far and rows in all after each page.
    """
    question = {"server": portal.settings.server, "service": service, "params": dict(params), "counted": counted}
    columns = _columns_of(portal, service, COLUMNS if counted else service)
    held = _recall(portal, question)
    if held is not None:
        pages, total = held.content["pages"], int(held.content["reported"])
        return Rows(_table(portal, pages, columns), total, None, held.asked_at)
    expected = count_rows(portal, service, params) if counted else None
    pages, total, cut = _ask_pages(portal, service, params, expected, report)
    asked_at = time.time()
    if cut is None:
        asked_at = _keep(portal, question, {"pages": pages, "reported": total}).asked_at
    return Rows(_table(portal, pages, columns), total, cut, asked_at)


def _ask_pages(
    portal: Portal,
    service: str,
    params: Mapping[str, Any],
    expected: int | None,
    report: Callable[[int, int], None] | None,
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
        if report is not None:
            report(got, max(total, got))
        if got >= total or not rows:
            break
    return answers, total, None if got >= total else f"page {page} ended at row {got:,} of {total:,}"


def _recall(portal: Portal, question: Mapping[str, Any]) -> Answer | None:
    return None if portal.answers is None else portal.answers.recall(question)


def _keep(portal: Portal, question: Mapping[str, Any], content: Any) -> Answer:
    return Answer(content, time.time()) if portal.answers is None else portal.answers.keep(question, content)


def _table(portal: Portal, pages: list[dict[str, Any]], columns: Mapping[str, Any]) -> Table:
    try:
        return stacked([table_of(page, columns) for page in pages])
    except ArchiveError as error:
        raise ArchiveError(f"{portal.settings.server}: {error}; is this a MAST server?") from None


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
    from astroquery.exceptions import RemoteServiceError  # noqa: PLC0415

    name = "MAST portal"
    try:
        with web_errors(name):
            yield
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
