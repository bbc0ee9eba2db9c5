"""Enter files into the catalogue by what they say of themselves."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from jwstpipe.cli.catalog.format import record_row
from jwstpipe.cli.catalog.options import Home, Json, User, opened
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
    """Make the records of files from what they say of themselves; they stay where they are."""
    from jwstpipe.catalog.lineage.carried import carried_provenance, record_of_file

    with opened(context, home=home, user=user) as (catalog, settings):
        records = []
        for name in files:
            carried = carried_provenance(name, s3=settings.s3)
            carried.require_true(name=name)
            key = _key_in(name, settings.store_root)
            records.append(record_of_file(name, carried, storage_key=key, created=datetime.now(UTC)))
        known = catalog.published(record.product_id for record in records)
        catalog.publish_many(record for record in records if record.product_id not in known)
    for record in records:
        if as_json:
            json_data({"product_id": record.product_id, "kind": record.kind, "was_known": record.product_id in known})
        else:
            data(record_row(record))
    remark(f"{len(records) - len(known)} records entered, {len(known)} were known")


def _key_in(name: str, root: str) -> str | None:
    """Give the key of a file that lies in the store; None for one that lies elsewhere."""
    place, top = name.rstrip("/"), str(root).rstrip("/")
    if not place.startswith("s3://"):
        place, top = str(Path(place).resolve()), str(Path(top).expanduser().resolve())
    return place[len(top) + 1 :] if place.startswith(f"{top}/") else None
