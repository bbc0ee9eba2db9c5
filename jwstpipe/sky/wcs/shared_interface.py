"""The WCS of an image by the shared interface of astropy (APE 14): for plots, cutouts and other libraries."""

import threading
from dataclasses import fields
from functools import lru_cache
from typing import Any, Self

import numpy as np
from astropy.coordinates import SkyCoord
from astropy.wcs.wcsapi import BaseLowLevelWCS, HighLevelWCSMixin
from numpy.typing import NDArray

from jwstpipe.sky.wcs.image_wcs import ImageWcs

__all__ = ["SharedWcs"]

Values = NDArray[Any]


class SharedWcs(ImageWcs, BaseLowLevelWCS, HighLevelWCSMixin):  # type: ignore[misc]
    """An `ImageWcs` that astropy, reproject, photutils and WCSAxes take as theirs.

    Positions are (x, y), 0-based; the celestial frame is that of the image: ``wcs.pixel_to_world(x, y)`` gives a
    `SkyCoord`.
    """

    @classmethod
    def of(cls, place: ImageWcs) -> Self:
        """Dress the WCS of an image."""
        return cls(**{field.name: getattr(place, field.name) for field in fields(place)})

    pixel_n_dim = 2
    world_n_dim = 2
    world_axis_units = ("deg", "deg")
    world_axis_object_components = (("celestial", 0, "spherical.lon.degree"), ("celestial", 1, "spherical.lat.degree"))

    @property
    def world_axis_physical_types(self) -> tuple[str, str]:
        """Names of what the axes measure."""
        galactic = _evaluator(self, threading.get_ident()).frame.name == "GALACTIC"
        return ("pos.galactic.lon", "pos.galactic.lat") if galactic else ("pos.eq.ra", "pos.eq.dec")

    @property
    def array_shape(self) -> tuple[int, int] | None:
        """Rows and columns, where the cards tell."""
        sides = {card[:8].rstrip(): card[10:].partition("/")[0].strip() for card in _cards(self.cards)}
        rows, columns = sides.get("NAXIS2", ""), sides.get("NAXIS1", "")
        return (int(rows), int(columns)) if rows.isdigit() and columns.isdigit() else None

    @property
    def world_axis_object_classes(self) -> dict[str, Any]:
        """How a position becomes a `SkyCoord`."""
        frame = _evaluator(self, threading.get_ident()).frame.astropy()
        return {"celestial": (SkyCoord, (), {"frame": frame, "unit": "deg"})}

    def pixel_to_world_values(self, x: Values, y: Values) -> tuple[Values, Values]:
        """Give longitude and latitude, degrees."""
        return _in_shape(_evaluator(self, threading.get_ident()).to_sky, x, y)

    def world_to_pixel_values(self, lon: Values, lat: Values) -> tuple[Values, Values]:
        """Give 0-based pixel positions."""
        return _in_shape(_evaluator(self, threading.get_ident()).to_pixel, lon, lat)


def _cards(text: str) -> list[str]:
    return [text[start : start + 80] for start in range(0, len(text), 80) if text[start : start + 5] == "NAXIS"]


@lru_cache(maxsize=32)
def _evaluator(wcs: SharedWcs, thread: int) -> Any:
    """Build what evaluates a WCS, once for each thread."""
    del thread
    return wcs.exact(name="the image")


def _in_shape(function: Any, first: Values, second: Values) -> tuple[Values, Values]:
    """Evaluate on raveled arrays, and give results of the shape that the arguments have together."""
    shape = np.broadcast_shapes(np.shape(first), np.shape(second))
    one, two = (np.broadcast_to(np.asarray(axis, "f8"), shape).ravel() for axis in (first, second))
    left, right = function(one, two)
    return np.asarray(left).reshape(shape)[()], np.asarray(right).reshape(shape)[()]
