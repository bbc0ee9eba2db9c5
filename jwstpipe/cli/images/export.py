"""`jwstpipe export`: an image as FITS, named by its address or by what it is."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from jwstpipe.cli.arguments import Home, Json, Overwrite, output_option
from jwstpipe.cli.catalog.opened import opened
from jwstpipe.cli.context import choices_of, settings_of
from jwstpipe.cli.images.convert import one_output
from jwstpipe.cli.output import data, json_data, remark
from jwstpipe.cli.request_options import request_options
from jwstpipe.errors import NotFoundError, UsageError
from jwstpipe.requests.archive.records import RecordConditions

__all__ = ["export"]

CONDITIONS = ("target", "filters", "instrument", "program", "observation", "kind")
"""Those of the catalogue's conditions that tell images apart for a person."""

KINDS = ("mosaic", "image")
"""Kinds that are meant where none is said: what was made of many comes before what it was made of."""

LISTED = 10


@request_options(RecordConditions, into="conditions", only=CONDITIONS)
def export(
    context: typer.Context,
    image: Annotated[str | None, typer.Argument(metavar="[IN.zarr]", help="image store; none = what is chosen")] = None,
    place: Annotated[str | None, typer.Argument(metavar="OUT.fits", hidden=True)] = None,
    *,
    conditions: RecordConditions,
    out: Annotated[str | None, output_option("OUT.fits", "FITS file to write")] = None,
    overwrite: Overwrite = False,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Write an image store as FITS; an image converted with all HDUs comes back byte for byte.

    Examples: jwstpipe export mosaic.zarr -o mosaic.fits; jwstpipe export --target M51 --filter F200W -o m51.fits
    """
    from jwstpipe.api.images import export as export_image
    from jwstpipe.images.present import require_present

    if conditions.model_fields_set:
        if image is not None and (place is not None or out is not None):
            raise UsageError(f"an image by its address ({image}), or by what it is (--target, --filter ...), not both")
        target = one_output(out, image, form="OUT.fits")
        source = _chosen(context, conditions, home)
    elif image is None:
        raise UsageError("say which image: its address, or what it is, as --target 'NGC 3132' --filter F200W")
    else:
        source, target = image, one_output(out, place, form="OUT.fits")
        require_present(source)
    made = export_image(source, target, overwrite=overwrite, s3=settings_of(context, home=home).s3)
    if as_json:
        json_data(asdict(made))
        return
    same = ", the same bytes as the file it came from" if made.identical else ""
    if made.unpacked:
        same = ", the unpacked content of the compressed file it came from"
    digest = f", sha256 {made.sha256}" if choices_of(context).verbose else ""
    data(f"{made.address}: {made.size / 1e6:,.1f} MB{same}{digest}")
    if made.omitted:
        remark(f"not in it, because the image does not hold them: {', '.join(made.omitted)}")


def _chosen(context: typer.Context, conditions: RecordConditions, home: Path | None) -> str:
    """Find the one image of the catalogue that is meant; several are listed, and none is taken by chance."""
    from jwstpipe.catalog.query import record_query
    from jwstpipe.cli.catalog.format import record_row
    from jwstpipe.operations.make.places import address_of
    from jwstpipe.storage import open_store

    with opened(context, home=home) as (catalog, settings):
        for kind in (None,) if conditions.kind else KINDS:
            asked = conditions if kind is None else conditions.model_copy(update={"kind": (kind,)})
            found = catalog.find(record_query(asked), sort="newest", limit=LISTED + 1)
            if found:
                break
        else:
            raise NotFoundError("the catalogue has no such image; jwstpipe catalog find lists what there is")
        if len(found) > 1:
            for record in found[:LISTED]:
                remark(record_row(record))
            several = f"{len(found)}" if len(found) <= LISTED else f"more than {LISTED}"
            raise UsageError(f"{several} {found[0].kind}s are meant; say more, or give the id to jwstpipe catalog show")
        address = address_of(found[0], open_store(settings.store_root, s3=settings.s3))
    if address is None:
        raise NotFoundError(f"{found[0].file_name}: its record does not say where it is")
    remark(f"{found[0].file_name} ({found[0].product_id})")
    return address
