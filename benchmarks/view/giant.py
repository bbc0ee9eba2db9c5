"""Image stores of any size for the price of one shard: each level's shards are one file, linked many times."""

import json
import os
from pathlib import Path

import numpy as np
from astropy.io import fits

from jwstpipe.images.convert import convert
from jwstpipe.images.zarr.layout import sealed

SHARD = 2048
SCALE = 0.03 / 3600
FILTERS = ("F090W", "F150W", "F200W", "F277W", "F356W", "F444W")


def periodic_sky(seed=1):
    """One period: stars, clouds, noise; without holes."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:SHARD, :SHARD] * (2.0 * np.pi / SHARD)
    values = 10.0 + 2.0 * np.sin(3 * x) * np.cos(2 * y) + np.sin(7 * y + 1.0) + rng.normal(0.0, 0.3, (SHARD, SHARD))
    for _ in range(600):
        row, column = rng.integers(16, SHARD - 16, 2)
        near = np.s_[row - 12 : row + 13, column - 12 : column + 13]
        distance = np.sum(np.square(np.mgrid[-12:13, -12:13]), axis=0)
        values[near] += 10 ** rng.uniform(0.5, 3.5) * np.exp(-distance / 6.0)
    return values.astype(np.float32)


def write_giant(folder, side, *, turn=0.0):
    """Write six stores of `side` x `side` pixels, whose pixels are a period repeated; gives their paths.

    Each is turned by `turn` degrees more than the one before.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    levels = max(1, (side // 1024).bit_length())
    period = periodic_sky()
    shards = {}
    for level in range(levels):
        extent = min(SHARD, side >> level)
        tile = np.tile(period, (max(1, extent // len(period)),) * 2)[:extent, :extent]
        shards[level] = _converted(folder / f"level{level}", tile, _header(extent)) / "0" / "sci" / "c" / "0" / "0"
        period = period.reshape(len(period) // 2, 2, -1, 2).mean(axis=(1, 3)).astype(np.float32)
    return [_linked(folder, number, side, levels, shards, turn * number) for number in range(len(FILTERS))]


def _header(side, angle=0.0):
    cosine, sine = SCALE * np.cos(np.radians(angle)), SCALE * np.sin(np.radians(angle))
    return fits.Header(
        [("CTYPE1", "RA---TAN"), ("CTYPE2", "DEC--TAN"), ("CRVAL1", 83.8), ("CRVAL2", -5.4), ("CRPIX1", side / 2),
         ("CRPIX2", side / 2), ("CD1_1", -cosine), ("CD1_2", sine), ("CD2_1", sine), ("CD2_2", cosine),
         ("BUNIT", "MJy/sr")]
    )  # fmt: skip


def _converted(place, values, header, primary=None):
    file = place.with_suffix(".fits")
    hdus = [fits.PrimaryHDU(header=primary), fits.ImageHDU(values, header, name="SCI")]
    fits.HDUList(hdus).writeto(file, overwrite=True)
    store = place.with_suffix(".zarr")
    convert(file, store, overwrite=True)
    return store


def _linked(folder, number, side, levels, shards, angle):
    """Take a small store for its headers, and make it a large one."""
    header = _header(side, angle)
    primary = fits.Header([("TELESCOP", "JWST"), ("INSTRUME", "NIRCAM"), ("FILTER", FILTERS[number])])
    store = _converted(folder / f"{FILTERS[number].lower()}-{side}", np.zeros((64, 64), np.float32), header, primary)
    root = json.loads((store / "zarr.json").read_text())
    facts = root["attributes"]["jwstpipe"]
    facts |= {"shape": [side, side], "levels": levels, "planes": ["sci"], "product_id": f"{number}{side:031d}"}
    facts["arrays"] = {f"{level}/sci": {"dtype": "float32", "slices": 0} for level in range(levels)}
    facts.pop("manifest")
    root["attributes"]["jwstpipe"] = sealed(facts)
    (store / "zarr.json").write_text(json.dumps(root))
    for level in range(levels):
        count = -(-(side >> level) // SHARD)
        for row in range(count):
            place = store / str(level) / "sci" / "c" / str(row)
            place.mkdir(parents=True, exist_ok=True)
            for column in range(count):
                target = place / str(column)
                target.unlink(missing_ok=True)
                os.link(shards[level], target)
    return store
