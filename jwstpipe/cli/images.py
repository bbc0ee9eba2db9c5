"""Commands on single images and on mosaics: convert, export, info, mosaic."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from jwstpipe.cli.context import choices_of, settings_of
from jwstpipe.cli.output import data, json_data, progress_bars, remark
from jwstpipe.errors import TransformError, UsageError
from jwstpipe.requests import Background, Combine, Kernel, MosaicOptions, Weights, validated

__all__ = ["COMMANDS"]

Json = Annotated[bool, typer.Option("--json", help="machine-readable")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="replace what stands there")]
Cluster = Annotated[str | None, typer.Option(help="threads, processes, tcp://host:port or tls://host:port")]


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


def mosaic(
    context: typer.Context,
    images: Annotated[list[str], typer.Argument(metavar="IMAGE...")],
    *,
    out: Annotated[str, typer.Option("-o", "--out", metavar="OUT.zarr", help="image store to make")] = "",
    fits: Annotated[str | None, typer.Option(metavar="OUT.fits", help="write the mosaic as a FITS file too")] = None,
    kernel: Annotated[Kernel, typer.Option(help="interpolation")] = "bilinear",
    combine: Annotated[Combine, typer.Option(help="how overlapping samples become one")] = "mean",
    weights: Annotated[Weights, typer.Option(help="of samples; falls back from left to right")] = "ivm",
    background: Annotated[Background, typer.Option(help="match sky levels of overlapping images")] = "none",
    scale: Annotated[float | None, typer.Option(help="pixel size, arcsec; default: the finest image's")] = None,
    grid: Annotated[str | None, typer.Option(metavar="IMAGE|HEADER.hdr", help="lie on the grid of this image")] = None,
    cluster: Cluster = None,
    max_gigapixels: Annotated[float, typer.Option(help="refuse a larger mosaic")] = 4.0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="plan only, and print the size of the work")] = False,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Make one mosaic of many images."""
    from jwstpipe.execute import open_workers
    from jwstpipe.mosaic.build import mosaic as make_mosaic
    from jwstpipe.mosaic.grids import read_grid
    from jwstpipe.mosaic.plan import plan_mosaic

    if not out and not dry_run:
        raise UsageError("say where the mosaic goes with -o OUT.zarr, or plan it with --dry-run")
    settings = settings_of(context)
    execution = settings.execution if cluster is None else settings.execution.model_copy(update={"cluster": cluster})
    options = validated(
        MosaicOptions,
        kernel=kernel,
        combine=combine,
        weights=weights,
        background=background,
        scale_arcsec=scale,
        max_gigapixels=max_gigapixels,
    )
    frame = None if grid is None else read_grid(grid, s3=settings.s3)
    with progress_bars(quiet=choices_of(context).quiet) as report, open_workers(execution) as workers:
        if dry_run:
            plan = plan_mosaic(images, options=options, grid=frame, s3=settings.s3, workers=workers, report=report)
            summary = plan.summary()
        else:
            made = make_mosaic(
                images, out, options=options, grid=frame, fits=fits, overwrite=overwrite,
                s3=settings.s3, workers=workers, report=report,
            )  # fmt: skip
            summary = asdict(made)
    if as_json:
        json_data(summary)
        return
    for key, value in summary.items():
        if value not in (None, ""):
            data(f"{key:14s} {value}")


COMMANDS = {"convert": convert, "export": export, "info": info, "mosaic": mosaic}
