"""jwstpipe: from the JWST archive to measurement-grade mosaics and press-quality colour pictures.

The names below are the Python API; each is loaded when first used, so that ``import jwstpipe`` costs nothing.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "Box": "jwstpipe.sky.box",
    "SkyGrid": "jwstpipe.sky.grid",
    "composite": "jwstpipe.operations.composite",
    "contact_sheet": "jwstpipe.operations.contact_sheet",
    "convert": "jwstpipe.images.convert",
    "export": "jwstpipe.images.export",
    "find_records": "jwstpipe.api",
    "ingest": "jwstpipe.api",
    "lineage": "jwstpipe.api",
    "open_image": "jwstpipe.images.open",
    "parse_name": "jwstpipe.names",
    "plan_mosaic": "jwstpipe.mosaicking.plan",
    "find_job": "jwstpipe.jobs.listing",
    "find_jobs": "jwstpipe.jobs.listing",
    "mosaic": "jwstpipe.mosaicking.build",
    "search": "jwstpipe.api",
    "why_stale": "jwstpipe.api",
    "submit": "jwstpipe.jobs.submission",
    "thumbnail": "jwstpipe.operations.thumbnail",
}

__all__ = ["__version__", *sorted(_HOMES)]  # noqa: PLE0604 - names are resolved by __getattr__


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'jwstpipe' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
