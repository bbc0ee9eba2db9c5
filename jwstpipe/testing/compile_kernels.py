"""Compile the kernels once, so that the first mosaic, picture or catalogue on a machine does not wait for them.

    python -m jwstpipe.testing.compile_kernels

What was compiled is kept beside the sources, by the types of the arguments (`jwstpipe.numerics.compiled`); so small
images go the ways that real ones go. Two processes share the work.
"""

import sys
import time
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from astropy.io import fits

__all__ = ["compile_kernels"]

SIDE = 96


def compile_kernels(folder: Path) -> None:
    """Run what has kernels on small images in a folder, in two processes."""
    files = [
        _exposure(folder / f"{name}_{number}.fits", name, number) for name in ("F200W", "F444W") for number in (0, 1)
    ]
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        done: list[Future[None]] = [pool.submit(way, files, folder / way.__name__) for way in (_images, _measures)]
        for one in done:
            one.result()


def _exposure(path: Path, filter_name: str, number: int) -> Path:
    """Write an image with a star, a lost core, planes and a distorted WCS."""
    random = np.random.default_rng(number)
    y, x = np.indices((SIDE, SIDE))
    data = random.normal(1.0, 0.1, (SIDE, SIDE)).astype("f4")
    for row, column in random.uniform(12, SIDE - 12, (6, 2)):
        data += (50.0 * np.exp(-((y - row) ** 2 + (x - column) ** 2) / 4.0)).astype("f4")
    data[40:43, 50:53] = np.nan
    primary = fits.PrimaryHDU()
    primary.header.update(TELESCOP="JWST", INSTRUME="NIRCAM", DETECTOR="NRCB1", FILTER=filter_name, PUPIL="CLEAR")
    header = fits.Header()
    header.update(
        CTYPE1="RA---TAN-SIP", CTYPE2="DEC--TAN-SIP", CRVAL1=83.8, CRVAL2=-5.4, CRPIX1=48.0 + 3 * number, CRPIX2=48.0,
        CDELT1=-8.6e-6, CDELT2=8.6e-6, A_ORDER=2, B_ORDER=2, A_2_0=1e-7, B_0_2=1e-7, BUNIT="MJy/sr",
    )  # fmt: skip
    planes = [fits.ImageHDU(data, header, name="SCI"), fits.ImageHDU(np.full_like(data, 0.1), name="ERR")]
    planes.append(fits.ImageHDU(np.zeros((SIDE, SIDE), "u4"), name="DQ"))
    fits.HDUList([primary, *planes]).writeto(path)
    return path


def _images(files: list[Path], out: Path) -> None:
    """Mosaics with the engine's own kernels, outliers, stripes, conversion, pictures."""
    import jwstpipe  # noqa: PLC0415 - in the process that needs it

    out.mkdir()
    for kernel in ("nearest", "bilinear", "lanczos3", "drizzle"):
        jwstpipe.mosaic(files[:2], out / f"{kernel}.zarr", kernel=kernel, background="level")
    for combine in ("median", "clipped"):
        jwstpipe.mosaic(files[:2], out / f"{combine}.fits", combine=combine)
    jwstpipe.mosaic(files[:2], out / "blot.zarr", outliers="blot")
    jwstpipe.clean(files[:2], out / "cleaned", stripes="rows")
    jwstpipe.convert(files[0], out / "image.zarr")
    jwstpipe.mosaic(files[2:], out / "red.zarr")
    jwstpipe.composite([out / "bilinear.zarr", out / "red.zarr"], out / "picture.png", crop="auto:50%")


def _measures(files: list[Path], out: Path) -> None:
    """Catalogue, fluxes, statistics, sky, filters."""
    import jwstpipe  # noqa: PLC0415 - in the process that needs it

    out.mkdir()
    jwstpipe.detect(files[0], mesh=32)
    star = np.exp(-(np.square(np.arange(-24, 25)) / 64.0))
    fits.PrimaryHDU(np.outer(star, star).astype("f4"), fits.Header({"OVERSAMP": 4})).writeto(out / "psf.fits")
    jwstpipe.photometry(files[::2], psf=str(out / "psf.fits"))
    jwstpipe.statistics(files[0])
    for method in ("gaussian", "median", "wavelet", "repair"):
        jwstpipe.filter_image(files[0], method=method)
    for model in ("mesh", "plane", "level"):
        jwstpipe.background(files[0], model=model, mesh=32)


def main() -> None:
    """Compile, and say so."""
    sys.stderr.write("compiling kernels (once, some minutes) ...\n")
    begun = time.monotonic()
    with TemporaryDirectory(prefix="jwstpipe-kernels-") as folder:
        compile_kernels(Path(folder))
    sys.stderr.write(f"compiled in {time.monotonic() - begun:.0f} s\n")


if __name__ == "__main__":
    main()
