"""Change records: tag, archive, delete; what depends on them is named first."""

from typing import Annotated, Any

import typer

from jwstpipe.cli.arguments import Home, Json, User
from jwstpipe.cli.catalog.format import record_lines, size_text
from jwstpipe.cli.catalog.opened import opened, require_conditions
from jwstpipe.cli.output import data, json_data, remark
from jwstpipe.cli.request_options import request_options
from jwstpipe.cli.tables import counted
from jwstpipe.errors import NotFoundError
from jwstpipe.requests.archive.records import RecordConditions

__all__ = ["archive", "delete", "tag"]


@request_options(RecordConditions, into="conditions")
def tag(
    context: typer.Context,
    tags: Annotated[list[str], typer.Argument(metavar="TAG...", help="to add, or with --remove to take away")],
    *,
    product: Annotated[list[str] | None, typer.Option(help="id, name or file of a product; again")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="take the tags away")] = False,
    conditions: RecordConditions,
    user: User = None,
    home: Home = None,
) -> None:
    """Add tags to products, or to all that the conditions choose.

    Examples: jwstpipe catalog tag paper-1 --target "NGC 3132" --kind mosaic; jwstpipe catalog tag bad --product x.zarr
    """
    from jwstpipe.catalog.lineage.embedded_id import find_product
    from jwstpipe.catalog.maintenance.bulk import tag_records
    from jwstpipe.catalog.query import record_query

    query = record_query(conditions)
    with opened(context, home=home, user=user) as (catalog, settings):
        if product:
            chosen = [find_product(catalog, word, s3=settings.s3).record.product_id for word in product]
            for key in chosen:
                catalog.amend(key, **({"remove_tags": tags} if remove else {"add_tags": tags}))  # type: ignore[arg-type]
            count = len(chosen)
        else:
            require_conditions(query)
            count = tag_records(catalog, query, **({"remove": tags} if remove else {"add": tags}))
    remark(f"{count} records {'lost' if remove else 'have'} {', '.join(tags)}")


@request_options(RecordConditions, into="conditions")
def archive(
    context: typer.Context,
    *,
    undo: Annotated[bool, typer.Option("--undo", help="take them out of the archive again")] = False,
    conditions: RecordConditions,
    user: User = None,
    home: Home = None,
) -> None:
    """Mark what the conditions choose as archived.

    Examples: jwstpipe catalog archive --before 2026-01-01; jwstpipe catalog archive --undo --target "NGC 3132"
    """
    from jwstpipe.catalog.maintenance.bulk import archive_records
    from jwstpipe.catalog.query import record_query

    query = record_query(conditions)
    require_conditions(query)
    with opened(context, home=home, user=user) as (catalog, _):
        count = archive_records(catalog, query, archived=not undo)
    remark(f"{count} records are {'not archived any more' if undo else 'archived'}")


@request_options(RecordConditions, into="conditions")
def delete(
    context: typer.Context,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="delete; without it everything is only named")] = False,
    cascade: Annotated[bool, typer.Option("--cascade", help="delete what was made of them too")] = False,
    keep_files: Annotated[bool, typer.Option("--keep-files", help="forget the records, leave the files")] = False,
    conditions: RecordConditions,
    user: User = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Delete what the conditions choose; what depends on it is named first.

    Examples: jwstpipe catalog delete --kind picture --target M51; jwstpipe catalog delete --tag bad --yes --cascade
    """
    from jwstpipe.catalog.maintenance.bulk import delete_records, plan_deletion
    from jwstpipe.catalog.query import record_query
    from jwstpipe.storage import open_store

    query = record_query(conditions)
    require_conditions(query)
    with opened(context, home=home, user=user) as (catalog, settings):
        plan = plan_deletion(catalog, query)
        if not plan.records:
            raise NotFoundError("the catalogue has no such records; nothing to delete")
        _show_deletion(plan, as_json=as_json, cascade=cascade, done=yes)
        if yes:
            store = None if keep_files else open_store(settings.store_root, s3=settings.s3)
            count = delete_records(catalog, plan, store, cascade=cascade)
            remark(f"{count} products deleted")


def _show_deletion(plan: Any, *, as_json: bool, cascade: bool, done: bool) -> None:
    if as_json:
        named = {
            "products": [record.product_id for record in plan.records],
            "dependents": [record.product_id for record in plan.dependents],
        }
        json_data({**named, "bytes": plan.bytes, "cascade": cascade, "deleted": done})
        return
    data(f"{counted(len(plan.records), 'product')}, {size_text(plan.bytes)}:")
    for line in record_lines(plan.records):
        data(f"  {line}")
    if plan.dependents:
        fate = "are deleted too" if cascade else "stay, and lose their inputs (--cascade deletes them too)"
        data(f"{len(plan.dependents)} products were made of them and {fate}:")
        for line in record_lines(plan.dependents):
            data(f"  {line}")
    if not done:
        remark("nothing was deleted; say --yes to do it")
