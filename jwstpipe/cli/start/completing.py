"""What shells complete behind options and commands: image files, looks, filters, products of the catalogue.

Each is asked at a press of a key: nothing is loaded before it is needed, nothing fails, nothing is written.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import typer

__all__ = ["BY_FIELD", "images", "products"]

IMAGES = (".fits", ".fits.gz", ".fits.fz", ".zarr")
"""Endings of what commands take as images."""

MOST = 100
"""Words that are offered at once."""


def images(incomplete: str) -> list[str]:
    """Offer the images of a folder; where none begins so, the shell offers its own list of files and folders."""
    folder, _, begun = incomplete.rpartition("/")
    place = Path(f"{folder}/" if folder or incomplete.startswith("/") else ".").expanduser()
    lead = f"{folder}/" if "/" in incomplete else ""
    found: list[str] = []
    with suppress(OSError):
        found = sorted(
            f"{lead}{entry.name}"
            for entry in place.iterdir()
            if entry.name.startswith(begun) and entry.name.endswith(IMAGES) and (begun or entry.name[0] != ".")
        )
    return found[:MOST]


def products(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Offer the products of the catalogue, by their ids and by their names; files of the folder are the shell's."""
    from jwstpipe.errors import JwstPipeError
    from jwstpipe.settings import load_settings

    with suppress(JwstPipeError, OSError, ValueError):
        home = context.params.get("home")
        settings = load_settings(None, **({} if home is None else {"home": home}))
        address = str(settings.catalog_address)
        if "://" in address or Path(address).expanduser().exists():
            return list(_of_catalogue(address, incomplete))
    return []


def _of_catalogue(address: str, incomplete: str) -> Iterator[tuple[str, str]]:
    from jwstpipe.catalog.catalog import open_catalog
    from jwstpipe.catalog.query import RecordQuery

    with open_catalog(address) as catalog:
        if incomplete:
            for record in catalog.starting_with(incomplete, most=MOST):
                yield record.product_id, f"{record.kind} {record.file_name}"
        query = RecordQuery(text=incomplete) if incomplete else RecordQuery()
        for record in catalog.find(query, limit=MOST):
            if record.kind != "thumbnail" and record.file_name.startswith(incomplete):
                yield record.file_name, f"{record.kind} {record.product_id}"


def _presets() -> tuple[str, ...]:
    from jwstpipe.display.presets.load import preset_names

    return preset_names()


def _recipes() -> tuple[str, ...]:
    from jwstpipe.display.presets.load import recipe_names

    return recipe_names()


def _filters() -> tuple[str, ...]:
    from jwstpipe.names.optics import FILTER_WAVELENGTHS

    return tuple(sorted(FILTER_WAVELENGTHS))


def _instruments() -> tuple[str, ...]:
    from jwstpipe.names.optics import INSTRUMENTS

    return tuple(INSTRUMENTS.values())


def _one_of(words: Callable[[], tuple[str, ...]], *, commas: bool = False) -> Callable[[str], list[str]]:
    """Offer words of a list, small where somebody began so; where several stand in one word, the last of them."""

    def offered(incomplete: str) -> list[str]:
        before, comma, begun = incomplete.rpartition(",") if commas else ("", "", incomplete)
        found = [word for word in words() if word.lower().startswith(begun.lower())][:MOST]
        return [f"{before}{comma}{word.lower() if begun.islower() else word}" for word in found]

    return offered


BY_FIELD: dict[str, Callable[..., Any]] = {
    "preset": _one_of(_presets),
    "recipe": _one_of(_recipes),
    "filters": _one_of(_filters, commas=True),
    "luminance": _one_of(_filters),
    "instrument": _one_of(_instruments),
    "products": products,
}
"""What is offered behind an option, by the field of the request that it fills in."""
