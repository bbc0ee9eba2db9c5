"""The command that cleans exposures."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from jwstpipe.cli.arguments import Cluster, Images, Json, Overwrite, WispTemplate, output_option
from jwstpipe.cli.context import choices_of
from jwstpipe.cli.output import data, json_data, remark
from jwstpipe.cli.request_options import request_options
from jwstpipe.cli.working import working
from jwstpipe.requests.clean import CleanOptions

__all__ = ["clean"]


@request_options(CleanOptions, into="options")
def clean(
    context: typer.Context,
    images: Images,
    *,
    out: Annotated[Path, output_option("FOLDER", "where cleaned image stores go")],
    options: CleanOptions,
    mosaic: Annotated[
        list[str] | None,
        typer.Option(
            metavar="IMAGE", help="mosaic that tells what is sky, one a filter; else it is made of the images"
        ),
    ] = None,
    passes: Annotated[
        int, typer.Option(min=0, max=5, help="mosaics made one after the other; 0 = each exposure by itself")
    ] = 2,
    wisp_template: WispTemplate = None,
    cluster: Cluster = None,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Take out of exposures what their detectors added; the exposures stay, and what was taken is kept.

    Examples: jwstpipe clean *_cal.fits -o cleaned; jwstpipe clean x_rate.fits -o cleaned --passes 0 --stripes rows
    """
    from jwstpipe.api.cleaning import clean as verb

    with working(context, cluster=cluster) as means:
        made = verb(
            images,
            out,
            options=options,
            mosaic=mosaic or (),
            passes=passes,
            wisp_template=wisp_template or (),
            overwrite=overwrite,
            **means,
        )
    if as_json:
        json_data([asdict(one) for one in made])
        return
    for one in made:
        rows, columns = one.shape
        state = " (stood there already)" if one.reused else ""
        data(f"{one.address}: {columns} x {rows} px, rms taken {one.results['taken_rms']:.4g}{state}")
        for note in () if choices_of(context).quiet else one.notes:
            remark(f"  {note}")
