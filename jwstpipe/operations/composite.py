"""The verbs of this room for addresses instead of opened images: what the Python API and the command line offer."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jwstpipe.display.channels import ImageNames, image_looks, settled_request
from jwstpipe.display.colour.names import parse_colour
from jwstpipe.errors import UsageError
from jwstpipe.execution.workers import ThreadWorkers, Workers
from jwstpipe.identity import derived_product_id
from jwstpipe.images.open import open_image
from jwstpipe.images.passband import passband
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
    "composite_parameters",
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
        Preset, looks of single channels, size, bits, overlays and all other wishes. A channel that names an address
        which is not among `images` is added to them; one that is not visible takes no part.
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
    wanted = options or CompositeRequest()
    addresses = list(dict.fromkeys([*(str(image) for image in images), *_more_addresses(wanted)]))
    if not addresses:
        more = "; the luminance image only brings lightness, name colour images beside it" if wanted.luminance else ""
        raise UsageError(f"a composite needs at least one colour image{more}")
    names = [_names(address, s3=s3) for address in addresses]
    light = None if wanted.luminance is None else _names(wanted.luminance, s3=s3)
    shown = [(one, look) for one, look in zip(names, image_looks(wanted, names), strict=True) if look.visible]
    if not shown:
        raise UsageError("a composite needs at least one visible channel; all of them are hidden")
    settled = settled_request(wanted, names, light)
    parents = [*(one for one, _ in shown), *([] if light is None else [light])]
    parameters = composite_parameters(settled, form=Path(out).suffix.lstrip(".").lower())
    identity = product_id or derived_product_id(
        "composite", COMPOSITE_ALGORITHM, parameters, [one.product_id for one in parents]
    )
    with aligned(
        [one.address for one in parents], workers=workers or ThreadWorkers(2), scale_arcsec=wanted.scale_arcsec,
        s3=s3, report=report,
    ) as opened:  # fmt: skip
        channels = [
            Channel(image, None if look.colour is None else parse_colour(look.colour), look.weight, repaired, look)
            for (_, look), image, repaired in zip(shown, opened.images, opened.repaired, strict=False)
        ]
        lightness = Channel(opened.images[-1], None, wanted.luminance_share, opened.repaired[-1]) if light else None
        return compositing.composite(
            channels,
            out,
            options=settled,
            luminance=lightness,
            title=wanted.title,
            product_id=identity,
            cores_mask=cores_mask,
            report=report,
        )


def composite_parameters(settled: CompositeRequest, *, form: str) -> dict[str, Any]:
    """Give all that decides over a picture beside its images: part of its identity, and what makes it again.

    Parameters
    ----------
    settled
        As `jwstpipe.display.channels.settled_request` gives it.
    form
        File format, as the end of the name has it.
    """
    return {**settled.model_dump(mode="json"), "form": form, **contents_of_files(settled)}


def _more_addresses(options: CompositeRequest) -> list[str]:
    """Give the images that channels name and that may not be among the others: what is no filter, but an address."""
    return [look.image for look in options.channels if any(sign in look.image for sign in "./[")]


def _names(address: str, *, s3: S3Settings | None) -> ImageNames:
    image = open_image(address, s3=s3)
    return ImageNames(address, identity_of(image), passband(image).filter)


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


def contents_of_files(options: CompositeRequest) -> dict[str, list[str]]:
    """Give the digests of the files that a request names: what decides is what stands in them, not their names."""
    files = [Path(name) for name in (options.preset, options.sources, options.annotations) if name is not None]
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in files if path.is_file()]
    return {"files": digests} if digests else {}
