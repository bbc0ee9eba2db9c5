"""Commands on catalogues: photometry."""

from dataclasses import asdict
from typing import Annotated

import typer

from jwstpipe.cli.arguments import Json, Overwrite
from jwstpipe.cli.context import choices_of, settings_of
from jwstpipe.cli.output import data, json_data, progress_bars
from jwstpipe.cli.request_options import request_options
from jwstpipe.requests.photometry import PhotometryRequest

__all__ = ["photometry"]

Out = Annotated[str, typer.Option("--out", "-o", metavar="OUT.ecsv|.parquet|.fits|.vot", help="catalogue to make")]


@request_options(PhotometryRequest, into="options")
def photometry(
    context: typer.Context,
    images: Annotated[list[str], typer.Argument(metavar="IMAGE...", help="one image a filter")],
    *,
    out: Out,
    catalogue: Annotated[
        str | None, typer.Option("--catalogue", metavar="CATALOGUE", help="sources; none = those of the first image")
    ] = None,
    options: PhotometryRequest,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Measure sources at the same places on the images of all filters.

    Examples: jwstpipe photometry f090w.zarr f200w.zarr -o fluxes.parquet --ee 50,70;
    jwstpipe photometry x_i2d.fits --catalogue stars.ecsv -o fluxes.ecsv --aperture 0.1,0.2
    """
    from jwstpipe.api.catalogues import photometry_to_file
    from jwstpipe.execution.workers import open_workers

    settings = settings_of(context)
    with progress_bars(quiet=choices_of(context).quiet) as report, open_workers(settings.execution) as workers:
        made = photometry_to_file(
            images, out, catalogue=catalogue, options=options, overwrite=overwrite, s3=settings.s3, workers=workers,
            report=report,
        )  # fmt: skip
    if as_json:
        json_data(asdict(made))
        return
    data(f"{made.address}: {made.sources:,} sources on {len(made.images)} images")
    for band, facts in made.images.items():
        noise = facts["noise"]
        told = f"noise k {noise['k']:.3g}, beta {noise['beta']:.2f}" if noise["empty_apertures"] else "white noise"
        data(f"{band:8s} curve of growth: {facts['curve_of_growth']}; {told}")
