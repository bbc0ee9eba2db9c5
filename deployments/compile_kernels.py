"""Compile the kernels once, so that the first mosaic, picture or catalogue on a machine does not wait for them.

    python -m jwstpipe.deployments.compile_kernels

What was compiled is kept beside the sources, by the types of the arguments (`jwstpipe.numerics.compiled`); so small
images go the ways that real ones go. Two processes share the work: each takes the next way, the longest first.
"""

import sys
import time
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from astropy.io import fits

__all__ = ["compile_kernels"]

SIDE = 96

Way = Callable[[list[Path], Path], None]
"""Does something that has kernels, with small exposures, in a folder of its own."""


def compile_kernels(folder: Path) -> None:
    """Run what has kernels on small images in a folder, in two processes."""
    dithers = [("F200W", 0), ("F200W", 1), ("F200W", 2), ("F444W", 1)]
    files = [_exposure(folder / f"{name}_{number}.fits", name, number) for name, number in dithers]
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        done: list[Future[None]] = [pool.submit(_gone, way, files, folder / way.__name__) for way in WAYS]
        for one in done:
            one.result()


def _gone(way: Way, files: list[Path], out: Path) -> None:
    out.mkdir()
    way(files, out)


def _exposure(path: Path, filter_name: str, number: int, *, scale: float = 1.0) -> Path:
    """Write an image with stars, a lost core, planes and a distorted WCS."""
    random = np.random.default_rng(number)
    y, x = np.indices((SIDE, SIDE))
    data = random.normal(1.0, 0.1, (SIDE, SIDE)).astype("f4")
    for row, column in random.uniform(12, SIDE - 12, (6, 2)):
        data += (50.0 * np.exp(-((y - row) ** 2 + (x - column) ** 2) / 4.0)).astype("f4")
    data[40:43, 50:53] = np.nan
    data *= np.float32(scale)
    primary = fits.PrimaryHDU()
    primary.header.update(TELESCOP="JWST", INSTRUME="NIRCAM", DETECTOR="NRCB1", FILTER=filter_name, PUPIL="CLEAR")
    header = fits.Header()
    header.update(
        CTYPE1="RA---TAN-SIP", CTYPE2="DEC--TAN-SIP", CRVAL1=83.8, CRVAL2=-5.4, CRPIX1=48.0 + 3 * number, CRPIX2=48.0,
        CDELT1=-8.6e-6, CDELT2=8.6e-6, A_ORDER=2, B_ORDER=2, A_2_0=1e-7, B_0_2=1e-7, BUNIT="MJy/sr",
    )  # fmt: skip
    planes = [fits.ImageHDU(data, header, name="SCI"), fits.ImageHDU(np.full_like(data, 0.1 * scale), name="ERR")]
    planes.append(fits.ImageHDU(np.zeros((SIDE, SIDE), "u4"), name="DQ"))
    fits.HDUList([primary, *planes]).writeto(path)
    return path


# Each way imports in the process that goes it.


def _detections(files: list[Path], out: Path) -> None:
    """Find sources, those larger than a tile and those too large for memory, too; put stars in and find them."""
    import jwstpipe  # noqa: PLC0415
    from jwstpipe.analysis.sources.detect import find_sources  # noqa: PLC0415
    from jwstpipe.requests.analysis.detect import DetectRequest  # noqa: PLC0415

    jwstpipe.detect_to_file(files[0], out / "sources.ecsv", segmentation=out / "sources.fits", mesh=32)
    jwstpipe.completeness(files[0], mesh=32, stars=50)
    y, x = np.indices((SIDE, SIDE))
    glow = 1.0 * np.exp(-((y - 20) ** 2 + (x - 70) ** 2) / 72.0) + np.random.default_rng(0).normal(0.0, 1.0, y.shape)
    fits.PrimaryHDU(glow.astype("f4")).writeto(out / "glow.fits")
    jwstpipe.detect(out / "glow.fits", mesh=32)
    y, x = np.mgrid[:80, :240]
    hills = sum(50.0 * np.exp(-((y - 40) ** 2 + (x - at) ** 2) / 450.0) for at in (50, 95, 190))
    sky = np.random.default_rng(4).normal(0.0, 1.0, y.shape)
    fits.PrimaryHDU((hills + sky).astype("f4")).writeto(out / "hills.fits")
    find_sources(out / "hills.fits", options=DetectRequest(background="none"), tile=64, whole=5000)


def _mosaics(files: list[Path], out: Path) -> None:
    """Make mosaics with each kernel and combination and without outliers; make images of a file, plain and packed."""
    import jwstpipe  # noqa: PLC0415

    for kernel in ("nearest", "bilinear", "lanczos3", "drizzle", "adaptive"):
        jwstpipe.mosaic(files[:2], out / f"{kernel}.zarr", kernel=kernel, background="level")
    jwstpipe.mosaic(files[:2], out / "drops.zarr", kernel="drizzle", pixfrac=0.8)
    with fits.open(files[0]) as opened:
        fits.PrimaryHDU(opened["SCI"].data, opened["SCI"].header).writeto(out / "bare.fits")
    jwstpipe.mosaic([out / "bare.fits"], out / "bare.zarr", kernel="drizzle")  # whole pixels without variances
    for combine in ("median", "clipped"):
        jwstpipe.mosaic(files[:2], out / f"{combine}.fits", combine=combine)
    jwstpipe.mosaic(files[:2], out / "blot.zarr", outliers="blot")
    faint = [_exposure(out / f"faint_{number}.fits", "F200W", number, scale=1e-21) for number in range(2)]
    jwstpipe.mosaic(faint, out / "faint.zarr")  # squares of such errors are summed in double precision
    jwstpipe.convert(files[0], out / "image.zarr")
    with fits.open(files[0]) as opened:
        packed = [fits.CompImageHDU(hdu.data, hdu.header) for hdu in opened[1:]]
        fits.HDUList([opened[0], *packed]).writeto(out / "packed.fits.fz")
    jwstpipe.convert(out / "packed.fits.fz", out / "packed.zarr")


