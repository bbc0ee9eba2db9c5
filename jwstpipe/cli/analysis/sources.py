"""Commands on sources: detect, sources, completeness."""

import math
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from jwstpipe.cli.arguments import (
    CATALOGUE_FORMS,
    TABLE_FORMS,
    Home,
    Image,
    Images,
    Json,
    Overwrite,
    User,
    output_option,
)
from jwstpipe.cli.context import choices_of, settings_of
from jwstpipe.cli.output import data, json_data, remark
from jwstpipe.cli.request_options import request_options
from jwstpipe.cli.tables import fitting_columns, main_columns, table_lines
from jwstpipe.cli.working import working
from jwstpipe.errors import NotFoundError, UsageError
from jwstpipe.requests.analysis.completeness import CompletenessRequest
from jwstpipe.requests.analysis.detect import DetectRequest

if TYPE_CHECKING:
    from astropy.table import Table

__all__ = ["completeness", "detect", "sources"]


@request_options(DetectRequest, into="options")
def detect(
    context: typer.Context,
    images: Images,
    *,
    out: Annotated[str, output_option(CATALOGUE_FORMS, "catalogue to make")],
    segmentation: Annotated[str | None, typer.Option(metavar="OUT.fits", help="image of labels to make")] = None,
    picture: Annotated[
        str | None, typer.Option(metavar="OUT.png", help="picture of the image with its sources, to look at")
    ] = None,
    options: DetectRequest,
    update: Annotated[
        bool, typer.Option("--update", help="replace OUT.parquet, and search only what changed since")
    ] = False,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Find sources and write their catalogue; the same for every tiling and number of workers.

    Several images of one grid are searched as one. Examples: jwstpipe detect m.zarr -o m.ecsv; jwstpipe detect
    f200w.zarr f356w.zarr -o both.parquet --joint chi --segmentation labels.fits
    """
    from jwstpipe.api.sources import detect_to_file

    settings = settings_of(context)
    if picture is not None:
        from jwstpipe.analysis.catalogues.files import read_catalogue
        from jwstpipe.api.outputs import check_output
        from jwstpipe.api.plots import PICTURES, plot_sources

        check_output(picture, PICTURES, what="a picture of sources", overwrite=overwrite or update)
    with working(context) as means:
        made = detect_to_file(
            images, out, options=options, segmentation=segmentation, overwrite=overwrite, update=update, **means
        )  # fmt: skip
    if picture is not None:
        plot_sources(images[0], read_catalogue(out), picture, overwrite=True, s3=settings.s3)
    if as_json:
        json_data(made.as_dict())
    else:
        again = f", {made.tiles_reused} tiles as before" if made.tiles_reused else ""
        data(f"{made.address}: {made.sources:,} sources{again}")
    for note in () if choices_of(context).quiet else made.notes:
        remark(f"note: {note}")
    if not made.sources:
        remark(f"note: nothing stands {options.threshold:g} sigma above the sky; no rows (lower --threshold)")


@request_options(
    CompletenessRequest, into="options", only=tuple(n for n in CompletenessRequest.model_fields if n != "joint")
)
def completeness(
    context: typer.Context,
    image: Image,
    *,
    out: Annotated[str | None, output_option(TABLE_FORMS, "table to make")] = None,
    picture: Annotated[str | None, typer.Option(metavar="OUT.png", help="curve to draw")] = None,
    options: CompletenessRequest,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Put stars into an image, search it again, and tell how many are found, by their brightness.

    Examples: jwstpipe completeness m.zarr --picture curve.png; jwstpipe completeness m.zarr --threshold 5 -o m.ecsv
    """
    from jwstpipe.analysis.catalogues.files import write_catalogue
    from jwstpipe.analysis.catalogues.forms import check_target
    from jwstpipe.api.completeness import completeness as measure
    from jwstpipe.api.outputs import check_output
    from jwstpipe.api.plots import PICTURES, plot_completeness

    if out is not None:
        check_target(out, overwrite=overwrite)
    if picture is not None:
        check_output(picture, PICTURES, what="a completeness curve", overwrite=overwrite)
    with working(context) as means:
        table = measure(image, options=options, **means)
    if out is not None:
        write_catalogue(table, out, overwrite=overwrite)
    if picture is not None:
        plot_completeness(
            table,
            picture,
            title=f"{image.rstrip('/').rpartition('/')[2]}: stars put in and found again",
            overwrite=True,
        )
    if as_json:
        for row in table:
            json_data({name: _plain(row[name]) for name in table.colnames})
        return
    for line in table_lines(table):
        data(line)
    half, mag = table.meta["half_snr"], table.meta.get("half_mag")
    sentence = "" if half is None else f"half of them at S/N {half:.2f}" + ("" if mag is None else f", AB {mag:.2f}")
    remark(sentence or "note: the share does not pass one half; change --faintest and --brightest")


def sources(
    context: typer.Context,
    catalogue: Annotated[str, typer.Argument(metavar="CATALOGUE|RA,DEC")],
    *,
    at: Annotated[str | None, typer.Option(metavar="RA,DEC", help="only near this place: 10:00:27,+2:12:00")] = None,
    radius: Annotated[float, typer.Option(metavar="ARCSEC", help="how near (default 5)")] = 5.0,
    columns: Annotated[Literal["all", "jwst"], typer.Option(help="jwst: those of the official catalogue")] = "all",
    out: Annotated[str | None, output_option(TABLE_FORMS, "file to write")] = None,
    user: User = None,
    home: Home = None,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Show or convert a catalogue: all of it, or what lies near a place; our column names or the official ones.

    A place instead of a catalogue: what all catalogues hold near it that the catalogue of records knows. Examples:
    jwstpipe sources m.parquet --at 10:00:27,+2:12:00 --radius 2; jwstpipe sources m.parquet --columns jwst
    -o m_cat.ecsv; jwstpipe sources 150.11,2.2 --radius 1
    """
    from jwstpipe.analysis.catalogues.files import write_catalogue
    from jwstpipe.analysis.catalogues.forms import check_target
    from jwstpipe.analysis.catalogues.official import official_view

    if out is not None:
        check_target(out, overwrite=overwrite)
    table, where = _rows(context, catalogue, at, radius, home=home, user=user)
    if not len(table):
        raise NotFoundError(f"{where}: no source{'' if at is None else f' within {radius:g} arcsec of {at}'}")
    shown = official_view(table) if columns == "jwst" else table
    for name in shown.meta.get("missing_columns", ()) if columns == "jwst" else ():
        remark(f"note: {name} is not measured and not in it")
    if out is not None:
        write_catalogue(shown, out, overwrite=overwrite)
        data(f"{out}: {len(shown):,} sources")
    elif as_json:
        for row in shown:
            json_data({name: _plain(row[name]) for name in shown.colnames})
    else:
        _show_table(context, shown)


def _rows(
    context: typer.Context, catalogue: str, at: str | None, radius: float, *, home: Any, user: str | None
) -> tuple["Table", str]:
    """Take the rows that are asked for, and say where they were looked for."""
    from pathlib import Path

    from jwstpipe.operations.inputs.catalogue_inputs import table_at

    s3 = settings_of(context).s3
    if "," in catalogue and not Path(catalogue).exists():
        if at is not None:
            raise UsageError("give a place or a catalogue, not two places")
        found = _known(context, catalogue, radius, home=home, user=user)
        return found, f"within {radius:g} arcsec of {catalogue}"
    return (table_at(catalogue, s3=s3) if at is None else _near(catalogue, at, radius, s3=s3)), catalogue


def _near(catalogue: str, at: str, radius: float, *, s3: Any) -> "Table":
    """Take the rows of one catalogue near a place."""
    from pathlib import Path

    from jwstpipe.analysis.catalogues.cone import cone
    from jwstpipe.analysis.pixels.at import parse_place
    from jwstpipe.operations.inputs.catalogue_inputs import table_at
    from jwstpipe.storage import is_remote

    place = parse_place(at)
    if not place.sky:
        raise UsageError(f"--at {at}: write a position as 10:00:27,+2:12:00, or in degrees as 150.11d,2.2d")
    where = table_at(catalogue, s3=s3) if is_remote(catalogue) else Path(catalogue)
    return cone(where, place.first, place.second, radius)


def _known(context: typer.Context, place: str, radius: float, *, home: Any, user: str | None) -> "Table":
    """Take the rows of all registered catalogues near a place; plain numbers are degrees, as there are no pixels."""
    from jwstpipe.analysis.pixels.at import parse_place
    from jwstpipe.cli.catalog.opened import opened
    from jwstpipe.operations.sources.known import sources_near
    from jwstpipe.storage import open_store

    read = parse_place(place)
    if not read.sky:
        read = parse_place(",".join(f"{part.strip()}d" for part in place.split(",")))
    with opened(context, home=home, user=user) as (catalog, settings):
        store = open_store(settings.store_root, s3=settings.s3)
        found = sources_near(catalog, store, read.first, read.second, radius)
    for note in found.notes:
        remark(f"note: left out: {note}")
    remark(f"{len(found.table):,} sources in {found.catalogues:,} catalogues")
    return found.table


def _show_table(context: typer.Context, table: "Table") -> None:
    few = table if choices_of(context).verbose else fitting_columns(main_columns(table))
    for line in table_lines(few):
        data(line)
    if len(few.colnames) < len(table.colnames) and not choices_of(context).quiet:
        remark(f"{len(few.colnames)} of {len(table.colnames)} columns; all with -v, --json or -o")


def _plain(value: Any) -> Any:
    """Give a cell as JSON has it; NaN is none."""
    if hasattr(value, "ra") and hasattr(value, "dec"):
        return [float(value.ra.deg), float(value.dec.deg)]
    return _finite(value.tolist() if hasattr(value, "tolist") else value)


def _finite(value: Any) -> Any:
    if isinstance(value, list):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
