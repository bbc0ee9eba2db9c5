"""Commands that make small grey pictures: thumbnail, contact-sheet."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from jwstpipe.cli.arguments import Image, Images, Json, Overwrite, output_option
from jwstpipe.cli.context import settings_of
from jwstpipe.cli.output import data, json_data, remark
from jwstpipe.cli.request_options import request_options
from jwstpipe.requests import ContactSheetOptions, ThumbnailOptions

__all__ = ["contact_sheet", "thumbnail"]


@request_options(ThumbnailOptions, into="options")
def thumbnail(
    context: typer.Context,
    image: Image,
    *,
    out: Annotated[Path, output_option("OUT.png", "picture to make")],
    options: ThumbnailOptions,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Make a small grey picture of one image.

    Examples: jwstpipe thumbnail mosaic.zarr -o small.png; jwstpipe thumbnail x_i2d.fits -o x.png --size 512
    """
    from jwstpipe.api.images import thumbnail as make_thumbnail

    made = make_thumbnail(image, out, options=options, overwrite=overwrite, s3=settings_of(context).s3)
    if as_json:
        json_data({"path": str(made.path), "width": made.width, "height": made.height, "level": made.level})
        return
    data(f"{made.path}: {made.width} x {made.height} px")


@request_options(ContactSheetOptions, into="options")
def contact_sheet(
    context: typer.Context,
    images: Images,
    *,
    out: Annotated[Path, output_option("OUT.png", "picture to make")],
    options: ContactSheetOptions,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Put small grey pictures of images on one page, each with its filter and name.

    Examples: jwstpipe contact-sheet *_i2d.fits -o all.png; jwstpipe contact-sheet *.zarr -o all.png --columns 6
    """
    from jwstpipe.api.images import contact_sheet as make_sheet

    made = make_sheet(images, out, options=options, overwrite=overwrite, s3=settings_of(context).s3)
    if as_json:
        json_data({**asdict(made), "path": str(made.path)})
        return
    data(f"{made.path}: {made.width} x {made.height} px, {made.images} images")
    for failure in made.failed:
        remark(f"note: {failure}")
