"""`MaskedImage`: a piece of an image in memory, with errors, flags and weights, its unit and its place on the sky."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.errors import NoCoverageError, TransformError, UsageError
from jwstpipe.sky.box import Box

if TYPE_CHECKING:
    import xarray
    from astropy import units
    from astropy.coordinates import SkyCoord
    from astropy.nddata import CCDData

__all__ = ["MaskedImage", "box_around", "box_of_slices", "sliced_wcs"]

Plane = NDArray[Any]

PIXELS_AT_ONCE = 1 << 18
"""Of which the places on the sky are held as astropy gives them, 100 bytes and more for each."""


@dataclass(frozen=True, eq=False, repr=False)
class MaskedImage:
    """Samples of a window of an image; NaN in `sci` = no data.

    Examples
    --------
    ::

        piece = jwstpipe.open_image("image.zarr")[100:200, 300:450]
        piece.sci.mean(), piece.unit, piece.wcs.pixel_to_world(0, 0)
        piece.to_ccddata().write("piece.fits")
    """

    sci: NDArray[np.float32]
    """(y, x), samples."""

    err: NDArray[np.float32] | None
    """Standard deviations, of the same shape; None where the image has none, as for the next two."""

    dq: NDArray[np.uint32] | None
    """Data-quality bits."""

    wht: NDArray[np.float32] | None
    """Weights."""

    box: Box
    """Window of the image that it was cut from, 0-based pixels."""

    unit: "units.UnitBase | None"
    """Unit of `sci` and `err`; None where the header names none that astropy knows."""

    wcs: Any
    """WCS of this window by the shared interface of astropy (APE 14): pixel (0, 0) is the first one here; None for an
    array that has none."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.box.shape

    @property
    def mask(self) -> NDArray[np.bool_]:
        """(y, x), True where there is no data."""
        return np.isnan(self.sci)

    def __getitem__(self, place: Any) -> "MaskedImage":
        """Cut out a window: ``piece[y0:y1, x0:x1]``, or ``piece[Box(...)]``; the samples are shared."""
        window = box_of_slices(place, self.shape)

        def cut(plane: Plane | None) -> Any:
            return None if plane is None else plane[window.slices]

        return MaskedImage(
            cut(self.sci), cut(self.err), cut(self.dq), cut(self.wht), window.shifted(self.box.y0, self.box.x0),
            self.unit, sliced_wcs(self.wcs, window),
        )  # fmt: skip

    def cutout(self, centre: "SkyCoord", size: Any) -> "MaskedImage":
        """Cut out a window around a position of the sky (see `box_around`)."""
        if self.wcs is None:
            raise TransformError(
                "an array without a WCS has no place on the sky; cut it by pixels, piece[y0:y1, x0:x1]"
            )
        return self[box_around(self.wcs, self.shape, centre, size)]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Plane:  # noqa: FBT001 - as numpy calls it
        """Give the samples."""
        return np.array(self.sci, dtype=dtype, copy=copy)

    def to_ccddata(self) -> "CCDData":
        """Give it as astropy's `CCDData`: NaN are masked, errors are standard deviations, flags are the DQ bits."""
        from astropy import units  # noqa: PLC0415 - a second to load, for this alone, as the next
        from astropy.nddata import CCDData, StdDevUncertainty  # noqa: PLC0415

        return CCDData(
            self.sci,
            unit=self.unit or units.dimensionless_unscaled,
            uncertainty=None if self.err is None else StdDevUncertainty(self.err),
            mask=self.mask,
            flags=self.dq,
            wcs=self.wcs,
        )

    def to_xarray(self) -> "xarray.Dataset":
        """Give it as an xarray dataset.

        Returns
        -------
        xarray.Dataset
            Variables ``sci err dq wht`` as it has them, (y, x), with ``units``; coordinates ``y`` and ``x`` are
            0-based pixels of the image, ``ra`` and ``dec`` ICRS degrees; the attribute ``fits_wcs`` has the cards of
            the WCS where a header tells it.
        """
        import xarray  # noqa: PLC0415 - as above

        unit = {} if self.unit is None else {"units": self.unit.to_string()}
        planes = {"sci": self.sci, "err": self.err, "dq": self.dq, "wht": self.wht}
        named = {name: plane for name, plane in planes.items() if plane is not None}
        y, x = np.arange(self.box.y0, self.box.y1), np.arange(self.box.x0, self.box.x1)
        ra, dec = _sky_of_pixels(self.wcs, self.shape)
        header = self.wcs.to_header(relax=True).tostring(sep="\n") if hasattr(self.wcs, "to_header") else ""
        degrees = {"units": "deg"}
        return xarray.Dataset(
            {name: (("y", "x"), plane, unit if name in ("sci", "err") else {}) for name, plane in named.items()},
            coords={
                "y": y,
                "x": x,
                "ra": (("y", "x"), ra, degrees),
                "dec": (("y", "x"), dec, degrees),
            },
            attrs={"fits_wcs": header} if header else {},
        )

    def __repr__(self) -> str:
        """Tell what it is in one line."""
        planes = [name for name in ("sci", "err", "dq", "wht") if getattr(self, name) is not None]
        box = self.box
        return (
            f"<MaskedImage {self.shape[0]} x {self.shape[1]} px, [{box.y0}:{box.y1}, {box.x0}:{box.x1}],"
            f" {' '.join(planes)}, {self.unit or 'no unit'}>"
        )


