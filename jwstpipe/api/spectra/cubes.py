"""Verbs on spectral cubes."""

from pathlib import Path

from jwstpipe.analysis.cubes.cube import Cube
from jwstpipe.analysis.cubes.cube import open_cube as open_it
from jwstpipe.analysis.cubes.extract import extract
from jwstpipe.analysis.cubes.maps import channel_requests, moment_requests
from jwstpipe.analysis.spectra.spectrum import Spectrum
from jwstpipe.api.outputs import IMAGE_FORMS, check_output
from jwstpipe.execution.workers import Workers
from jwstpipe.operations.cubes.cube import CUBE
from jwstpipe.operations.inputs.changed_images import ImageMade, made_at
from jwstpipe.progress import Reporter, silent
from jwstpipe.requests.analysis.cubes import CubeMapRequest, CubeSpectrumRequest
from jwstpipe.requests.fields.keywords import request_keywords
from jwstpipe.settings import S3Settings

__all__ = ["MOST_CHANNELS", "channel_maps", "cube", "cube_spectrum", "moment_maps", "open_cube"]

MOST_CHANNELS = 200


def open_cube(address: str | Path, *, s3: S3Settings | None = None) -> Cube:
    """Open a cube: a FITS file (s3d, calints ...) or a store; nothing is read but headers.

    Parameters
    ----------
    address : str or Path
        Local or ``s3://``.
    s3 : S3Settings, optional
        Endpoint of ``s3://`` addresses.

    Raises
    ------
    DataError
        No third axis; or wavelengths that are missing, do not fit its slices, or neither rise nor fall.

    Examples
    --------
    >>> jwstpipe.open_cube("x_s3d.fits").wavelengths.size
    60
    """
    return open_it(address, s3=s3)


@request_keywords(CubeMapRequest)
def cube(
    cube: str | Path,
    out: str | Path,
    *,
    options: CubeMapRequest,
    overwrite: bool = False,
    s3: S3Settings | None = None,
    workers: Workers | None = None,
    report: Reporter = silent,
) -> ImageMade:
    """Make an image of a spectral cube: a slice, a range, or a map of a line; without a wish the mean of all slices.

    Parameters
    ----------
    cube : str or Path
        FITS file or store, local or ``s3://``.
    out : str or Path
        What to make: an image store (``.zarr``) or a FITS file (``.fits``).
    **options
    overwrite : bool, default False
        Replace what stands at `out`.
    s3, workers, report
        Endpoint of ``s3://`` addresses; where levels are computed; told of the progress.

    Returns
    -------
    ImageMade
        With planes ``sci``, ``err`` and ``n`` (samples that made each pixel).

    Raises
    ------
    NoCoverageError
        The cube does not reach that wavelength.
    DataError
        It has no data there.

    Examples
    --------
    >>> image = jwstpipe.cube("x_s3d.fits", "feii.zarr", line="5.340169")
    """
    check_output(out, IMAGE_FORMS, what="an image of a cube")
    return made_at(CUBE, options, cube, out, overwrite=overwrite, s3=s3, workers=workers, report=report)


@request_keywords(CubeMapRequest)
def channel_maps(
    cube: str | Path,
    out: str | Path,
    count: int,
    *,
    options: CubeMapRequest,
    overwrite: bool = False,
    s3: S3Settings | None = None,
    workers: Workers | None = None,
    report: Reporter = silent,
) -> list[ImageMade]:
    """Map a line in equal ranges of velocity, one image each.

    Parameters
    ----------
    cube : str or Path
        FITS file or store, local or ``s3://``.
    out : str or Path
        Name of the images, ``.zarr`` or ``.fits``; a number is put before its ending.
    count : int
        How many.
    **options
    overwrite, s3, workers, report
        As in `cube`.

    Examples
    --------
    >>> maps = jwstpipe.channel_maps("x_s3d.fits", "channels.zarr", 4, line="5.340169")
    """
    check_output(out, IMAGE_FORMS, what="an image of a cube")
    wanted = channel_requests(open_it(cube, s3=s3), options, count)
    stem, dot, ending = str(out).rstrip("/").rpartition(".")
    return [
        made_at(
            CUBE, one, cube, f"{stem}_{number:02d}{dot}{ending}", overwrite=overwrite, s3=s3, workers=workers,
            report=report,
        )
        for number, one in enumerate(wanted, 1)
    ]  # fmt: skip


@request_keywords(CubeMapRequest, only=[name for name in CubeMapRequest.model_fields if name != "moment"])
def moment_maps(
    cube: str | Path,
    out: str | Path,
    *,
    options: CubeMapRequest,
    overwrite: bool = False,
    s3: S3Settings | None = None,
    workers: Workers | None = None,
    report: Reporter = silent,
) -> list[ImageMade]:
    """Map flux, velocity and dispersion of a line, one image each.

    Parameters
    ----------
    cube : str or Path
        FITS file or store, local or ``s3://``.
    out : str or Path
        Name of the images, ``.zarr`` or ``.fits``; ``_m0``, ``_m1`` and ``_m2`` are put before its ending.
    **options
    overwrite, s3, workers, report
        As in `cube`.

    Examples
    --------
    >>> jwstpipe.moment_maps("x_s3d.fits", "feii.zarr", line="5.340169")  # doctest: +SKIP
    """
    check_output(out, IMAGE_FORMS, what="an image of a cube")
    stem, dot, ending = str(out).rstrip("/").rpartition(".")
    return [
        made_at(
            CUBE, one, cube, f"{stem}_m{one.moment}{dot}{ending}", overwrite=overwrite, s3=s3, workers=workers,
            report=report,
        )
        for one in moment_requests(options)
    ]  # fmt: skip


@request_keywords(CubeSpectrumRequest)
def cube_spectrum(cube: str | Path | Cube, *, options: CubeSpectrumRequest, s3: S3Settings | None = None) -> Spectrum:
    """Take the spectrum of a place out of a spectral cube.

    Parameters
    ----------
    cube : str, Path or Cube
        FITS file or store, local or ``s3://``.
    **options
    s3 : S3Settings, optional
        Endpoint of ``s3://`` addresses.

    Returns
    -------
    Spectrum
        Jy, where the cube is one of surface brightness; with errors, and columns COVERAGE and BACKGROUND.

    Raises
    ------
    NoCoverageError
        The place lies outside the field.
    DataError
        No sample has data.

    Examples
    --------
    >>> jwstpipe.cube_spectrum("x_s3d.fits", place="10,12", circle="2px").flux.shape
    (60,)
    """
    return extract(cube if isinstance(cube, Cube) else open_it(cube, s3=s3), options, s3=s3)
