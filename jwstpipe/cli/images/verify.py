"""`jwstpipe verify`: whether products are whole and undamaged."""

from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jwstpipe.cli.arguments import Home, Json
from jwstpipe.cli.context import choices_of, settings_of
from jwstpipe.cli.output import json_data, progress_bars, remark
from jwstpipe.cli.start import completing
from jwstpipe.cli.tables import say
from jwstpipe.errors import JwstPipeError
from jwstpipe.storage import is_remote

if TYPE_CHECKING:
    from jwstpipe.catalog.catalog import Catalog
    from jwstpipe.settings import Settings

__all__ = ["verify"]


def verify(
    context: typer.Context,
    products: Annotated[
        list[str],
        typer.Argument(
            metavar="IMAGE...", help="image stores, files, ids of the catalogue", autocompletion=completing.images
        ),
    ],
    *,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Read products wholly: nothing lost, not one bit wrong, as far as they and the catalogue can tell.

    Image stores are compared with their manifests; of FITS files the structure is checked, and CHECKSUM and DATASUM
    where they stand; compressed images are unpacked; PNG by its CRCs, TIFF and JPEG by decoding. A file that the
    catalogue knows is compared with the digest of its record. One that fails does not keep the others from being read.

    Examples: jwstpipe verify mosaic.zarr; jwstpipe verify x_i2d.fits picture.png --json
    """
    from jwstpipe.operations.products.verify import verify as check
    from jwstpipe.storage import ObjectStore

    settings = settings_of(context, home=home)
    failed: list[JwstPipeError] = []
    with ExitStack() as stack:
        catalog = _catalog(settings, stack)
        root = settings.store_root
        store = ObjectStore(str(root) if is_remote(root) else str(Path(root).expanduser().resolve()), settings.s3)
        for address in products:
            try:
                with progress_bars(quiet=choices_of(context).quiet) as report:
                    found = check(address, catalog=catalog, store=store, s3=settings.s3, report=report)
            except JwstPipeError as error:
                if address == products[-1] and not failed:
                    raise
                failed.append(error)
                remark(f"jwstpipe: {error}")
                continue
            if as_json:
                json_data(asdict(found))
            else:
                same = f"; the bytes that the record of {found.product_id} has" if found.record == "same" else ""
                say(f"{found.address}: whole and undamaged: {found.by}{same}, {found.bytes / 1e6:,.1f} MB")
            if found.record == "other":
                remark(
                    f"{found.address}: the catalogue has a file of this name with another digest: another version of"
                    " it, or these bytes were edited or damaged where no checksum stands"
                )
    if failed:
        raise type(failed[0])(f"{len(failed)} of {len(products)} are not whole, first {failed[0]}")


def _catalog(settings: "Settings", stack: ExitStack) -> "Catalog | None":
    """Open the catalogue, if there is one; nothing is made for a look at it."""
    from jwstpipe.catalog.catalog import open_catalog

    address = str(settings.catalog_address)
    if "://" not in address and not Path(address).expanduser().exists():
        return None
    try:
        return stack.enter_context(open_catalog(address))
    except JwstPipeError as error:
        remark(f"nothing is compared with records: {error}")
        return None
