"""Commands on single images: convert, export, info."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from jwstpipe.cli.context import choices_of, settings_of
from jwstpipe.cli.output import data, json_data, progress_bars, remark
from jwstpipe.errors import TransformError, UsageError

__all__ = ["COMMANDS"]

Json = Annotated[bool, typer.Option("--json", help="machine-readable")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="replace what stands there")]


def convert(
    context: typer.Context,
    source: Annotated[str, typer.Argument(metavar="IN.fits")],
    target: Annotated[str, typer.Argument(metavar="OUT.zarr")],
    *,
    planes: Annotated[str, typer.Option(help="all: every HDU is kept; science: what mosaics need")] = "all",
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Convert a FITS image to an image store in Zarr."""
    from jwstpipe.images.convert import convert as convert_image

    if planes not in ("all", "science"):
        raise UsageError(f"--planes is all or science, not {planes!r}")
    settings = settings_of(context)
    with progress_bars(quiet=choices_of(context).quiet) as report:
        made = convert_image(source, target, planes=planes, overwrite=overwrite, s3=settings.s3, report=report)  # type: ignore[arg-type]
    if as_json:
        json_data(asdict(made))
        return
    state = "stood there already" if made.reused else f"{made.seconds:.1f} s"
    rows, columns = made.shape
    data(f"{made.address}: {columns} x {rows} px, {', '.join(made.planes)}, {made.levels} levels ({state})")
    if made.omitted:
        remark(f"not kept: {', '.join(made.omitted)} (--planes all keeps every HDU)")


def export(
    context: typer.Context,
    source: Annotated[str, typer.Argument(metavar="IN.zarr")],
    target: Annotated[str, typer.Argument(metavar="OUT.fits")],
    *,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Write an image store as FITS; an image converted with all HDUs comes back byte for byte."""
    from jwstpipe.images.fits_writer import export as export_image

    made = export_image(source, target, overwrite=overwrite, s3=settings_of(context).s3)
    if as_json:
        json_data(asdict(made))
        return
    same = ", the same bytes as the file it came from" if made.identical else ""
    data(f"{made.address}: {made.size:,} bytes, sha256 {made.sha256}{same}")
    if made.omitted:
        remark(f"not in it, because the image does not hold them: {', '.join(made.omitted)}")


def info(
    context: typer.Context, images: Annotated[list[str], typer.Argument(metavar="IMAGE...")], *, as_json: Json = False
) -> None:
    """Tell what images are: planes, size, place on the sky, origin."""
    from jwstpipe.images.open import open_image

    for number, image in enumerate(images):
        facts = _facts(open_image(image, s3=settings_of(context).s3))
        if as_json:
            json_data(facts)
            continue
        if number:
            data()
        for key, value in facts.items():
            if value not in (None, "", {}):
                data(f"{key:14s} {value}")


def _facts(image: Any) -> dict[str, Any]:
    from jwstpipe.images.fits_reader import FitsImage
    from jwstpipe.sky.celestial import CelestialWcs, wcs_cards
    from jwstpipe.sky.footprint import footprint

    rows, columns = image.shape
    facts: dict[str, Any] = {
        "schema_version": 1,
        "address": image.address,
        "format": "fits" if isinstance(image, FitsImage) else "zarr",
        "width": columns,
        "height": rows,
        "planes": list(image.planes),
        "levels": image.levels,
        "unit": str(image.header.get("BUNIT", "")),
        "product_id": image.provenance.get("product_id"),
    }
    for key in ("TELESCOP", "INSTRUME", "DETECTOR", "FILTER", "PUPIL", "TARGNAME"):
        facts[key.lower()] = image.primary.get(key, image.header.get(key))
    try:
        wcs = CelestialWcs.from_cards(wcs_cards(image.header), name=image.address)
        outline = footprint(wcs, image.window, name=image.address)
    except TransformError as error:
        facts["wcs"] = None
        facts["wcs_fault"] = str(error)
        return facts
    ra, dec = outline.centre
    facts["wcs"] = {
        "projection": str(wcs.wcs.wcs.ctype[wcs.wcs.wcs.lng])[5:],
        "frame": wcs.frame.name,
        "ra": ra,
        "dec": dec,
        "scale_arcsec": outline.scale_arcsec,
        "parity": wcs.parity,
    }
    return facts


COMMANDS = {"convert": convert, "export": export, "info": info}
