"""Whether a request can work at all, asked before a run is begun: a target that nobody knows, nothing to work on."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from jwstpipe.errors import NotFoundError, ServiceError
from jwstpipe.jobs.kinds import JobKind
from jwstpipe.jobs.server import api_address, running_server
from jwstpipe.requests import Request
from jwstpipe.settings import Settings

if TYPE_CHECKING:
    from jwstpipe.catalog.catalog import Catalog

__all__ = ["refuse_impossible"]

OF_THE_ARCHIVE = frozenset({"process_target", "ingest"})
"""Kinds whose target is searched for in the archive; that of the others is one of the catalogue."""

CHOOSING = ("target", "products", "program", "instrument", "filters")
"""Fields by which a request chooses products of the catalogue."""

MOST_NAMES = 1000
"""Products named that are looked for; of more the run says what it lacks."""


def refuse_impossible(kind: JobKind, request: Request, settings: Settings) -> None:
    """Refuse what is certain to fail.

    Parameters
    ----------
    kind, request
        What is asked for.
    settings
        Of the site. Where it is not certain that the runs of its server use the same archive and catalogue, nothing is
        looked at: the run says it then.

    Raises
    ------
    TargetNotFoundError
        No resolver knows the target.
    NotFoundError
        The catalogue has nothing of what the request chooses, or not a product that it names.
    """
    if running_server(settings.home) != api_address(settings):
        return
    with suppress(ServiceError):  # what does not answer now may do so for the run
        if kind.name in OF_THE_ARCHIVE:
            _refuse_unknown(request, settings)
        else:
            _refuse_empty(request, settings)


def _refuse_unknown(request: Request, settings: Settings) -> None:
    target = getattr(request, "target", None)
    if target is None or getattr(request, "observations", None):
        return
    from jwstpipe.archive.search.name_service import require_known_name  # noqa: PLC0415 - only names are asked for
    from jwstpipe.requests.fields.angles import position_in  # noqa: PLC0415

    if position_in(target) is None:
        require_known_name(settings.archive, target)


def _refuse_empty(request: Request, settings: Settings) -> None:
    chosen = {name: value for name in CHOOSING if (value := getattr(request, name, None))}
    address = str(settings.catalog_address)
    if not chosen or ("://" not in address and not Path(address).expanduser().exists()):
        return
    from jwstpipe.catalog.catalog import open_catalog  # noqa: PLC0415 - only a request that chooses needs it
    from jwstpipe.catalog.query import RecordQuery  # noqa: PLC0415

    query = RecordQuery(
        target=chosen.get("target"),
        program=chosen.get("program"),
        instrument=(chosen["instrument"],) if "instrument" in chosen else (),
        filter=chosen.get("filters", ()),
    )
    with open_catalog(address) as catalog:
        names = tuple(dict.fromkeys(chosen.get("products", ())))
        _refuse_strange(catalog, names[:MOST_NAMES])
        if query != RecordQuery() and not catalog.find(query, limit=1):
            raise NotFoundError(
                f"{request.summary()}: the catalogue has nothing of it; jwstpipe catalog find lists what there is"
            )


def _refuse_strange(catalog: "Catalog", names: Sequence[str]) -> None:
    """Refuse names that no product has, as an id or as that of its file."""
    from jwstpipe.catalog.query import RecordQuery  # noqa: PLC0415 - as above

    ids = catalog.get_many(names)
    for name in names:
        if name not in ids and not catalog.find(RecordQuery(file_name=name), limit=1):
            raise NotFoundError(
                f"{name}: no product of the catalogue has this id or file name; jwstpipe catalog find lists them"
            )
