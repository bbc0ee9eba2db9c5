"""The command around transfers that stand in the middle: list, pause, resume, cancel, clean."""

import time
from typing import TYPE_CHECKING

import typer

from jwstpipe.cli.arguments import Json
from jwstpipe.cli.context import choices_of, settings_of
from jwstpipe.cli.output import data, json_data, progress_bars, remark
from jwstpipe.cli.request_options import request_options
from jwstpipe.cli.tables import aligned, duration
from jwstpipe.errors import NotFoundError
from jwstpipe.requests.archive.transfers import TransfersRequest

if TYPE_CHECKING:
    from jwstpipe.settings import Settings

__all__ = ["transfers"]


@request_options(TransfersRequest, arguments={"order": "[list|pause|resume|cancel|clean]", "names": "[FILE|OBS_ID]..."})
def transfers(
    context: typer.Context,
    *,
    request: TransfersRequest,
    as_json: Json = False,
) -> None:
    """List files of the archive that are not whole yet; pause, resume or cancel their transfers.

    Examples: jwstpipe transfers; jwstpipe transfers resume jw02733-o001_t001_nircam_clear-f090w_i2d.fits
    """
    from jwstpipe.api.archive import transfers as api

    settings = settings_of(context)
    order, names = request.order, request.names
    if order == "resume":
        _resume(context, settings, names, as_json=as_json)
        return
    if order == "clean":
        found = api.clean_transfers(settings=settings)
    else:
        verb = {"list": api.find_transfers, "pause": api.pause_transfers, "cancel": api.cancel_transfers}[order]
        found = verb(names, settings=settings)
    if as_json:
        for entry in found:
            json_data({**vars(entry), "order": order})
    elif found:
        table = [["state", "here", "of (MB)", "from", "last moved", "file"]]
        for entry in found:
            here, size = f"{entry.here / 1e6:,.1f}", f"{entry.size / 1e6:,.1f}"
            last = f"{duration(time.time() - entry.touched_at)} ago"
            table.append([entry.state, here, size, entry.source, last, entry.file_name])
        for line in aligned(table, right=(1, 2, 4)):
            data(line)
    done = {"list": "in the middle", "pause": "paused", "cancel": "cancelled", "clean": "removed"}[order]
    remark(f"{len(found)} transfers {done}")


def _resume(context: typer.Context, settings: "Settings", names: tuple[str, ...], *, as_json: bool) -> None:
    from jwstpipe.api.archive.transfers import resume_transfers
    from jwstpipe.cli.archive.observations import show_ingested

    with progress_bars(quiet=choices_of(context).quiet) as report:
        done = resume_transfers(names, settings=settings, report=report)
    if not (done.entries or done.failures):
        raise NotFoundError(
            "no transfer is paused or interrupted; `jwstpipe transfers` lists what stands in the middle"
        )
    show_ingested(done, as_json=as_json)
    done.require_all()
