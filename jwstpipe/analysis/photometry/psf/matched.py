"""Images as they would be with the PSF of the widest of them; convolved where they are read, never stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from astropy.io.fits import Header
from numpy.typing import NDArray

from jwstpipe.analysis.opened import ImageRef, opened
from jwstpipe.analysis.photometry.placed import Placed
from jwstpipe.analysis.photometry.positions import Sources, pixel_positions
from jwstpipe.analysis.photometry.psf.epsf import built_psf
from jwstpipe.analysis.photometry.psf.matching import matching_kernel
from jwstpipe.analysis.photometry.psf.model import Psf, psf_from_text
from jwstpipe.analysis.sources.combined import check_one_grid
from jwstpipe.execution.workers import Workers
from jwstpipe.fits.dq import dq_mask
from jwstpipe.images.image import SkyImage
from jwstpipe.images.passband import passband
from jwstpipe.numerics.convolution import convolved
from jwstpipe.progress import Reporter
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box
from jwstpipe.sky.wcs.image_wcs import ImageWcs

__all__ = ["MatchedImage", "matched_images"]


@dataclass(frozen=True, eq=False)
class MatchedImage:
    """An image convolved with a kernel; its errors are not those of the convolved samples, and left out."""

    image: ImageRef
    kernel: NDArray[np.float64]
    s3: S3Settings | None

    @property
    def _source(self) -> SkyImage:
        return opened(self.image, s3=self.s3)

    @property
    def address(self) -> str:
        """Of the image."""
        return self._source.address

    @property
    def name(self) -> str:
        """Of the image."""
        return self._source.name

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self._source.shape

    @property
    def planes(self) -> tuple[str, ...]:
        """Samples, and flags where the image has them."""
        return tuple(plane for plane in ("sci", "dq") if plane in self._source.planes)

    @property
    def primary(self) -> Header:
        """Of the image."""
        return self._source.primary

    @property
    def header(self) -> Header:
        """Of the image."""
        return self._source.header

    @property
    def image_wcs(self) -> ImageWcs:
        """Of the image."""
        return self._source.image_wcs

    def read(self, plane: str = "sci", box: Box | None = None, *, level: int = 0, index: int = 0) -> NDArray[Any]:
        """Read a window; samples that are not to be used take no part in the convolution."""
        source = self._source
        window = box or Box.of_shape(source.shape)
        if plane != "sci":
            return source.read(plane, window, level=level, index=index)
        around = window.dilated(self.kernel.shape[0] // 2).intersection(Box.of_shape(source.shape))
        assert around is not None
        values = np.array(source.read("sci", around, level=level, index=index), np.float32, order="C")
        values[~np.isfinite(values)] = np.nan
        if "dq" in source.planes:
            flags = source.read("dq", around, level=level, index=index)
            values[(flags & np.uint32(dq_mask(("DO_NOT_USE",)))) != 0] = np.nan
        made: NDArray[np.float32] = convolved(values, self.kernel)
        return made[window.relative_to(around).slices]


def matched_images(
    images: Sequence[ImageRef], sources: Sources, psf: str | None, *, s3: S3Settings | None, workers: Workers,
    report: Reporter,
) -> tuple[list[Any], dict[str, Any]]:  # fmt: skip
    """Make images of one grid alike in sharpness.

    Parameters
    ----------
    images, sources
        The images, and known sources on them, from which PSFs are built.
    psf
        Text of given PSFs (`psf_text`); None or ``auto`` = built.
    s3, workers, report
        As everywhere.

    Returns
    -------
    list, dict
        The images, the widest as it is; and what was done in plain values.

    Raises
    ------
    UsageError
        Not one grid; too few stars; no PSF of a filter.
    """
    pictures = [opened(image, s3=s3) for image in images]
    check_one_grid(pictures)
    psfs: list[Psf] = []
    for ref, image in zip(images, pictures, strict=True):
        at = Placed(ref, image, *pixel_positions(sources, image), s3, workers, report)
        band = passband(image).filter or ""
        psfs.append(built_psf(at) if psf in {None, "auto"} else psf_from_text(str(psf), band))
    widest = int(np.argmax([one.fwhm for one in psfs]))
    made = [
        ref if number == widest else MatchedImage(ref, matching_kernel(one, psfs[widest]), s3)
        for number, (ref, one) in enumerate(zip(images, psfs, strict=True))
    ]
    return made, {"widest": widest + 1, "fwhm_px": [round(one.fwhm, 4) for one in psfs]}
