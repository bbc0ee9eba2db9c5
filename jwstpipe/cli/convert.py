"""Commands on single images: convert, export, info."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from jwstpipe.cli.context import choices_of, settings_of
from jwstpipe.cli.output import data, json_data, progress_bars, remark
from jwstpipe.cli.request_options import request_options
from jwstpipe.errors import TransformError, UsageError
from jwstpipe.requests import ConvertOptions

__all__ = ["COMMANDS"]

Json = Annotated[bool, typer.Option("--json", help="machine-readable")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="replace what stands there")]


@request_options(ConvertOptions, into="options")
def convert(
    context: typer.Context,
    source: Annotated[str, typer.Argument(metavar="IN.fits")],
    target: Annotated[str | None, typer.Argument(metavar="OUT.zarr", hidden=True)] = None,
    *,
    out: Annotated[str | None, typer.Option("--out", "-o", metavar="OUT.zarr", help="image store to make")] = None,
    options: ConvertOptions,
    verify: Annotated[
        bool, typer.Option("--verify", help="read the image back and compare every card and sample")
    ] = False,
    virtual: Annotated[
        bool, typer.Option("--virtual", help="write OUT.json: references to the bytes of the FITS file, no pixels")
    ] = False,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Convert a FITS image to an image store in Zarr.

    Examples: jwstpipe convert x_i2d.fits -o x.zarr; jwstpipe convert x_cal.fits -o x.zarr --planes science --verify
    """
    from jwstpipe.api.images import convert as convert_image
    from jwstpipe.images.verify import verify_conversion

    target = _one_output(out, target, form="OUT.zarr")
    s3 = settings_of(context).s3
    if virtual:
        _refer(source, target, overwrite=overwrite, s3=s3, as_json=as_json)
        return
    with progress_bars(quiet=choices_of(context).quiet) as report:
        made = convert_image(source, target, options=options, overwrite=overwrite, s3=s3, report=report)
        checked = verify_conversion(source, target, s3=s3, report=report) if verify else None
    if as_json:
        json_data(asdict(made) | {"verified": checked and asdict(checked)})
        return
    state = "stood there already" if made.reused else f"{made.seconds:.1f} s"
    rows, columns = made.shape
    data(f"{made.address}: {columns} x {rows} px, {', '.join(made.planes)}, {made.levels} levels ({state})")
    if checked is not None:
        data(f"verified: the same {checked.cards:,} cards and {checked.samples:,} samples in {', '.join(checked.hdus)}")
    if made.omitted:
        remark(f"not kept: {', '.join(made.omitted)} (--planes all keeps every HDU)")


def _refer(source: str, target: str, *, overwrite: bool, s3: Any, as_json: bool) -> None:
    from jwstpipe.images.virtual import write_references

    made = write_references(source, target, overwrite=overwrite, s3=s3)
    if as_json:
        json_data(asdict(made))
        return
    rows, columns = made.shape
    data(f"{made.address}: {columns} x {rows} px, {', '.join(made.planes)}, {made.references} ranges of {made.source}")


def _one_output(out: str | None, place: str | None, *, form: str) -> str:
    """Take the output from -o; behind the input it is accepted too, as it was."""
    if (out is None) == (place is None):
        raise UsageError(f"say where it goes with -o {form}, once")
    return str(out or place)


