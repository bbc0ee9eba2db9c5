"""The command `table`: pages of tables of any form and size, and parts of them in another form."""

import json
import math
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from jwstpipe.cli.arguments import TABLE_FORMS, Json, Overwrite, output_option
from jwstpipe.cli.context import choices_of, settings_of
from jwstpipe.cli.output import data, json_data, remark
from jwstpipe.cli.request_options import request_options
from jwstpipe.errors import UsageError
from jwstpipe.requests.analysis.tables import TableRequest

__all__ = ["table"]

SHOWN = 12
"""Columns that are shown where nobody chose some."""

LETTERS = 24
"""Of a cell."""


@request_options(TableRequest, into="options")
def table(
    context: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="FITS[NAME,2], .parquet, .ecsv, .csv, .vot")],
    *,
    out: Annotated[str | None, output_option(TABLE_FORMS, "table to make; none = show a page")] = None,
    options: TableRequest,
    page: Annotated[int, typer.Option(min=1, help="which page")] = 1,
    rows: Annotated[int, typer.Option(min=1, max=100_000, help="rows of a page")] = 20,
    names: Annotated[bool, typer.Option("--names", help="list the columns: units, kinds, shapes, meanings")] = False,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Look at tables, choose and sort rows, make light curves, write other forms.

    Examples: jwstpipe table x_i2d.fits[HDRTAB] --names; jwstpipe table cat.ecsv --where 'aper_flux > 1e-6 and
    (flags & 4) == 0' --sort=-aper_flux; jwstpipe table x_x1dints.fits --light-curve flux -o curve.ecsv
    """
    s3 = settings_of(context).s3
    if out is not None:
        from jwstpipe.api.spectra.tables import table_to_file

        made = table_to_file(file, out, options=options, overwrite=overwrite, s3=s3)
        told = {"path": out, "product_id": made.product_id, "bytes": made.file_size, **made.results}
        if as_json:
            json_data(told)
        else:
            data(f"{out}: {made.results['rows']:,} rows of {made.results['columns']} columns, {made.file_size:,} bytes")
        return
    if options.light_curve != "none" or options.explode:
        from jwstpipe.operations.spectra.table import table_part

        found = table_part(file, options, s3=s3)
        values: dict[str, Any] = {name: found[name][(page - 1) * rows : page * rows] for name in found.colnames}
        units = {name: str(found[name].unit or "") for name in found.colnames}
        _show(values, units, (page - 1) * rows, len(found), as_json=as_json)
        return
    from jwstpipe.analysis.tables.source import open_table

    source = open_table(file, s3=s3)
    if names:
        _show_names(source, options, as_json=as_json)
        return
    _show_page(context, source, options, page, rows, as_json=as_json)


def _show_page(
    context: typer.Context, source: Any, options: TableRequest, page: int, rows: int, *, as_json: bool
) -> None:
    from jwstpipe.analysis.tables.page import page_of, varying_names
    from jwstpipe.analysis.tables.source import names_of

    facts = {one.name: one for one in source.columns}
    chosen = options.columns
    if options.varying:
        chosen = tuple(varying_names(source, names_of(source, chosen)))
        if not chosen:
            raise UsageError(f"{source.address}: all its columns have the same values in all {len(source):,} rows")
    left = len(chosen or facts) - SHOWN if not options.columns and not as_json else 0
    if left > 0:
        chosen = (chosen or tuple(facts))[:SHOWN]
    found = page_of(
        source, columns=chosen, where=options.where, search=options.containing, sort=options.sort,
        first=(page - 1) * rows, count=rows,
    )  # fmt: skip
    units = {name: facts[name].unit for name in found.values}
    _show(found.values, units, found.first, found.total, as_json=as_json)
    if choices_of(context).quiet:
        return
    if left > 0:
        ways = "--columns chooses, with * for any letters"
        ways = ways if options.varying else f"{ways}; --varying leaves out what is the same in all rows"
        remark(f"note: {left} more columns; --names lists them, {ways}")
    for one in facts.values():
        if one.note:
            remark(f"note: {one.note}")


def _show(values: Any, units: dict[str, str], first: int, total: int, *, as_json: bool) -> None:
    names = list(values)
    count = len(values[names[0]]) if names else 0
    if as_json:
        for row in range(count):
            json_data({name: _plain(values[name][row]) for name in names})
        return
    cells = [[name, units[name], *(_word(values[name][row]) for row in range(count))] for name in names]
    if not any(units.values()):
        cells = [[column[0], *column[2:]] for column in cells]
    widths = [max(len(cell) for cell in column) for column in cells]
    for line in zip(*cells, strict=True):
        data("  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    last = first + count
    data(f"rows {first + 1:,} to {last:,} of {total:,}" if count else f"no row here; there are {total:,}")


def _show_names(source: Any, options: TableRequest, *, as_json: bool) -> None:
    """List columns: unit, kind, shape, value in the first row, meaning."""
    from jwstpipe.analysis.tables.page import varying_names
    from jwstpipe.analysis.tables.source import names_of

    names = names_of(source, options.columns)
    wanted = set(varying_names(source, names) if options.varying else names)
    for one in source.columns:
        if one.name not in wanted:
            continue
        found = source.read(one.name, 0, 1)
        if as_json:
            told = {"name": one.name, "unit": one.unit, "dtype": one.dtype, "shape": one.shape}
            first = _plain(found[0]) if len(found) else None
            json_data({**told, "first": first, "description": one.description, "note": one.note})
            continue
        shape = f"[{one.shape}]" if one.shape else ""
        note = f"  ({one.note})" if one.note else ""
        first = _word(found[0]) if len(found) else ""
        data(f"{one.name:24s} {one.unit:14s} {one.dtype + shape:16s} {first:26s} {one.description}{note}".rstrip())
    if not as_json:
        data(f"{len(source):,} rows, {len(wanted):,} of {len(source.columns):,} columns")


def _word(value: Any) -> str:
    """Write a cell: short numbers, a dash where there is nothing, shape and first values of arrays."""
    if getattr(value, "ndim", 0):
        flat = value.ravel()
        some = ", ".join(_word(one) for one in flat[:3])
        return f"[{' x '.join(map(str, value.shape))}] {some}{', ...' if flat.size > 3 else ''}"
    if str(type(value)).endswith("MaskedConstant'>"):
        return "-"
    plain = value.item() if hasattr(value, "item") else value
    if isinstance(plain, float):
        return f"{plain:.7g}" if abs(plain) < 1e4 else f"{plain:.11g}"
    text = str(plain)
    return text if len(text) <= LETTERS else f"{text[: LETTERS - 1]}\u2026"


def _plain(value: Any) -> Any:
    if str(type(value)).endswith("MaskedConstant'>"):
        return None
    found = value.tolist() if hasattr(value, "tolist") else value
    return _known(found)


def _known(value: Any) -> Any:
    """Put null in the place of what JSON has not."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, complex):
        return [value.real, value.imag]
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_known(one) for one in value]
    return value if isinstance(value, str | int | bool | type(None)) else json.dumps(str(value))
