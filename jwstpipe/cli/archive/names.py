"""The command `names`: what JWST file names say."""

from pathlib import Path
from typing import Annotated, Any

import typer

from jwstpipe.cli.arguments import Json
from jwstpipe.cli.context import choices_of
from jwstpipe.cli.output import data, json_data
from jwstpipe.cli.tables import aligned, rows

__all__ = ["names"]

COLUMNS = ("kind", "level", "program", "instrument", "filters", "suffix", "name")
"""What a table of several names shows; all that a name says with -v, or for one name."""


def names(
    context: typer.Context,
    files: Annotated[list[str], typer.Argument(metavar="FILE...")],
    *,
    as_json: Json = False,
) -> None:
    """Tell what JWST file names say, without opening the files.

    Examples: jwstpipe names jw02733001001_02101_00001_nrcb1_cal.fits; jwstpipe names *.fits --json
    """
    from jwstpipe.names import as_json as name_facts
    from jwstpipe.names import parse_name

    found = [name_facts(parse_name(Path(file).name)) for file in files]
    if as_json:
        for facts in found:
            json_data(facts)
    elif len(found) == 1 or choices_of(context).verbose:
        for at, facts in enumerate(found):
            if at:
                data()
            rows(((key.replace("_", " "), _word(value)) for key, value in facts.items()), indent=22)
    else:
        table = [[_word(facts[column]) or "-" for column in COLUMNS] for facts in found]
        for line in aligned([[*(column.replace("_", " ") for column in COLUMNS)], *table]):
            data(line)


def _word(value: Any) -> str:
    """Write a fact as people do; empty where there is none."""
    if isinstance(value, list | tuple):
        return " ".join(map(str, value))
    return {None: "", True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool | None) else str(value)
