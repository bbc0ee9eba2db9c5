"""One frozen model for each kind of job; the command line, the Python API and the Prefect forms all use it.

Models are one level deep and hold plain values with visible defaults, so that a form can show them and a bad value is
refused before anything runs.

The names below are loaded when they are first used: a command needs one or two of the models, and each takes a while.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jwstpipe.requests.archive.ingest import IngestRequest
    from jwstpipe.requests.archive.refresh_metadata import RefreshMetadataRequest
    from jwstpipe.requests.archive.search import SearchRequest
    from jwstpipe.requests.archive.watch_programs import WatchEntry, WatchProgramsRequest
    from jwstpipe.requests.base import Request, Spelling, option, spelling_of, validated
    from jwstpipe.requests.channels import ChannelLook, Stretch, ToneOptions, joined_options
    from jwstpipe.requests.clean import CleanRequest
    from jwstpipe.requests.composite import (
        SIZES,
        Combination,
        CompositeRequest,
        Coverage,
        LookOptions,
        Overlay,
        Palette,
        PictureForm,
    )
    from jwstpipe.requests.convert import ConvertOptions, ConvertRequest
    from jwstpipe.requests.fields.shared import CatalogSelection
    from jwstpipe.requests.mosaic import (
        Align,
        Background,
        Combine,
        FittingMosaic,
        Follow,
        Kernel,
        MosaicOptions,
        MosaicRequest,
        Outliers,
        Quantity,
        Together,
        Weights,
    )
    from jwstpipe.requests.pictures import (
        ContactSheetOptions,
        PictureRequest,
        ThumbnailOptions,
        ThumbnailsRequest,
    )
    from jwstpipe.requests.process_target import ProcessTargetRequest

_HOMES = {
    "archive.ingest": ("IngestRequest",),
    "archive.refresh_metadata": ("RefreshMetadataRequest",),
    "archive.search": ("SearchRequest",),
    "archive.watch_programs": ("WatchEntry", "WatchProgramsRequest"),
    "base": ("Request", "Spelling", "option", "spelling_of", "validated"),
    "channels": ("ChannelLook", "Stretch", "ToneOptions", "joined_options"),
    "clean": ("CleanRequest",),
    "composite": (
        "SIZES", "Combination", "CompositeRequest", "Coverage", "LookOptions", "Overlay", "Palette", "PictureForm",
    ),
    "convert": ("ConvertOptions", "ConvertRequest"),
    "fields.shared": ("CatalogSelection",),
    "mosaic": (
        "Align", "Background", "Combine", "FittingMosaic", "Follow", "Kernel", "MosaicOptions", "MosaicRequest",
        "Outliers", "Quantity", "Together", "Weights",
    ),
    "pictures": ("ContactSheetOptions", "PictureRequest", "ThumbnailOptions", "ThumbnailsRequest"),
    "process_target": ("ProcessTargetRequest",),
}  # fmt: skip

_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "SIZES",
    "Align",
    "Background",
    "CatalogSelection",
    "ChannelLook",
    "CleanRequest",
    "Combination",
    "Combine",
    "CompositeRequest",
    "ContactSheetOptions",
    "ConvertOptions",
    "ConvertRequest",
    "Coverage",
    "FittingMosaic",
    "Follow",
    "IngestRequest",
    "Kernel",
    "LookOptions",
    "MosaicOptions",
    "MosaicRequest",
    "Outliers",
    "Overlay",
    "Palette",
    "PictureForm",
    "PictureRequest",
    "ProcessTargetRequest",
    "Quantity",
    "RefreshMetadataRequest",
    "Request",
    "SearchRequest",
    "Spelling",
    "Stretch",
    "ThumbnailOptions",
    "ThumbnailsRequest",
    "Together",
    "ToneOptions",
    "WatchEntry",
    "WatchProgramsRequest",
    "Weights",
    "joined_options",
    "option",
    "spelling_of",
    "validated",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
