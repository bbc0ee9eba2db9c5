"""Rounds over a watch list."""

from prefect import get_run_logger

from jwstpipe.errors import JwstPipeError, PartialError
from jwstpipe.ingestion.watch import due, read_marks, read_watchlist, write_mark
from jwstpipe.requests import WatchEntry, WatchProgramsRequest
from jwstpipe.tasks.archive import Fetched, choose_ingest, fetch_files
from jwstpipe.tasks.images import register_files
from jwstpipe.tasks.run_context import Run
from jwstpipe.tasks.steps.stream import Stream

__all__ = ["watch_round"]


def watch_round(run: Run, request: WatchProgramsRequest) -> None:
    """Look after each entry; one that fails does not keep the others from being looked after.

    Raises
    ------
    PartialError
        Some entries failed; those that did not are done and noted.
    """
    entries = read_watchlist(request)
    failures = []
    for entry in entries:
        with run.step(f"watch {entry.name}", percent=100 / len(entries)):
            try:
                _look_after(run, request, entry)
            except JwstPipeError as error:
                failures.append(f"{entry.name}: {error}")
                run.note(failures[-1])
    if failures:
        raise PartialError(f"{len(failures)} of {len(entries)} entries failed, first {failures[0]}")


def _look_after(run: Run, request: WatchProgramsRequest, entry: WatchEntry) -> None:
    today = run.now().date()
    since = due(entry, read_marks(run.store).get(entry.name), today=today, request=request)
    chosen = choose_ingest(run, since or entry)
    if chosen:
        arrived: Stream[Fetched] = Stream()
        fetched = fetch_files(run, chosen, entry.source, arrived)
        records = register_files(run, arrived, Stream())
        run.files += len(fetched)
        run.bytes_moved += sum(found.bytes_moved for found in fetched)
        run.made(records.values())
        new = sum(found.bytes_moved > 0 for found in fetched)
    else:
        new = 0
    run.counts[f"new of {entry.name}"] = new
    write_mark(run.store, entry, today=today, full=since is None)
    what = "since the last round" if since else "in all"
    get_run_logger().info("%s: %d files %s, %d of them new", entry.name, len(chosen), what, new)
