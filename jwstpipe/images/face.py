"""What an image shows of itself in a notebook, and how a piece of it comes to memory: the same for every kind."""

import base64
import io
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.errors import JwstPipeError, UsageError
from jwstpipe.images.levels import level_for_pixels, read_level
from jwstpipe.images.masked_image import MaskedImage, box_around, box_of_slices, sliced_wcs
from jwstpipe.notebook import facts_html
from jwstpipe.sky.box import Box
from jwstpipe.sky.celestial import CelestialWcs

if TYPE_CHECKING:
    import xarray
    from astropy import units
    from astropy.coordinates import SkyCoord
    from astropy.nddata import CCDData
    from astropy.wcs import WCS
    from matplotlib.axes import Axes

    from jwstpipe.sky.wcs.shared_interface import SharedWcs

__all__ = ["MOST_PIXELS", "ImageFace"]

MOST_PIXELS = 64_000_000
"""More pixels than these are not read at once unless a window is asked for."""

THUMBNAIL_PIXELS = 65_536


class ImageFace:
    """Methods of every `SkyImage` that lead to memory, other libraries and the screen.

    Examples
    --------
    ::

        image = jwstpipe.open_image("image.zarr")
        piece = image.cutout(SkyCoord("10h00m00s 2d00m00s"), 5 * u.arcsec)
        piece.sci, piece.err, piece.unit, piece.wcs
    """

    @property
    def unit(self: Any) -> "units.UnitBase | None":
        """Unit of the science plane; None where the header names none that astropy knows."""
        from astropy import units  # noqa: PLC0415 - half a second that only a unit needs

        text = str(self.header.get("BUNIT", "")).strip()
        unit = units.Unit(text, parse_strict="silent") if text else None
        return None if unit is None or isinstance(unit, units.UnrecognizedUnit) else unit

    @property
    def wcs(self: Any) -> "SharedWcs":
        """Where it lies on the sky, as a WCS of astropy's shared interface (APE 14)."""
        from jwstpipe.sky.wcs.shared_interface import SharedWcs  # noqa: PLC0415 - half a second, for other libraries alone

        return SharedWcs.of(self.image_wcs)

    @property
    def window(self: Any) -> Box:
        """Pixels that can hold data: all."""
        return Box.of_shape(self.shape)

    def __getitem__(self: Any, place: Any) -> MaskedImage:
        """Read a window to memory: ``image[y0:y1, x0:x1]``, or ``image[Box(...)]``; the first slice of a cube."""
        box = box_of_slices(place, self.shape)

        def plane(name: str, dtype: str) -> Any:
            return self.read(name, box).astype(dtype, copy=False) if name in self.planes else None

        header_only = self.image_wcs.nodes is None
        whole = _header_wcs(self) if header_only else self.wcs
        return MaskedImage(
            plane("sci", "f4"), plane("err", "f4"), plane("dq", "u4"), plane("wht", "f4"),
            box, self.unit, sliced_wcs(whole, box),
        )  # fmt: skip

    def read_block(self: Any, plane: str, first: int, last: int, box: Any) -> NDArray[Any]:
        """Read a window of slices `first` to `last` (not included) of a plane, (slice, y, x)."""
        return np.stack([self.read(plane, box, index=index) for index in range(first, last)])

    def cutout(self: Any, centre: "SkyCoord", size: Any) -> MaskedImage:
        """Read the window around a position of the sky.

        Parameters
        ----------
        centre
            The position, in any frame.
        size
            Side of the window, or (height, width): whole pixels, or an angle. What lies outside the image is cut.

        Raises
        ------
        NoCoverageError
            The image does not reach there.
        """
        piece: MaskedImage = self[box_around(self.wcs, self.shape, centre, size)]
        return piece

    def to_ccddata(self: Any) -> "CCDData":
        """Read all of it as astropy's `CCDData` (see `MaskedImage.to_ccddata`)."""
        return _all_of(self).to_ccddata()

    def to_xarray(self: Any) -> "xarray.Dataset":
        """Read all of it as an xarray dataset (see `MaskedImage.to_xarray`)."""
        return _all_of(self).to_xarray()

    def __array__(self: Any, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:  # noqa: FBT001 - as numpy calls it
        """Give the samples of the science plane; refused where they are too many to be wanted by mistake."""
        return np.array(_all_of(self).sci, dtype=dtype, copy=copy)

    def plot(self: Any, *, ax: "Axes | None" = None, cmap: str = "gray") -> "Axes":
        """Draw it with its sky coordinates and a colour bar, through matplotlib (see `plot_image`).

        Examples
        --------
        >>> axes = jwstpipe.open_image("f200w.zarr").plot(cmap="magma")
        """
        from jwstpipe.images.plotting import plot_image  # noqa: PLC0415 - loads matplotlib

        return plot_image(self, _header_wcs(self), ax=ax, cmap=cmap)

    def __repr__(self: Any) -> str:
        """Tell what it is in one line."""
        size = f"{self.shape[0]} x {self.shape[1]} px"
        cube = f", {self.slices} slices" if self.slices > 1 else ""
        filters = self.primary.get("FILTER", self.header.get("FILTER"))
        words = [size + cube, " ".join(self.planes), str(self.unit or "no unit"), *([str(filters)] if filters else [])]
        return f"<{type(self).__name__} {self.name}: {', '.join(words)}>"

    def _repr_html_(self: Any) -> str:
        """Show a table and a thumbnail."""
        facts = {
            "address": self.address,
            "size": f"{self.shape[1]} x {self.shape[0]} px",
            "planes": ", ".join(self.planes),
            "unit": str(self.unit or "none"),
            "filter": self.primary.get("FILTER", ""),
            "target": self.primary.get("TARGNAME", ""),
            "product": self.provenance.get("product_id", ""),
        }
        try:
            ra, dec = _middle(self)
            facts["centre"] = f"{ra:.6f}, {dec:+.6f} deg (ICRS)"
            facts["scale"] = f"{self.image_wcs.exact(name=self.address).scale_arcsec:.4g} arcsec/px"
            picture = f'<img alt="" src="data:image/png;base64,{base64.b64encode(_thumbnail(self)).decode()}">'
        except JwstPipeError as error:
            picture = f"<p>{escape(str(error))}</p>"
        return facts_html(str(self.name), facts, picture=picture)


def _header_wcs(image: Any) -> "WCS":
    """Give the WCS of a header as astropy's own, which can be written to a header."""
    found = CelestialWcs.from_cards(image.image_wcs.cards, name=image.address, tables=image.image_wcs.tables).wcs
    found.array_shape = image.shape
    return found


def _all_of(image: Any) -> MaskedImage:
    rows, columns = image.shape
    if rows * columns > MOST_PIXELS:
        raise UsageError(
            f"{image.address}: has {rows * columns:,} pixels, too many to read by mistake;"
            f" name the window: image[0:{rows}, 0:{columns}]"
        )
    found: MaskedImage = image[:, :]
    return found


def _middle(image: Any) -> tuple[float, float]:
    """Give right ascension and declination of the middle, degrees."""
    place = image.wcs.pixel_to_world((image.shape[1] - 1) / 2, (image.shape[0] - 1) / 2).icrs
    return float(place.ra.deg), float(place.dec.deg)


def _thumbnail(image: Any) -> bytes:
    """Draw a small grey picture, north as in the array: row 0 at the bottom."""
    from PIL import Image  # noqa: PLC0415 - for notebooks alone, as what follows

    from jwstpipe.display.tone.auto import auto_stretch  # noqa: PLC0415
    from jwstpipe.display.tone.statistics import measure_sky  # noqa: PLC0415
    from jwstpipe.display.tone.stretch import apply_stretch  # noqa: PLC0415

    level = level_for_pixels(image.shape, THUMBNAIL_PIXELS)
    values = read_level(image, level=level)
    stretch, _ = auto_stretch(measure_sky(values, level=level, name=image.address))
    grey = np.nan_to_num(apply_stretch(values, stretch), nan=0.0)
    content = io.BytesIO()
    Image.fromarray((grey[::-1] * 255.0 + 0.5).astype("u1")).save(content, "png")
    return content.getvalue()
