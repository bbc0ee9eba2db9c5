"""Where the rows of a catalogue lie on an image, and which of them a tile owns."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from astropy.table import Table
from numpy.typing import NDArray

from jwstpipe.errors import DataError, NoCoverageError, TransformError
from jwstpipe.images.image import SkyImage
from jwstpipe.images.zarr.layout import SHARD
from jwstpipe.sky.frames import ICRS, rotated
from jwstpipe.sky.position_table import numbers_of, position_column_names

__all__ = ["Sources", "owners", "pixel_positions", "sources_of_table"]

Floats = NDArray[np.float64]

SAME_PX = 1e-3
"""A catalogue whose pixels and sky agree on an image to this was made on its grid: its pixels are taken as they are."""

_X = ("x_centroid", "xcentroid", "x", "x_0")
_Y = ("y_centroid", "ycentroid", "y", "y_0")


@dataclass(frozen=True, eq=False)
class Sources:
    """Known sources; arrays of one length, NaN where something is not known."""

    ids: NDArray[Any]
    x: Floats
    y: Floats
    """0-based pixels of the image that they were found on."""

    ra: Floats
    dec: Floats
    """Degrees, ICRS."""

    shapes: Floats
    """(n, 3): standard deviations along the axes, pixels, and angle from x towards y, radians."""

    def __len__(self) -> int:
        """Give their number."""
        return len(self.ids)


def sources_of_table(table: Table, *, name: str) -> Sources:
    """Take positions and shapes out of a catalogue, of ours or another's.

    Raises
    ------
    DataError
        No rows, or no positions in them.
    """
    if not len(table):
        raise DataError(f"{name}: has no rows, so there is nothing to measure")
    names = {column.lower(): column for column in table.colnames}

    def column(*wanted: str, unit: str = "") -> Floats:
        found = next((names[one] for one in wanted if one in names), None)
        if found is None:
            return np.full(len(table), np.nan)
        return numbers_of(table, found, unit=unit, name=name)

    on_sky = [name.lower() for name in position_column_names(table.colnames) or ("", "")]
    x, y, ra, dec = column(*_X), column(*_Y), column(on_sky[0], unit="deg"), column(on_sky[1], unit="deg")
    if not (np.isfinite(x + y).any() or np.isfinite(ra + dec).any()):
        raise DataError(
            f"{name}: no positions: a catalogue has the columns ra and dec (degrees), or x_centroid and y_centroid"
            f" (pixels); this one has {', '.join(table.colnames[:12])}"
        )
    shapes = np.column_stack([column("semimajor"), column("semiminor"), np.radians(column("theta", unit="deg"))])
    ids = np.asarray(table[names["id"]]) if "id" in names else np.arange(1, len(table) + 1)
    return Sources(ids, x, y, ra, dec, shapes)


def pixel_positions(sources: Sources, image: SkyImage) -> tuple[Floats, Floats]:
    """Give the 0-based pixel positions of sources on an image; NaN where it has none.

    Raises
    ------
    TransformError
        Positions on the sky only, and an image without a WCS.
    NoCoverageError
        No source lies on the image.
    """
    pixels, sky = np.isfinite(sources.x + sources.y), np.isfinite(sources.ra + sources.dec)
    x, y = sources.x.copy(), sources.y.copy()
    if sky.any():
        try:
            wcs = image.image_wcs.exact(name=image.address)
        except TransformError:
            if not pixels.any():
                raise
        else:
            from_sky = np.full((2, len(sources)), np.nan)
            from_sky[:, sky] = wcs.to_pixel(*rotated(sources.ra[sky], sources.dec[sky], ICRS, wcs.frame))
            both = pixels & sky
            apart = np.hypot(from_sky[0] - x, from_sky[1] - y)[both]
            if not both.any() or not np.nanmax(apart, initial=np.inf if np.isnan(apart).all() else 0.0) <= SAME_PX:
                x, y = from_sky
    rows, columns = image.shape
    if not ((x > -0.5) & (x < columns - 0.5) & (y > -0.5) & (y < rows - 0.5)).any():
        raise NoCoverageError(f"{image.address}: none of the {len(sources):,} positions lies on it")
    return x, y


def owners(x: Floats, y: Floats, shape: tuple[int, int]) -> dict[tuple[int, int], NDArray[np.int64]]:
    """Give the sources of each tile: those whose pixel lies in it. What lies outside the image has no owner."""
    rows, columns = shape
    on = np.flatnonzero((x > -0.5) & (x < columns - 0.5) & (y > -0.5) & (y < rows - 0.5))
    ty, tx = np.rint(y[on]).astype(np.int64) // SHARD, np.rint(x[on]).astype(np.int64) // SHARD
    found = {}
    for key in sorted(set(zip(ty.tolist(), tx.tolist(), strict=True))):
        found[key] = on[(ty == key[0]) & (tx == key[1])]
    return found
