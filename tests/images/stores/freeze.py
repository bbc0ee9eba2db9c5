"""Make the stores of this folder: run once for each layout, by the code that wrote that layout, and never again.

``python -m tests.images.stores.freeze`` makes ``layout-N-mosaic.zarr`` and ``layout-N-image.zarr`` beside this file. A
mosaic's samples are a function of their place on the plane, so that a test needs nothing but this function.
"""

from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

import jwstpipe
from jwstpipe.images.zarr.layout import LAYOUT
from jwstpipe.requests import MosaicOptions
from jwstpipe.simulate.spectral_cube import simulate_cube
from jwstpipe.sky.box import Box
from jwstpipe.sky.grid import SkyGrid
from tests.images.fits_files import write_cal
from tests.mosaicking.scenes import write

PLANE = SkyGrid.north_up(150.0, 2.0, 0.1)
PARTS = (Box(10, -30, 70, 40), Box(40, 20, 120, 90))
"""Windows of the plane that the two inputs cover; the mosaic covers the smallest box around both."""

CARD = (24, 30)
"""Shape of the image that was converted."""


def expected(box):
    """Give the samples of a window of the plane: 1000 y + x."""
    return (1000 * np.arange(box.y0, box.y1)[:, None] + np.arange(box.x0, box.x1)).astype("f4")


def freeze(folder):
    with TemporaryDirectory() as scratch, chdir(scratch):  # so that no path of this machine stands in a store
        names = [
            write(
                f"part{number}.fits", expected(box), PLANE.header(box),
                err=np.full(box.shape, 2.0), dq=np.full(box.shape, 4 * number),
            )
            for number, box in enumerate(PARTS)
        ]  # fmt: skip
        options = MosaicOptions(kernel="nearest", weights="uniform")
        jwstpipe.mosaic(names, folder / f"layout-{LAYOUT}-mosaic.zarr", grid=(PLANE, None), options=options)
        jwstpipe.convert(write_cal("cal.fits", CARD), folder / f"layout-{LAYOUT}-image.zarr")


def write_cube(path):
    """Write a small spectral cube whose wavelengths stand in a table."""
    simulate_cube(path, np.linspace(5.3, 5.38, 40), shape=(12, 10), tabulated=True)


def freeze_cube(folder):
    with TemporaryDirectory() as scratch, chdir(scratch):
        write_cube("x_s3d.fits")
        jwstpipe.convert("x_s3d.fits", folder / f"layout-{LAYOUT}-cube.zarr")


if __name__ == "__main__":
    freeze(Path(__file__).parent)
    freeze_cube(Path(__file__).parent)
