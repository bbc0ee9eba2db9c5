"""Images of different pointings or pixel scales, laid on one grid so that they can become one picture."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Literal

import numpy as np

from jwstpipe.errors import DataError, TransformError
from jwstpipe.execution.workers import Workers
from jwstpipe.fits.dq import LOST
from jwstpipe.images.image import SkyImage
from jwstpipe.images.open import open_image
from jwstpipe.progress import Reporter, silent
from jwstpipe.render.geometry.one_grid import celestial_of, on_one_grid
from jwstpipe.render.geometry.orientation import turned_by, up_angle
from jwstpipe.requests.fields.orientation import Orientation
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box
from jwstpipe.sky.frames import rotated, unit_vectors
from jwstpipe.storage import named_for_people

if TYPE_CHECKING:
    from jwstpipe.mosaicking.inputs.sources import Source
    from jwstpipe.operations.inputs.kept_looks import KeptLooks
    from jwstpipe.operations.inputs.laid.laid_image import LaidImage
    from jwstpipe.operations.inputs.laid.lay import Lying

__all__ = ["Aligned", "Laying", "aligned", "lie_apart"]

Laying = Literal["whole", "levels"]
"""How images of other grids are resampled: whole at full resolution, before anything is looked at, as pictures were
made at first; or level by level, what is looked at."""

_FAR = 20.0
"""Images further apart than so many times their sizes make no picture."""


@dataclass(frozen=True, eq=False)
class Aligned:
    """Images on one grid."""

    images: tuple[SkyImage, ...]
    """In the order of their addresses."""

    counts: tuple[Callable[[], int], ...]
    """Each tells the pixels of lost cores that were filled before resampling: of an image that is laid level by level,
    in what was read of it so far."""


@contextmanager
def aligned(
    addresses: Sequence[str | Path],
    *,
    images: Sequence[SkyImage] | None = None,
    workers: Workers,
    scale_arcsec: float | None = None,
    orient: Orientation | None = None,
    laying: Laying = "levels",
    keep_blocks: bool = True,
    kept: "KeptLooks | None" = None,
    s3: S3Settings | None = None,
    report: Reporter = silent,
) -> Iterator[Aligned]:
    """Give images on one grid.

    Images that share a grid already are given as they are, unless flags say that the cores of stars in them are junk.
    Others have their cores repaired and are resampled to the finest pixel scale among them; what has to be written goes
    into a temporary folder that lasts as long as the block.

    Parameters
    ----------
    addresses
        FITS files or image stores, local or ``s3://``.
    images
        The same, where they are open already.
    workers
        Where resampling is computed.
    scale_arcsec
        Pixel size to resample to; default: the finest among the images.
    orient
        Which way they shall lie; None = as they do where they share a grid, else north up.
    laying
        How those of other grids are resampled; a file of several arrays is resampled whole.
    keep_blocks
        What was resampled and does not stay in memory is kept in the folder.
    kept
        What is known of the same images from an earlier look at them; None = nothing.
    s3
        Endpoint of ``s3://`` addresses.
    report
        Told of tiles.

    Raises
    ------
    TransformError, DataError
        An image that cannot be placed on the sky, or lies far from the others.
    """
    images = list(images or (open_image(address, s3=s3) for address in addresses))
    up = None if orient is None else up_angle(images, orient)
    same = not lie_apart(images, scale_arcsec=scale_arcsec, up=up)
    find = _has_flagged_cores if kept is None else partial(kept.flagged, find=_has_flagged_cores)
    flagged = [find(image) for image in images]
    if same and not any(flagged):
        yield Aligned(tuple(images), (int,) * len(images))
        return
    if not same:
        _check_near(images)
    names: dict[str, str] = {}
    with TemporaryDirectory(prefix="jwstpipe-aligned-") as name, named_for_people(names):
        work = _Work([str(address) for address in addresses], images, flagged, Path(name), names, workers, s3, report)
        if not same and laying == "levels":
            folder = work.folder if keep_blocks else None
            laid = work.laid(scale_arcsec=scale_arcsec, rotation_deg=up or 0.0, folder=folder, kept=kept)
            if laid is not None:
                yield laid
                return
        yield work.whole(same=same, scale_arcsec=scale_arcsec, rotation_deg=up or 0.0)


def lie_apart(images: Sequence[SkyImage], *, scale_arcsec: float | None, up: float | None) -> bool:
    """Tell whether images have to be resampled: to one grid, or because another scale or orientation is wanted."""
    return scale_arcsec is not None or not on_one_grid(images) or (up is not None and turned_by(images[0], up))


@dataclass(frozen=True, eq=False)
class _Work:
    """Images that are not as they have to be."""

    addresses: list[str]
    images: list[SkyImage]
    flagged: list[bool]
    """Which of them have cores that are junk."""

    folder: Path
    names: dict[str, str]
    """Names for people of what stands in the folder."""

    workers: Workers
    s3: S3Settings | None
    report: Reporter

    def laid(
        self, *, scale_arcsec: float | None, rotation_deg: float, folder: Path | None, kept: "KeptLooks | None"
    ) -> Aligned | None:
        """Lay them level by level; only those with junk are copied before. None where that cannot be done."""
        from jwstpipe.operations.inputs.laid.laid_image import LaidImage  # noqa: PLC0415 - of different grids alone
        from jwstpipe.operations.inputs.laid.plane import LaidPlane  # noqa: PLC0415

        addresses, images, counts = list(self.addresses), list(self.images), [0] * len(self.images)
        for number in [at for at, flagged in enumerate(self.flagged) if flagged]:
            from jwstpipe.render.cores.repair import find_patches, patched_copy  # noqa: PLC0415 - it writes stores

            copy = self._place(number, "-repaired")
            counts[number] = patched_copy(images[number], copy, find_patches(images[number]), workers=self.workers)
            if counts[number]:
                addresses[number], images[number] = str(copy), open_image(copy)

        @cache
        def lying() -> "Lying | None":
            from jwstpipe.operations.inputs.laid.lay import lying_together  # noqa: PLC0415 - a second look needs none

            return lying_together(
                addresses, workers=self.workers, scale_arcsec=scale_arcsec, rotation_deg=rotation_deg, s3=self.s3
            )

        def sources() -> "tuple[Source, ...]":
            found = lying()
            assert found is not None  # else there is no plane
            return found.sources

        found = lying() if kept is None else kept.plane(images, self.addresses, (scale_arcsec, rotation_deg), lying)
        if found is None:
            return None
        plane = LaidPlane(found.grid, found.window, tuple(images), sources, folder)
        laid = [LaidImage(plane, number, self.s3 or S3Settings()) for number in range(len(images))]
        return Aligned(
            tuple(laid), tuple(partial(_filled, one, count) for one, count in zip(laid, counts, strict=True))
        )

    def whole(self, *, same: bool, scale_arcsec: float | None, rotation_deg: float) -> Aligned:
        """Resample each whole, or only mend it where all lie on one grid already."""
        from jwstpipe.mosaicking.build import mosaic  # noqa: PLC0415 - only images of different grids need it
        from jwstpipe.mosaicking.placement import common_frame  # noqa: PLC0415
        from jwstpipe.render.cores.repair import find_patches, patched_copy  # noqa: PLC0415
        from jwstpipe.requests import MosaicOptions  # noqa: PLC0415

        plane = partial(common_frame, scale_arcsec=scale_arcsec, rotation_deg=rotation_deg, s3=self.s3)
        grid = None if same else plane(self.addresses, workers=self.workers)
        found: list[SkyImage] = []
        counts = []
        for number, (address, image) in enumerate(zip(self.addresses, self.images, strict=True)):
            copy = self._place(number, "-repaired")
            patches = find_patches(image) if self.flagged[number] or not same else []
            counts.append(patched_copy(image, copy, patches, workers=self.workers))
            source: str | Path = copy if patches else address
            if grid is None:
                found.append(open_image(source, s3=self.s3))
                continue
            out = self._place(number, "")
            options = MosaicOptions(weights="uniform", scale_arcsec=scale_arcsec, mix=True)  # nothing is averaged
            mosaic([source], out, options=options, grid=grid, s3=self.s3, workers=self.workers, report=self.report)
            found.append(open_image(out))
        if any(counts) and len(found) > 1:
            found = self._united(found)
        return Aligned(tuple(found), tuple(partial(int, count) for count in counts))

    def _united(self, images: Sequence[SkyImage]) -> list[SkyImage]:
        """Fill in every image what any of them had filled: a star whose core one filter lost keeps its colour."""
        from jwstpipe.render.cores.repair import joint_patches, patched_copy  # noqa: PLC0415 - as above

        united: list[SkyImage] = []
        for number, (image, patches) in enumerate(zip(images, joint_patches(images), strict=True)):
            copy = self._place(number, "-united")
            count = patched_copy(image, copy, patches, workers=self.workers)
            united.append(open_image(copy) if count else image)
        return united

    def _place(self, number: int, kind: str) -> Path:
        """Give the place of what is made of an image; messages name the image itself."""
        path = self.folder / f"{number}{kind}.zarr"
        self.names[str(path)] = self.addresses[number]
        return path


def _filled(image: "LaidImage", before: int) -> int:
    """Count the pixels that were filled, with those of the copy that the image is read from."""
    return before + image.plane.filled(image.number)


def _check_near(images: Sequence[SkyImage]) -> None:
    """Refuse images that lie too far apart for one picture, before a grid is laid over all of the sky between them."""
    places = [(image, wcs) for image in images if (wcs := celestial_of(image)) is not None]
    if len(places) < len(images):
        lost = next(image for image in images if celestial_of(image) is None)
        raise TransformError(
            f"{lost.address}: has no WCS, and not the shape of the others; give an image that has one, or images of"
            " one shape"
        )
    centres, sizes, frame = [], [], places[0][1].frame
    for image, wcs in places:
        middle = np.array([(image.shape[1] - 1) / 2]), np.array([(image.shape[0] - 1) / 2])
        centres.append(unit_vectors(*rotated(*wcs.to_sky(*middle), wcs.frame, frame))[0])
        sizes.append(max(image.shape) * wcs.scale_arcsec / 3600.0)
    for number, centre in enumerate(centres[1:], 1):
        chord = float(np.linalg.norm(centre - centres[0]))
        apart = float(np.degrees(2.0 * np.arcsin(min(chord / 2.0, 1.0))))
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
