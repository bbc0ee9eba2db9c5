"""From a sky target to a colour mosaic: search, fetch, register, convert, mosaic, compose, publish."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from prefect import flow, get_run_logger
from pydantic import BaseModel, ConfigDict

from jwstpipe.catalog.models import ProductRecord
from jwstpipe.requests import ProcessTargetRequest
from jwstpipe.settings import load_settings
from tasks.archive import choose_files, fetch_files
from tasks.artifacts import link, markdown, table
from tasks.images import convert_files, make_thumbnails, register_files
from tasks.mosaic import build_filter, plan_filters
from tasks.render import make_composite
from tasks.run import Run, open_run

__all__ = ["TargetReport", "process_target"]


class TargetReport(BaseModel):
    """What a run made."""

    model_config = ConfigDict(frozen=True)

    target: str
    run_id: str
    files: int
    bytes_moved: int
    """Bytes over the network; 0 when everything was here."""

    products: tuple[dict[str, Any], ...]
    """Mosaics and pictures: kind, filter, product_id, where, parents."""

    seconds: dict[str, float]
    """Duration of each step."""

    dashboard: str | None
    """Address of the Dask dashboard while the run lasted."""


@flow(name="process-target", flow_run_name="{request.target}", persist_result=False)
def process_target(request: ProcessTargetRequest) -> TargetReport:
    """Make mosaics and a colour picture of a sky target.

    Searches the archive around the target, fetches the images that it chooses, converts them to image stores, makes
    one mosaic for each filter on a common grid, and a picture of all filters. What was done before is reused.
    """
    settings = load_settings()
    clock = _Clock()
    with open_run(settings) as run:
        if run.workers.dashboard_link:
            link(run.workers.dashboard_link, key="dask-dashboard", text="Dask dashboard of this run")
        with clock.step("search"):
            chosen = choose_files(run, request)
        with clock.step("transfer"):
            fetched = fetch_files(run, chosen)
        with clock.step("register"):
            files = register_files(run, fetched)
        with clock.step("convert"):
            images = convert_files(run, files)
        with clock.step("thumbnails"):
            make_thumbnails(run, images)
        with clock.step("plan"):
            plans = plan_filters(run, request, images)
        mosaics = []
        for planned in plans:
            with clock.step(f"mosaic {planned.filter}"):
                mosaics.append(build_filter(run, planned))
        with clock.step("composite"):
            picture = make_composite(run, request, mosaics)
        report = TargetReport(
            target=request.target,
            run_id=run.run_id,
            files=len(files),
            bytes_moved=sum(found.bytes_moved for found in fetched),
            products=tuple(_row(run, record) for record in (*mosaics, picture)),
            seconds=clock.seconds,
            dashboard=run.workers.dashboard_link,
        )
        _show(report)
    return report


class _Clock:
    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - started, 2)


def _row(run: Run, record: ProductRecord) -> dict[str, Any]:
    info = record.image_info
    return {
        "kind": record.kind,
        "filter": (info.filter if info else None) or "all",
        "product_id": record.product_id,
        "inputs": len(record.parents),
        "where": run.store.url(str(record.storage_key)),
    }


def _show(report: TargetReport) -> None:
    table(report.products, key="products", description=f"Products of {report.target}")
    steps = "\n".join(f"| {name} | {seconds:.1f} |" for name, seconds in report.seconds.items())
    markdown(
        f"# {report.target}\n\n{report.files} files, {report.bytes_moved / 1e6:.1f} MB over the network,"
        f" {len(report.products)} products.\n\n| step | seconds |\n|---|---|\n{steps}\n",
        key="report",
        description=f"Report on {report.target}",
    )
    get_run_logger().info(
        "%d products of %s in %.0f s", len(report.products), report.target, sum(report.seconds.values())
    )
