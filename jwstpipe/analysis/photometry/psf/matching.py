"""Kernels that make one PSF another, wider one, so that apertures hold the same share of the light in every filter."""

import numpy as np
from numpy.typing import NDArray

from jwstpipe.analysis.photometry.psf.model import RIM, Psf
from jwstpipe.errors import UsageError

__all__ = ["beyond", "check_kernel", "matching_kernel", "mismatch", "sampled"]

Floats = NDArray[np.float64]

NOISE_SHARE = 1e-3
"""Frequencies whose amplitude in the narrow PSF is below this share of its light are not amplified (Wiener)."""

LOUDER = 1.5
"""A kernel may raise the variance of independent noise so many times, as the noise of built PSFs makes it. More, and it
takes light back in some direction or out of wings."""

MOST_LEFT = 0.1
"""Share of the light that may lie elsewhere than in the wide PSF."""

STEEPEST, FLATTEST = 8.0, 2.2
"""Powers of the distance with which wings fall; one that falls less steeply than the latter has no end."""


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


def check_kernel(kernel: Floats, left: float, *, narrow: Psf, wide: Psf) -> None:
    """Refuse a kernel that does not do what it is for.

    Parameters
    ----------
    kernel, left
        That of `matching_kernel`, and its `mismatch`.
    narrow, wide
        The PSFs.

    Raises
    ------
    UsageError
        It sharpens in some direction, or is too small.
    """
    louder = float((kernel**2).sum())
    if louder > LOUDER:
        raise UsageError(
            f"a PSF of {narrow.fwhm:.2f} px cannot be made this one of {wide.fwhm:.2f} px, which is narrower in some"
            f" direction or in its wings: noise would be {np.sqrt(louder):.2g} times as strong; give a wider one"
        )
    if left > MOST_LEFT:
        raise UsageError(
            f"a kernel of {len(kernel)} px leaves {100.0 * left:.0f} % of the light elsewhere than a PSF of"
            f" {wide.fwhm:.2f} px has it; give a larger one with --kernel-half, or a PSF to reach that is not so wide"
        )


def beyond(psf: Psf) -> float:
    """Guess the share of the light outside of a PSF's stamp, by how its wings fall; 0 where they end within."""
    n = len(psf.grid)
    v, u = np.mgrid[:n, :n] - (n - 1) / 2.0
    far, edge = np.hypot(u, v) / psf.over, psf.half
    inner, outer = (float(psf.grid[np.abs(far - share * edge) < 0.1 * edge].mean()) for share in (0.6, 0.9))
    if not inner > outer > 0.0:
        return 0.0
    power = min(max(float(np.log(inner / outer) / np.log(0.9 / 0.6)), FLATTEST), STEEPEST)
    light = 2.0 * np.pi * (0.9 * edge) ** 2 * outer / (power - 2.0) * 0.9 ** (power - 2.0)
    return float(light / (1.0 + light))


def mismatch(narrow: Psf, wide: Psf, kernel: Floats) -> float:
    """Give how far the convolved narrow PSF is from the wide one: the sum of what differs, as a share of the light."""
    from scipy.signal import fftconvolve  # noqa: PLC0415 - slow to load

    half = len(kernel) // 2
    made = fftconvolve(sampled(narrow, 2 * half), kernel, mode="same")
    return float(np.abs(made - sampled(wide, 2 * half)).sum())
