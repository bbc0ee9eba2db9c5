"""The command around transfers that stand in the middle: list, pause, resume, cancel, clean."""

import time
from typing import Any

import typer

from jwstpipe.cli.arguments import Json
from jwstpipe.cli.context import choices_of, settings_of
from jwstpipe.cli.output import data, json_data, progress_bars, remark
from jwstpipe.cli.request_options import request_options
from jwstpipe.errors import NotFoundError
from jwstpipe.requests.archive.transfers import TransfersRequest

__all__ = ["transfers"]


@request_options(TransfersRequest, arguments={"order": "[list|pause|resume|cancel|clean]", "names": "[FILE|OBS_ID]..."})
def transfers(
    context: typer.Context,
    *,
    request: TransfersRequest,
    as_json: Json = False,
) -> None:
    """List files of the archive that are not whole yet; pause, resume or cancel their transfers."""
    from jwstpipe.archive.transfer import control
    from jwstpipe.ingestion import arrivals
    from jwstpipe.storage import open_store

    settings = settings_of(context)
    place = arrivals(open_store(settings.store_root, s3=settings.s3), settings)
    order, chosen = request.order, list(request.names)
    if order == "resume":
        _resume(context, settings, control.resume(place, chosen), as_json=as_json)
        return
    if order == "list":
        found = [entry for entry in control.pending(place) if not chosen or {entry.file_name, entry.obs_id} & {*chosen}]
    elif order == "clean":
        found = list(control.sweep(place, older_than_s=settings.archive.parts_kept_days * 86400.0))
    else:
        found = list(control.pause(place, chosen) if order == "pause" else control.cancel(place, chosen))
    for entry in found:
        if as_json:
            json_data({**vars(entry), "order": order})
        else:
            hours = (time.time() - entry.touched_at) / 3600
            data(
                f"{entry.file_name:64s} {entry.state:11s} {entry.here / 1e6:10.1f} of {entry.size / 1e6:10.1f} MB"
                f"  {entry.source:5s} {hours:6.1f} h ago"
            )
    done = {"list": "in the middle", "pause": "paused", "cancel": "cancelled", "clean": "removed"}[order]
    remark(f"{len(found)} transfers {done}")


def _resume(context: typer.Context, settings: Any, products: Any, *, as_json: bool) -> None:
    from jwstpipe.cli.archive.observations import show_ingested
    from jwstpipe.ingestion import ingest_products

    if not products:
        raise NotFoundError(
            "no transfer is paused or interrupted; `jwstpipe transfers` lists what stands in the middle"
        )
    with progress_bars(quiet=choices_of(context).quiet) as report:
        done = ingest_products(products, settings=settings, report=report)
    show_ingested(done, as_json=as_json)
    done.require_all()
