"""JWST file names: what they say, and how they are written.

`parse_name` reads any name, `format_name` writes it back; `ProductName` holds the parts. Beside them stands what names,
headers and archive rows share: instruments, filters and their wavelengths, levels.

The names below are loaded when they are first used: who asks for a wavelength needs no grammar.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jwstpipe.names.grammar import parse_name
    from jwstpipe.names.optics import (
        FILTER_WAVELENGTHS,
        Instrument,
        canonical_instrument,
        effective_filter,
        filter_wavelength,
        imaging_filters,
        observing_mode,
    )
    from jwstpipe.names.product import ProductName, as_json, format_name, lineage_ids
    from jwstpipe.names.suffixes import LEVEL_ORDER, DataType, Kind, Level

_HOMES = {
    "grammar": ("parse_name",),
    "optics": (
        "FILTER_WAVELENGTHS", "Instrument", "canonical_instrument", "effective_filter", "filter_wavelength",
        "imaging_filters", "observing_mode",
    ),
    "product": ("ProductName", "as_json", "format_name", "lineage_ids"),
    "suffixes": ("LEVEL_ORDER", "DataType", "Kind", "Level"),
}  # fmt: skip

_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "FILTER_WAVELENGTHS",
    "LEVEL_ORDER",
    "DataType",
    "Instrument",
    "Kind",
    "Level",
    "ProductName",
    "as_json",
    "canonical_instrument",
    "effective_filter",
    "filter_wavelength",
    "format_name",
    "imaging_filters",
    "lineage_ids",
    "observing_mode",
    "parse_name",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
