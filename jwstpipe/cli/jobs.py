"""Commands on jobs of a Prefect server: submit, jobs, status, watch, cancel, result."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args, get_origin

import typer

from jwstpipe.cli.arguments import Json, limit_option
from jwstpipe.cli.catalog.format import ID_LETTERS
from jwstpipe.cli.context import choices_of, settings_of
from jwstpipe.cli.output import data, json_data, progress_bars, remark
from jwstpipe.cli.tables import aligned, duration, rows
from jwstpipe.errors import UsageError

if TYPE_CHECKING:
    from jwstpipe.jobs.job import Job
    from jwstpipe.jobs.kinds import JobKind
    from jwstpipe.jobs.states import JobStatus

__all__ = ["cancel", "jobs", "result", "status", "submit", "watch"]

SHORT = 8
"""Letters of a job's id that are listed: every command takes the beginning of one."""

JobId = Annotated[str, typer.Argument(metavar="JOB", help="id of a job, or its beginning")]


def submit(
    context: typer.Context,
    kind: Annotated[str | None, typer.Argument(metavar="KIND", help="as mosaic; without one: which there are")] = None,
    values: Annotated[
        list[str] | None, typer.Argument(metavar="NAME=VALUE...", help="values of the request; lists with commas")
    ] = None,
    *,
    request: Annotated[
        str | None, typer.Option(metavar="FILE.json", help="the request as JSON instead; - reads stdin")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="run it again although it is done")] = False,
    watch_it: Annotated[bool, typer.Option("--watch", help="wait until it ends")] = False,
    as_json: Json = False,
) -> None:
    """Ask a Prefect server for a job; the same request twice is one job.

    Examples: jwstpipe submit process-target target="NGC 3132" --watch; jwstpipe submit mosaic target=M51 filters=F200W
    """
    from jwstpipe.jobs.kinds import KINDS, job_kind
    from jwstpipe.jobs.submission import submit as ask

    if kind is None:
        for each in KINDS.values():
            _show_kind(each, as_json=as_json)
        return
    what = job_kind(kind)
    if not values and request is None:
        remark(f"jwstpipe submit {what.name} NAME=VALUE...")
        _show_fields(what, as_json=as_json)
        return
    job = ask(what.name, _request(what, values or [], request), force=force, settings=settings_of(context))
    if watch_it:
        _watch(context, job, as_json=as_json)
        return
    status = job.status()
    _show(job, status, as_json=as_json)
    if status.message:
        remark(f"{status.state}: {status.message}")


