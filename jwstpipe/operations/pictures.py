"""The verbs of this room for addresses instead of opened images: what the Python API and the command line offer."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from jwstpipe.display.colour.names import ChannelColour
from jwstpipe.errors import UsageError
from jwstpipe.execution.workers import ThreadWorkers, Workers
from jwstpipe.identity import derived_product_id
from jwstpipe.images.open import open_image
from jwstpipe.mosaicking.sources import identity_of
from jwstpipe.operations.align_inputs import aligned
from jwstpipe.progress import Reporter, silent
from jwstpipe.render import composite as compositing
from jwstpipe.render import contact as sheets
from jwstpipe.render import thumbnail as thumbnails
from jwstpipe.render.contact import ContactSheet
from jwstpipe.render.layers import Channel
from jwstpipe.render.receipt import Picture
from jwstpipe.render.thumbnail import Thumbnail
from jwstpipe.requests import CompositeRequest, Stretch
from jwstpipe.settings import S3Settings

__all__ = [
    "COMPOSITE_ALGORITHM",
    "SHEET_ALGORITHM",
    "THUMBNAIL_ALGORITHM",
    "composite",
    "contact_sheet",
    "contents_of_files",
    "thumbnail",
]

COMPOSITE_ALGORITHM = "4"
THUMBNAIL_ALGORITHM = "2"
SHEET_ALGORITHM = "3"
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
    title
        Written into the picture.
    product_id
        Written into the picture; default: the one that follows from the images, their content and all wishes, which
        is that of the same picture made by a flow.
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
        As `jwstpipe.render.composite.composite` and `jwstpipe.operations.align_inputs.aligned`.
    """
    wished = dict(colours or {})
    addresses = list(dict.fromkeys([*(str(image) for image in images), *wished]))
    if not addresses:
        more = "; the luminance image only brings lightness, name colour images beside it" if luminance else ""
        raise UsageError(f"a composite needs at least one colour image{more}")
    everything = addresses if luminance is None else [*addresses, str(luminance)]
    at_work = workers or ThreadWorkers(2)
    wanted = options or CompositeRequest()
    identity = product_id or _picture_id(
        "composite",
        COMPOSITE_ALGORITHM,
        {
            **wanted.model_dump(mode="json"),
            "form": Path(out).suffix.lstrip(".").lower(),
            "luminance": luminance is not None,
            "title": title,
            **_direct_wishes(addresses, wished, share, scale_arcsec, wanted),
        },
        everything,
        s3=s3,
    )
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
            product_id=identity,
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
    """Make a small grey picture of an image (see `jwstpipe.render.thumbnail.thumbnail`).

    Without a product id it carries the one that follows from image and parameters.
    """
    opened = open_image(image, s3=s3)
    if product_id is None:
        wishes = {"size": size, "stretch": stretch}
        product_id = derived_product_id("thumbnail", THUMBNAIL_ALGORITHM, wishes, [identity_of(opened)])
    return thumbnails.thumbnail(opened, out, size=size, stretch=stretch, product_id=product_id)


def contact_sheet(
    images: Sequence[str | Path],
    out: str | Path,
    *,
    size: int = 256,
    columns: int | None = None,
    stretch: Stretch = "zscale",
    product_id: str | None = None,
    s3: S3Settings | None = None,
) -> ContactSheet:
    """Put small pictures of images on one page (see `jwstpipe.render.contact.contact_sheet`).

    Without a product id it carries the one that follows from images and parameters.
    """
    opened = [open_image(image, s3=s3) for image in images]
    if product_id is None:
        given, usual = (size, columns, stretch), (256, None, "zscale")
        wishes = {} if given == usual else {"size": size, "columns": columns, "stretch": stretch}
        inputs = [identity_of(image) for image in opened]
        product_id = derived_product_id("contact-sheet", SHEET_ALGORITHM, wishes, inputs)
    return sheets.contact_sheet(opened, out, size=size, columns=columns, stretch=stretch, product_id=product_id)


def _picture_id(
    operation: str, version: str, parameters: Mapping[str, Any], addresses: Sequence[str], *, s3: S3Settings | None
) -> str:
    inputs = [identity_of(open_image(address, s3=s3)) for address in addresses]
    return derived_product_id(operation, version, parameters, inputs)


def _direct_wishes(
    addresses: Sequence[str],
    wished: Mapping[str, ChannelColour],
    share: float,
    scale_arcsec: float | None,
    options: CompositeRequest,
) -> dict[str, Any]:
    """List what flows do not know of and decides the picture too; nothing where all is as flows have it."""
    found: dict[str, Any] = {}
    if wished:
        colours = [wished.get(address) for address in addresses]
        found["channels"] = [None if wish is None else asdict(wish) for wish in colours]
    if share != 1.0:
        found["share"] = share
    if scale_arcsec is not None:
        found["scale_arcsec"] = scale_arcsec
    return {**found, **contents_of_files(options)}


def contents_of_files(options: CompositeRequest) -> dict[str, list[str]]:
    """Give the digests of the files that a request names: what decides is what stands in them, not their names."""
    files = [Path(name) for name in (options.preset, options.sources, options.annotations) if name is not None]
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in files if path.is_file()]
    return {"files": digests} if digests else {}
