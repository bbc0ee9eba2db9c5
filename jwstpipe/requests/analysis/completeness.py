"""How the completeness of a detection is measured."""

from jwstpipe.requests.analysis.detect import DetectRequest
from jwstpipe.requests.base import option

__all__ = ["ONE_IMAGE", "CompletenessRequest"]


class CompletenessRequest(DetectRequest):
    """How stars are put into an image and looked for again; the search is that of `DetectRequest`."""

    stars: int = option(2000, ge=50, le=200_000, help="most stars that are put in, far from each other")
    faintest: float = option(2.0, gt=0.0, le=1000.0, help="S/N of the faintest stars, where the noise is the usual one")
    brightest: float = option(40.0, gt=0.0, le=1e6, help="S/N of the brightest stars")
    bins: int = option(12, ge=2, le=200, help="bins of brightness")
    seed: int = option(1, ge=0, le=2**31, help="choice of places and of brightness; the same seed, the same stars")


ONE_IMAGE = tuple(name for name in CompletenessRequest.model_fields if name != "joint")
"""Its fields, but for what is about several images."""
