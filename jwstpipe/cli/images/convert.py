"""Commands on single images: convert, export."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from jwstpipe.cli.arguments import Json, Overwrite, image_argument, output_option
from jwstpipe.cli.context import choices_of, settings_of
from jwstpipe.cli.output import data, json_data, progress_bars, remark
from jwstpipe.cli.request_options import request_options
from jwstpipe.errors import UsageError
from jwstpipe.requests import ConvertOptions

__all__ = ["convert", "export"]


@request_options(ConvertOptions, into="options")
def convert(
    context: typer.Context,
    source: Annotated[str, image_argument("IN.fits")],
    target: Annotated[str | None, typer.Argument(metavar="OUT.zarr", hidden=True)] = None,
    *,
    out: Annotated[str | None, output_option("OUT.zarr", "image store to make")] = None,
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
    source: Annotated[str, image_argument("IN.zarr")],
    target: Annotated[str | None, typer.Argument(metavar="OUT.fits", hidden=True)] = None,
    *,
    out: Annotated[str | None, output_option("OUT.fits", "FITS file to write")] = None,
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
