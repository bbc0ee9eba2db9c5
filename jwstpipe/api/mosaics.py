"""Verbs on mosaics: one is made, and what is known before it is."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_args

from jwstpipe.api.outputs import IMAGE_FORMS, Paths, check_output, listed
from jwstpipe.errors import UsageError
from jwstpipe.execution.workers import ThreadWorkers, Workers
from jwstpipe.mosaicking import build, planning
from jwstpipe.mosaicking.plan import MosaicPlan
from jwstpipe.mosaicking.receipt import MosaicReceipt
from jwstpipe.progress import Reporter, silent
from jwstpipe.requests import MosaicOptions
from jwstpipe.requests.clean import CleanPolicy, check_templates_taken, policy_options
from jwstpipe.requests.fields.keywords import request_keywords
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box
from jwstpipe.sky.grid import SkyGrid
from jwstpipe.storage import is_remote

__all__ = ["footprints", "mosaic", "plan_mosaic"]

Frame = tuple[SkyGrid, Box | None]


@request_keywords(MosaicOptions)
def mosaic(
    images: Paths,
    out: str | Path,
    *,
    options: MosaicOptions,
    grid: Frame | None = None,
    fits: str | Path | None = None,
    residuals: str | Path | None = None,
    clean: CleanPolicy = "none",
    wisp_template: Sequence[str | Path] = (),
    overwrite: bool = False,
    update: bool = False,
    s3: S3Settings | None = None,
    workers: Workers | None = None,
    report: Reporter = silent,
) -> MosaicReceipt:
    """Make one mosaic of images.

    Parameters
    ----------
    images : path or sequence of paths
        FITS files or image stores, local or ``s3://``, in any order.
    out : str or Path
        What to make: an image store (``.zarr``) or a FITS file (``.fits``).
    **options
    grid : tuple of SkyGrid and Box, optional
        Plane and window to fill; default: north up, at the finest scale among the images.
    residuals : str or Path, optional
        What alignment leaves of each star's position: a map (``.png``) or a table (``.ecsv``, ``.csv``).
    clean : {'none', 'auto', 'stripes', 'masks'}, default 'none'
        What is taken out of exposures first, where it is measured (see `jwstpipe.clean`): all of it, only stripes, or
        only masks of spoiled pixels. Cleaned exposures stay in a folder beside `out`, ``NAME-cleaned``; the mosaic is
        made of them, and of the images themselves where nothing had to be taken.
    wisp_template : sequence of paths, optional
        Light that stays on detectors, pixel by pixel, taken out of the exposures as `jwstpipe.clean` does.
    fits : str or Path, optional
        Write the mosaic as a FITS file too.
    overwrite : bool, default False
        Replace what stands at `out` and `fits`.
    update : bool, default False
        Bring the store that stands at `out` up to date: its grid is kept, and tiles whose inputs did not change are
        taken from it.
    s3, workers, report
        Endpoint of ``s3://`` addresses; where tiles are computed (default: a thread a core); told of each tile.

    Returns
    -------
    MosaicReceipt
        With the product id, which depends on inputs and options alone.

    Raises
    ------
    UsageError
        No images, the same one twice, a keyword out of range, or an output of another form.
    DataError
        Units that differ, an image far away from the rest, or a mosaic beyond `max_gigapixels`.
    ConflictError
        Something else stands at `out`.

    Examples
    --------
    >>> files = ["a_cal.fits", "b_cal.fits"]
    >>> jwstpipe.mosaic(files, "m.zarr", background="level", kernel="drizzle")
    <MosaicReceipt address m.zarr, ...>
    """
    form = check_output(out, IMAGE_FORMS, what="a mosaic")
    if residuals is not None:
        check_output(residuals, (".png", ".ecsv", ".csv"), what="residuals of alignment", overwrite=overwrite)
    templates = [wisp_template] if isinstance(wisp_template, str | Path) else list(wisp_template)
    images, notes = _cleaned(images, out, clean, templates, s3=s3, workers=workers, report=report)
    chosen: dict[str, Any] = {
        "options": options,
        "grid": grid,
        "residuals": residuals,
        "s3": s3,
        "workers": workers,
        "report": report,
    }
    if form == ".zarr":
        made = build.mosaic(images, out, fits=fits, overwrite=overwrite, update=update, **chosen)
        return replace(made, notes=(*notes, *made.notes))
    if update or fits is not None:
        raise UsageError(f"{out}: tiles and a second form belong to a mosaic in a store; end its name in .zarr")
    check_output(out, (".fits",), what="a mosaic", overwrite=overwrite)
    if build.filled_by_tiles(out, workers):
        made = build.mosaic(images, None, fits=out, overwrite=overwrite, **chosen)
        return replace(made, notes=(*notes, *made.notes))
    with _beside(out) as folder:
        made = build.mosaic(images, folder / "mosaic.zarr", pyramid=False, **chosen)
        from jwstpipe.images.export import write_fits  # noqa: PLC0415 - slow to load

        write_fits(folder / "mosaic.zarr", out, overwrite=overwrite, s3=s3)
    return MosaicReceipt(**{
        **asdict(made), "address": str(out), "fits": str(out), "notes": (*notes, *made.notes),
    })  # fmt: skip


def _cleaned(
    images: Paths, out: str | Path, policy: CleanPolicy, templates: Sequence[str | Path], *, s3: S3Settings | None,
    workers: Workers | None, report: Reporter,
) -> tuple[list[str | Path], tuple[str, ...]]:  # fmt: skip
    """Give what a mosaic is made of under a policy, and what there is to say of it."""
    if policy not in get_args(CleanPolicy):
        raise UsageError(f"clean is one of {', '.join(get_args(CleanPolicy))}, not {policy!r}")
    try:
        check_templates_taken(templates, policy)
    except ValueError as error:
        raise UsageError(str(error)) from None
    options = policy_options(policy)
    if options is None:
        return list(listed(images)), ()
    if is_remote(out):
        raise UsageError(
            f"{out}: cleaned exposures go into a folder beside the mosaic, on this machine; clean them first with"
            " jwstpipe clean, or leave the mosaic here"
        )
    from jwstpipe.operations.make.clean_files import cleaned_or_as_they_are  # noqa: PLC0415 - not for every mosaic

    folder = Path(out).with_name(f"{Path(out).stem}-cleaned")
    found, notes = cleaned_or_as_they_are(
        listed(images), folder, options, wisp_templates=templates, s3=s3, workers=workers, report=report
    )
    return list(found), tuple(notes)


@contextmanager
def _beside(out: str | Path) -> Iterator[Path]:
    """Give a folder on the disk that the output goes to, for as long as it is made."""
    place = None if is_remote(out) else Path(out).absolute().parent
    if place is not None and not place.is_dir():
        place = None  # who writes the output says what is wrong with its folder
    with TemporaryDirectory(prefix=".jwstpipe-", dir=place) as folder:
        yield Path(folder)


@request_keywords(MosaicOptions)
def plan_mosaic(
    images: Paths,
    *,
    options: MosaicOptions,
    grid: Frame | None = None,
    s3: S3Settings | None = None,
    workers: Workers | None = None,
    report: Reporter = silent,
) -> MosaicPlan:
    """Plan a mosaic, and read no pixels: its grid, tiles, inputs, size and cost.

    Parameters
    ----------
    images : path or sequence of paths
        FITS files or image stores, local or ``s3://``.
    **options
    grid, s3, workers, report
        As in `mosaic`.

    Returns
    -------
    MosaicPlan
        ``summary()`` has its size and cost.

    Examples
    --------
    >>> jwstpipe.plan_mosaic(["a_cal.fits", "b_cal.fits"], scale_arcsec=0.06)
    <MosaicPlan inputs 2, size ...>
    """
    return planning.plan_mosaic(listed(images), options=options, grid=grid, s3=s3, workers=workers, report=report)


@request_keywords(MosaicOptions, only=("scale_arcsec", "follow", "ephemeris"))
def footprints(
    images: Paths,
    out: str | Path | None = None,
    *,
    options: MosaicOptions,
    grid: Frame | None = None,
    overwrite: bool = False,
    s3: S3Settings | None = None,
    workers: Workers | None = None,
    report: Reporter = silent,
) -> dict[str, Any]:
    """Tell where images, and the tiles of their mosaic, lie on the sky.

    Parameters
    ----------
    images : path or sequence of paths
        FITS files or image stores, local or ``s3://``.
    out : str or Path, optional
        PNG to draw them in.
    **options
    grid, overwrite, s3, workers, report
        As in `mosaic`.

    Returns
    -------
    dict
        ``images`` and ``tiles`` with their outlines (lists of [ra, dec], degrees ICRS), and the grid.

    Examples
    --------
    >>> len(jwstpipe.footprints(["a_cal.fits", "b_cal.fits"], "footprints.png")["tiles"])
    1
    """
    if out is not None:
        check_output(out, (".png",), what="a drawing of footprints", overwrite=overwrite)
    at_work = workers or ThreadWorkers(os.cpu_count() or 1)
    anything = {"max_gigapixels": 10_000.0, "mix": True, "sparse": True}  # nothing of that size is made
    wide = options.model_copy(update=anything)
    from jwstpipe.mosaicking import footprints as outlines  # noqa: PLC0415 - slow to load, and only this verb needs it

    planned = planning.plan_mosaic(listed(images), options=wide, grid=grid, s3=s3, workers=at_work, report=report)
    if out is not None:
        outlines.draw_footprints(planned, out)
    return outlines.footprints(planned)
