"""Commands that make images of images: filter, background, match-psf."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from jwstpipe.cli.arguments import IMAGE_FORMS, Image, Images, Json, Overwrite, output_option
from jwstpipe.cli.context import choices_of
from jwstpipe.cli.output import json_data, remark
from jwstpipe.cli.request_options import request_options
from jwstpipe.cli.tables import number, say
from jwstpipe.cli.working import working
from jwstpipe.requests.analysis.background import BackgroundRequest
from jwstpipe.requests.analysis.filters import FilterRequest
from jwstpipe.requests.analysis.psf_match import MatchPsfRequest

if TYPE_CHECKING:
    from jwstpipe.operations.inputs.changed_images import ImageMade

__all__ = ["background", "filter_", "match_psf"]

Out = Annotated[str, output_option(IMAGE_FORMS, "image store or FITS file to make")]


@request_options(FilterRequest, into="options")
def filter_(
    context: typer.Context,
    image: Image,
    *,
    out: Out,
    options: FilterRequest,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Smooth, sharpen, clean or repair the samples of an image; the result is no image for photometry.

    Examples: jwstpipe filter m.zarr -o smooth.zarr --sigma 2; jwstpipe filter x_i2d.fits -o clean.fits --method wavelet
    """
    from jwstpipe.api.measure import filter_to_store

    with working(context) as means:
        made = filter_to_store(image, out, options=options, overwrite=overwrite, **means)
    _tell(made, quiet=choices_of(context).quiet, as_json=as_json)


@request_options(BackgroundRequest, into="options")
def background(
    context: typer.Context,
    image: Image,
    *,
    out: Out,
    options: BackgroundRequest,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Measure the sky of an image and take it away: a mesh that follows it, a plane, or one level.

    Examples: jwstpipe background m.zarr -o flat.zarr; jwstpipe background x_i2d.fits -o sky.fits --result sky
    """
    from jwstpipe.api.measure import background_to_store

    with working(context) as means:
        made = background_to_store(image, out, options=options, overwrite=overwrite, **means)
    _tell(made, quiet=choices_of(context).quiet, as_json=as_json)


@request_options(MatchPsfRequest, into="options")
def match_psf(
    context: typer.Context,
    images: Images,
    *,
    out: Annotated[str, output_option("OUT|FOLDER", "image to make (.zarr, .fits); of several images, their folder")],
    options: MatchPsfRequest,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Give images the PSF of another one, which is wider: for colours, and for pictures without rings.

    Examples: jwstpipe match-psf f090w.zarr -o f090w_wide.zarr --to f444w.zarr; jwstpipe match-psf f090w.zarr f200w.zarr
    -o matched --to f444w.zarr
    """
    from jwstpipe.api.measure import match_psf as matched

    several = len(images) > 1
    with working(context) as means:
        for image in images:
            target = f"{out.rstrip('/')}/{_stem(image)}_matched.zarr" if several else out
            made = matched(image, target, options=options, overwrite=overwrite, **means)
            _tell(made, quiet=choices_of(context).quiet, as_json=as_json)


def _stem(image: str) -> str:
    """Give the name of an image without folder, chosen part and ending."""
    name = image.partition("[")[0].rstrip("/").rpartition("/")[2]
    return name.removesuffix(".gz").rpartition(".")[0] or name


def _tell(made: "ImageMade", *, quiet: bool, as_json: bool) -> None:
    if as_json:
        json_data(asdict(made))
        return
    rows, columns = made.shape
    found = ", ".join(
        f"{key.replace('_', ' ')} {_word(value)}"
        for key, value in made.results.items() if key not in ("digest", "kernel")
    )  # fmt: skip
    state = " (stood there already)" if made.reused else ""
    say(f"{made.address}: {columns} x {rows} px, {' '.join(made.planes)}{state}; {found}")
    for note in () if quiet else made.notes:
        remark(note)


def _word(value: object) -> str:
    return number(value) if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