def _sky_of_pixels(wcs: Any, shape: tuple[int, int]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give right ascension and declination of every pixel, band by band: whole planes would be held ten times over."""
    ra, dec = np.empty(shape), np.empty(shape)
    rows = max(1, PIXELS_AT_ONCE // shape[1])
    for first in range(0, shape[0], rows):
        band = slice(first, min(first + rows, shape[0]))
        sky = wcs.pixel_to_world(*np.meshgrid(np.arange(shape[1]), np.arange(band.start, band.stop))).icrs
        ra[band], dec[band] = sky.ra.deg, sky.dec.deg
    return ra, dec


def sliced_wcs(wcs: Any, window: Box) -> Any:
    """Give the WCS of a window; that of a FITS header stays one that can be written to a header."""
    from astropy.wcs.wcsapi import HighLevelWCSWrapper, SlicedLowLevelWCS  # noqa: PLC0415 - who has a WCS has it loaded

    if wcs is None:
        return None
    if hasattr(wcs, "slice"):
        return wcs.slice(window.slices)
    return HighLevelWCSWrapper(SlicedLowLevelWCS(wcs.low_level_wcs, window.slices))


def box_of_slices(place: Any, shape: tuple[int, int]) -> Box:
    """Read the index ``[y0:y1, x0:x1]`` of an image.

    Raises
    ------
    UsageError
        Anything but two slices without a step, or a box inside the image.
    """
    if isinstance(place, Box):
        if not Box.of_shape(shape).contains(place):
            raise UsageError(f"{place} is not inside an image of {shape[0]} x {shape[1]} pixels")
        return place
    parts = place if isinstance(place, tuple) else (place, slice(None))
    if len(parts) != 2 or not all(isinstance(part, slice) and part.step in (None, 1) for part in parts):
        raise UsageError(f"an image is cut as image[y0:y1, x0:x1], slices without a step, not by {place!r}")
    (y0, y1, _), (x0, x1, _) = (part.indices(side) for part, side in zip(parts, shape, strict=True))
    if y1 <= y0 or x1 <= x0:
        raise UsageError(f"{place!r} holds no pixel of an image of {shape[0]} x {shape[1]} pixels")
    return Box(y0, x0, y1, x1)


def box_around(wcs: Any, shape: tuple[int, int], centre: "SkyCoord", size: Any) -> Box:
    """Find the window around a position of the sky.

    Parameters
    ----------
    wcs
        WCS of the image, by the shared interface.
    shape
        Rows and columns of the image.
    centre
        The position; the pixel that holds it is the middle one.
    size
        Side of the window, or (height, width): whole pixels, or an angle.

    Returns
    -------
    Box
        Cut at the edges of the image.

    Raises
    ------
    NoCoverageError
        The window lies outside the image.
    """
    from astropy import units  # noqa: PLC0415 - who has a position has it loaded

    x, y = (float(value) for value in wcs.world_to_pixel(centre))
    if not (np.isfinite(x) and np.isfinite(y)):
        raise NoCoverageError(f"the image does not reach {centre.to_string('hmsdms')}")
    if isinstance(size, units.Quantity) and size.unit.is_equivalent(units.deg):
        near = wcs.pixel_to_world(np.array([x + 1.0, x]), np.array([y, y + 1.0]))
        along_x, along_y = (float(step) for step in near.separation(wcs.pixel_to_world(x, y)).deg)
        sides = np.broadcast_to(size.to_value(units.deg), 2) / (along_y, along_x)
        height, width = (max(round(float(side)), 1) for side in sides)
    else:
        height, width = (int(side) for side in np.broadcast_to(getattr(size, "value", size), 2))
    if height < 1 or width < 1:
        raise UsageError(f"a cutout has at least one pixel, not a size of {size}")
    y0, x0 = math.ceil(y - height / 2), math.ceil(x - width / 2)  # as Cutout2D of astropy does
    found = Box(y0, x0, y0 + height, x0 + width).intersection(Box.of_shape(shape))
    if found is None:
        raise NoCoverageError(
            f"the image does not reach {centre.to_string('hmsdms')}: its pixel would be ({x:.1f}, {y:.1f})"
        )
    return found
