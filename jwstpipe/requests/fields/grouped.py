"""Forms have what is seldom needed behind one group; `request_values` takes what they send as values of a request."""

from collections.abc import Mapping
from typing import Any

__all__ = ["SELDOM", "request_values"]

SELDOM = "more"
"""Name of the group of seldom used fields."""


def request_values(given: Mapping[str, Any]) -> dict[str, Any]:
    """Take the values of a form as those of the request: what stands in the group stands beside it.

    Returns
    -------
    dict
        Values by field. Where a field stands in both places, that in the group counts, which somebody has opened.
    """
    values = dict(given)
    group = values.pop(SELDOM, None)
    return {**values, **group} if isinstance(group, Mapping) else values
