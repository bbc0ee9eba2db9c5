"""Simulated fields whose sources are known."""

from dataclasses import dataclass

import numpy as np

SIGMA = 1.2


@dataclass(frozen=True)
class Field:
    image: np.ndarray
    x: np.ndarray
    y: np.ndarray
    flux: np.ndarray
    snr: np.ndarray


def star_field(side=700, *, seed=4, per_mpx=180, noise=1.0, sky=50.0, snr=(3.0, 3000.0), missing=0.002):
    """Gaussian stars on a nebula with white noise; S/N is that of an optimal measure."""
    rng = np.random.default_rng(seed)
    image = rng.normal(sky, noise, (side, side))
    yy, xx = np.mgrid[:side, :side]
    image += 20 * noise * np.exp(-((xx - 0.6 * side) ** 2 + (yy - 0.4 * side) ** 2) / (2 * (0.3 * side) ** 2))
    count = int(per_mpx * side * side / 1e6)
    x, y = rng.uniform(15, side - 15, (2, count))
    ratio = 10 ** rng.uniform(*np.log10(snr), count)
    flux = ratio * noise * 2 * np.sqrt(np.pi) * SIGMA
    for a, b, total in zip(x, y, flux, strict=True):
        i, j = round(b), round(a)
        v, u = np.mgrid[i - 9 : i + 10, j - 9 : j + 10]
        image[i - 9 : i + 10, j - 9 : j + 10] += (
            total / (2 * np.pi * SIGMA**2) * np.exp(-((u - a) ** 2 + (v - b) ** 2) / (2 * SIGMA**2))
        )
    image = image.astype("f4")
    if missing:
        image[rng.random(image.shape) < missing] = np.nan
    return Field(image, x, y, flux, ratio)


def awkward_field(side=600, seed=9):
    """All that seams may break: a worm over the whole image, touching corners, bands and a corner without data."""
    rng = np.random.default_rng(seed)
    image = rng.normal(0.0, 1.0, (side, side)).astype("f4")
    t = np.linspace(0, 1, 4 * side)
    for k in range(3):
        y = (side / 2 + (side / 2 - 12) * np.sin(2 * np.pi * (2 + k) * t + k)).astype(int)
        x = (10 + (side - 20) * t).astype(int)
        for dy in range(-2, 3):
            for dx in range(-2, 3):
                image[y + dy, x + dx] = 40 + 10 * np.sin(30 * t + k)
    for c in range(64, side - 64, 64):
        image[c - 2 : c, c - 2 : c] += 60
        image[c : c + 2, c : c + 2] += 60
    x, y = rng.uniform(8, side - 8, (2, 150))
    v, u = np.mgrid[:side, :side]
    for a, b in zip(x, y, strict=True):
        box = np.s_[max(int(b) - 7, 0) : int(b) + 9, max(int(a) - 7, 0) : int(a) + 9]
        image[box] += 200 * np.exp(-((u[box] - a) ** 2 + (v[box] - b) ** 2) / (2 * SIGMA**2))
    image[200:206] = np.nan
    image[: side // 3, : side // 3] = np.nan
    return image
