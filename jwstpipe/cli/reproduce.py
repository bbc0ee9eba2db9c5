"""`jwstpipe reproduce`: a product made again from its record."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from jwstpipe.cli.arguments import Home, Json, Overwrite, Product, output_option
from jwstpipe.cli.catalog.opened import opened
from jwstpipe.cli.context import choices_of
from jwstpipe.cli.output import data, json_data, progress_bars
from jwstpipe.errors import DataError

__all__ = ["reproduce", "reproduce_and_tell"]


def reproduce(
    context: typer.Context,
    product: Product,
    *,
    out: Annotated[str | None, output_option("OUT", "where it goes; none: where it was")] = None,
    inputs: Annotated[
        list[str] | None,
        typer.Option("--input", metavar="FILE", help="an input that the catalogue does not know; repeatable"),
    ] = None,
    home: Home = None,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Make a product again from its record, and say whether it is the same to the last bit.

    Inputs are those of the catalogue; others are found by their names beside the product or in the working folder, or
    named with --input. What stands is compared and left alone; what is gone is put back where it was.

    Examples: jwstpipe reproduce 3f2a91; jwstpipe reproduce picture.png --input f090w.zarr -o again.png
    """
    from jwstpipe.catalog.lineage.embedded_id import find_product

    with opened(context, home=home) as (catalog, settings):
        key = find_product(catalog, product, s3=settings.s3).record.product_id
        options = {"out": out, "overwrite": overwrite, "inputs": inputs or ()}
        reproduce_and_tell(context, catalog, settings, key, as_json=as_json, **options)


def reproduce_and_tell(
    context: typer.Context, catalog: Any, settings: Any, key: str, *, as_json: bool, **options: Any
) -> None:
    """Make a product again, and say what came out.

    Raises
    ------
    DataError
        It came out with other bytes.
    """
    from jwstpipe.execution.workers import open_workers
    from jwstpipe.operations.products.reproduce import reproduce as reproduce_product
    from jwstpipe.storage import open_store

    store = open_store(settings.store_root, s3=settings.s3)
    with progress_bars(quiet=choices_of(context).quiet), open_workers(settings.execution) as workers:
        made = reproduce_product(key, catalog=catalog, store=store, workers=workers, **options)
    if as_json:
        json_data(asdict(made))
    else:
        where = f", in {made.address}" if options.get("out") else ", and put back in its place" if made.restored else ""
        data(f"{made.product_id}: made again{where}")
        data(f"  id      {made.product_id} (the same)")
        data(f"  digest  {made.digest} ({'the same' if made.same else f'was {made.expected}'})")
        data(f"  compared: {made.compared}")
    if not made.same:
        raise DataError(f"{key}: made again with another digest: {made.digest}, not {made.expected}")