def _request(kind: "JobKind", words: list[str], file: str | None) -> dict[str, Any]:
    given: dict[str, Any] = {}
    if file is not None:
        try:
            given = json.loads(sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8"))
        except OSError as error:
            raise UsageError(f"cannot read the request {file}: {error.strerror}") from None
        except ValueError as error:
            raise UsageError(f"the request {file} is not JSON: {error}") from None
        if not isinstance(given, dict):
            raise UsageError(f"the request {file} is not a JSON object of names and values")
    from jwstpipe.cli.request_options import field_value

    fields = kind.request.model_fields
    named: dict[str, Any] = {}
    for word in words:
        name, separator, value = word.partition("=")
        if not separator:
            raise UsageError(f"{word!r}: write NAME=VALUE; jwstpipe submit {kind.name} lists the names")
        if name not in fields:
            raise UsageError(f"{kind.name} takes no {name!r}; it takes {', '.join(fields)}")
        found = field_value(fields[name], value)
        named[name] = (
            (*named[name], *found) if isinstance(found, tuple) and isinstance(named.get(name), tuple) else found
        )
    return given | named


def _leaves(annotation: Any) -> list[Any]:
    """Take a type apart: ``Literal[2, 3] | None`` is 2, 3 and None."""
    origin = get_origin(annotation)
    if origin is None:
        return [annotation]
    if origin is tuple:
        return [tuple]
    return [leaf for part in get_args(annotation) for leaf in _leaves(part)]


def _show_kind(kind: "JobKind", *, as_json: bool) -> None:
    if as_json:
        json_data({"kind": kind.name, "summary": kind.summary, "schema": kind.request.model_json_schema()})
    else:
        rows([(kind.flow_name, kind.summary)], indent=18)


def _show_fields(kind: "JobKind", *, as_json: bool) -> None:
    if as_json:
        json_data(kind.request.model_json_schema())
        return
    rows(((name, _field_help(field)) for name, field in kind.request.model_fields.items()), indent=20)


def _field_help(field: Any) -> str:
    """Say what a field is for, what it may be, and what it is where nothing is said."""
    choices = [str(leaf) for leaf in _leaves(field.annotation) if isinstance(leaf, str | int)]
    usual = field.default
    silent = usual is None or usual is False or usual == ()
    shown = ",".join(map(str, usual)) if isinstance(usual, tuple) else str(usual)
    notes = ["needed"] if field.is_required() else [] if silent else [f"default {shown}"]
    notes += [f"one of {', '.join(choices)}"] if choices else []
    told = f" ({'; '.join(notes)})" if notes else ""
    return f"{field.description}{told}"


def jobs(
    context: typer.Context,
    kind: Annotated[str | None, typer.Argument(metavar="KIND", help="only of this kind")] = None,
    *,
    state: Annotated[
        Literal["waiting", "running", "cancelling", "done", "failed", "crashed", "cancelled"] | None,
        typer.Option(help="only in this state"),
    ] = None,
    limit: Annotated[int, limit_option("jobs", least=1)] = 20,
    as_json: Json = False,
) -> None:
    """List jobs, the newest first.

    Examples: jwstpipe jobs; jwstpipe jobs mosaic --state failed --json
    """
    from jwstpipe.jobs.listing import listed

    found = listed(kind, state=state, limit=limit, settings=settings_of(context))
    if as_json:
        for job, status in found:
            json_data(_facts(job, status))
        return
    whole = choices_of(context).verbose > 0
    table = [["job", "state", "time", "kind", "of"]]
    for job, status in found:
        shown = job.id if whole else job.id[:SHORT]
        table.append([shown, status.state, duration(status.seconds), job.kind.replace("_", "-"), job.title])
    for line in aligned(table, right=(2,)) if found else ():
        data(line)


def status(context: typer.Context, job_id: JobId, *, as_json: Json = False) -> None:
    """Tell how a job stands, and how far it is.

    Examples: jwstpipe status 3f2a91c4; jwstpipe status 3f2a91c4 --json
    """
    job = _find(context, job_id)
    found, progress = job.status(), job.progress()
    if as_json:
        json_data({**_facts(job, found), "percent": progress.percent, "stages": progress.stages})
        return
    _show(job, found, as_json=False)
    stages = [("", f"{percent:5.1f} %  {stage}") for stage, percent in progress.stages.items()]
    rows(
        [("because", found.message), ("done", f"{progress.percent:5.1f} %  of the whole"), *stages, ("page", job.page)]
    )


def watch(context: typer.Context, job_id: JobId, *, as_json: Json = False) -> None:
    """Wait until a job ends, and show its progress; the exit code tells how it ended.

    Examples: jwstpipe watch 3f2a91c4; jwstpipe watch 3f2a91c4 --quiet --json
    """
    _watch(context, _find(context, job_id), as_json=as_json)


def cancel(context: typer.Context, job_id: JobId, *, as_json: Json = False) -> None:
    """Stop a job; what was published before stays, nothing half-done is visible.

    Examples: jwstpipe cancel 3f2a91c4; jwstpipe cancel 3f2a91c4 --json
    """
    job = _find(context, job_id)
    before = job.status()
    _show(job, before if before.ended else job.cancel(), as_json=as_json)
    if before.ended:
        remark(f"it had ended before: {before.state}")


def result(context: typer.Context, job_id: JobId, *, as_json: Json = False) -> None:
    """Tell what a job made and where it lies.

    Examples: jwstpipe result 3f2a91c4; jwstpipe result 3f2a91c4 --json
    """
    report = _find(context, job_id).report()
    if as_json:
        json_data(report.model_dump(mode="json"))
        return
    head = ["kind", "filter", "id", "where"]
    made = [[one.kind, one.filter or "several", one.product_id[:ID_LETTERS], one.where] for one in report.products]
    for line in aligned([head, *made]) if made else ():
        data(line)
    rows(((name.replace("_", " "), f"{count:,}") for name, count in report.counts.items()), indent=20)
    for note in report.notes:
        remark(f"note: {note}")
    remark(f"{report.title}: {len(report.products)} products, {report.total_seconds:.0f} s")


def _find(context: typer.Context, job_id: str) -> "Job":
    from jwstpipe.jobs.listing import find_job

    return find_job(job_id, settings=settings_of(context))


def _watch(context: typer.Context, job: "Job", *, as_json: bool) -> None:
    remark(f"{job.kind} {job.id}: {job.page}")
    with progress_bars(quiet=choices_of(context).quiet) as report:
        ended = job.watch(report)
    _show(job, ended, as_json=as_json)
    if ended.bad:
        raise ended.error(f"{job.kind} {job.id}")


def _show(job: "Job", status: "JobStatus", *, as_json: bool) -> None:
    if as_json:
        json_data(_facts(job, status))
    else:
        title = f"{job.kind.replace('_', '-')}: {job.title}"
        rows([("job", job.id), ("what", title), ("state", f"{status.state}, {duration(status.seconds)}")])


def _facts(job: "Job", status: "JobStatus") -> dict[str, Any]:
    return {
        "schema_version": 1,
        "job": job.id,
        "kind": job.kind,
        "title": job.title,
        "state": status.state,
        "message": status.message,
        "started": None if status.started is None else status.started.isoformat(),
        "seconds": status.seconds,
        "page": job.page,
    }
