"""The command `cube`: images, spectra and pictures of spectral cubes."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jwstpipe.cli.arguments import Json, Overwrite, image_argument, output_option
from jwstpipe.cli.context import choices_of, settings_of
from jwstpipe.cli.output import data, json_data, progress_bars, remark
from jwstpipe.cli.request_options import cli_request, request_options
from jwstpipe.cli.tables import rows, say
from jwstpipe.errors import UsageError
from jwstpipe.requests.analysis.cubes import CubeMapRequest, CubePictureRequest, CubeSpectrumRequest, LineWindow

if TYPE_CHECKING:
    from jwstpipe.operations.inputs.changed_images import ImageMade

__all__ = ["cube"]

_IMAGES = (".zarr", ".fits")
_PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff")
_SPECTRA = (".ecsv", ".parquet", ".vot", ".svg", ".html")
_MAP_FIELDS = tuple(name for name in CubeMapRequest.model_fields if name != "line")
_PLACES = ("place", "circle", "cone", "ring", "region")

Cube = Annotated[str, image_argument("CUBE")]
Out = Annotated[
    str | None,
    output_option("OUT.zarr|.fits|.png|.ecsv", "what to make; none = tell what the cube is"),
]
Lines = Annotated[
    list[str] | None,
    typer.Option(
        "--line", metavar="LINE", rich_help_panel="Line",
        help=f"{CubeMapRequest.model_fields['line'].description}; several make a picture",
    ),
]  # fmt: skip
Channels = Annotated[
    int | None, typer.Option(min=2, max=200, rich_help_panel="Line", help="channel maps of the line, so many")
]
Moments = Annotated[
    bool,
    typer.Option("--moments", rich_help_panel="Line", help="flux, velocity and dispersion of the line, an image each"),
]
Size = Annotated[int, typer.Option(metavar="PX", min=0, max=8192, rich_help_panel="Picture", help="longest side")]


@request_options(CubeMapRequest, into="options", only=_MAP_FIELDS)
@request_options(CubeSpectrumRequest, into="region_options")
def cube(
    context: typer.Context,
    file: Cube,
    *,
    out: Out = None,
    line: Lines = None,
    options: CubeMapRequest,
    channels: Channels = None,
    moments: Moments = False,
    region_options: CubeSpectrumRequest,
    size: Size = 0,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Make images, spectra and pictures of a spectral cube, or tell what it is.

    The end of OUT says what: .zarr or .fits is an image of a slice, a range or a line; .png a picture of the maps of
    lines; .ecsv the spectrum of a place. Examples: jwstpipe cube x_s3d.fits; jwstpipe cube x_s3d.fits --wavelength
    5.34 -o slice.zarr; jwstpipe cube x_s3d.fits --line 5.340169 --redshift 0.02 --moments -o feii.zarr;
    jwstpipe cube x_s3d.fits --line 5.340169 --line 5.5118 --line 6.1086 -o rgb.png; jwstpipe cube x_s3d.fits --place
    20,31 --cone 2 -o s.ecsv
    """
    lines, words = tuple(line or ()), str(out or "").rstrip("/").lower()
    asked = any(getattr(region_options, name) not in (None, ()) for name in _PLACES)
    given = options.model_dump(exclude_unset=True)
    if out is not None and (moments or channels is not None) and not words.endswith(_IMAGES):
        raise UsageError(f"{out}: moments and channels are images; end the name with .zarr or .fits")
    if out is None:
        if asked or lines or given:
            raise UsageError("say where it goes with -o: OUT.zarr or OUT.fits for an image, OUT.png, OUT.ecsv")
        _describe(context, file, as_json=as_json)
    elif asked or words.endswith(_SPECTRA):
        if lines or given:
            raise UsageError(f"{out}: a spectrum of a place has no line and no range; leave them out")
        _spectrum(context, file, out, region_options, overwrite=overwrite, as_json=as_json)
    elif words.endswith(_PICTURES):
        window = {name: value for name, value in given.items() if name in LineWindow.model_fields}
        if not lines or len(window) < len(given):
            raise UsageError(f"{out}: a picture is made of lines: give --line, or make an image (.zarr) of a range")
        request = cli_request(CubePictureRequest, {"lines": list(lines), "size": size, **window})
        _picture(context, file, out, request, overwrite=overwrite, as_json=as_json)
    elif len(lines) > 1:
        raise UsageError(f"{out}: several lines make a picture (OUT.png); an image is of one line")
    else:
        wanted = cli_request(CubeMapRequest, {**given, **({"line": lines[0]} if lines else {})})
        _images(context, file, out, wanted, channels, moments=moments, overwrite=overwrite, as_json=as_json)


