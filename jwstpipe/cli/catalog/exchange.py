"""Records out and in: JSON lines, CSV, ECSV, FITS tables."""

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from jwstpipe.cli.catalog.options import Home, User, opened
from jwstpipe.cli.output import data, remark
from jwstpipe.cli.request_options import request_options
from jwstpipe.errors import UsageError
from jwstpipe.requests.archive.records import RecordConditions

__all__ = ["export", "import_records"]


@request_options(RecordConditions, into="conditions")
def export(
    context: typer.Context,
    out: Annotated[str, typer.Argument(metavar="[OUT.jsonl|.csv|.ecsv|.fits]", help="none: JSON lines, stdout")] = "-",
    *,
    conditions: RecordConditions,
    user: User = None,
    home: Home = None,
) -> None:
    """Write records as JSON lines (everything), CSV, ECSV or a FITS table (what fits in columns)."""
    from jwstpipe.catalog.maintenance.export import record_line, records_csv, records_table
    from jwstpipe.catalog.query import record_query
    from jwstpipe.storage import aside

    query = record_query(conditions, usual=())
    ending = "jsonl" if out == "-" else Path(out).suffix.lstrip(".").lower()
    if ending not in ("jsonl", "json", "csv", "ecsv", "fits"):
        raise UsageError(f"{out}: records are written as .jsonl, .csv, .ecsv or .fits")
    with opened(context, home=home, user=user) as (catalog, _):
        records = catalog.each(query, sort="oldest")
        if out == "-":
            for record in records:
                data(record_line(record))
            return
        count = 0
        with aside(Path(out)) as partial:
            if ending in ("jsonl", "json"):
                with partial.open("w", encoding="utf-8", newline="\n") as stream:
                    for count, record in enumerate(records, 1):  # noqa: B007 - the count is told
                        stream.write(f"{record_line(record)}\n")
            elif ending == "csv":
                with partial.open("w", encoding="utf-8", newline="") as stream:
                    count = records_csv(records, stream)
            else:
                table = records_table(records)
                count = len(table)
                table.write(partial, format="ascii.ecsv" if ending == "ecsv" else "fits")
    remark(f"{count} records written to {out}")


def import_records(
    context: typer.Context,
    source: Annotated[str, typer.Argument(metavar="IN.jsonl|.csv|-")],
    *, user: User = None, home: Home = None,
) -> None:  # fmt: skip
    """Enter records that `export` wrote; all are checked before the first is entered."""
    from jwstpipe.catalog.maintenance.record_import import import_lines, import_table, text_lines
    from jwstpipe.storage import storage_errors

    read = import_table if source.endswith(".csv") else import_lines
    with opened(context, home=home, user=user) as (catalog, _), ExitStack() as stack:
        with storage_errors(source):
            stream = sys.stdin.buffer if source == "-" else stack.enter_context(Path(source).open("rb"))
        count = read(catalog, text_lines(stream, name=source), name=source)
    remark(f"{count} records entered")
