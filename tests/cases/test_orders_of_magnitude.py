"""A mosaic does not depend on the unit: samples of 1e-21 come out as those of one do, times a power of two."""

import numpy as np
import pytest
from astropy.io import fits

from jwstpipe.mosaicking.build import mosaic
from jwstpipe.requests import MosaicOptions
from tests.mosaicking.scenes import header, wave, write

SHAPE = (60, 70)
SCALES = {"W m-2": 2.0**-69, "photons in a year": 2.0**66}
"""Squares of errors of 1.7e-22 are 3e-44, those of 7e17 are 5e35 and their sums and squares leave 32 bits."""


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    """Three overlapping exposures as they are, and in other units."""
    folder = tmp_path_factory.mktemp("magnitudes")
    made = {}
    for name, scale in {"one": 1.0, **SCALES}.items():
        random = np.random.default_rng(2)
        made[name] = []
        for number in range(3):
            sky = header(shape=SHAPE, angle=3.0 * number)
            pixels = wave(sky, SHAPE, period=2.0) + random.normal(0, 0.1, SHAPE) + 0.5 * number
            pixels[20 + number, 30] += 500  # an outlier
            err = np.full(SHAPE, 0.1 * (1 + number))
            path = folder / f"{name.replace(' ', '_')}-{number}.fits"
            write(path, (pixels * scale).astype("f4"), sky, err=(err * scale).astype("f4"), exposure=100.0 + number)
            made[name].append(path)
    return made


FURTHER = pytest.mark.exhaustive
"""Variances of such units are in double precision, for which each kernel and combination is compiled once more."""

CELLS = [
    pytest.param(unit, kernel, combine, marks=() if (kernel, combine) == ("bilinear", "mean") else FURTHER)
    for unit in SCALES
    for kernel in ("bilinear", "lanczos3", "drizzle")
    for combine in ("mean", "sum", "median", "clipped")
]


@pytest.mark.parametrize(("unit", "kernel", "combine"), CELLS)
def test_any_unit_gives_the_same_mosaic(pairs, tmp_path, unit, kernel, combine):
    found = {}
    background = "level" if combine in ("mean", "clipped") else "none"
    options = MosaicOptions(kernel=kernel, combine=combine, weights="exptime", background=background)
    for name in ("one", unit):
        mosaic(
            pairs[name], tmp_path / f"{name == 'one'}.zarr", options=options, fits=tmp_path / "m.fits", overwrite=True
        )
        with fits.open(tmp_path / "m.fits") as opened:
            found[name] = {plane: opened[plane].data.astype("f8") for plane in ("SCI", "ERR")}
        (tmp_path / "m.fits").unlink()
    for plane in ("SCI", "ERR"):
        truth = found["one"][plane]
        assert np.isfinite(truth).sum() > 3000
        np.testing.assert_allclose(found[unit][plane] / SCALES[unit], truth, rtol=2e-6, atol=2e-6 * np.nanmax(truth))
    assert np.nanmin(found[unit]["ERR"]) > 0