def _describe(context: typer.Context, file: str, *, as_json: bool) -> None:
    from jwstpipe.analysis.cubes.cube import open_cube
    from jwstpipe.analysis.cubes.describe import cube_facts

    facts = cube_facts(open_cube(file, s3=settings_of(context).s3))
    if as_json:
        json_data(facts)
        return
    told = {key: value for key, value in facts.items() if value not in (None, "", [], {})}
    rows(
        (
            (key.replace("_", " "), _word(value))
            for key, value in told.items()
            if key not in ("schema_version", "notes")
        ),
        indent=18,
    )
    for note in facts["notes"]:
        remark(f"note: {note}")


def _images(
    context: typer.Context, file: str, out: str, request: CubeMapRequest, channels: int | None, *, moments: bool,
    overwrite: bool, as_json: bool,
) -> None:  # fmt: skip
    from jwstpipe.api.spectra import cubes
    from jwstpipe.execution.workers import open_workers

    if moments and (channels is not None or "moment" in request.model_fields_set):
        raise UsageError("moments: all three of a line; leave channels and moment out")
    settings = settings_of(context)
    with progress_bars(quiet=choices_of(context).quiet) as report, open_workers(settings.execution) as workers:
        shared: dict[str, Any] = {"overwrite": overwrite, "s3": settings.s3, "workers": workers, "report": report}
        if moments:
            made = cubes.moment_maps(file, out, options=request, **shared)
        elif channels is None:
            made = [cubes.cube(file, out, options=request, **shared)]
        else:
            made = cubes.channel_maps(file, out, channels, options=request, **shared)
    for one in made:
        _tell(one, quiet=choices_of(context).quiet, as_json=as_json)


def _tell(made: "ImageMade", *, quiet: bool, as_json: bool) -> None:
    if as_json:
        json_data(asdict(made))
        return
    height, width = made.shape
    found = ", ".join(
        f"{key.replace('_', ' ')} {_word(value)}" for key, value in made.results.items() if key != "digest"
    )
    state = " (stood there already)" if made.reused else ""
    say(f"{made.address}: {width} x {height} px, {' '.join(made.planes)}{state}; {found}")
    for note in () if quiet else made.notes:
        remark(f"note: {note}")


def _picture(
    context: typer.Context, file: str, out: str, request: CubePictureRequest, *, overwrite: bool, as_json: bool
) -> None:
    from jwstpipe.api.operations import verb

    with progress_bars(quiet=choices_of(context).quiet) as report:
        made = verb("cube-picture")(
            file, Path(out), options=request, overwrite=overwrite, s3=settings_of(context).s3, report=report
        )
    if as_json:
        json_data({**made.detail.as_dict(), "notes": made.notes})
        return
    data(f"{out}: {made.detail.width} x {made.detail.height} px, {made.file_size:,} bytes")
    for used in made.detail.channels:
        data(f"  {used.filter}: {used.colour}, {used.stretch.lo:.4g} to {used.stretch.hi:.4g}")
    for note in made.notes:
        remark(f"note: {note}")


def _spectrum(
    context: typer.Context, file: str, out: str, request: CubeSpectrumRequest, *, overwrite: bool, as_json: bool
) -> None:
    from jwstpipe.api.operations import verb

    with progress_bars(quiet=choices_of(context).quiet) as report:
        made = verb("cube-spectrum")(
            file, Path(out), options=request, overwrite=overwrite, s3=settings_of(context).s3, report=report
        )
    if as_json:
        json_data({"path": out, "product_id": made.product_id, **made.results, "notes": made.notes})
        return
    found = made.results
    data(f"{out}: {found['aperture']}, {found['valid']:,} of {found['samples']:,} samples, {made.detail.unit}")
    for note in made.notes:
        remark(f"note: {note}")


def _word(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_word(part) for part in value)
    return f"{value:.7g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
