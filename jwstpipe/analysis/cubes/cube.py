"""`Cube`: an image with a third axis, read block by block where it lies; bad samples are NaN."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from astropy import units
from astropy.wcs import WCS
from numpy.typing import NDArray

from jwstpipe.analysis.cubes.headers import plane_header
from jwstpipe.errors import DataError, HeaderError, NoCoverageError, TransformError, UsageError
from jwstpipe.fits.dq import dq_mask
from jwstpipe.images.cubes.axis import kind_of_axis, spectral_axis_of
from jwstpipe.images.cubes.spectral_axis import AxisKind, SpectralAxis
from jwstpipe.images.fits_image import FitsImage
from jwstpipe.images.masked_image import MaskedImage, sliced_wcs
from jwstpipe.images.memory import MemoryImage
from jwstpipe.images.open import open_image
from jwstpipe.images.zarr.image_store import ImageStore
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box
from jwstpipe.sky.celestial import CelestialWcs, wcs_cards_of
from jwstpipe.sky.wcs.image_wcs import ImageWcs

__all__ = ["Cube", "open_cube"]

Floats = NDArray[np.float64]

BLOCK_BYTES = 32 << 20
"""Samples of a plane that are held at once while a cube is walked through."""

MOST_SPAXELS = 1 << 26
"""Largest slices that are collapsed in memory: 8192 x 8192."""

_NO_DATA = dq_mask(("DO_NOT_USE", "NON_SCIENCE"))

_AXES = {
    "integration": "the integrations of a time series",
    "slice": "slices without a wavelength (no CTYPE3 of a spectral axis)",
}


@dataclass(frozen=True, eq=False, repr=False)
class Cube:
    """A cube, in a FITS file or a store, local or remote; nothing is held in memory.

    Examples
    --------
    ::

        cube = jwstpipe.open_cube("jw01234_s3d.fits")
        cube.shape, cube.wavelengths, cube.unit, cube.wcs
        cube.slice_at(5.34 * u.um).sci
    """

    image: FitsImage | ImageStore
    kind: AxisKind
    """What the third axis counts."""

    axis: SpectralAxis | None
    """Wavelengths of the slices; None where the third axis has none."""

    @property
    def address(self) -> str:
        """Where it is."""
        return self.image.address

    @property
    def name(self) -> str:
        """Name for people."""
        return self.image.name

    @property
    def shape(self) -> tuple[int, int, int]:
        """Slices, rows, columns."""
        return (self.image.slices, *self.image.shape)

    @property
    def planes(self) -> tuple[str, ...]:
        """Names of its planes: ``sci``, and ``err dq wmap`` as the file has them."""
        return self.image.planes

    @property
    def unit(self) -> units.UnitBase | None:
        """Unit of its samples; None where the header names none that astropy knows."""
        return self.image.unit

    @property
    def microns(self) -> Floats:
        """Wavelengths of the slices, um.

        Raises
        ------
        HeaderError
            The third axis has none.
        """
        if self.axis is None:
            raise HeaderError(f"{self.address}: its third axis is {_AXES[self.kind]}; give a slice by its number")
        return self.axis.microns

    @property
    def wavelengths(self) -> units.Quantity:
        """Wavelengths of the slices."""
        return self.microns * units.um

    @cached_property
    def widths(self) -> Floats:
        """Width of each slice, um: from half way to the one before to half way to the next."""
        steps = np.abs(np.diff(self.microns))
        if not steps.size:
            raise DataError(f"{self.address}: has one slice, whose width nothing tells")
        edges = np.concatenate([steps[:1], steps, steps[-1:]])
        return np.asarray(0.5 * (edges[1:] + edges[:-1]))

    @property
    def sky(self) -> ImageWcs:
        """Where its slices lie on the sky, as values that travel."""
        return ImageWcs(wcs_cards_of(self.image.header_text("sci")))

    @property
    def wcs(self) -> WCS:
        """Where its slices lie on the sky.

        Raises
        ------
        TransformError
            Its header places it nowhere.
        """
        found = CelestialWcs.from_cards(self.sky.cards, name=self.address).wcs
        found.array_shape = self.image.shape
        return found

    @cached_property
    def frame(self) -> MemoryImage:
        """An image without data that lies where the slices do: regions and apertures are placed on it."""
        empty = np.broadcast_to(np.float32(np.nan), self.image.shape)
        return MemoryImage({"sci": empty}, plane_header(self.image.header), self.image.primary, self.address)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was chosen or converted when it was opened, one sentence each."""
        return () if self.axis is None else self.axis.notes

    def read(self, first: int, last: int, box: Box | None = None, *, plane: str = "sci") -> NDArray[Any]:
        """Read a block of a plane.

        Parameters
        ----------
        first, last
            Slices, from 0, the last one not included.
        box
            Window of the slices; None = all of it.
        plane
            One of `planes`. In ``sci`` and ``err`` samples that DQ calls unusable or outside the field are NaN.

        Returns
        -------
        ndarray
            (slice, y, x).
        """
        window = box or Box.of_shape(self.image.shape)
        values = self.image.read_block(plane, first, last, window)
        if plane in ("sci", "err"):
            if "dq" in self.planes:
                values[(self.image.read_block("dq", first, last, window) & _NO_DATA) != 0] = np.nan
            elif "wmap" in self.planes:
                values[self.image.read_block("wmap", first, last, window) == 0] = np.nan
        return values

    def blocks(self, first: int, last: int, box: Box) -> Iterator[tuple[int, int]]:
        """Cut slices into runs of which a window holds some tens of megabytes."""
        step = max(BLOCK_BYTES // (4 * box.shape[0] * box.shape[1]), 1)
        step = step // 32 * 32 or step  # whole chunks of a store, where that is possible
        start = first
        while start < last:
            end = min(start - start % step + step if step >= 32 else start + step, last)
            yield start, end
            start = end

    def slice(self, index: int) -> MaskedImage:
        """Read a slice by its number, from 0."""
        if not 0 <= index < self.shape[0]:
            raise UsageError(f"{self.address}: has no slice {index}; it has {self.shape[0]}, counted from 0")
        box = Box.of_shape(self.image.shape)
        planes = {
            name: self.read(index, index + 1, box, plane=name)[0] for name in ("err", "dq") if name in self.planes
        }
        sci = self.read(index, index + 1, box)[0].astype(np.float32, copy=False)
        wcs = sliced_wcs(self.wcs, box) if self.placed else None
        return MaskedImage(sci, planes.get("err"), planes.get("dq"), None, box, self.unit, wcs)

    def slice_at(self, wavelength: Any) -> MaskedImage:
        """Read the slice nearest to a wavelength: a quantity, or um."""
        return self.slice(self.index_of(_um(wavelength)))

    def index_of(self, microns: float) -> int:
        """Give the number of the slice that holds a wavelength, um.

        Raises
        ------
        NoCoverageError
            It lies outside the cube.
        """
        index = int(np.argmin(np.abs(self.microns - microns)))
        if not abs(self.microns[index] - microns) <= 0.5 * self.widths[index] * 1.000001:
            raise NoCoverageError(f"{self.address}: does not reach {microns:g} um; it covers {self.covers}")
        return index

    def range_of(self, low: float, high: float) -> tuple[int, int]:
        """Give the first slice with its middle between two wavelengths, um, and the one behind the last.

        Raises
        ------
        NoCoverageError
            There is none.
        """
        inside = np.flatnonzero((self.microns >= low) & (self.microns <= high))
        if not inside.size:
            raise NoCoverageError(f"{self.address}: has no slice from {low:g} to {high:g} um; it covers {self.covers}")
        return int(inside[0]), int(inside[-1]) + 1

    @property
    def covers(self) -> str:
        """Its range of wavelengths in words."""
        return f"{self.microns.min():.5g} to {self.microns.max():.5g} um"

    @cached_property
    def placed(self) -> bool:
        """Its header places it on the sky."""
        try:
            return self.wcs is not None
        except TransformError:
            return False

    def pixel_area_sr(self) -> float:
        """Give the solid angle of a spaxel: from the WCS, or PIXAR_SR of a cube without a place on the sky.

        Raises
        ------
        TransformError
            There is neither.
        """
        stated = self.image.header.get("PIXAR_SR")
        if not self.placed and isinstance(stated, float) and 0.0 < stated < 1.0:
            return stated
        return float(np.radians(self.sky.exact(name=self.address).scale_arcsec / 3600.0) ** 2)

    def require_brightness(self) -> float:
        """Give what turns its samples into MJy/sr.

        Raises
        ------
        HeaderError
            Its unit is none of surface brightness: nothing physical follows from its samples.
        """
        if self.unit is None or not self.unit.is_equivalent(units.MJy / units.sr):
            told = self.image.header.get("BUNIT") or "not given"
            raise HeaderError(
                f"{self.address}: its unit is {told}, not a surface brightness as MJy/sr, so no flux follows from it;"
                " slices and collapsed images are possible"
            )
        return float(self.unit.to(units.MJy / units.sr))

    def __repr__(self) -> str:
        """Tell what it is in one line."""
        reach = self.covers if self.axis is not None and self.shape[0] else _AXES.get(self.kind, "")
        slices, rows, columns = self.shape
        return f"<Cube {self.name}: {slices} x {rows} x {columns}, {reach}, {self.unit or 'no unit'}>"


def open_cube(address: str | Path, *, s3: S3Settings | None = None) -> Cube:
    """Open a cube: a FITS file (s3d, calints ...) or a store.

    Raises
    ------
    DataError
        No third axis; or wavelengths that are missing, do not fit its slices, or neither rise nor fall.
    JwstPipeError
        As `open_image`.
    """
    image = open_image(address, s3=s3)
    if image.slices < 2:
        rows, columns = image.shape
        raise DataError(f"{address}: an image of {columns} x {rows} pixels, without a third axis; no cube")
    rows, columns = image.shape
    if rows * columns > MOST_SPAXELS:
        raise DataError(f"{address}: slices of {columns:,} x {rows:,} pixels are too large for a cube of spectra")
    kind = kind_of_axis(image)
    return Cube(image, kind, spectral_axis_of(image) if kind == "wavelength" else None)


def _um(wavelength: Any) -> float:
    if isinstance(wavelength, units.Quantity):
        return float(wavelength.to_value(units.um, equivalencies=units.spectral()))
    return float(wavelength)
