"""A small sky in three filters, with lost cores, bad pixels and uneven edges: mosaics to look at."""

import numpy as np
from astropy.io import fits

import jwstpipe
from tests.render.render_images import tan_header

SHAPE = (420, 560)
FILTERS = ("F090W", "F200W", "F444W")
SKY = (83.8, -5.4)
SCALE = 0.031 / 3600


def sky(number, *, holes=True):
    """One channel: a gradient, clouds of long waves, stars, noise; with `holes` what detectors lose."""
    noise = np.random.default_rng(number)
    places = np.random.default_rng(7)
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    values = 10.0 + 4.0 * np.sin(x / 97.0 + number) * np.cos(y / 71.0) + noise.normal(0.0, 0.4, SHAPE) + x / 300.0
    for _ in range(50):
        sx, sy, flux = (
            places.uniform(20, SHAPE[1] - 20),
            places.uniform(20, SHAPE[0] - 20),
            10 ** places.uniform(1, 3.6),
        )
        near = np.s_[int(sy) - 16 : int(sy) + 17, int(sx) - 16 : int(sx) + 17]
        distance = (y[near] - sy) ** 2 + (x[near] - sx) ** 2
        values[near] += flux * (0.6 + 0.4 * number) * np.exp(-distance / (2.0 * (1.4 + 0.3 * number) ** 2))
        if holes and flux > 1500.0:
            values[near][distance < 9.0] = np.nan
    if holes:
        values[noise.integers(0, SHAPE[0], 40), noise.integers(0, SHAPE[1], 40)] = np.nan
        values[:, : 12 * number] = np.nan
    return values.astype(np.float32)


def write_store(folder, number, *, holes=True):
    """Write a channel as an image store, by way of a FITS file."""
    header = tan_header(SHAPE, crval=SKY, scale=SCALE, rotation=20.0)
    del header["NAXIS1"], header["NAXIS2"]
    header["BUNIT"] = "MJy/sr"
    primary = fits.Header(
        [("TELESCOP", "JWST"), ("INSTRUME", "NIRCAM"), ("FILTER", FILTERS[number]), ("PUPIL", "CLEAR"),
         ("TARGPROP", "Test Nebula")]
    )  # fmt: skip
    values = sky(number, holes=holes)
    flags = np.where(np.isnan(values), 1, 0).astype(np.int32)
    file = folder / f"{FILTERS[number].lower()}{'' if holes else '-whole'}.fits"
    fits.HDUList(
        [
            fits.PrimaryHDU(header=primary), fits.ImageHDU(values, header, name="SCI"),
            fits.ImageHDU(np.full(SHAPE, 0.5, np.float32), name="ERR"), fits.ImageHDU(flags, name="DQ"),
        ]
    ).writeto(file)  # fmt: skip
    store = file.with_suffix(".zarr")
    jwstpipe.convert(file, store)
    return store