def export(
    context: typer.Context,
    source: Annotated[str, typer.Argument(metavar="IN.zarr")],
    target: Annotated[str | None, typer.Argument(metavar="OUT.fits", hidden=True)] = None,
    *,
    out: Annotated[str | None, typer.Option("--out", "-o", metavar="OUT.fits", help="FITS file to write")] = None,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Write an image store as FITS; an image converted with all HDUs comes back byte for byte.

    Examples: jwstpipe export mosaic.zarr -o mosaic.fits; jwstpipe export x.zarr -o x.fits --overwrite
    """
    from jwstpipe.api.images import export as export_image

    target = _one_output(out, target, form="OUT.fits")
    made = export_image(source, target, overwrite=overwrite, s3=settings_of(context).s3)
    if as_json:
        json_data(asdict(made))
        return
    same = ", the same bytes as the file it came from" if made.identical else ""
    if made.unpacked:
        same = ", the unpacked content of the compressed file it came from"
    data(f"{made.address}: {made.size:,} bytes, sha256 {made.sha256}{same}")
    if made.omitted:
        remark(f"not in it, because the image does not hold them: {', '.join(made.omitted)}")


def info(
    context: typer.Context,
    images: Annotated[list[str], typer.Argument(metavar="IMAGE...")],
    *,
    pixel: Annotated[
        list[str] | None, typer.Option(metavar="X,Y", help="tell where this pixel lies, 0-based; repeatable")
    ] = None,
    sky: Annotated[
        list[str] | None, typer.Option(metavar="RA,DEC", help="tell which pixel lies here, degrees ICRS; repeatable")
    ] = None,
    as_json: Json = False,
) -> None:
    """Tell what images are: planes, size, place on the sky, origin."""
    from jwstpipe.images.open import find_image, open_image

    pixels = [_pair(word, "--pixel", "X,Y") for word in pixel or ()]
    places = [_pair(word, "--sky", "RA,DEC") for word in sky or ()]
    opened = [find_image(address, s3=settings_of(context).s3) for address in images]  # all of them are told of
    every = [part for image in opened for part in (image.siblings or (image.address,))]
    for number, address in enumerate(every):
        image = open_image(address, s3=settings_of(context).s3)
        facts = _facts(image)
        if pixels or places:
            facts["positions"] = _positions(image, pixels, places)
        if as_json:
            json_data(facts)
            continue
        if number:
            data()
        for key, value in facts.items():
            if value not in (None, "", {}) and key != "positions":
                data(f"{key:14s} {value}")
        for place in facts.get("positions", ()):
            data("position       x {x}  y {y}  ra {ra}  dec {dec}".format(**place))


def _pair(word: str, option: str, form: str) -> tuple[float, float]:
    try:
        first, second = (float(part) for part in word.split(","))
    except ValueError:
        raise UsageError(f"{option} takes {form}, two numbers, not {word!r}") from None
    return first, second


def _positions(
    image: Any, pixels: list[tuple[float, float]], places: list[tuple[float, float]]
) -> list[dict[str, Any]]:
    """Answer in the order of the options, pixels first; null where the map has no answer."""
    import numpy as np

    from jwstpipe.sky.frames import ICRS, rotated

    wcs = image.wcs.exact(name=image.address)
    x, y = np.array(pixels, dtype=float).reshape(-1, 2).T
    lon, lat = wcs.to_sky(x, y)
    ra, dec = rotated(lon, lat, wcs.frame, ICRS)
    more_ra, more_dec = np.array(places, dtype=float).reshape(-1, 2).T
    more_x, more_y = wcs.to_pixel(*rotated(more_ra, more_dec, ICRS, wcs.frame))
    columns = (np.append(x, more_x), np.append(y, more_y), np.append(ra, more_ra), np.append(dec, more_dec))
    return [
        {
            key: float(value) if np.isfinite(value) else None
            for key, value in zip(("x", "y", "ra", "dec"), row, strict=True)
        }
        for row in zip(*columns, strict=True)
    ]


def _facts(image: Any) -> dict[str, Any]:
    from jwstpipe.images.fits_image import FitsImage

    rows, columns = image.shape
    facts: dict[str, Any] = {
        "schema_version": 1,
        "address": image.address,
        "format": "fits" if isinstance(image, FitsImage) else "zarr",
        "width": columns,
        "height": rows,
        "planes": list(image.planes),
        "slices": image.slices,
        "levels": image.levels,
        "unit": str(image.header.get("BUNIT", "")),
        "product_id": image.provenance.get("product_id"),
    }
    for key in ("TELESCOP", "INSTRUME", "DETECTOR", "FILTER", "PUPIL", "TARGNAME"):
        facts[key.lower()] = image.primary.get(key, image.header.get(key))
    try:
        facts["wcs"] = _place_on_sky(image)
    except TransformError as error:
        facts["wcs"] = None
        facts["wcs_fault"] = str(error)
    return facts


def _place_on_sky(image: Any) -> dict[str, Any]:
    from jwstpipe.images.zarr.layout import wcs_facts
    from jwstpipe.sky.footprint import footprint

    wcs = image.wcs.exact(name=image.address)
    outline = footprint(wcs, image.window, name=image.address)
    ra, dec = outline.centre
    return {
        "projection": str(image.header.get("CTYPE1", ""))[5:],
        "frame": wcs.frame.name,
        "ra": ra,
        "dec": dec,
        "scale_arcsec": outline.scale_arcsec,
        "parity": wcs.parity,
        **wcs_facts(image.wcs),
    }


COMMANDS = {"convert": convert, "export": export, "info": info}
