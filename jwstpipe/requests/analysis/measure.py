"""What is measured of a target: sources found on one image, their fluxes on all filters."""

from jwstpipe.requests.analysis.detect import DetectRequest
from jwstpipe.requests.analysis.photometry import PhotometryRequest
from jwstpipe.requests.base import option
from jwstpipe.requests.fields.shared import CatalogSelection, MaxFiles

__all__ = ["MeasureRequest"]


class MeasureRequest(PhotometryRequest, DetectRequest, CatalogSelection):
    """What is measured of a target: sources found on one image, their fluxes on all filters."""

    search_in: str | None = option(
        None, help="filter whose image is searched for sources; empty = the first one", metavar="NAME"
    )
    completeness: bool = option(
        True, help="put stars into the searched image, too, and draw how many are found again; as long as the search"
    )
    max_files: MaxFiles = 100
