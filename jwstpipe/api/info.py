"""The verb info: what an image is, and where its pixels lie."""

from pathlib import Path

from jwstpipe.images.facts import ImageFacts, image_facts
from jwstpipe.requests.analysis.places import InfoRequest
from jwstpipe.requests.fields.keywords import request_keywords
from jwstpipe.settings import S3Settings

__all__ = ["info"]


@request_keywords(InfoRequest, into="request")
def info(image: str | Path, *, request: InfoRequest, exact: bool = False, s3: S3Settings | None = None) -> ImageFacts:
    """Tell what an image is: planes, size, place on the sky, origin.

    Parameters
    ----------
    image : path
        FITS file or image store, local or ``s3://``; ``FILE[SCI,2]`` chooses one of several images.
    **options
    exact : bool, default False
        Evaluate the gwcs that a JWST file has, as for positions; else its FITS header says where the image lies.
    s3 : S3Settings, optional
        Endpoint of ``s3://`` addresses.

    Returns
    -------
    ImageFacts
        Its ``place`` is None where nothing places the image on the sky; then ``fault`` says why.

    Examples
    --------
    >>> jwstpipe.info("f200w.fits", pixel=[(0, 0)])
    <ImageFacts address f200w.fits, ...>
    """
    return image_facts(image, pixels=request.pixel, places=request.sky, exact=exact, s3=s3)
