"""A field whose sources are known, written as FITS: stars, galaxies, a nebula, pixels without data.

    python benchmarks/analysis/scene.py FOLDER --side 4096

Stars are Gaussians of sigma 1.2 px, galaxies exponential disks behind the same blur, their S/N that of an optimal
measure on white noise of standard deviation 1. The truth is written beside the image.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS
from scipy import ndimage

SIGMA = 1.2
SKY = 50.0
PER_MPX = 150.0
GALAXIES = 0.3
"""Share of the sources."""

MISSING = 0.002
FINE = 3
"""Samples along the side of a pixel of a galaxy."""


@dataclass(frozen=True)
class Scene:
    image: Path
    x: np.ndarray
    y: np.ndarray
    snr: np.ndarray
    flux: np.ndarray
    star: np.ndarray


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--side", type=int, default=4096)
    chosen = parser.parse_args()
    made = write_scene(chosen.folder, chosen.side)
    print(f"{made.image}: {len(made.x)} sources, {made.star.sum()} of them stars")


def write_scene(folder, side, *, seed=12):
    """Write the image, or take the one that stands there."""
    folder = Path(folder)
    image, table = folder / f"scene_{side}.fits", folder / f"scene_{side}.npz"
    if not table.exists():
        folder.mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng(seed)
        pixels = sky_of(side, rng)
        truth = add_sources(pixels, rng)
        pixels[rng.random(pixels.shape, dtype="f4") < MISSING] = np.nan
        header = header_of(side)
        fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(pixels, header, name="SCI")]).writeto(image, overwrite=True)
        np.savez(table, **truth)
    known = np.load(table)
    return Scene(image, **{name: known[name] for name in ("x", "y", "snr", "flux", "star")})


def sky_of(side, rng):
    """White noise on a sky with a broad nebula and filaments of the size of a tenth of the field."""
    pixels = rng.standard_normal((side, side), dtype="f4")
    pixels += SKY
    rows = np.arange(side, dtype="f4")
    for x, y, width, height in ((0.6, 0.4, 0.3, 20.0), (0.3, 0.7, 0.12, 8.0), (0.8, 0.8, 0.06, 4.0)):
        across = np.exp(-(((rows - x * side) / (width * side)) ** 2) / 2)
        along = np.exp(-(((rows - y * side) / (width * side)) ** 2) / 2)
        pixels += np.float32(height) * along[:, None] * across[None, :]
    return pixels


def add_sources(pixels, rng):
    """Add stars and galaxies; S/N from 3 to 3000, as many in each decade."""
    side = len(pixels)
    count = int(PER_MPX * side * side / 1e6)
    x, y = rng.uniform(4, side - 4, (2, count))
    snr = 10 ** rng.uniform(np.log10(3.0), np.log10(3000.0), count)
    star = rng.random(count) >= GALAXIES
    size, axis, angle = rng.uniform(1.0, 4.0, count), rng.uniform(0.3, 1.0, count), rng.uniform(0, np.pi, count)
    flux = np.empty(count)
    for k in range(count):
        half = 9 if star[k] else int(12 * size[k]) + 6
        i, j = round(float(y[k])), round(float(x[k]))
        stamp = star_stamp(x[k] - j, y[k] - i, half) if star[k] else galaxy_stamp(
            x[k] - j, y[k] - i, half, size[k], axis[k], angle[k]
        )  # fmt: skip
        flux[k] = snr[k] / np.sqrt((stamp**2).sum())
        y0, y1, x0, x1 = max(i - half, 0), min(i + half + 1, side), max(j - half, 0), min(j + half + 1, side)
        part = stamp[y0 - i + half : y1 - i + half, x0 - j + half : x1 - j + half]
        pixels[y0:y1, x0:x1] += (flux[k] * part).astype("f4")
    return {"x": x, "y": y, "snr": snr, "flux": flux, "star": star}


def star_stamp(dx, dy, half):
    rows = np.arange(-half, half + 1)
    along, across = (np.exp(-((rows - d) ** 2) / (2 * SIGMA**2)) for d in (dy, dx))
    return along[:, None] * across[None, :] / (2 * np.pi * SIGMA**2)


def galaxy_stamp(dx, dy, half, scale, axis, angle):
    fine = (np.arange(-half * FINE - FINE // 2, half * FINE + FINE // 2 + 1)) / FINE
    v, u = np.meshgrid(fine - dy, fine - dx, indexing="ij")
    along, across = u * np.cos(angle) + v * np.sin(angle), v * np.cos(angle) - u * np.sin(angle)
    profile = np.exp(-np.hypot(along, across / axis) / scale)
    profile = ndimage.gaussian_filter(profile, SIGMA * FINE, mode="constant")
    side = 2 * half + 1
    stamp = profile.reshape(side, FINE, side, FINE).sum(axis=(1, 3))
    return stamp / stamp.sum()


def header_of(side):
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.crval = ["RA---TAN", "DEC--TAN"], [150.0, 2.0]
    wcs.wcs.crpix, wcs.wcs.cdelt = [side / 2, side / 2], [-0.03 / 3600, 0.03 / 3600]
    header = wcs.to_header()
    header["BUNIT"] = "MJy/sr"
    return header


if __name__ == "__main__":
    main()
