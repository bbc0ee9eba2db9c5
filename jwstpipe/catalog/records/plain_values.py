"""Values of tables and headers as plain ones: numpy's scalars as Python's, what is masked or NaN as absent."""

import json
import math
from collections.abc import Mapping
from typing import Any

__all__ = ["integer_of", "mast_metadata", "number_of", "present", "text_of"]


def mast_metadata(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Keep every field of MAST under ``mast_<name>``.

    A name that starts so is not prefixed again. Absent values are dropped; whole numbers become integers; lists and
    maps become JSON text, with ``""`` for a null inside.
    """
    kept = {}
    for key, value in fields.items():
        plain = _kept(value)
        if plain is not None:
            kept[key if key.startswith("mast_") else f"mast_{key}"] = plain
    return kept


def present(values: Mapping[str, Any]) -> dict[str, Any]:
    """Give the values that are there, as Python's own."""
    plain = {key: _scalar(value) for key, value in values.items()}
    return {key: value for key, value in plain.items() if value is not None}


def _scalar(value: Any) -> Any:
    """Turn numpy's scalars to Python's; masked values and NaN are absent."""
    if getattr(value, "mask", False) is True or type(value).__name__ == "MaskedConstant":
        return None
    plain = value.item() if hasattr(value, "item") and getattr(value, "ndim", 0) == 0 else value
    return None if isinstance(plain, float) and not math.isfinite(plain) else plain


def _kept(value: Any) -> Any:
    plain = _scalar(value)
    if plain is None or isinstance(plain, bool | str | int):
        return plain
    if isinstance(plain, float):
        return int(plain) if plain.is_integer() and abs(plain) < 2**53 else plain
    if hasattr(plain, "tolist"):
        plain = plain.tolist()
    if isinstance(plain, Mapping | list | tuple):
        return json.dumps(_without_nulls(plain), ensure_ascii=False)
    return str(plain)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _without_nulls(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nulls(item) for item in value]
    plain = _scalar(value)
    return "" if plain is None else plain if isinstance(plain, bool | str | int | float) else str(plain)


def number_of(value: Any) -> float | None:
    """Give a finite number, or None."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def integer_of(value: Any) -> int | None:
    """Give a whole number, or None."""
    number = number_of(value)
    return int(number) if number is not None and number.is_integer() else None


def text_of(value: Any) -> str | None:
    """Give a text that is not empty, or None."""
    return None if value is None or not str(value).strip() else str(value).strip()
