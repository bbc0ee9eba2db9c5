"""The command `doctor`: looks at every part and says how to mend it."""

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec
from typing import TYPE_CHECKING, Literal
from uuid import uuid4

import typer

from jwstpipe.cli.arguments import Home, Json
from jwstpipe.cli.context import settings_of
from jwstpipe.cli.output import json_data, remark
from jwstpipe.cli.tables import rows
from jwstpipe.errors import JwstPipeError, ServiceError
from jwstpipe.redaction import redacted
from jwstpipe.settings import Settings

if TYPE_CHECKING:
    import requests

__all__ = ["Finding", "doctor"]

LOW_GIGABYTES = 10.0
"""Free space below which a home is called low: less than one programme of exposures."""

CLOCK_SECONDS = 60.0
"""A clock that is wrong by more makes S3 refuse signatures and leases run out early."""

ANSWER_SECONDS = 10.0


@dataclass(frozen=True)
class Finding:
    """What was found of one part."""

    part: str
    state: Literal["ok", "warning", "fault"]
    says: str
    mend: str = ""
    """What to do; empty where nothing is to be done."""


class _TroubleError(Exception):
    def __init__(self, state: Literal["warning", "fault"], says: str, mend: str) -> None:
        super().__init__(says)
        self.finding = (state, says, mend)


