"""JWST file names: what they say, and how they are written.

`parse_name` reads any name, `format_name` writes it back; `ProductName` holds the parts. Beside them stands what names,
headers and archive rows share: instruments, filters and their wavelengths, levels.
"""

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
