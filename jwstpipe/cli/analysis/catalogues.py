"""Commands on catalogues: photometry, match, astrometry, zero-point."""

from dataclasses import asdict
from typing import Annotated

import typer

from jwstpipe.cli.analysis.measured import astrometry_rows
from jwstpipe.cli.arguments import CATALOGUE_FORMS, Image, Json, Overwrite, output_option
from jwstpipe.cli.context import choices_of
from jwstpipe.cli.output import data, json_data, remark
from jwstpipe.cli.request_options import request_options
from jwstpipe.cli.start import completing
from jwstpipe.cli.tables import rows, say
from jwstpipe.cli.working import working
from jwstpipe.requests.analysis.match import AstrometryRequest, MatchRequest
from jwstpipe.requests.analysis.photometry import PhotometryRequest
from jwstpipe.requests.analysis.zero_point import ZeroPointRequest

__all__ = ["astrometry", "match", "photometry", "zero_point"]

Out = Annotated[str, output_option(CATALOGUE_FORMS, "catalogue to make")]


@request_options(PhotometryRequest, into="options")
def photometry(
    context: typer.Context,
    images: Annotated[
        list[str], typer.Argument(metavar="IMAGE...", help="one image a filter", autocompletion=completing.images)
    ],
    *,
    out: Out,
    catalogue: Annotated[
        str | None, typer.Option("--catalogue", metavar="CATALOGUE", help="sources; none = those of the first image")
    ] = None,
    options: PhotometryRequest,
    growth_picture: Annotated[
        str | None, typer.Option(metavar="OUT.png", help="curves of growth to draw, of all images")
    ] = None,
    colours_picture: Annotated[
        str | None, typer.Option(metavar="OUT.png", help="colour-magnitude diagram to draw")
    ] = None,
    colour: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="its colour, as colour_f090w_f200w; none = the first")
    ] = None,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Measure sources at the same places on the images of all filters.

    Examples: jwstpipe photometry f090w.zarr f200w.zarr -o fluxes.parquet --ee 50,70;
    jwstpipe photometry x_i2d.fits --catalogue stars.ecsv -o fluxes.ecsv --aperture 0.1,0.2;
    jwstpipe photometry f090w.zarr f200w.zarr -o fluxes.parquet --colours-picture colours.png
    """
    from jwstpipe.api.catalogues import photometry_to_file

    drawn = {"a curve of growth": growth_picture, "a colour-magnitude diagram": colours_picture}
    for what, picture in drawn.items():
        if picture is not None:
            _check_picture(picture, what, overwrite=overwrite)
    with working(context) as means:
        made = photometry_to_file(
            images, out, catalogue=catalogue, options=options, overwrite=overwrite, **means
        )  # fmt: skip
    _draw(out, growth_picture, colours_picture, colour)
    if as_json:
        json_data(asdict(made))
        return
    data(f"{made.address}: {made.sources:,} sources on {len(made.images)} images")
    for band, facts in made.images.items():
        noise = facts["noise"]
        told = f"noise k {noise['k']:.3g}, beta {noise['beta']:.2f}" if noise["empty_apertures"] else "white noise"
        rows([(band, f"curve of growth: {facts['curve_of_growth']}; {told}")], indent=10)
    for note in () if choices_of(context).quiet else made.notes:
        remark(f"note: {note}")


def _check_picture(picture: str, what: str, *, overwrite: bool) -> None:
    from jwstpipe.api.outputs import check_output
    from jwstpipe.api.plots import PICTURES

    check_output(picture, PICTURES, what=what, overwrite=overwrite)


def _draw(out: str, growth: str | None, colours: str | None, colour: str | None) -> None:
    """Draw what is asked for of the catalogue that was made."""
    if growth is None and colours is None:
        return
    from jwstpipe.analysis.catalogues.files import read_catalogue
    from jwstpipe.api.plots import plot_colours, plot_growth

    table = read_catalogue(out)
    if growth is not None:
        plot_growth(table, growth, overwrite=True)
    if colours is not None:
        plot_colours(table, colours, colour=colour, overwrite=True)


@request_options(MatchRequest, into="options")
def match(
    context: typer.Context,
    first: Annotated[str, typer.Argument(metavar="CATALOGUE", help="its rows come first")],
    second: Annotated[str, typer.Argument(metavar="CATALOGUE")],
    *,
    out: Out,
    options: MatchRequest,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Match two catalogues on the sky, one to one, and say how many pairs chance alone would give.

    Examples: jwstpipe match f090w.parquet f200w.parquet -o both.parquet --within 0.1;
    jwstpipe match mine.ecsv gaia.vot -o pairs.ecsv --offset-within 1
    """
    from jwstpipe.api.catalogues import match_to_file

    made = match_to_file(first, second, out, options=options, overwrite=overwrite)
    facts = {key: value if value == value else None for key, value in asdict(made.facts).items()}  # noqa: PLR0124
    if as_json:
        json_data({"address": made.address, "product_id": made.product_id, **facts})
        return
    told = made.facts
    chance = f", {told.false_matches:.1f} of them by chance" if told.matched else ""
    facts_told = [
        ("pairs", f"{told.matched:,} of {told.first:,} and {told.second:,} rows{chance}"),
        ("offset", f"{told.offset_east_mas:+.1f} mas east, {told.offset_north_mas:+.1f} mas north"),
        ("catalogue", str(made.address)),
    ]
    rows(facts_told)
    if not told.matched and not choices_of(context).quiet:
        remark("note: no source is in both; a larger --within or --offset-within finds what lies further apart")


@request_options(AstrometryRequest, into="options")
def astrometry(
    context: typer.Context,
    source: Annotated[
        str, typer.Argument(metavar="IMAGE|CATALOGUE", help="sources to check", autocompletion=completing.images)
    ],
    *,
    out: Annotated[str | None, output_option(CATALOGUE_FORMS, "table of the pairs")] = None,
    options: AstrometryRequest,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Compare positions with a reference: offset, rotation, scale; nothing is changed.

    Examples: jwstpipe astrometry m51_i2d.fits --reference gaia.vot --tolerance 10;
    jwstpipe astrometry sources.parquet --reference gaia.vot -o pairs.ecsv
    """
    from jwstpipe.api.catalogues import astrometry as check

    with working(context) as means:
        found = check(source, out, options=options, overwrite=overwrite, **means)
    facts = {key: value if value == value else None for key, value in asdict(found).items()}  # noqa: PLR0124
    if as_json:
        json_data(facts)
        return
    rows(astrometry_rows(facts))


@request_options(ZeroPointRequest, into="options")
def zero_point(context: typer.Context, image: Image, *, options: ZeroPointRequest, as_json: Json = False) -> None:
    """Check the zero point of an image against stars of known brightness.

    Examples: jwstpipe zero-point f200w.zarr --standards stars.ecsv --magnitude m_f200w;
    jwstpipe zero-point x_i2d.fits --standards stars.vot --magnitude F200W --json
    """
    from jwstpipe.api.zero_point import check_zero_point

    with working(context) as means:
        found = check_zero_point(image, options=options, **means)
    if as_json:
        json_data({key: value if value == value else None for key, value in asdict(found).items()})  # noqa: PLR0124
        return
    say(
        f"{found.verdict}: {found.offset_mag:+.4f} mag (error {found.error_mag:.4f}) of {found.used} of {found.stars}"
        f" stars, scatter {found.scatter_mag:.3f}, slope {found.slope:+.4f} a magnitude; fluxes times"
        f" {found.factor:.4f} would agree"
    )
