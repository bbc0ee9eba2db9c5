"""Images of different pointings or pixel scales, laid on one grid so that they can become one picture."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from astropy.coordinates import SkyCoord

from jwstpipe.errors import DataError, TransformError
from jwstpipe.execution.workers import Workers
from jwstpipe.images.image import SkyImage
from jwstpipe.images.open import open_image
from jwstpipe.progress import Reporter, silent
from jwstpipe.render.cores.repair import LOST, find_patches, joint_patches, patched_copy
from jwstpipe.render.geometry.one_grid import celestial_of, on_one_grid
from jwstpipe.render.geometry.orientation import turned_by, up_angle
from jwstpipe.requests import MosaicOptions
from jwstpipe.requests.fields.orientation import Orientation
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box
from jwstpipe.storage import named_for_people

__all__ = ["Aligned", "aligned"]

_FAR = 20.0
"""Images further apart than so many times their sizes make no picture."""


@dataclass(frozen=True, eq=False)
class Aligned:
    """Images on one grid."""

    images: tuple[SkyImage, ...]
    """In the order of their addresses."""

    repaired: tuple[int, ...]
    """Pixels of lost cores that were filled before resampling, of each."""


@contextmanager
def aligned(
    addresses: Sequence[str | Path],
    *,
    workers: Workers,
    scale_arcsec: float | None = None,
    orient: Orientation | None = None,
    s3: S3Settings | None = None,
    report: Reporter = silent,
) -> Iterator[Aligned]:
    """Give images on one grid.

    Images that share a grid already are given as they are, unless flags say that the cores of stars in them are junk.
    Others have their cores repaired and are resampled to the finest pixel scale among them, into a temporary folder
    that lasts as long as the block.

    Parameters
    ----------
    addresses
        FITS files or image stores, local or ``s3://``.
    workers
        Where resampling is computed.
    scale_arcsec
        Pixel size to resample to; default: the finest among the images.
    orient
        Which way they shall lie; None = as they do where they share a grid, else north up.
    s3
        Endpoint of ``s3://`` addresses.
    report
        Told of tiles.

    Raises
    ------
    TransformError, DataError
        An image that cannot be placed on the sky, or lies far from the others.
    """
    images: list[SkyImage] = [open_image(address, s3=s3) for address in addresses]
    up = None if orient is None else up_angle(images, orient)
    same = scale_arcsec is None and on_one_grid(images) and (up is None or not turned_by(images[0], up))
    flagged = [_has_flagged_cores(image) for image in images]
    if same and not any(flagged):
        yield Aligned(tuple(images), (0,) * len(images))
        return
    if not same:
        _check_near(images)
    from jwstpipe.mosaicking.build import mosaic  # noqa: PLC0415 - only images of different grids need it
    from jwstpipe.mosaicking.placement import common_frame  # noqa: PLC0415

    plane = partial(common_frame, scale_arcsec=scale_arcsec, rotation_deg=up or 0.0, s3=s3, workers=workers)
    grid = None if same else plane(addresses)
    names: dict[str, str] = {}
    with TemporaryDirectory(prefix="jwstpipe-aligned-") as folder, named_for_people(names):
        for number, address in enumerate(addresses):
            names |= {str(Path(folder, f"{number}{kind}.zarr")): str(address) for kind in ("", "-repaired", "-united")}
        found: list[SkyImage] = []
        counts = []
        for number, (address, image) in enumerate(zip(addresses, images, strict=True)):
            copy = Path(folder) / f"{number}-repaired.zarr"
            patches = find_patches(image) if flagged[number] or not same else []
            counts.append(patched_copy(image, copy, patches, workers=workers))
            source: str | Path = copy if patches else address
            if grid is None:
                found.append(open_image(source, s3=s3))
                continue
            out = Path(folder) / f"{number}.zarr"
            options = MosaicOptions(weights="uniform", scale_arcsec=scale_arcsec, mix=True)  # nothing is averaged
            mosaic([source], out, options=options, grid=grid, s3=s3, workers=workers, report=report)
            found.append(open_image(out))
        if any(counts) and len(found) > 1:
            found = _united(found, Path(folder), workers=workers)
        yield Aligned(tuple(found), tuple(counts))


def _united(images: Sequence[SkyImage], folder: Path, *, workers: Workers) -> list[SkyImage]:
    """Fill in every image what any of them had filled: a star whose core one filter lost keeps its colour."""
    united: list[SkyImage] = []
    for number, (image, patches) in enumerate(zip(images, joint_patches(images), strict=True)):
        copy = folder / f"{number}-united.zarr"
        united.append(open_image(copy) if patched_copy(image, copy, patches, workers=workers) else image)
    return united


def _check_near(images: Sequence[SkyImage]) -> None:
    """Refuse images that lie too far apart for one picture, before a grid is laid over all of the sky between them."""
    places = [(image, wcs) for image in images if (wcs := celestial_of(image)) is not None]
    if len(places) < len(images):
        lost = next(image for image in images if celestial_of(image) is None)
        raise TransformError(
            f"{lost.address}: has no WCS, and not the shape of the others; give an image that has one, or images of"
            " one shape"
        )
    centres, sizes = [], []
    for image, wcs in places:
        middle = np.array([(image.shape[1] - 1) / 2]), np.array([(image.shape[0] - 1) / 2])
        lon, lat = wcs.to_sky(*middle)
        centres.append(SkyCoord(lon[0], lat[0], unit="deg", frame=wcs.frame.astropy()).icrs)
        sizes.append(max(image.shape) * wcs.scale_arcsec / 3600.0)
    for number, centre in enumerate(centres[1:], 1):
        apart = float(centre.separation(centres[0]).deg)
        if apart > _FAR * (sizes[0] + sizes[number]):
            raise DataError(
                f"{images[number].address}: lies {apart:.3g} deg from {images[0].address}, too far for one picture;"
                " leave one of them out"
            )


def _has_flagged_cores(image: SkyImage) -> bool:
    """Tell whether flags say of finite samples that they are lost; in a mosaic such samples took no part."""
    if "dq" not in image.planes or "n" in image.planes:
        return False
    for band in Box.of_shape(image.shape).bands(2048):
        lost = (image.read("dq", band) & np.uint32(LOST)) == LOST
        if lost.any() and np.isfinite(image.read("sci", band)[lost]).any():
            return True
    return False
