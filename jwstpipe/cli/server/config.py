"""The command `config`: which settings are in effect, where each comes from, and a copy of the default files."""

from importlib.resources import as_file, files
from pathlib import Path
from shutil import copytree
from typing import Annotated, Any

import typer

from jwstpipe.cli.arguments import Json
from jwstpipe.cli.context import choices_of
from jwstpipe.cli.output import data, json_data
from jwstpipe.cli.tables import aligned
from jwstpipe.errors import ConflictError, UsageError
from jwstpipe.settings import settings_with_origins

__all__ = ["config"]


def config(
    context: typer.Context,
    what: Annotated[
        str, typer.Argument(metavar="show|copy", help="show: the settings in effect; copy: the default files")
    ] = "show",
    folder: Annotated[Path, typer.Argument(help="where copy puts jwstpipe.toml, the watch list, Dask specs")] = Path(
        "configs"
    ),
    *,
    origin: Annotated[bool, typer.Option("--origin", help="tell where each value comes from")] = False,
    as_json: Json = False,
) -> None:
    """Show the settings in effect (passwords are left out), or copy the files that explain them.

    Examples: jwstpipe config show --origin; jwstpipe config copy configs
    """
    if what == "copy":
        copy_defaults(folder)
        data(f"{folder}: {', '.join(sorted(file.name for file in folder.iterdir()))}")
        return
    if what != "show":
        raise UsageError(f"config can show and copy, not {what!r}: jwstpipe config show")
    table = [["setting", "value", *(["from"] if origin else [])]]
    for found in settings_with_origins(choices_of(context).config):
        if as_json:
            json_data({"key": found.key, "value": found.value, **({"origin": found.origin} if origin else {})})
            continue
        table.append([found.key, _shown(found.value), *([found.origin] if origin else [])])
    for line in aligned(table) if not as_json else ():
        data(line)


def _shown(value: Any) -> str:
    """Write a setting as people do."""
    return "-" if value in (None, "") else {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def copy_defaults(folder: Path) -> None:
    """Copy the configuration files that come with the package into a new folder.

    Raises
    ------
    ConflictError
        Something stands there.
    """
    if folder.exists():
        raise ConflictError(f"{folder} exists; name another folder: jwstpipe config copy FOLDER")
    with as_file(files("jwstpipe") / "configs") as defaults:
        copytree(defaults, folder)
