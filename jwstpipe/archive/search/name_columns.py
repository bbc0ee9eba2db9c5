"""What the names of observations and files say, as columns beside those of MAST."""

from astropy.table import MaskedColumn, Table

from jwstpipe.names import as_json, parse_name

__all__ = ["NAME_COLUMNS", "with_names"]

_PARTS = {
    "kind": str,
    "level": str,
    "suffix": str,
    "program": str,
    "observation": str,
    "visit": str,
    "exposure": str,
    "segment": str,
    "detector": str,
    "instrument": str,
    "filters": str,
    "observation_base_id": str,
    "exposure_id": str,
    "viewable": bool,
}
"""Parts of a name and their types; several filters are joined by ``;`` as MAST does."""

PREFIX = "name_"

NAME_COLUMNS = tuple(f"{PREFIX}{part}" for part in _PARTS)
"""Columns that `with_names` adds."""


def with_names(table: Table, column: str) -> Table:
    """Add what the names in a column say, as columns ``name_kind``, ``name_detector``...

    What they do not say is masked. Every other column stays as it is; columns of these names are replaced.
    """
    named = table.copy(copy_data=False)
    facts = [as_json(parse_name(str(name))) for name in (table[column] if column in table.colnames else ())]
    for part, kind in _PARTS.items():
        values = [_plain(fact.get(part)) for fact in facts]
        missing = [value is None for value in values]
        filled = [kind() if value is None else value for value in values]
        named[f"{PREFIX}{part}"] = MaskedColumn(filled, mask=missing, dtype=kind if facts else object)
    return named


def _plain(value: object) -> object:
    if isinstance(value, list | tuple):
        return ";".join(map(str, value)) or None
    return value
