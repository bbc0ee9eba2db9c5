"""How the PSF of an image is made that of another one."""

from jwstpipe.requests.base import Request, option

__all__ = ["MatchPsfRequest"]


class MatchPsfRequest(Request):
    """How the PSF of an image is made that of another one."""

    to: str = option(
        "",
        help="the PSF to reach: an image of the same pixels, from whose stars it is built, or a FITS file of a PSF",
        metavar="IMAGE|FILE",
    )
    own_psf: str = option(
        "auto",
        help="the PSF that the image has: auto = built from its own stars, or a FITS file of PSFs (OVERSAMP, FILTER)",
        names=("--own-psf",),
        metavar="auto|FILE",
    )
    kernel_half: int = option(12, ge=3, le=60, help="half a side of the kernel, pixels", metavar="PX")
