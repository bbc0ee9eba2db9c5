"""What a run made, as values: written into the store when the run ends, read back by whoever asked for it."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from jwstpipe import __version__
from jwstpipe.errors import DataError, NotFoundError
from jwstpipe.identity import content_id
from jwstpipe.requests import Request
from jwstpipe.storage import ObjectStore

__all__ = ["MadeProduct", "RunReport", "last_report", "read_report", "report_key", "write_report"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class MadeProduct(_Frozen):
    """One product of a run."""

    kind: str
    """archive, image, mosaic, picture, thumbnail or export."""

    product_id: str
    name: str
    """For people, as ``nircam_f200w_mosaic.zarr``."""

    filter: str | None
    """None where it holds several."""

    inputs: int
    """Number of its parents; its lineage names them."""

    where: str
    """Address: a local path or an ``s3://`` URL."""

    reused: bool
    """True where it was there before the run."""


class RunReport(_Frozen):
    """What a run made, from what, in how much time."""

    kind: str
    """Kind of job, as ``process_target``."""

    title: str
    """What it was about, for people."""

    run_id: str
    request: dict[str, Any]
    """The parameters that were in effect, defaults included."""

    version: str
    """Version of jwstpipe."""

    products: tuple[MadeProduct, ...] = ()
    files: int = 0
    """Archive files that took part."""

    bytes_moved: int = 0
    """Bytes over the network; 0 when everything was here."""

    counts: dict[str, int] = {}
    """What else the run counted, as ``{"removed": 3}``."""

    notes: tuple[str, ...] = ()
    """What a person should know: replaced values, fallbacks, files that were left out."""

    seconds: dict[str, float] = {}
    """Duration of each step; those that go on side by side share the clock."""

    total_seconds: float = 0.0
    """Duration of the run."""

    dashboard: str | None = None
    """Address of the Dask dashboard while the run lasted."""


def report_key(run_id: str) -> str:
    """Name the place of a run's report in the store."""
    return f"runs/{run_id}/report.json"


def write_report(store: ObjectStore, report: RunReport) -> None:
    """Keep the report of a run beside its products, and note that it was the last of its request."""
    store.write_bytes(report_key(report.run_id), report.model_dump_json(indent=1).encode())
    store.write_bytes(_last_key(report.kind, report.request), report.run_id.encode())


def last_report(store: ObjectStore, kind: str, request: Request) -> RunReport | None:
    """Read the report of the last run of a request that ended well with this version; None where there was none."""
    key = _last_key(kind, request.model_dump(mode="json"))
    if not store.exists(key):
        return None
    try:
        return read_report(store, store.read_bytes(key).decode())
    except NotFoundError:  # somebody removed it
        return None


def _last_key(kind: str, request: Mapping[str, Any]) -> str:
    return f"runs/last/{content_id({'kind': kind, 'request': dict(request), 'version': __version__})}"


def read_report(store: ObjectStore, run_id: str) -> RunReport:
    """Read the report of a run that ended well.

    Raises
    ------
    NotFoundError
        The store has none: the run did not end well, or it used another store.
    DataError
        It is of another version.
    """
    key = report_key(run_id)
    if not store.exists(key):
        raise NotFoundError(f"{store.url(key)}: no report of this run; is this the store that the run used?")
    try:
        return RunReport.model_validate_json(store.read_bytes(key))
    except ValueError as error:
        raise DataError(f"{store.url(key)}: not a report that this version reads: {error}") from None
