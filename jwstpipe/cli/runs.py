"""Commands that run the flow: run and demo."""

import os
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from jwstpipe.cli.arguments import Home, Json, output_option
from jwstpipe.cli.context import choices_of, settings_of
from jwstpipe.cli.output import data, json_data, progress_bars, remark
from jwstpipe.cli.request_options import request_options
from jwstpipe.cli.server.prefect_server import PrefectServer, flush_history, private_folder, starting_server, use_server
from jwstpipe.cli.server.standing_run import standing_run
from jwstpipe.cli.tables import aligned, counted, duration, rows, say
from jwstpipe.errors import UsageError, require_extra
from jwstpipe.jobs.server import password_of
from jwstpipe.requests import ProcessTargetRequest
from jwstpipe.settings import ArchiveSettings, Settings, as_environment
from jwstpipe.storage import aside

if TYPE_CHECKING:
    from jwstpipe.jobs.report import RunReport

__all__ = ["demo", "run", "run_request"]


DEMO_TARGET = "JWSTPIPE DEMO"


@request_options(ProcessTargetRequest, arguments={"target": "TARGET"})
def run(
    context: typer.Context,
    *,
    request: ProcessTargetRequest,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Go the whole way: search, fetch, convert, mosaic, compose, publish.

    Examples: jwstpipe run "NGC 3132" --filter F090W,F187N; jwstpipe run "NGC 3132" --level 2 --preset nasa-press
    """
    run_request(context, request, home=home, as_json=as_json)


def run_request(context: typer.Context, request: ProcessTargetRequest, *, home: Path | None, as_json: bool) -> None:
    """Run a request in this process, beside a server of its own unless the site names one, and show what it made."""
    require_extra("prefect")
    settings = settings_of(context, home=home)
    if settings.prefect_api is None and (standing := standing_run(settings, request)) is not None:
        remark(f"nothing to do: all that this makes is there since run {standing.run_id}, and nothing has changed")
        if as_json:
            json_data(standing.model_dump())
        else:
            _show(standing, "", took=standing.total_seconds, whole=choices_of(context).verbose > 0)
        return
    with ExitStack() as stack:
        own = stack.enter_context(starting_server(settings.home / "prefect")) if settings.prefect_api is None else None
        api = settings.prefect_api or (own.api if own else "")
        report = _process(context, settings, request, api, own)
    if as_json:
        json_data(report.model_dump())
    else:
        _show(report, api, took=report.total_seconds, whole=choices_of(context).verbose > 0)


def demo(
    context: typer.Context,
    *,
    out: Annotated[Path, output_option("DIR", "folder for everything that the demo makes")] = Path("jwstpipe-demo"),
    size: Annotated[Literal["tiny", "small", "large"], typer.Option(help="size of the simulated programme")] = "small",
    as_json: Json = False,
) -> None:
    """Run the whole pipeline against a simulated archive on this machine, without network.

    Examples: jwstpipe demo --size small; jwstpipe demo -o /data/demo --size large
    """
    require_extra("prefect")
    from jwstpipe.cli.analysis.demo import demo_spectra
    from jwstpipe.simulate.exposures import simulate_programme
    from jwstpipe.simulate.spectroscopy import simulate_spectroscopy
    from jwstpipe.testing.local_archive.archive import serve_archive

    started = time.perf_counter()
    seconds: dict[str, float] = {}
    base = settings_of(context, home=out)
    with ExitStack() as stack:
        server = stack.enter_context(starting_server(out / "prefect"))
        remark(f"simulating a JWST programme ({size}) ...")
        with progress_bars(quiet=choices_of(context).quiet) as report:
            simulate_programme(
                out / "archive", size=size, target=DEMO_TARGET, workers=os.cpu_count() or 1, report=report
            )
        simulate_spectroscopy(out / "archive", target=DEMO_TARGET)
        seconds["simulate"] = round(time.perf_counter() - started, 2)
        archive = stack.enter_context(serve_archive(out / "archive"))
        settings = base.model_copy(update={"archive": _here(base.archive, archive.settings)})
        server.wait_until_ready()
        seconds["start servers"] = round(time.perf_counter() - started - seconds["simulate"], 2)
        request = ProcessTargetRequest(target=DEMO_TARGET, level=2)
        made = _process(context, settings, request, server.api, server)
        begun = time.perf_counter()
        shown = demo_spectra(settings, out, target=DEMO_TARGET)
        seconds["spectra"] = round(time.perf_counter() - begun, 2)
    report_all = made.model_copy(update={"seconds": {**seconds, **made.seconds}})
    picture = _copy_picture(made, out / "composite.png")
    if as_json:
        json_data({**report_all.model_dump(), "picture": str(picture), "spectra": [str(one) for one in shown]})
        return
    _show(report_all, server.api, took=time.perf_counter() - started, whole=choices_of(context).verbose > 0)
    rows([("picture", str(picture)), *(("spectra", str(one)) for one in shown)])
    remark(f"the servers of the demo have stopped; look at its run again with: jwstpipe up --home {out}")


def _here(wanted: ArchiveSettings, local: ArchiveSettings) -> ArchiveSettings:
    """Point the archive settings to the local archive, and keep all else."""
    return wanted.model_copy(update={"server": local.server, "bucket": local.bucket, "s3": local.s3})


def _process(
    context: typer.Context, settings: Settings, request: ProcessTargetRequest, api: str, server: PrefectServer | None
) -> "RunReport":
    """Run the flow in this process, its run recorded by the server at `api`, which may still be coming up."""
    folder = settings.home / "prefect"
    private_folder(folder)
    os.environ.update(as_environment(settings))
    password = server.password if server is not None else password_of(settings, api)
    use_server(api, folder, verbose=bool(choices_of(context).verbose), password=password)
    pages = f"{api.removesuffix('/api')}/runs"
    remark(f"watch the run: {server.entrance if server is not None and sys.stderr.isatty() else pages}")
    from jwstpipe.flows.process_target import process_target  # takes seconds, as the server does: both at once
    from jwstpipe.jobs.client import asking

    if server is not None:
        server.wait_until_ready()
    else:
        with asking(settings) as asked:  # one sentence now, where the flow would meet it in the middle of its start
            asked.get("/health")
    try:
        return process_target(request)
    finally:
        flush_history()


def _show(report: "RunReport", api: str, *, took: float, whole: bool) -> None:
    """Print what was made, in how many seconds, and where it lies; with `whole`, how long each step took."""
    made = counted(len(report.products), "product")
    moved = f"{report.bytes_moved / 1e6:,.1f} MB over the network, {duration(took)}"
    say(f"{report.request['target']}: {made} of {counted(report.files, 'file')}, {moved}")
    table = [["kind", "filter", "where"]]
    table += [[product.kind, product.filter or "several", product.where] for product in report.products]
    for line in aligned(table):
        data(line)
    steps = [(f"  {step}", f"{seconds:8.1f} s") for step, seconds in report.seconds.items()] if whole else []
    rows([*steps, ("Prefect", api.removesuffix("/api")), ("Dask", report.dashboard or "")], indent=20 if whole else 12)


def _copy_picture(report: "RunReport", target: Path) -> Path:
    pictures = [product for product in report.products if product.kind == "picture"]
    if not pictures:
        raise UsageError("the run made no picture")
    with aside(target) as partial:
        partial.write_bytes(Path(pictures[0].where).read_bytes())
    return target
