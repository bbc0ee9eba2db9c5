"""`image.plot()`: the axes know the sky, and the colour bar the values."""

import matplotlib as mpl
import numpy as np
import pytest

import jwstpipe
from jwstpipe.simulate.exposures import simulate_programme

mpl.use("agg")


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plot")
    simulate_programme(folder, size="tiny", filters=("F444W",), products=("i2d",))
    return jwstpipe.open_image(next(folder.glob("*_i2d.fits")))


def test_axes_lie_where_the_image_lies_and_say_its_unit(image):
    axes = image.plot()
    try:
        row, column = image.shape[0] / 4, image.shape[1] / 3
        assert axes.wcs.pixel_to_world(column, row).separation(image.wcs.pixel_to_world(column, row)).arcsec < 1e-6
        bar = axes.figure.axes[1]
        assert bar.get_ylabel() == "MJy / sr"
        named = [float(label.get_text()) for label in bar.get_yticklabels()]
        assert named == sorted(named)
        assert named[0] >= np.float32(f"{np.nanmin(image[:, :].sci):.3g}")
    finally:
        mpl.pyplot.close(axes.figure)


def test_an_image_is_drawn_on_axes_that_are_there(image):
    figure, axes = mpl.pyplot.subplots()
    try:
        assert image.plot(ax=axes) is axes
        assert np.ma.masked_invalid(axes.images[0].get_array()).mask.sum() == np.isnan(image[:, :].sci).sum()
    finally:
        mpl.pyplot.close(figure)
