"""Arguments and options that several commands have: each is stated here, once."""

from pathlib import Path
from typing import Annotated

import typer

from jwstpipe.cli.start import completing

__all__ = [
    "CATALOGUE_FORMS", "IMAGE_FORMS", "PICTURE_FORMS", "TABLE_FORMS", "Cluster", "Home", "Image", "Images", "Json",
    "Overwrite", "Product", "User", "WispTemplate", "image_argument", "limit_option", "output_option",
]  # fmt: skip

CATALOGUE_FORMS = "OUT.ecsv|.parquet|.fits|.vot"
IMAGE_FORMS = "OUT.zarr|OUT.fits"
PICTURE_FORMS = "OUT.png|.jpg|.tif"
TABLE_FORMS = f"{CATALOGUE_FORMS}|.csv"


def _all_present(images: list[str] | str | None) -> list[str] | str | None:
    """Refuse a path where nothing stands, before what reads images is loaded."""
    from jwstpipe.images.present import require_present

    for image in [images] if isinstance(images, str) else images or ():
        require_present(image)
    return images


def image_argument(metavar: str) -> typer.models.ArgumentInfo:
    """Give an argument that names images, or one: each must be there."""
    made: typer.models.ArgumentInfo = typer.Argument(
        metavar=metavar, callback=_all_present, autocompletion=completing.images
    )
    return made


def output_option(metavar: str, text: str) -> typer.models.OptionInfo:
    """Give the option that says where the output goes; it has the same two names in every command."""
    made: typer.models.OptionInfo = typer.Option("--out", "-o", metavar=metavar, help=text)
    return made


def limit_option(what: str, *, least: int) -> typer.models.OptionInfo:
    """Give the option that says how many rows are listed at the most; where 0 is allowed, it means all."""
    text = f"most {what} that are listed{'' if least else '; 0 = all'}"
    made: typer.models.OptionInfo = typer.Option("--limit", min=least, help=text)
    return made


Product = Annotated[
    str,
    typer.Argument(
        metavar="PRODUCT|FILE",
        help="id (or its beginning), file name, or any file of the product",
        autocompletion=completing.products,
    ),
]
Image = Annotated[str, image_argument("IMAGE")]
Images = Annotated[list[str], image_argument("IMAGE...")]
Json = Annotated[bool, typer.Option("--json", help="machine-readable, a line a result")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="replace what stands there")]
Home = Annotated[Path | None, typer.Option(help="folder of catalogue, store and history")]
User = Annotated[str | None, typer.Option(help="who asks: own, shared and public records only; '' = public ones")]
WispTemplate = Annotated[
    list[str] | None,
    typer.Option(
        metavar="FILE",
        help="wisps, claws or rings of a detector, pixel by pixel (wisps_nrcb4.fits), whose strength is fitted",
    ),
]
Cluster = Annotated[str | None, typer.Option(help="threads, processes, tcp://host:port or tls://host:port")]