def _fluxes(files: list[Path], out: Path) -> None:
    """Measure in apertures, by fits of a PSF and in regions; make a PSF another one."""
    import jwstpipe  # noqa: PLC0415

    star = np.exp(-(np.square(np.arange(-48, 49)) / 64.0))
    wide = np.exp(-(np.square(np.arange(-48, 49)) / 90.0))
    for name, profile in (("psf", star), ("wide", wide)):
        samples = np.outer(profile, profile).astype("f4")
        fits.PrimaryHDU(samples, fits.Header({"OVERSAMP": 4})).writeto(out / f"{name}.fits")
    psf = str(out / "psf.fits")
    jwstpipe.photometry(files[::3], psf=psf)
    jwstpipe.match_psf(files[0], out / "matched.fits", to=str(out / "wide.fits"), own_psf=psf)
    regions = ("image; circle(48, 48, 9.5)", "image; polygon(20, 20, 50, 22, 30, 60)")
    jwstpipe.statistics(files[0], region=regions, pixels="exact")


def _pictures(files: list[Path], out: Path) -> None:
    """Make pictures of all kinds, of images that overlap in part."""
    import jwstpipe  # noqa: PLC0415

    pair = files[::3]
    jwstpipe.composite(pair, out / "picture.png", crop="auto:50%")
    jwstpipe.composite(pair, out / "picture.jpg", saturation=1.2, hue=5.0, vibrancy=0.3)
    for bits in (8, 16):
        jwstpipe.composite(pair, out / f"picture{bits}.tif", bits=bits, size=1100, enlarge=True)
    jwstpipe.composite(pair, out / "picture.zarr")
    jwstpipe.thumbnail(files[0], out / "thumbnail.jpg", size=40)


def _filters(files: list[Path], _out: Path) -> None:
    """Run filters, models of the sky, statistics."""
    import jwstpipe  # noqa: PLC0415

    for method in ("gaussian", "median", "wavelet", "repair"):
        jwstpipe.filter_image(files[0], method=method)
    for model in ("mesh", "plane", "level"):
        jwstpipe.background(files[0], model=model, mesh=32)
    jwstpipe.statistics(files[0])


def _cleaning(files: list[Path], out: Path) -> None:
    """Take out stripes and spoiled pixels."""
    import jwstpipe  # noqa: PLC0415

    wisps = np.outer(np.linspace(0.0, 1.0, SIDE), np.ones(SIDE)).astype("f4")
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(wisps, name="SCI")]).writeto(out / "wisps_nrcb1.fits")
    jwstpipe.clean(files[:2], out / "rows", stripes="rows")
    jwstpipe.clean(files[:3], out / "all", wisp_template=out / "wisps_nrcb1.fits")
    jwstpipe.clean(files[0], out / "alone", passes=0)


def _simulated(_files: list[Path], out: Path) -> None:
    """Observe as the demo does."""
    from jwstpipe.simulate.exposures import simulate_programme  # noqa: PLC0415

    simulate_programme(out, size="tiny", filters=("F444W",), dithers=1)


def _parts(files: list[Path], _out: Path) -> None:
    """Call what only images larger than a shard reach, exposures with a GWCS, and the viewer."""
    from astropy.wcs import WCS  # noqa: PLC0415

    from jwstpipe.images.zarr.pyramid import halve  # noqa: PLC0415
    from jwstpipe.numerics.areas.block_means import block_means  # noqa: PLC0415
    from jwstpipe.sky.wcs.sampled_wcs import SampledWcs, WcsNodes  # noqa: PLC0415
    from jwstpipe.viewer.companding import Companding, companded  # noqa: PLC0415

    samples = np.ones((4, 4), np.float32)
    halve(samples, samples)
    companded(samples, Companding(sky=0.0, softening=1.0, first=0.0, last=1.0))
    block_means(samples, 1, np.empty((2, 2), np.float32))
    y, x = np.mgrid[-8 : SIDE + 16 : 8, -8 : SIDE + 16 : 8] * 1.0
    lon, lat = (np.radians(one) for one in WCS(fits.getheader(files[0], "SCI")).all_pix2world(x, y, 0))
    vectors = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)
    wcs = SampledWcs(WcsNodes.of(vectors, origin=(-8.0, -8.0), step=8.0, error_px=0.0), "gwcs")
    wcs.to_pixel(*wcs.to_sky(np.array([40.0]), np.array([50.0])))


WAYS: tuple[Way, ...] = (_detections, _mosaics, _fluxes, _pictures, _filters, _cleaning, _simulated, _parts)
"""In this order, which is that of the time that they take."""


def main() -> None:
    """Compile, and say so."""
    sys.stderr.write("compiling kernels (once, some minutes) ...\n")
    begun = time.monotonic()
    with TemporaryDirectory(prefix="jwstpipe-kernels-") as folder:
        compile_kernels(Path(folder))
    sys.stderr.write(f"compiled in {time.monotonic() - begun:.0f} s\n")


if __name__ == "__main__":
    main()
