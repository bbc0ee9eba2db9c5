"""Cubes for a screen: slices as pictures between limits that all share, and what pixels and regions do along them."""

import io
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from PIL import Image

from jwstpipe.analysis.cubes.cube import Cube, open_cube
from jwstpipe.analysis.cubes.describe import cube_facts
from jwstpipe.analysis.cubes.extract import extract
from jwstpipe.analysis.spectra.spectrum import Spectrum
from jwstpipe.display.tone.stretch import Stretch, apply_stretch
from jwstpipe.errors import NotFoundError, UsageError
from jwstpipe.requests.analysis.cubes import CubeSpectrumRequest
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box
from jwstpipe.viewer.regions import plain_region

__all__ = ["CURVES", "OpenedCube", "along", "along_region", "opened_cube", "slice_picture"]

SAMPLED = 24
"""Slices that the limits are taken from."""

LIMITS = (0.5, 99.5)
"""Percent of their samples."""

MOST_PIXELS = 16 << 20
"""Largest slice that is sent."""

Curve = Literal["asinh", "linear", "sqrt"]
CURVES: dict[str, float | None] = {"asinh": 0.1, "linear": None, "sqrt": None}
"""Softening of each stretch."""


@dataclass(frozen=True, eq=False)
class OpenedCube:
    """A cube, and limits that suit all of its slices."""

    cube: Cube
    low: float
    high: float

    def facts(self) -> dict[str, Any]:
        """Say what it is: size, wavelengths of the slices, unit, limits."""
        cube = self.cube
        facts = cube_facts(cube)
        del facts["address"]
        axis = None if cube.axis is None else [float(value) for value in cube.microns]
        return {**facts, "name": cube.name, "microns": axis, "low": self.low, "high": self.high}


def opened_cube(address: str, *, s3: S3Settings | None = None) -> OpenedCube:
    """Open a cube and choose limits for its slices.

    Raises
    ------
    DataError
        No cube.
    UsageError
        Its slices are larger than a page shows.
    """
    cube = open_cube(address, s3=s3)
    slices, rows, columns = cube.shape
    if rows * columns > MOST_PIXELS:
        raise UsageError(f"{cube.name}: slices of {columns} x {rows} pixels are larger than a page shows")
    chosen = np.unique(np.linspace(0, slices - 1, min(SAMPLED, slices)).astype(int))
    found = [_seen(cube.read(int(one), int(one) + 1)) for one in chosen]
    samples = np.concatenate(found)
    low, high = (float(value) for value in np.percentile(samples, LIMITS)) if samples.size else (0.0, 1.0)
    return OpenedCube(cube, low, high if high > low else low + max(1.0, abs(low) * 1e-6))


def slice_picture(opened: OpenedCube, index: int, *, low: float, high: float, stretch: str) -> bytes:
    """Draw a slice in grey, as PNG: the top row first, what has no data transparent.

    Parameters
    ----------
    opened
        Cube.
    index
        Slice, from 0.
    low, high
        Values that become black and white.
    stretch
        One of `CURVES`.
    """
    cube = opened.cube
    if not 0 <= index < cube.shape[0]:
        raise NotFoundError(f"{cube.name} has no slice {index}; it has {cube.shape[0]}, counted from 0")
    if stretch not in CURVES or not low < high:
        raise UsageError(f"a slice is drawn between two limits, the first one smaller, as {', '.join(CURVES)}")
    values = cube.read(index, index + 1)[0].astype(np.float32)
    seen = np.isfinite(values)
    shown = apply_stretch(np.where(seen, values, np.float32(low)), Stretch(stretch, low, high, CURVES[stretch]))  # type: ignore[arg-type]
    grey = np.stack([np.floor(shown * 255.0 + 0.5), np.where(seen, 255.0, 0.0)], axis=-1).astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(grey[::-1]), "LA").save(stream, "PNG", compress_level=1)
    return stream.getvalue()


def along(opened: OpenedCube, x: int, y: int) -> Spectrum:
    """Give what a pixel holds in every slice, along wavelength, or along the number of the slice where there is none.

    Raises
    ------
    UsageError
        A pixel outside.
    """
    cube = opened.cube
    slices, rows, columns = cube.shape
    if not (0 <= x < columns and 0 <= y < rows):
        raise UsageError(f"pixel {x},{y} lies outside the {columns} x {rows} pixels of the cube")
    box = Box(y, x, y + 1, x + 1)
    place = np.arange(slices, dtype=np.float64) if cube.axis is None else cube.microns
    error = cube.read(0, slices, box, plane="err")[:, 0, 0] if "err" in cube.planes else None
    values = cube.read(0, slices, box)[:, 0, 0]
    return Spectrum.of(place, values, error, unit=str(cube.unit or ""), column=f"pixel {x}, {y}")


def along_region(opened: OpenedCube, region: str, *, s3: S3Settings | None = None) -> Spectrum:
    """Give the spectrum of a region: a line of DS9; spaxels count by the share of them that lies inside.

    Raises
    ------
    UsageError
        Not a region of the shapes that a page draws, or a cube without wavelengths.
    NoCoverageError, DataError
        It lies outside the cube, or on no data.
    """
    if opened.cube.axis is None:
        raise UsageError(f"{opened.cube.name}: has no wavelengths; only single pixels can be followed")
    return extract(opened.cube, CubeSpectrumRequest(region=(plain_region(region),)), s3=s3)


def _seen(values: Any) -> Any:
    return values[np.isfinite(values)]
