"""`MemoryImage`: arrays in memory as an image on the sky, so that what measures files measures them too."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from astropy import units
from astropy.io.fits import Header
from numpy.typing import NDArray

from jwstpipe.errors import DataError, UsageError
from jwstpipe.images.face import ImageFace
from jwstpipe.images.image import SkyImage
from jwstpipe.images.masked_image import MaskedImage, box_of_slices
from jwstpipe.images.open import open_image
from jwstpipe.numerics.precision import offset_for_single
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box
from jwstpipe.sky.celestial import wcs_cards
from jwstpipe.sky.wcs.image_wcs import ImageWcs

__all__ = ["ImageLike", "MemoryImage", "as_image"]

SAMPLES = 1 << 16
"""Samples of an array, about so many, that tell what precision it needs."""

ImageLike = Any
"""An address, a `SkyImage`, a `MaskedImage`, astropy's `CCDData` or `NDData`, or a two-dimensional array."""


@dataclass(frozen=True, eq=False, repr=False)
class MemoryImage(ImageFace):
    """Planes in memory (see `SkyImage` for what it offers)."""

    samples: Mapping[str, NDArray[Any]]
    """Planes by name, all (y, x); ``sci`` is always there, NaN = no data."""

    header: Header
    """WCS cards and BUNIT."""

    primary: Header = field(default_factory=Header)
    name: str = "array"
    provenance: dict[str, Any] = field(default_factory=dict)

    slices = 1
    levels = 1
    notes: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        """What messages call it: it stands nowhere."""
        return self.name

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, columns = self.samples["sci"].shape
        return rows, columns

    @property
    def planes(self) -> tuple[str, ...]:
        """Names of its planes."""
        return tuple(self.samples)

    @property
    def image_wcs(self) -> ImageWcs:
        """Where it lies on the sky."""
        return ImageWcs(wcs_cards(self.header))

    def __getitem__(self, place: Any) -> MaskedImage:
        """Cut out a window: ``image[y0:y1, x0:x1]``, or ``image[Box(...)]``; without a WCS it has none either."""
        if self.image_wcs.cards:
            return super().__getitem__(place)
        box = box_of_slices(place, self.shape)
        named = {name: self.read(name, box) if name in self.samples else None for name in ("err", "dq", "wht")}
        return MaskedImage(self.read("sci", box), **named, box=box, unit=self.unit, wcs=None)

    def read(self, plane: str = "sci", box: Box | None = None, *, level: int = 0, index: int = 0) -> NDArray[Any]:
        """Read a window of one plane (see `SkyImage.read`)."""
        window = box or Box.of_shape(self.shape)
        if plane not in self.samples or level or index or not Box.of_shape(self.shape).contains(window):
            raise UsageError(f"{self.name}: has no {window} of plane {plane}, level {level}, slice {index}")
        return self.samples[plane][window.slices].copy()


def as_image(data: ImageLike, *, wcs: Any = None, unit: Any = None, s3: S3Settings | None = None) -> SkyImage:
    """Take anything that is an image as one.

    Parameters
    ----------
    data
        See `ImageLike`. Masked samples of `CCDData` have no data.
    wcs, unit
        Place on the sky (an astropy WCS) and unit of a plain array.
    s3
        Endpoint of ``s3://`` addresses.

    Raises
    ------
    UsageError
        Something else, or an array of another number of axes.
    DataError
        A WCS that cannot be written as a FITS header.
    JwstPipeError
        As `open_image`, for an address.

    Examples
    --------
    >>> as_image(np.zeros((64, 64)), unit="MJy/sr").shape
    (64, 64)
    """
    if isinstance(data, str | Path):
        return open_image(data, s3=s3)
    if isinstance(data, MaskedImage):
        planes = {name: getattr(data, name) for name in ("sci", "err", "dq", "wht")}
        return _in_memory(planes, data.wcs if wcs is None else wcs, data.unit if unit is None else unit)
    if hasattr(data, "read") and hasattr(data, "planes"):
        return data  # type: ignore[no-any-return]
    if hasattr(data, "uncertainty") and hasattr(data, "data"):
        return _in_memory(_planes_of(data), data.wcs if wcs is None else wcs, data.unit if unit is None else unit)
    if isinstance(data, np.ndarray) or hasattr(data, "__array__"):
        values = np.asarray(getattr(data, "value", data))
        stated = getattr(data, "unit", None) if unit is None else unit
        return _in_memory({"sci": np.ma.filled(values, np.nan) if np.ma.isMA(values) else values}, wcs, stated)
    raise UsageError(f"{type(data).__name__}: no image; give a path, an open image, CCDData or an array of two axes")


def _planes_of(data: Any) -> dict[str, Any]:
    """Take the planes of NDData apart."""
    values = np.array(data.data, np.float64 if getattr(data.data, "dtype", None) == np.float64 else np.float32)
    if data.mask is not None:
        values[np.broadcast_to(np.asarray(data.mask, bool), values.shape)] = np.nan
    error = data.uncertainty
    if error is not None and getattr(error, "uncertainty_type", "") != "std":
        error = error.represent_as(_standard()) if hasattr(error, "represent_as") else None
    flags = getattr(data, "flags", None)
    plain = isinstance(flags, np.ndarray) and flags.dtype.kind in "iu"
    return {"sci": values, "err": None if error is None else error.array, "dq": flags if plain else None}


def _standard() -> Any:
    from astropy.nddata import StdDevUncertainty  # noqa: PLC0415 - a second to load

    return StdDevUncertainty


def _in_memory(planes: Mapping[str, Any], wcs: Any, unit: Any) -> MemoryImage:
    kinds: dict[str, type[Any]] = {"dq": np.uint32, "sci": _science_type(planes["sci"])}
    found = {
        name: np.ascontiguousarray(values, kinds.get(name, np.float32))
        for name, values in planes.items()
        if values is not None
    }
    shape = found["sci"].shape
    if found["sci"].ndim != 2 or not found["sci"].size:
        raise UsageError(f"an array of shape {shape} is no image; give one of two axes, (y, x), or a slice of a cube")
    wrong = next((name for name, values in found.items() if values.shape != shape), None)
    if wrong is not None:
        raise UsageError(f"{wrong} has the shape {found[wrong].shape}, the samples have {shape}")
    header = _wcs_header(wcs)
    if unit is not None and str(unit):
        header["BUNIT"] = units.Unit(unit).to_string("generic") if not isinstance(unit, str) else unit
    return MemoryImage(found, header)


def _science_type(values: Any) -> type[Any]:
    """Keep double precision where single precision would lose the differences of samples; else no memory for it."""
    samples = np.asarray(values)
    if samples.dtype != np.float64:
        return np.float32
    few = samples.ravel()[:: max(samples.size // SAMPLES, 1) | 1]
    return np.float64 if offset_for_single(few) else np.float32


def _wcs_header(wcs: Any) -> Header:
    if wcs is None:
        return Header()
    if not hasattr(wcs, "to_header"):
        raise DataError(
            f"a WCS of type {type(wcs).__name__} has no FITS header; give the file itself, or an astropy WCS"
        )
    found: Header = wcs.to_header(relax=True)
    return found
