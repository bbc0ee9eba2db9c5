"""Axes of matplotlib with an image on them: sky coordinates, a colour bar with its unit, limits that show something."""

from typing import TYPE_CHECKING, Any

import numpy as np

from jwstpipe.display.tone.auto import auto_stretch
from jwstpipe.display.tone.statistics import measure_sky
from jwstpipe.display.tone.stretch import apply_stretch
from jwstpipe.errors import require_extra
from jwstpipe.images.levels import level_for_pixels, read_level

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_image"]

MOST_PIXELS = 4_000_000
"""Of an image with more, a coarser level of its pyramid is drawn."""

TICKS = 6
"""Values that the colour bar names."""


def plot_image(image: Any, wcs: Any, *, ax: "Axes | None" = None, cmap: str = "gray") -> "Axes":
    """Draw an image with its sky coordinates.

    Parameters
    ----------
    image
        A `SkyImage`.
    wcs
        Its WCS as astropy's.
    ax
        Axes to draw on; with ``projection=wcs`` they show sky coordinates. None = a new figure.
    cmap
        Colour map of matplotlib. NaN is drawn in none of its colours.

    Returns
    -------
    matplotlib.axes.Axes
        Of astropy's `WCSAxes`; the stretch is the one of thumbnails, and the colour bar has the values of the image.

    Raises
    ------
    MissingExtraError
        matplotlib is not installed.
    """
    require_extra("matplotlib")
    import matplotlib.pyplot as plt  # noqa: PLC0415 - on demand

    level = level_for_pixels(image.shape, MOST_PIXELS)
    values = read_level(image, level=level)
    step = 2**level
    stretch, _ = auto_stretch(measure_sky(values, level=level, name=image.address))
    if ax is None:
        ax = plt.figure().add_subplot(projection=wcs[::step, ::step])
    drawn = ax.imshow(np.where(np.isfinite(values), apply_stretch(values, stretch), np.nan), origin="lower", cmap=cmap)
    ax.set_xlabel("right ascension")
    ax.set_ylabel("declination")
    ax.set_title(str(image.name))
    marks = np.nanquantile(values, np.linspace(0.0, 1.0, 4096))
    heights, first = np.unique(
        apply_stretch(marks.astype("f4"), stretch), return_index=True
    )  # what saturates: its least
    wanted = np.linspace(heights[0], heights[-1], TICKS)
    bar = ax.figure.colorbar(drawn, ax=ax, ticks=wanted)
    bar.ax.set_yticklabels([f"{value:.3g}" for value in np.interp(wanted, heights, marks[first])])
    bar.set_label(str(image.unit or "no unit"))
    return ax
