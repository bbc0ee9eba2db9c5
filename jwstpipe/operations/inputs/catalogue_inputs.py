"""Catalogues as inputs of operations, beside images: told apart, identified, and what a product says of them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from jwstpipe.analysis.catalogues.forms import FORMS
from jwstpipe.errors import JwstPipeError, NotFoundError
from jwstpipe.images.headers.content_id import carried_digest
from jwstpipe.images.open import open_image
from jwstpipe.operations.inputs.carried_inputs import input_at
from jwstpipe.operations.spec import Input
from jwstpipe.settings import S3Settings
from jwstpipe.storage import get_bytes, is_remote, path_digest

if TYPE_CHECKING:
    from astropy.table import Table

__all__ = ["any_input", "carried_by", "catalogue_input", "is_catalogue", "table_at"]


def is_catalogue(address: str | Path) -> bool:
    """Tell by its name whether an input is a catalogue; a FITS file is an image."""
    return Path(str(address)).suffix.lower() in set(FORMS) - {".fits"}


def table_at(address: str | Path, *, s3: S3Settings | None = None) -> "Table":
    """Read a catalogue, local or ``s3://``.

    Raises
    ------
    NotFoundError, DataError
        No catalogue that can be read.
    """
    from jwstpipe.analysis.catalogues.files import read_catalogue  # noqa: PLC0415 - tables load slowly

    with _here(address, s3) as path:
        return read_catalogue(path)


@contextmanager
def _here(address: str | Path, s3: S3Settings | None) -> Iterator[Path]:
    """Give a local file with the bytes of a catalogue."""
    if not is_remote(address):
        yield Path(address)
        return
    content = get_bytes(str(address), s3=s3)
    if content is None:
        raise NotFoundError(f"{address}: no such catalogue; check the address")
    with TemporaryDirectory(prefix="jwstpipe-catalogue-") as folder:
        path = Path(folder, str(address).rpartition("/")[2])
        path.write_bytes(content)
        yield path


def any_input(address: str | Path, *, s3: S3Settings | None = None) -> Input:
    """Describe an image or a catalogue as an input.

    Raises
    ------
    JwstPipeError
        Nothing that can be read.
    """
    return catalogue_input(address, s3=s3) if is_catalogue(address) else input_at(address, s3=s3)


def catalogue_input(address: str | Path, *, s3: S3Settings | None = None) -> Input:
    """Describe a catalogue as an input, by the id that it carries or that follows from its bytes.

    Raises
    ------
    NotFoundError, DataError
        No catalogue that can be read.
    """
    from jwstpipe.analysis.catalogues.files import read_catalogue  # noqa: PLC0415 - as above

    with _here(address, s3) as path:
        carried = read_catalogue(path).meta.get("jwstpipe")
        digest = path_digest(path)
    stated = carried.get("product_id") if isinstance(carried, dict) else None
    return Input(str(address), str(stated or f"sha256-{digest}"), path.name, digest)


def carried_by(inputs: Sequence[Input], *, s3: S3Settings | None = None) -> list[dict[str, str]]:
    """Say what inputs were, by what they say of themselves, wherever they lie."""
    found = []
    for one in inputs:
        if is_catalogue(one.address) or (one.address.lower().endswith(".fits") and not _is_image(one.address, s3)):
            ours = not one.product_id.startswith("sha256-")  # those of ours have ids, and other names in a store
            found.append({"product_id": one.product_id, "file_name": "catalogue" if ours else one.name})
            continue
        image = open_image(one.address, s3=s3)
        digest = carried_digest(image)
        entry = {"product_id": one.product_id, "file_name": image.name}
        found.append(entry if digest is None else {**entry, "digest": digest})
    return found


def _is_image(address: str, s3: S3Settings | None) -> bool:
    try:
        open_image(address, s3=s3)
    except JwstPipeError:
        return False
    return True
