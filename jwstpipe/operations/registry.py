"""The one list of operations: tasks, forms, commands, staleness, lineage and `reproduce` know them from here."""

from typing import Any

from jwstpipe.errors import UsageError
from jwstpipe.operations.background import BACKGROUND
from jwstpipe.operations.composite import COMPOSITE
from jwstpipe.operations.contact_sheet import CONTACT_SHEET
from jwstpipe.operations.convert import CONVERT
from jwstpipe.operations.detect import DETECT
from jwstpipe.operations.filter import FILTER
from jwstpipe.operations.mosaic import MOSAIC
from jwstpipe.operations.spec import Operation
from jwstpipe.operations.thumbnail import THUMBNAIL

__all__ = ["REGISTRY", "algorithms", "operation_named"]

REGISTRY: dict[str, Operation[Any]] = {
    operation.name: operation
    for operation in (
        CONVERT,
        MOSAIC,
        COMPOSITE,
        THUMBNAIL,
        CONTACT_SHEET,
        DETECT,
        FILTER,
        BACKGROUND,
    )
}
"""Every operation by its name. To add one is one line here."""


def operation_named(name: str) -> Operation[Any]:
    """Find an operation.

    Raises
    ------
    UsageError
        There is none of this name; the message lists those there are.
    """
    found = REGISTRY.get(name)
    if found is None:
        raise UsageError(f"no operation is called {name!r}; there are {', '.join(sorted(REGISTRY))}")
    return found


def algorithms() -> dict[str, str]:
    """Give the version of each operation in this installation."""
    return {name: operation.version for name, operation in REGISTRY.items()}