def doctor(
    context: typer.Context,
    *,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Check every part, and say how to mend what is broken; exit code 5 if a part does not work.

    Examples: jwstpipe doctor; jwstpipe doctor --home /data/jwst --json
    """
    settings = settings_of(context, home=home)
    findings = [_look(part, check, settings) for part, check in _CHECKS.items()]
    for finding in findings:
        if as_json:
            json_data(asdict(finding))
            continue
        mend = f"-> {finding.mend}" if finding.mend else ""
        rows([(f"{finding.state:8s} {finding.part}", finding.says), ("", mend)], indent=22)
    faults = [finding.part for finding in findings if finding.state == "fault"]
    if faults:
        raise ServiceError(f"not in order: {', '.join(faults)}")
    remark("everything that is needed works")


def _look(part: str, check: Callable[[Settings], str], settings: Settings) -> Finding:
    try:
        return Finding(part, "ok", redacted(check(settings)))
    except _TroubleError as trouble:
        state, says, mend = trouble.finding
        return Finding(part, state, redacted(says), mend)
    except JwstPipeError as error:
        says, _, mend = " ".join(str(error).split()).rpartition("; ")
        return Finding(part, "fault", says or str(error), mend if says else "")


def _python(settings: Settings) -> str:
    del settings
    if sys.version_info < (3, 11):  # noqa: UP036 - the package may have been forced onto an older one
        raise _TroubleError("fault", f"Python {sys.version.split()[0]}", "jwstpipe needs Python 3.11 or newer")
    return f"Python {sys.version.split()[0]} at {sys.executable}"


def _packages(settings: Settings) -> str:
    from packaging.requirements import Requirement

    del settings
    wrong = []
    for line in requires("jwstpipe") or []:
        wanted = Requirement(line)
        if wanted.marker is not None and not wanted.marker.evaluate({"extra": ""}):
            continue
        try:
            found = version(wanted.name)
        except PackageNotFoundError:
            wrong.append(f"{wanted.name} is missing")
            continue
        if not wanted.specifier.contains(found, prereleases=True):
            wrong.append(f"{wanted.name} {found} is not {wanted.specifier}")
    if wrong:
        raise _TroubleError("fault", "; ".join(wrong), "install what the lock says: make setup")
    return ", ".join(f"{name} {_version(name)}" for name in ("jwstpipe", "astropy", "zarr", "prefect", "distributed"))


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _disk(settings: Settings) -> str:
    home = settings.home.expanduser().resolve()
    standing = next(folder for folder in (home, *home.parents) if folder.exists())
    free = shutil.disk_usage(standing).free / 1e9
    if free < LOW_GIGABYTES:
        raise _TroubleError("warning", f"{free:.1f} GB free for {home}", "free some, or choose another --home")
    return f"{free:.0f} GB free for {home}"


def _store(settings: Settings) -> str:
    from jwstpipe.storage import open_store

    store = open_store(settings.store_root, s3=settings.s3)
    key, content = f"runs/doctor-{uuid4().hex[:12]}", b"written by jwstpipe doctor"
    store.write_bytes(key, content)
    try:
        if store.read_bytes(key) != content:
            raise _TroubleError("fault", f"{store.root} gives back other bytes than were written", "check the server")
    finally:
        store.delete(key)
    return f"{store.root}: written, read, deleted"


def _catalogue(settings: Settings) -> str:
    from jwstpipe.catalog.catalog import open_catalog

    with open_catalog(settings.catalog_address) as catalog:
        return f"{catalog.database.address}: {catalog.count():,} products"


def _dask(settings: Settings) -> str:
    from jwstpipe.execution.workers import ThreadWorkers, open_workers

    patient = settings.execution.model_copy(update={"patience_s": min(settings.execution.patience_s, ANSWER_SECONDS)})
    with open_workers(patient) as workers:
        if isinstance(workers, ThreadWorkers):
            return f"{workers.threads} threads of each run's own process"
        client = getattr(workers, "client")  # noqa: B009 - only Dask workers have one
        try:
            client.get_versions(check=True)
        except ValueError as error:
            answered = " ".join(str(error).split())
            raise _TroubleError("warning", answered, "install the same lock on scheduler and workers") from None
        count = len(client.scheduler_info(n_workers=-1)["workers"])
        return f"{settings.execution.cluster}: {count} workers, same versions"


def _prefect(settings: Settings) -> str:
    if find_spec("prefect") is None:
        return "not installed, and needed by no verb: pip install 'jwstpipe[server]' for flows and dashboards"
    from jwstpipe.jobs.client import asking
    from jwstpipe.jobs.kinds import KINDS
    from jwstpipe.jobs.server import api_address

    api = api_address(settings)
    try:
        with asking(settings) as asked:
            server = str(asked.get("/admin/version"))
            flows = {flow["id"]: flow["name"] for flow in asked.post("/flows/filter", {"limit": 200})}
            deployed = {flows.get(one["flow_id"]) for one in asked.post("/deployments/filter", {"limit": 200})}
    except ServiceError as error:
        state: Literal["warning", "fault"] = "fault" if settings.prefect_api else "warning"
        raise _TroubleError(
            state, str(error).partition(";")[0], "start it: jwstpipe up (jwstpipe run needs none)"
        ) from None
    if server != version("prefect"):
        says = f"{api} is version {server}, this is {version('prefect')}"
        raise _TroubleError("fault", says, "use one version everywhere: install the same lock")
    missing = sorted(kind.flow_name for kind in KINDS.values() if kind.flow_name not in deployed)
    if missing:
        raise _TroubleError(
            "warning", f"{api} has no deployment of {', '.join(missing)}", "jwstpipe up, or see docs/operations.md"
        )
    return f"{api}: version {server}, {len(KINDS)} flows deployed"


def _archive(settings: Settings) -> str:
    answer = _answer(settings)
    return f"{settings.archive.server} answers ({answer.status_code})"


def _clock(settings: Settings) -> str:
    answer = _answer(settings)
    answered = answer.headers.get("Date")
    if answered is None:
        raise _TroubleError("warning", "the archive tells no time to compare with", "")
    off = abs((datetime.now(UTC) - parsedate_to_datetime(answered)).total_seconds())
    if off > CLOCK_SECONDS:
        raise _TroubleError("fault", f"the clock is off by {off:.0f} s", "set it: timedatectl set-ntp true")
    return f"right within {off:.0f} s"


def _answer(settings: Settings) -> "requests.Response":
    import requests

    server = settings.archive.server
    with _network(server):
        return requests.head(server, timeout=ANSWER_SECONDS, allow_redirects=False)


@contextmanager
def _network(server: str) -> Iterator[None]:
    import requests

    try:
        yield
    except requests.RequestException as error:
        reason = type(error).__name__
        raise _TroubleError(
            "warning", f"{server} does not answer ({reason})", "check network and proxy; what is here can be worked on"
        ) from None


def _words(settings: Settings) -> str:
    from jwstpipe.discovery.words.encoder import load_encoder
    from jwstpipe.discovery.words.evaluate import evaluate

    plain = evaluate()
    told = f"{len(plain.each)} queries, nDCG@10 {plain.ndcg:.3f}"
    encoder = load_encoder(settings.discovery.encoder)
    if encoder is None:
        return f"{told}; no encoder"
    mixed = evaluate(encoder=encoder)
    told += f" without {encoder.name}, {mixed.ndcg:.3f} with it"
    if mixed.ndcg < plain.ndcg - 0.005:
        raise _TroubleError("warning", told, "it makes finding by words worse: leave discovery.encoder empty")
    return told


def _telemetry(settings: Settings) -> str:
    from jwstpipe.cli.server.prefect_server import QUIET

    del settings
    return (
        f"off in all that jwstpipe starts ({', '.join(name for name in QUIET if 'TRACK' in name or 'ANALYT' in name)})"
    )


_CHECKS: dict[str, Callable[[Settings], str]] = {
    "python": _python,
    "packages": _packages,
    "disk": _disk,
    "store": _store,
    "catalogue": _catalogue,
    "dask": _dask,
    "prefect": _prefect,
    "archive": _archive,
    "clock": _clock,
    "words": _words,
    "telemetry": _telemetry,
}
