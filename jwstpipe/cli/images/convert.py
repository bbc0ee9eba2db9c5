"""`jwstpipe convert`: a FITS image to an image store."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from jwstpipe.cli.arguments import Json, Overwrite, image_argument, output_option
from jwstpipe.cli.context import choices_of, settings_of
from jwstpipe.cli.output import data, json_data, progress_bars, remark
from jwstpipe.cli.request_options import request_options
from jwstpipe.cli.tables import counted, say
from jwstpipe.errors import UsageError
from jwstpipe.requests import ConvertOptions

__all__ = ["convert", "one_output"]


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

    target = one_output(out, target, form="OUT.zarr")
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
    levels = counted(made.levels, "resolution")
    say(f"{made.address}: {columns} x {rows} px, {' '.join(made.planes)}, {levels} ({state})")
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


def one_output(out: str | None, place: str | None, *, form: str) -> str:
    """Take the output from -o; behind the input it is accepted too, as it was."""
    if (out is None) == (place is None):
        raise UsageError(f"say where it goes with -o {form}, once")
    return str(out or place)
