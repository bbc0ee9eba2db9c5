"""The header of ECSV: columns with units and meanings, and what a table says of itself, in YAML.

That of astropy loads coordinates and times first, which tables of plain columns have no use for, and which take as long
as the search of several megapixels.
"""

from collections import OrderedDict
from typing import Any

import numpy as np
import yaml
from astropy.table import Column, MaskedColumn, Table

__all__ = ["header_lines"]


class _Dumper(yaml.SafeDumper):
    """Writes ordered dictionaries as ECSV has them, and numbers of numpy as numbers."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write what stands twice twice."""
        del data
        return True


_Dumper.add_representer(
    OrderedDict,
    lambda dumper, pairs: dumper.represent_sequence("tag:yaml.org,2002:omap", [{key: pairs[key]} for key in pairs]),
)
_Dumper.add_multi_representer(np.generic, lambda dumper, number: dumper.represent_data(number.item()))  # type: ignore[type-abstract]


def header_lines(table: Table, meta: dict[str, Any]) -> list[str]:
    """Write the header of a table.

    Parameters
    ----------
    table
        Its columns; those that are no plain ones are left to astropy.
    meta
        What it says of itself.

    Returns
    -------
    list of str
        Lines of YAML, as `astropy.table.meta.get_header_from_yaml` reads them.
    """
    facts = {"meta": OrderedDict(meta)} if meta else {}
    if all(_plain(column) for column in table.itercols()):
        known = {"datatype": [_facts(column) for column in table.itercols()], **facts}
        try:
            text: str = yaml.dump(known, Dumper=_Dumper, default_flow_style=None, width=130, sort_keys=False)
            return text.splitlines()
        except yaml.representer.RepresenterError:
            pass  # of quantities, times and the like, which astropy knows how to write
    from astropy.table.meta import get_yaml_from_header  # noqa: PLC0415 - slow, and seldom needed

    lines: list[str] = get_yaml_from_header({"cols": list(table.itercols()), **facts})
    return lines


def _plain(column: Any) -> bool:
    """Tell whether a column holds one number or word in each cell."""
    return type(column) in {Column, MaskedColumn} and column.ndim == 1 and column.dtype.kind in "biufU"


def _facts(column: Any) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": str(column.name),
        "datatype": "string" if column.dtype.kind == "U" else column.dtype.name,
    }
    if column.unit is not None:
        found["unit"] = str(column.unit)
    for name in ("format", "description"):
        if getattr(column, name) is not None:
            found[name] = getattr(column, name)
    if column.meta:
        found["meta"] = OrderedDict(column.meta)
    return found
