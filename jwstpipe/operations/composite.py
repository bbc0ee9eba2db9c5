"""The operation ``composite``: images of several filters become one colour picture, in any of its forms."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import Field

from jwstpipe.display.channels import ImageNames, image_looks, settled_request
from jwstpipe.display.colour.names import parse_colour
from jwstpipe.display.presets.load import load_preset
from jwstpipe.errors import UsageError
from jwstpipe.execution.workers import ThreadWorkers, Workers
from jwstpipe.images.image import SkyImage
from jwstpipe.images.passband import known_wavelength, passband
from jwstpipe.operations.inputs.align_inputs import aligned
from jwstpipe.operations.inputs.carried_inputs import input_of, provenance_for
from jwstpipe.operations.inputs.kept_looks import KeptLooks
from jwstpipe.operations.spec import Identity, Input, MakeContext, Operation, Receipt, derived_identity
from jwstpipe.progress import Reporter, silent
from jwstpipe.render import composite as compositing
from jwstpipe.render.layers import Channel
from jwstpipe.render.receipt import Picture
from jwstpipe.requests import CompositeRequest, PictureForm
from jwstpipe.requests.composite import RULES
from jwstpipe.settings import S3Settings
from jwstpipe.storage import storage_errors
from jwstpipe.storage.position_tables import positions_text

__all__ = ["COMPOSITE", "PictureRecipe", "composite", "picture_recipe", "with_contents"]

MOST_TEXT = 1 << 20
"""Longest preset or file of annotations, bytes: it is kept with the picture, so that it can be made again."""


LATER = {"orient": None, "enlarge": False, "edition": 1}
"""Wishes that came after the first pictures of this version: where they are not used, ids are as they were."""


class PictureRecipe(CompositeRequest):
    """All that decides over a picture besides its images; files that it names stand in it by their content.

    What a record does not say was not known when its picture was made: it is made again by the rules of then.
    """

    form: str = Field("png", description="ending of the file")
    edition: Literal[1, 2, 3] = Field(1, description="number of the rules that the picture is made by")

    @property
    def rules(self) -> int:
        """Number of the rules."""
        return self.edition


def picture_recipe(
    options: CompositeRequest, images: Sequence[ImageNames], luminance: ImageNames | None, *, form: str
) -> tuple[PictureRecipe, list[int]]:
    """Give the recipe of a picture, and which of its images are seen in it.

    Parameters
    ----------
    options
        All options, with images by whatever name.
    images, luminance
        What the images are called.
    form
        File format, as the end of the name has it.

    Raises
    ------
    UsageError
        A channel that is none of the images, or none that is visible.
    """
    shown = [number for number, look in enumerate(image_looks(options, images)) if look.visible]
    if not shown:
        raise UsageError("a composite needs at least one visible channel; all of them are hidden")
    settled = settled_request(options, images, luminance)
    return PictureRecipe(**settled.model_dump(), form=form, edition=RULES), shown


def with_contents(request: PictureRecipe) -> PictureRecipe:
    """Put the content of files in the place of their names: what decides is what stands in them.

    Raises
    ------
    UsageError, NotFoundError, DataError
        A file that is not there, has a fault, or is too long to be kept.
    """
    changes: dict[str, Any] = {}
    if request.preset.lower().endswith(".toml") and "\n" not in request.preset:
        load_preset(request.preset)  # a fault is told with the name of the file
        changes["preset"] = _text_of(request.preset)
    if request.annotations is not None and "\n" not in request.annotations:
        from jwstpipe.render.overlay.annotations import read_annotations  # noqa: PLC0415 - slow to load

        read_annotations(request.annotations)
        changes["annotations"] = _text_of(request.annotations)
    if request.sources is not None and "\n" not in request.sources:
        changes["sources"] = positions_text(request.sources, what="table of sources")
    return request.model_copy(update=changes) if changes else request


def _text_of(name: str) -> str:
    path = Path(name)
    with storage_errors(path):
        if path.stat().st_size > MOST_TEXT:
            raise UsageError(
                f"{path}: longer than {MOST_TEXT:,} bytes, too long to be kept with the picture; shorten it"
            )
        return path.read_text(encoding="utf-8").rstrip("\n") + "\n"


def _identify(request: PictureRecipe, inputs: Sequence[Input], *, context: MakeContext) -> Identity:
    del context
    parameters = with_contents(request).model_dump(mode="json")
    parameters = {name: value for name, value in parameters.items() if name not in LATER or value != LATER[name]}
    return derived_identity(COMPOSITE.name, COMPOSITE.version, parameters, inputs)


def _make(identity: Identity, target: str, request: PictureRecipe, *, context: MakeContext) -> Receipt:
    return _picture(identity, target, request, context=context, cores_mask=None)


def _picture(
    identity: Identity,
    target: str,
    request: PictureRecipe,
    *,
    context: MakeContext,
    cores_mask: str | Path | None,
    kept: KeptLooks | None = None,
    images: Sequence[SkyImage] | None = None,
) -> Receipt:
    del request  # what it says stands in the identity, with the content of its files
    settled = COMPOSITE.request_of(identity.parameters)
    light = settled.luminance is not None
    kept = kept or KeptLooks(context.s3)
    addresses = [one.address for one in identity.inputs]
    images = images or [kept.open(address) for address in addresses]
    provenance = provenance_for(COMPOSITE, identity, images, target)
    names = [
        ImageNames(one.address, one.product_id, passband(image).filter)
        for one, image in zip(identity.inputs, images, strict=True)
    ]
    looks = image_looks(settled, names[:-1] if light else names)
    for look, image in zip(looks, images, strict=False):  # before the work, and by the name that the user gave
        if look.colour is None and len(looks) > 1 and passband(image).filter is None:
            known_wavelength(image, passband(image))
    with aligned(
        addresses,
        images=images,
        workers=context.workers,
        scale_arcsec=settled.scale_arcsec,
        orient=settled.orient,
        laying="levels" if settled.rules > 1 else "whole",
        kept=kept,
        s3=context.s3,
        report=context.report,
    ) as opened:
        shown = kept.images(opened.images, addresses)
        channels = [
            Channel(image, None if look.colour is None else parse_colour(look.colour), look.weight, repaired, look)
            for look, image, repaired in zip(looks, shown, opened.counts, strict=False)
        ]
        lightness = Channel(shown[-1], None, settled.luminance_share, opened.counts[-1]) if light else None
        made = compositing.composite(
            channels,
            target,
            options=settled,
            luminance=lightness,
            title=settled.title,
            provenance=provenance,
            cores_mask=cores_mask,
            measure=kept.measure,
            cover=kept.cover,
            read=kept.read_filled,
            report=context.report,
        )
    notes = (*made.notes, *(f"stretch {one}" for one in made.stretch_fallbacks))
    return Receipt(identity.id, (made.height, made.width), made.size_bytes, made.sha256, notes=notes, detail=made)


COMPOSITE = Operation(
    name="composite",
    version="6",
    request=PictureRecipe,
    kind="picture",
    place="pictures/{id}/{name}",
    forms=tuple(f".{form}" for form in get_args(PictureForm)),
    identify=_identify,
    make=_make,
    several=True,
)


def composite(
    images: Sequence[str | Path],
    out: str | Path,
    *,
    options: CompositeRequest | None = None,
    cores_mask: str | Path | None = None,
    s3: S3Settings | None = None,
    workers: Workers | None = None,
    report: Reporter = silent,
) -> Picture:
    """Make a colour picture of images, one filter each.

    It carries the id that follows from the images, their content and all options: that of the same picture made by a
    flow.

    Parameters
    ----------
    images
        FITS files or image stores, local or ``s3://``; of different pixel scales or pointings too.
    out
        Local ``.png``, ``.jpg``, ``.tif``, ``.fits`` (RGB cube) or ``.zarr``.
    options
        Preset, looks of single channels, size, bits, overlays and all other options. A channel that names an address
        which is not among `images` is added to them; one that is not visible takes no part.
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
        As `jwstpipe.render.composite.composite` and `jwstpipe.operations.inputs.align_inputs.aligned`.
    """
    wanted = options or CompositeRequest()
    addresses = list(dict.fromkeys([*(str(image) for image in images), *_more_addresses(wanted)]))
    if not addresses:
        more = "; the luminance image only brings lightness, name colour images beside it" if wanted.luminance else ""
        raise UsageError(f"a composite needs at least one colour image{more}")
    kept, light = KeptLooks(s3), [] if wanted.luminance is None else [wanted.luminance]
    every = [*addresses, *light]
    opened = [kept.open(address) for address in every]
    inputs = [input_of(image, address, identity=kept.identity) for image, address in zip(opened, every, strict=True)]
    names = [
        ImageNames(one.address, one.product_id, passband(image).filter)
        for one, image in zip(inputs, opened, strict=True)
    ]
    form, colours = Path(out).suffix.lstrip(".").lower(), len(addresses)
    request, shown = picture_recipe(wanted, names[:colours], names[-1] if light else None, form=form)
    used = [*shown, *range(colours, len(every))]
    context = MakeContext(workers or ThreadWorkers(2), s3 or S3Settings(), report)
    identity = COMPOSITE.identify(request, [inputs[number] for number in used], context=context)
    seen = [opened[number] for number in used]
    made = _picture(identity, str(out), request, context=context, cores_mask=cores_mask, kept=kept, images=seen).detail
    assert isinstance(made, Picture)
    return made


def _more_addresses(options: CompositeRequest) -> list[str]:
    """Give the images that channels name and that may not be among the others: what is no filter, but an address."""
    return [look.image for look in options.channels if any(sign in look.image for sign in "./[")]
