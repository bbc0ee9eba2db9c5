"""Records out and in: JSON lines, CSV, ECSV, FITS tables."""

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from jwstpipe.cli.arguments import Home, Overwrite, User, output_option
from jwstpipe.cli.catalog.opened import opened
from jwstpipe.cli.output import data, remark
from jwstpipe.cli.request_options import request_options
from jwstpipe.errors import UsageError
from jwstpipe.requests.archive.records import RecordConditions

__all__ = ["export", "import_records"]

FORMS = (".jsonl", ".json", ".csv", ".ecsv", ".fits")


@request_options(RecordConditions, into="conditions")
def export(
    context: typer.Context,
    place: Annotated[str | None, typer.Argument(metavar="OUT", hidden=True)] = None,
    *,
    out: Annotated[str, output_option("OUT.jsonl|.csv|.ecsv|.fits", "file to write; none: JSON lines, stdout")] = "-",
    conditions: RecordConditions,
    overwrite: Overwrite = False,
    user: User = None,
    home: Home = None,
) -> None:
    """Write records as JSON lines (everything), CSV, ECSV or a FITS table (what fits in columns).

    Examples: jwstpipe catalog export -o records.jsonl; jwstpipe catalog export --level L3 -o mosaics.csv --overwrite
    """
    from jwstpipe.api.outputs import check_output
    from jwstpipe.catalog.maintenance.export import record_line, records_csv, records_table
    from jwstpipe.catalog.query import record_query
    from jwstpipe.storage import aside

    if place is not None and out != "-":
        raise UsageError(f"say where the records go once: -o {out}, or {place}")
    out = place or out
    ending = ".jsonl" if out == "-" else check_output(out, FORMS, what="a table of records", overwrite=overwrite)
    query = record_query(conditions, usual=())
    with opened(context, home=home, user=user) as (catalog, _):
        records = catalog.each(query, sort="oldest")
        if out == "-":
            for record in records:
                data(record_line(record))
            return
        count = 0
        with aside(Path(out)) as partial:
            if ending in (".jsonl", ".json"):
                with partial.open("w", encoding="utf-8", newline="\n") as stream:
                    for count, record in enumerate(records, 1):  # noqa: B007 - the count is told
                        stream.write(f"{record_line(record)}\n")
            elif ending == ".csv":
                with partial.open("w", encoding="utf-8", newline="") as stream:
                    count = records_csv(records, stream)
            else:
                table = records_table(records)
                count = len(table)
                table.write(partial, format="ascii.ecsv" if ending == ".ecsv" else "fits")
    remark(f"{count} records written to {out}")


def import_records(
    context: typer.Context,
    source: Annotated[str, typer.Argument(metavar="IN.jsonl|.csv|-")],
    *, user: User = None, home: Home = None,
) -> None:  # fmt: skip
    """Enter records that `export` wrote; all are checked before the first is entered.

    Examples: jwstpipe catalog import records.jsonl; jwstpipe catalog import records.csv --home other
    """
    from jwstpipe.catalog.maintenance.record_import import import_lines, import_table, text_lines
    from jwstpipe.storage import storage_errors

    read = import_table if source.endswith(".csv") else import_lines
    with opened(context, home=home, user=user) as (catalog, _), ExitStack() as stack:
        with storage_errors(source):
            stream = sys.stdin.buffer if source == "-" else stack.enter_context(Path(source).open("rb"))
        count = read(catalog, text_lines(stream, name=source), name=source)
    remark(f"{count} records entered")
