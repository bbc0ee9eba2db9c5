"""Look at records: find, show, count, and list what is stale."""

from typing import Annotated, Any

import typer

from jwstpipe.cli.arguments import Home, Json, User, limit_option
from jwstpipe.cli.catalog.format import record_row, size_text
from jwstpipe.cli.catalog.opened import opened
from jwstpipe.cli.output import data, json_data, remark
from jwstpipe.cli.request_options import request_options
from jwstpipe.errors import NotFoundError, UsageError
from jwstpipe.requests.archive.records import RecordConditions

__all__ = ["find", "show", "stale", "stats"]


@request_options(RecordConditions, into="conditions")
def find(
    context: typer.Context,
    words: Annotated[str | None, typer.Argument(metavar="[TEXT]", help="part of name, target, description")] = None,
    *,
    conditions: RecordConditions,
    sort: Annotated[str, typer.Option(help="newest oldest observed file_name target level filter largest")] = "newest",
    limit: Annotated[int, limit_option("records", least=0)] = 50,
    skip: Annotated[int, typer.Option(min=0, help="records to pass over")] = 0,
    user: User = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Find records."""
    from typing import get_args

    from jwstpipe.catalog.query import SortKey

    if sort not in get_args(SortKey):
        raise UsageError(f"--sort is one of {', '.join(get_args(SortKey))}, not {sort!r}")
    from jwstpipe.catalog.query import record_query

    query = record_query(conditions)
    if words is not None and query.text is None:
        query = query.model_copy(update={"text": words})
    with opened(context, home=home, user=user) as (catalog, _):
        found = catalog.find(query, sort=sort, limit=limit, skip=skip)  # type: ignore[arg-type]
        count = catalog.count(query)
    if not count:
        raise NotFoundError("the catalogue has no such records; try fewer conditions, or --status all")
    if not as_json:
        data(f"{'id':32s} {'kind':9s} {'level':7s} {'instrument':10s} {'filter':8s} {'size':>10s} file name")
    for record in found:
        json_data(record.model_dump(mode="json")) if as_json else data(record_row(record))
    if len(found) < count:
        remark(f"{len(found)} of {count}; more with --limit and --skip")


def show(
    context: typer.Context,
    products: Annotated[list[str], typer.Argument(metavar="PRODUCT|FILE...")],
    *, user: User = None, home: Home = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Show whole records, by id, file name, storage key or a file of the product."""
    from jwstpipe.catalog.lineage.embedded_id import find_product

    with opened(context, home=home, user=user) as (catalog, settings):
        for number, word in enumerate(products):
            record = find_product(catalog, word, s3=settings.s3).record
            if as_json:
                json_data(record.model_dump(mode="json"))
                continue
            if number:
                data()
            for key, value in record.model_dump(mode="json").items():
                _show_field(key, value)


def _show_field(key: str, value: Any, indent: str = "") -> None:
    if value in (None, "", [], {}):
        return
    if isinstance(value, dict):
        data(f"{indent}{key}:")
        for inner, item in value.items():
            _show_field(inner, item, indent + "  ")
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        data(f"{indent}{key}:")
        for item in value:
            shown_parts = ", ".join(f"{name} {text}" for name, text in item.items() if text not in (None, "", {}))
            data(f"{indent}  - {shown_parts}")
    else:
        shown = ", ".join(map(str, value)) if isinstance(value, list) else value
        data(f"{indent}{key:{max(1, 24 - len(indent))}s} {shown}")


@request_options(RecordConditions, into="conditions")
def stats(
    context: typer.Context, *, conditions: RecordConditions, user: User = None, home: Home = None, as_json: Json = False
) -> None:
    """Count records and bytes by kind, instrument, filter, level, status and size."""
    from dataclasses import asdict

    from jwstpipe.catalog.query import record_query

    query = record_query(conditions, usual=())
    with opened(context, home=home, user=user) as (catalog, _):
        found = catalog.stats(query)
    if as_json:
        json_data(asdict(found))
        return
    data(f"{'all':14s} {'':16s} {found.total.records:8d} {size_text(found.total.bytes):>12s}")
    for name in ("kind", "instrument", "filter", "level", "status", "size"):
        for value, share in getattr(found, f"by_{name}").items():
            data(f"{name:14s} {value or '(none)':16s} {share.records:8d} {size_text(share.bytes):>12s}")


def stale(context: typer.Context, *, user: User = None, home: Home = None, as_json: Json = False) -> None:
    """List the products that are not current any more, and why."""
    from dataclasses import asdict

    from jwstpipe.catalog.lineage.staleness import stale_products
    from jwstpipe.operations.registry import algorithms
    from jwstpipe.storage import open_store, product_exists

    with opened(context, home=home, user=user) as (catalog, settings):
        store = open_store(settings.store_root, s3=settings.s3)
        found = stale_products(
            catalog, algorithms=algorithms(), present=lambda key, form: product_exists(store, key, form)
        )
        records = catalog.get_many(found)
    for key, reasons in found.items():
        record = records[key]
        if as_json:
            json_data({"product_id": key, "kind": record.kind, "file_name": record.file_name,
                       "reasons": [asdict(reason) for reason in reasons]})  # fmt: skip
            continue
        data(f"{key} {record.kind:9s} {record.file_name}")
        for reason in reasons:
            data(f"    {reason.cause}: {reason.file_name}: {reason.detail}")
    remark(f"{len(found)} products are stale")
