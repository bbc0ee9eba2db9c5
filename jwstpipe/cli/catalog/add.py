"""Enter files into the catalogue by what they say of themselves."""

from typing import Annotated

import typer

from jwstpipe.cli.arguments import Home, Json, User
from jwstpipe.cli.catalog.format import record_row
from jwstpipe.cli.catalog.opened import opened
from jwstpipe.cli.output import data, json_data, remark

__all__ = ["add"]


def add(
    context: typer.Context,
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="image stores, FITS files, pictures of ours")],
    *,
    user: User = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Make the records of files from what they say of themselves; they stay where they are.

    Examples: jwstpipe catalog add mosaic.zarr picture.png; jwstpipe catalog add s3://bucket/f200w.zarr --json
    """
    from jwstpipe.operations.products.enter_files import enter_files

    with opened(context, home=home, user=user) as (catalog, settings):
        entered = enter_files(catalog, files, store_root=settings.store_root, s3=settings.s3)
    for one in entered:
        record = one.record
        if as_json:
            entry = {"file": one.file, "product_id": record.product_id, "kind": record.kind}
            json_data({**entry, "storage_key": record.storage_key, "uri": record.uri, "was_known": one.was_known})
        else:
            data(record_row(record))
            for warning in record.warnings:
                remark(f"note: {one.file}: {warning}")
    known = sum(one.was_known for one in entered)
    remark(f"{len(entered) - known} records entered, {known} were known")
