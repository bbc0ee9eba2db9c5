"""Kernels that make one PSF another, wider one, so that apertures hold the same share of the light in every filter."""

import numpy as np
from numpy.typing import NDArray

from jwstpipe.analysis.photometry.psf.model import RIM, Psf
from jwstpipe.errors import UsageError

__all__ = ["matching_kernel", "mismatch", "sampled"]

Floats = NDArray[np.float64]

NOISE_SHARE = 1e-3
"""Frequencies whose amplitude in the narrow PSF is below this share of its light are not amplified (Wiener)."""


def sampled(psf: Psf, half: int, scale: float = 1.0) -> Floats:
    """Sample a PSF at whole pixels around its centre, (2 half + 1) a side, its light 1.

    Parameters
    ----------
    psf
        On pixels of its own.
    half
        Pixels to each side.
    scale
        Side of the pixels wanted, in those of the PSF. Only the spacing follows it, the pixels themselves stay: 1 for
        images of one grid.
    """
    from scipy.ndimage import map_coordinates  # noqa: PLC0415 - slow to load

    steps = np.arange(-half, half + 1) * (scale * psf.over) + (len(psf.grid) - 1) / 2.0 + RIM
    values = map_coordinates(psf.coefficients, np.meshgrid(steps, steps, indexing="ij"), order=3, prefilter=False)
    return np.asarray(values / values.sum())


def matching_kernel(narrow: Psf, wide: Psf, *, half: int = 12) -> Floats:
    """Give the kernel that turns the narrow PSF into the wide one; its sum is 1, so that fluxes stay.

    Parameters
    ----------
    narrow, wide
        PSFs of two images of one grid.
    half
        Half a side of the kernel, pixels.

    Returns
    -------
    ndarray
        (2 half + 1, 2 half + 1).

    Raises
    ------
    UsageError
        The first PSF is the wider one: nothing takes light back.

    Notes
    -----
    The ratio of the transforms, damped as Wiener does where the narrow PSF has next to nothing (Boucaud and others
    2016).

    Examples
    --------
    >>> kernel = matching_kernel(psf_f090w, psf_f444w)  # doctest: +SKIP
    """
    if narrow.fwhm > wide.fwhm * 1.001:
        raise UsageError(
            f"a PSF of {narrow.fwhm:.2f} px cannot be made one of {wide.fwhm:.2f} px: the wider one is the target"
        )
    first, second = (np.fft.fft2(np.fft.ifftshift(sampled(psf, 2 * half))) for psf in (narrow, wide))
    ratio = second * np.conj(first) / (np.abs(first) ** 2 + NOISE_SHARE**2)
    kernel = np.fft.fftshift(np.fft.ifft2(ratio).real)[half : 3 * half + 1, half : 3 * half + 1]
    return np.ascontiguousarray(kernel / kernel.sum())


def mismatch(narrow: Psf, wide: Psf, kernel: Floats) -> float:
    """Give how far the convolved narrow PSF is from the wide one: the sum of what differs, as a share of the light."""
    from scipy.signal import fftconvolve  # noqa: PLC0415 - slow to load

    half = len(kernel) // 2
    made = fftconvolve(sampled(narrow, 2 * half), kernel, mode="same")
    return float(np.abs(made - sampled(wide, 2 * half)).sum())
