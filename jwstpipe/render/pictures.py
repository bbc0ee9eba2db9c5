"""The verbs of this room for addresses instead of opened images: what the Python API and the command line offer."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from jwstpipe.errors import UsageError
from jwstpipe.execute import ThreadWorkers, Workers
from jwstpipe.images.open import open_image
from jwstpipe.progress import Reporter, silent
from jwstpipe.render import composite as compositing
from jwstpipe.render import contact as sheets
from jwstpipe.render import thumbnail as thumbnails
from jwstpipe.render.align import aligned
from jwstpipe.render.colour.names import ChannelColour
from jwstpipe.render.contact import ContactSheet
from jwstpipe.render.layers import Channel
from jwstpipe.render.receipt import Picture
from jwstpipe.render.thumbnail import Thumbnail
from jwstpipe.requests import CompositeRequest, Stretch
from jwstpipe.settings import S3Settings

__all__ = ["COMPOSITE_ALGORITHM", "THUMBNAIL_ALGORITHM", "composite", "contact_sheet", "thumbnail"]

COMPOSITE_ALGORITHM = "3"
THUMBNAIL_ALGORITHM = "2"
"""Versions of what rendering does to the pixels: part of the id of every picture."""


def composite(
    images: Sequence[str | Path],
    out: str | Path,
    *,
    options: CompositeRequest | None = None,
    colours: Mapping[str, ChannelColour] | None = None,
    luminance: str | Path | None = None,
    share: float = 1.0,
    scale_arcsec: float | None = None,
    title: str | None = None,
    product_id: str | None = None,
    cores_mask: str | Path | None = None,
    s3: S3Settings | None = None,
    workers: Workers | None = None,
    report: Reporter = silent,
) -> Picture:
    """Make a colour picture of images, one filter each.

    Parameters
    ----------
    images
        FITS files or image stores, local or ``s3://``; of different pixel scales or pointings too.
    out
        Local ``.png``, ``.jpg``, ``.tif``, ``.fits`` (RGB cube) or ``.zarr``.
    options
        Preset, stretch, size, bits, overlays and all other wishes.
    colours
        Colour and weight by address, for some or all of `images`; the others take theirs by wavelength. An address
        that is not among `images` is added to them.
    luminance
        Image that brings the lightness.
    share
        Its share of the lightness, 0 to 1.
    scale_arcsec
        Pixel size of the common grid, where the images do not share one; default: the finest.
    title, product_id
        Written into the picture.
    cores_mask
        FITS file for the mask of the cores and holes that were filled for display.
    s3
        Endpoint of ``s3://`` addresses.
    workers
        Where images are aligned; default: two threads.
    report
        Told of the progress.

    Raises
    ------
    JwstPipeError
        As `jwstpipe.render.composite.composite` and `jwstpipe.render.align.aligned`.
    """
    wished = dict(colours or {})
    addresses = list(dict.fromkeys([*(str(image) for image in images), *wished]))
    if not addresses:
        more = "; the luminance image only brings lightness, name colour images beside it" if luminance else ""
        raise UsageError(f"a composite needs at least one colour image{more}")
    everything = addresses if luminance is None else [*addresses, str(luminance)]
    at_work = workers or ThreadWorkers(2)
    with aligned(everything, workers=at_work, scale_arcsec=scale_arcsec, s3=s3, report=report) as opened:
        channels = []
        for address, image, repaired in zip(addresses, opened.images, opened.repaired, strict=False):
            wish = wished.get(address) or ChannelColour(None, 1.0)
            channels.append(Channel(image, wish.colour, wish.weight, repaired))
        lightness = None if luminance is None else Channel(opened.images[-1], None, share, opened.repaired[-1])
        return compositing.composite(
            channels,
            out,
            options=options,
            luminance=lightness,
            title=title,
            product_id=product_id,
            cores_mask=cores_mask,
            report=report,
        )


def thumbnail(
    image: str | Path,
    out: str | Path,
    *,
    size: int = 256,
    stretch: Stretch = "zscale",
    product_id: str | None = None,
    s3: S3Settings | None = None,
) -> Thumbnail:
    """Make a small grey picture of an image (see `jwstpipe.render.thumbnail.thumbnail`)."""
    return thumbnails.thumbnail(open_image(image, s3=s3), out, size=size, stretch=stretch, product_id=product_id)


def contact_sheet(
    images: Sequence[str | Path],
    out: str | Path,
    *,
    size: int = 256,
    columns: int | None = None,
    stretch: Stretch = "zscale",
    s3: S3Settings | None = None,
) -> ContactSheet:
    """Put small pictures of images on one page (see `jwstpipe.render.contact.contact_sheet`)."""
    opened = [open_image(image, s3=s3) for image in images]
    return sheets.contact_sheet(opened, out, size=size, columns=columns, stretch=stretch)
