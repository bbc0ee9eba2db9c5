"""jwstpipe: from the JWST archive to measurement-grade mosaics and press-quality colour pictures.

The names below are the Python API; each is loaded when first used, so that ``import jwstpipe`` costs nothing.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "astrometry": "jwstpipe.api.catalogues",
    "background": "jwstpipe.api.measure",
    "background_to_store": "jwstpipe.api.measure",
    "Box": "jwstpipe.sky.box",
    "ChannelLook": "jwstpipe.requests",
    "SkyGrid": "jwstpipe.sky.grid",
    "cancel_transfers": "jwstpipe.api.archive.transfers",
    "clean_transfers": "jwstpipe.api.archive.transfers",
    "find_transfers": "jwstpipe.api.archive.transfers",
    "pause_transfers": "jwstpipe.api.archive.transfers",
    "resume_transfers": "jwstpipe.api.archive.transfers",
    "add_files": "jwstpipe.api.catalog",
    "channel_maps": "jwstpipe.api.spectra.cubes",
    "moment_maps": "jwstpipe.api.spectra.cubes",
    "clean": "jwstpipe.api.cleaning",
    "completeness": "jwstpipe.api.completeness",
    "composite": "jwstpipe.api.pictures",
    "contact_sheet": "jwstpipe.api.images",
    "convert": "jwstpipe.api.images",
    "check_zero_point": "jwstpipe.api.zero_point",
    "cube": "jwstpipe.api.spectra.cubes",
    "cube_spectrum": "jwstpipe.api.spectra.cubes",
    "detect": "jwstpipe.api.sources",
    "detect_to_file": "jwstpipe.api.sources",
    "discover": "jwstpipe.api.discovery",
    "export": "jwstpipe.api.images",
    "filter_image": "jwstpipe.api.measure",
    "filter_to_store": "jwstpipe.api.measure",
    "find": "jwstpipe.api.discovery",
    "find_job": "jwstpipe.jobs.listing",
    "find_jobs": "jwstpipe.jobs.listing",
    "find_records": "jwstpipe.api.catalog",
    "footprints": "jwstpipe.api.mosaics",
    "info": "jwstpipe.api.info",
    "ingest": "jwstpipe.api.archive.observations",
    "lineage": "jwstpipe.api.catalog",
    "lines": "jwstpipe.api.spectra.spectra",
    "match_psf": "jwstpipe.api.measure",
    "match": "jwstpipe.api.catalogues",
    "match_to_file": "jwstpipe.api.catalogues",
    "mosaic": "jwstpipe.api.mosaics",
    "open_cube": "jwstpipe.api.spectra.cubes",
    "open_image": "jwstpipe.images.open",
    "parse_name": "jwstpipe.names",
    "photometry": "jwstpipe.api.catalogues",
    "photometry_to_file": "jwstpipe.api.catalogues",
    "pixels": "jwstpipe.api.pixels",
    "plot_completeness": "jwstpipe.api.plots",
    "plot_colours": "jwstpipe.api.plots",
    "plot_growth": "jwstpipe.api.plots",
    "plot_histogram": "jwstpipe.api.plots",
    "plot_sources": "jwstpipe.api.plots",
    "plan_mosaic": "jwstpipe.api.mosaics",
    "reproduce": "jwstpipe.api.catalog",
    "search": "jwstpipe.api.archive.observations",
    "spectrum": "jwstpipe.api.spectra.spectra",
    "spectrum_to_file": "jwstpipe.api.spectra.spectra",
    "statistics": "jwstpipe.api.pixels",
    "table": "jwstpipe.api.spectra.tables",
    "table_to_file": "jwstpipe.api.spectra.tables",
    "submit": "jwstpipe.jobs.submission",
    "thumbnail": "jwstpipe.api.images",
    "view": "jwstpipe.viewer.notebook",
    "why_stale": "jwstpipe.api.catalog",
}

__all__ = ["__version__", *sorted(_HOMES)]  # noqa: PLE0604 - names are resolved by __getattr__


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        try:
            return getattr(import_module(_HOMES[name]), name)
        except ModuleNotFoundError as error:
            from jwstpipe.errors import MissingExtraError  # noqa: PLC0415 - only what is missing needs it

            raise MissingExtraError.of(error) or error from None
    hint = ""
    if not name.startswith("_"):
        if name in (further := _operations()):
            return import_module("jwstpipe.api.operations").verb(further[name])
        from difflib import get_close_matches  # noqa: PLC0415 - only a typo needs it

        close = get_close_matches(name, [*_HOMES, *further], 1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
    raise AttributeError(f"module 'jwstpipe' has no attribute {name!r}{hint}")


def __dir__() -> list[str]:
    return sorted({*__all__, *_operations()})


def _operations() -> dict[str, str]:
    """Give the operations that have no verb of their own, each by its name in Python."""
    listed = import_module("jwstpipe.operations.registry").LISTED
    return {line.word: line.name for line in listed.values() if line.word not in _HOMES}
