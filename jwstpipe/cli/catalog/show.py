"""Look at records: find, show, count, and list what is stale."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jwstpipe.cli.arguments import Home, Json, User, limit_option
from jwstpipe.cli.catalog.format import ID_LETTERS, record_lines, size_text
from jwstpipe.cli.catalog.opened import opened
from jwstpipe.cli.context import choices_of
from jwstpipe.cli.output import data, json_data, remark
from jwstpipe.cli.request_options import request_options
from jwstpipe.cli.start import completing
from jwstpipe.cli.tables import aligned, counted, rows
from jwstpipe.errors import NotFoundError, UsageError
from jwstpipe.requests.archive.records import RecordConditions

if TYPE_CHECKING:
    from jwstpipe.catalog.records.models import ProductRecord

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
    """Find records.

    Examples: jwstpipe catalog find --target "NGC 3132" --kind mosaic; jwstpipe catalog find nrcb1 --filter F200W --json
    """
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
    if as_json:
        for record in found:
            json_data(record.model_dump(mode="json"))
    else:
        for line in record_lines(found, whole_ids=choices_of(context).verbose > 0) if found else ():
            data(line)
    if len(found) < count:
        remark(f"{len(found)} of {count}; more with --limit and --skip")


def show(
    context: typer.Context,
    products: Annotated[
        list[str], typer.Argument(metavar="PRODUCT|FILE...", autocompletion=completing.products)
    ],
    *, user: User = None, home: Home = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Show whole records, by id, file name, storage key or a file of the product.

    What matters most; all fields with -v. Examples: jwstpipe catalog show 2aff16063be1; jwstpipe catalog show m.zarr -v
    """
    from jwstpipe.catalog.lineage.embedded_id import find_product

    with opened(context, home=home, user=user) as (catalog, settings):
        for number, word in enumerate(products):
            record = find_product(catalog, word, s3=settings.s3).record
            if as_json:
                json_data(record.model_dump(mode="json"))
                continue
            if number:
                data()
            if choices_of(context).verbose:
                for key, value in record.model_dump(mode="json").items():
                    _show_field(key, value)
            else:
                rows(_main_rows(record))


def _main_rows(record: "ProductRecord") -> Iterator[tuple[str, str]]:
    """Tell of a record what a person asks first."""
    image = record.image_info
    yield "product", record.file_name
    yield "id", record.product_id
    level = "" if record.processing_level == "unknown" else f", {record.processing_level}"
    yield "kind", f"{record.kind}{level}, {record.status}"
    yield "where", record.storage_key or record.uri or ""
    yield (
        "size",
        size_text(record.file_size)
        + (f", {image.width} x {image.height} px" if image is not None and image.width and image.height else ""),
    )
    if image is not None:
        yield "target", image.target_name or ""
        yield "made with", " ".join(filter(None, (image.instrument, image.filter)))
        yield "unit", image.units or ""
    yield "operation", record.operation or ""
    yield "made from", f"{len(record.parents)} products; jwstpipe lineage draws them" if record.parents else ""
    yield "made at", f"{record.created:%Y-%m-%d %H:%M} UTC"
    yield "tags", ", ".join(record.tags)
    for warning in record.warnings:
        yield "warning", warning


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
    """Count records and bytes by kind, instrument, filter, level, status and size.

    Examples: jwstpipe catalog stats; jwstpipe catalog stats --target "NGC 3132" --json
    """
    from dataclasses import asdict

    from jwstpipe.catalog.query import record_query

    query = record_query(conditions, usual=())
    with opened(context, home=home, user=user) as (catalog, _):
        found = catalog.stats(query)
    if as_json:
        json_data(asdict(found))
        return
    table = [["by", "", "records", "size"], ["all", "", f"{found.total.records:,}", size_text(found.total.bytes)]]
    for name in ("kind", "instrument", "filter", "level", "status", "size"):
        shares = getattr(found, f"by_{name}").items()
        table += [
            [name if not at else "", value or "(none)", f"{share.records:,}", size_text(share.bytes)]
            for at, (value, share) in enumerate(shares)
        ]
    for line in aligned(table, right=(2, 3)):
        data(line)


def stale(context: typer.Context, *, user: User = None, home: Home = None, as_json: Json = False) -> None:
    """List the products that are not current any more, and why.

    Examples: jwstpipe catalog stale; jwstpipe catalog stale --json
    """
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
    if as_json:
        for key, reasons in found.items():
            record = records[key]
            json_data({"product_id": key, "kind": record.kind, "file_name": record.file_name,
                       "reasons": [asdict(reason) for reason in reasons]})  # fmt: skip
    else:
        _show_stale(found, records, whole=choices_of(context).verbose > 0)
    remark(f"{counted(len(found), 'product')} {'is' if len(found) == 1 else 'are'} stale")


def _show_stale(found: Mapping[str, Any], records: Mapping[str, Any], *, whole: bool) -> None:
    """Name products with their reasons; those of one kind with the same reason together, unless all are wanted."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for key, reasons in found.items():
        own = records[key].file_name
        told = [
            f"{reason.cause}: {'' if reason.file_name == own else f'{reason.file_name}: '}{reason.detail}"
            for reason in reasons
        ]
        groups.setdefault((records[key].kind, *told, *((key,) if whole else ())), []).append(key)
    for (kind, *told), keys in groups.items():
        first = records[keys[0]]
        several = f", and {len(keys) - 1:,} more" if len(keys) > 1 else ""
        data(f"{first.file_name} ({kind} {first.product_id[:ID_LETTERS]}){several}")
        for reason in told[:-1] if whole else told:
            data(f"    {reason}")
    if not whole and len(groups) < len(found):
        remark("each of them: -v, or --json")
