"""The command `names`: what JWST file names say."""

from pathlib import Path
from typing import Annotated

import typer

from jwstpipe.cli.arguments import Json
from jwstpipe.cli.output import data, json_data

__all__ = ["names"]


def names(
    files: Annotated[list[str], typer.Argument(metavar="FILE...")],
    *,
    as_json: Json = False,
) -> None:
    """Tell what JWST file names say, without opening the files."""
    from jwstpipe.names import as_json as name_facts
    from jwstpipe.names import parse_name

    for file in files:
        name = parse_name(Path(file).name)
        if as_json:
            json_data(name_facts(name))
            continue
        facts = name_facts(name)
        shown = " ".join(
            f"{key}={value}" for key, value in facts.items() if value not in (None, "", []) and key != "name"
        )
        data(f"{Path(file).name}  {shown}")
