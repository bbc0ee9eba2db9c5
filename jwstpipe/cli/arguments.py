"""Arguments and options that several commands have."""

from typing import Annotated

import typer

__all__ = ["Image", "Images", "Json", "Overwrite", "image_argument"]


def _all_present(images: list[str] | str | None) -> list[str] | str | None:
    """Refuse a path where nothing stands, before what reads images is loaded."""
    from jwstpipe.images.present import require_present

    for image in [images] if isinstance(images, str) else images or ():
        require_present(image)
    return images


def image_argument(metavar: str) -> typer.models.ArgumentInfo:
    """Give an argument that names images, or one: each must be there."""
    made: typer.models.ArgumentInfo = typer.Argument(metavar=metavar, callback=_all_present)
    return made


Image = Annotated[str, image_argument("IMAGE")]
Images = Annotated[list[str], image_argument("IMAGE...")]
Json = Annotated[bool, typer.Option("--json", help="machine-readable")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="replace what stands there")]
