"""In-memory images for the tests of this room: any array, with or without a pyramid."""

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from astropy.io.fits import Header

from jwstpipe.sky.box import Box


def tan_header(shape, *, crval=(83.8, -5.4), scale=1e-5, rotation=0.0, mirrored=False, crpix=None):
    """ICRS TAN header; north `rotation` degrees from the columns, east to the left unless mirrored."""
    sine, cosine = np.sin(np.radians(rotation)), np.cos(np.radians(rotation))
    first = scale if mirrored else -scale
    header = Header()
    header["NAXIS1"], header["NAXIS2"] = shape[1], shape[0]
    header["CTYPE1"], header["CTYPE2"] = "RA---TAN", "DEC--TAN"
    header["CRVAL1"], header["CRVAL2"] = crval
    header["CRPIX1"], header["CRPIX2"] = crpix or (shape[1] / 2 + 0.5, shape[0] / 2 + 0.5)
    header["CD1_1"], header["CD1_2"] = first * cosine, -scale * sine
    header["CD2_1"], header["CD2_2"] = first * sine, scale * cosine
    header["CUNIT1"] = header["CUNIT2"] = "deg"
    header["RADESYS"] = "ICRS"
    return header


def primary(name="F200W", pupil="CLEAR"):
    return Header([("TELESCOP", "JWST"), ("INSTRUME", "NIRCAM"), ("FILTER", name), ("PUPIL", pupil)])


def halved(values):
    """Mean of what exists of each 2 x 2 block."""
    padded = np.pad(values, [(0, n % 2) for n in values.shape], constant_values=np.nan)
    blocks = padded.reshape(padded.shape[0] // 2, 2, padded.shape[1] // 2, 2).swapaxes(1, 2)
    blocks = blocks.reshape(*blocks.shape[:2], 4)
    count = np.isfinite(blocks).sum(axis=2)
    return np.where(count, np.nansum(blocks, axis=2) / np.maximum(count, 1), np.nan).astype(np.float32)


@dataclass
class MemoryImage:
    """A `SkyImage` over an array."""

    data: np.ndarray
    address: str = "image.fits"
    primary: Header = field(default_factory=primary)
    header: Header | None = None
    levels: int = 1
    provenance: dict = field(default_factory=dict)
    reads: list = field(default_factory=list)

    planes = ("sci",)

    @property
    def name(self):
        return self.address.rpartition("/")[2]

    def __post_init__(self):
        self.header = tan_header(self.data.shape) if self.header is None else self.header
        self._pyramid = [np.asarray(self.data, np.float32)]
        for _ in range(1, self.levels):
            self._pyramid.append(halved(self._pyramid[-1]))

    @property
    def shape(self):
        return self.data.shape

    def read(self, plane="sci", box=None, *, level=0):
        assert plane == "sci"
        values = self._pyramid[level]
        box = Box.of_shape(values.shape) if box is None else box
        assert Box.of_shape(values.shape).contains(box)
        self.reads.append((level, box))
        return values[box.slices]


def starfield(shape=(300, 400), *, seed=1, noise=1.0, sky=10.0, stars=60, colour=1.0):
    """Sky, noise and round stars; star positions and fluxes depend on `seed` alone."""
    return _starfield(shape, seed, noise, sky, stars, colour).copy()


@lru_cache(maxsize=16)
def _starfield(shape, seed, noise, sky, stars, colour):
    where = np.random.default_rng(seed)
    x, y = where.uniform(0, shape[1], stars), where.uniform(0, shape[0], stars)
    flux = 10 ** where.uniform(2.0, 4.5, stars)
    values = sky + noise * np.random.default_rng([seed, int(colour * 1000)]).standard_normal(shape)
    for x0, y0, total in zip(x, y, flux, strict=True):
        rows = np.exp(-((np.arange(shape[0]) - y0) ** 2) / 8)
        columns = np.exp(-((np.arange(shape[1]) - x0) ** 2) / 8)
        values += colour * total / (2 * np.pi * 4) * np.outer(rows, columns)
    return values.astype(np.float32)
