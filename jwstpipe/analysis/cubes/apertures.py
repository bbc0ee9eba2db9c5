"""Which spaxels of a cube a spectrum is taken from, and how much of each: exact shares, for each slice."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jwstpipe.analysis.cubes.cube import Cube
from jwstpipe.analysis.cubes.instrument import fwhm_arcsec
from jwstpipe.analysis.pixels.at import parse_place
from jwstpipe.analysis.pixels.regions import regions_of
from jwstpipe.analysis.pixels.shapes import Ellipse, Labelled, Shape
from jwstpipe.errors import NoCoverageError, UsageError
from jwstpipe.images.open import open_image
from jwstpipe.requests.analysis.cubes import CubeSpectrumRequest
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box
from jwstpipe.sky.frames import ICRS, rotated

__all__ = ["Aperture", "aperture_of"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Aperture:
    """A part of the field."""

    window: Box
    """Spaxels that it, and the background about it, may touch."""

    shares: Callable[[int], Floats]
    """Of each spaxel of the window in a slice, (y, x)."""

    ring: Callable[[int], NDArray[np.bool_]] | None
    """Spaxels of the background in a slice; None = nothing is taken away."""

    fixed: bool
    """The same in all slices."""

    name: str
    """What it is, in words."""

    place: tuple[float, float] | None = None
    """RA and Dec of its middle, degrees; None where the cube has no place on the sky."""


def aperture_of(cube: Cube, request: CubeSpectrumRequest, *, s3: S3Settings | None = None) -> Aperture:
    """Find the spaxels that a request means.

    Raises
    ------
    NoCoverageError
        They lie outside the field.
    UsageError
        A place or region that cannot be read, or a cone of an instrument that is not known.
    TransformError
        A place on the sky, and the cube has none.
    """
    frame = Box.of_shape(cube.shape[1:])
    if request.region:
        return _of_regions(cube, request.region, frame, s3)
    if request.place is None:
        return _fixed(frame, np.ones(frame.shape), "all of the field", cube)
    x, y = _spaxel(cube, request.place)
    if not (-0.5 <= x < frame.x1 - 0.5 and -0.5 <= y < frame.y1 - 0.5):
        raise NoCoverageError(
            f"{cube.address}: {request.place} is spaxel ({x:.1f}, {y:.1f}), outside its {frame.x1} x {frame.y1}"
        )
    if request.circle is None and request.cone is None:
        row, column = round(y), round(x)
        return _fixed(Box(row, column, row + 1, column + 1), np.ones((1, 1)), f"spaxel ({column}, {row})", cube)
    return _circles(cube, request, x, y, frame)


def _of_regions(cube: Cube, texts: Sequence[str], frame: Box, s3: S3Settings | None) -> Aperture:
    shapes = [shape for text in texts for shape in regions_of(text, cube.frame, s3=s3)]
    window = Box.around([shape.box for shape in shapes]).intersection(frame)
    assert window is not None  # regions outside are refused before
    total = sum((_shares(shape, window, s3) for shape in shapes), np.zeros(window.shape))
    name = shapes[0].name or texts[0] if len(shapes) == 1 else f"{len(shapes)} regions together"
    return _fixed(window, np.minimum(total, 1.0), name, cube)


def _shares(shape: Shape, window: Box, s3: S3Settings | None) -> Floats:
    if isinstance(shape, Labelled):
        labels = open_image(shape.segmentation, s3=s3).read("sci", window)
        return np.asarray(labels == shape.label, np.float64)
    return shape.weights(window, "exact")


def _circles(cube: Cube, request: CubeSpectrumRequest, x: float, y: float, frame: Box) -> Aperture:
    radii = _radii(cube, request)
    reach = float(radii.max()) * (request.ring[1] if request.ring else 1.0)
    window = Ellipse(x, y, (1.0 / reach, 0.0, 0.0, 1.0 / reach)).box.intersection(frame)
    assert window is not None  # the middle lies inside
    fixed = bool(np.all(radii == radii[0]))
    rows, columns = np.mgrid[window.y0 : window.y1, window.x0 : window.x1]
    distance = np.hypot(rows - y, columns - x)

    def shares(index: int) -> Floats:
        scale = 1.0 / float(radii[index])
        return Ellipse(x, y, (scale, 0.0, 0.0, scale)).weights(window, "exact")

    def ring(index: int) -> NDArray[np.bool_]:
        assert request.ring is not None
        low, high = (factor * float(radii[index]) for factor in request.ring)
        return np.asarray((distance >= low) & (distance < high))

    once = shares(0)
    size = f"radius {request.circle}" if request.circle else f"radius {request.cone:g} FWHM"
    return Aperture(
        window, (lambda _: once) if fixed else shares, ring if request.ring else None, fixed,
        f"circle of {size} at ({x:.2f}, {y:.2f})", _sky_of(cube, x, y),
    )  # fmt: skip


def _radii(cube: Cube, request: CubeSpectrumRequest) -> Floats:
    """Give the radius of the circle in each slice, spaxels."""
    count = cube.shape[0]
    if request.circle is not None:
        if request.circle.endswith("px"):
            return np.full(count, float(request.circle.removesuffix("px")))
        return np.full(count, float(request.circle) / _scale(cube))
    widths = fwhm_arcsec(cube.image.primary, cube.microns)
    if widths is None or request.cone is None:
        instrument = cube.image.primary.get("INSTRUME", "none")
        raise UsageError(f"{cube.address}: no width of point sources is known for INSTRUME {instrument}; use --circle")
    return np.asarray(request.cone * widths / _scale(cube))


def _scale(cube: Cube) -> float:
    return float(cube.sky.exact(name=cube.address).scale_arcsec)


def _spaxel(cube: Cube, text: str) -> tuple[float, float]:
    place = parse_place(text)
    if not place.sky:
        return place.first, place.second
    wcs = cube.sky.exact(name=cube.address)
    x, y = wcs.to_pixel(*rotated(np.array([place.first]), np.array([place.second]), ICRS, wcs.frame))
    if not (np.isfinite(x[0]) and np.isfinite(y[0])):
        raise NoCoverageError(f"{cube.address}: does not reach {text}")
    return float(x[0]), float(y[0])


def _fixed(window: Box, weights: Floats, name: str, cube: Cube) -> Aperture:
    rows, columns = np.mgrid[window.y0 : window.y1, window.x0 : window.x1]
    total = max(float(weights.sum()), 1e-30)
    middle = float((weights * columns).sum() / total), float((weights * rows).sum() / total)
    return Aperture(window, lambda _: weights, None, True, name, _sky_of(cube, *middle))


def _sky_of(cube: Cube, x: float, y: float) -> tuple[float, float] | None:
    if not cube.placed:
        return None
    wcs = cube.sky.exact(name=cube.address)
    lon, lat = wcs.to_sky(np.array([x]), np.array([y]))
    ra, dec = rotated(lon, lat, wcs.frame, ICRS)
    return float(ra[0]) % 360.0, float(dec[0])
