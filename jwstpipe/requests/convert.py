"""FITS images into image stores: which of the catalogue, and which planes."""

from typing import Annotated, Any

from pydantic import BeforeValidator

from jwstpipe.requests.base import Request, option
from jwstpipe.requests.fields.shared import CatalogSelection, MaxFiles

__all__ = ["ConvertOptions", "ConvertRequest"]


def _planes(value: Any) -> Any:
    """Read ``all``, ``science``, or names with commas between them."""
    if isinstance(value, str):
        return tuple(name.strip().lower() for name in value.split(",") if name.strip())
    return value


class ConvertOptions(Request):
    """How a FITS image becomes an image store."""

    planes: Annotated[tuple[str, ...], BeforeValidator(_planes)] = option(
        ("all",),
        min_length=1,
        help="all: every HDU is kept; science: what mosaics need; or names, as sci,err,var_poisson",
        metavar="all|science|NAME,...",
    )

    @property
    def wanted_planes(self) -> Any:
        """The planes as a conversion takes them: ``all``, ``science``, or their names."""
        return self.planes[0] if self.planes in (("all",), ("science",)) else self.planes


class ConvertRequest(CatalogSelection):
    """Which archive files of the catalogue become image stores; those that are converted already stay as they are."""

    max_files: MaxFiles = 10_000
