"""One frozen model for each kind of job; the command line, the Python API and the Prefect forms all use it.

Models are one level deep and hold plain values with visible defaults, so that a form can show them and a bad value is
refused before anything runs.
"""

from jwstpipe.requests.base import Request, validated
from jwstpipe.requests.composite import CompositeRequest, Coverage, Stretch
from jwstpipe.requests.mosaic import Align, Background, Combine, Kernel, MosaicOptions, Quantity, Weights
from jwstpipe.requests.process_target import ProcessTargetRequest
from jwstpipe.requests.search import SearchRequest

__all__ = [
    "Align",
    "Background",
    "Combine",
    "CompositeRequest",
    "Coverage",
    "Kernel",
    "MosaicOptions",
    "ProcessTargetRequest",
    "Quantity",
    "Request",
    "SearchRequest",
    "Stretch",
    "Weights",
    "validated",
]
