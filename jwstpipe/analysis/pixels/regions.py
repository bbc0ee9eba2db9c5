"""What people write for a part of an image, in all the forms they have, as shapes on its pixels.

Sky shapes go through the local map between pixels and sky at their centre, so that scale, rotation and mirrored axes
are those of the image there; corners of polygons go through its exact WCS one by one.
"""

import re
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.analysis.pixels.region_text import MOST_CORNERS, regions_in
from jwstpipe.analysis.pixels.shapes import Ellipse, Labelled, Polygon, Shape, whole
from jwstpipe.errors import NoCoverageError, NotFoundError, UsageError
from jwstpipe.images.image import SkyImage
from jwstpipe.images.open import open_image
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box
from jwstpipe.sky.frames import ICRS, rotated
from jwstpipe.sky.jacobian import jacobians

if TYPE_CHECKING:  # half a second to load, for shapes on the sky alone
    from astropy.coordinates import SkyCoord

__all__ = ["regions_of"]

Floats = NDArray[np.float64]

MOST_PIXELS = 1e8
"""Largest size of a shape."""

_WHOLE = re.compile(r"\s*-?[0-9]{1,15}\s*")

MOST_CLIPS = 2e9
"""Sides times pixels that they pass."""


def regions_of(text: str, image: SkyImage, *, s3: S3Settings | None = None) -> list[Shape]:
    """Read regions and place them on an image.

    Parameters
    ----------
    text
        ``X0,Y0,X1,Y1`` in 0-based pixels; a DS9 or CRTF line, or a file of them; an S_REGION as MAST writes it;
        ``label:7@segm.fits`` for a label of a segmentation.
    image
        The image; its WCS is needed for sky regions only.
    s3
        Endpoint of an ``s3://`` segmentation.

    Returns
    -------
    list of Shape
        In the order of the text, each with its name or its text.

    Raises
    ------
    UsageError
        A text that is none of these, or a kind of region that has no area.
    NotFoundError
        A file that is not there.
    NoCoverageError
        A region that lies wholly outside the image.
    """
    word = text.strip()
    if word.lower().startswith("label:"):
        shapes: list[Shape] = [_labelled(word, s3)]
    elif (window := _window(word)) is not None:
        shapes = [whole(window, word)]
    elif word.upper().startswith(("POLYGON ", "CIRCLE ")) and "(" not in word:
        shapes = _s_region(word, image)
    else:
        shapes = [_placed(region, image) for region in regions_in(word)]
    frame = Box.of_shape(image.shape)
    for shape in shapes:
        _check_work(shape, image)
        if shape.box.intersection(frame) is None:
            raise NoCoverageError(
                f"region {shape.name or word}: lies outside {image.address}, which is {image.shape[1]} x"
                f" {image.shape[0]} pixels"
            )
    return shapes


def _check_work(shape: Shape, image: SkyImage) -> None:
    """Refuse polygons whose many sides each cross the image: each pixel on a side is clipped by all sides."""
    if not isinstance(shape, Polygon):
        return
    xs, ys = np.array(shape.xs), np.array(shape.ys)
    if not (np.abs(xs).max() < MOST_PIXELS and np.abs(ys).max() < MOST_PIXELS):
        raise UsageError(f"region {shape.name[:60]}: reaches beyond {MOST_PIXELS:,.0f} pixels")
    sides = np.minimum(np.hypot(np.diff(xs, append=xs[0]), np.diff(ys, append=ys[0])), 2.0 * sum(image.shape))
    if len(xs) * float(sides.sum()) > MOST_CLIPS:
        raise UsageError(
            f"region {shape.name[:60]}: its {len(xs):,} sides run {sides.sum():,.0f} pixels to and fro, which is no"
            " outline"
        )


def _window(word: str) -> Box | None:
    parts = word.split(",")
    if len(parts) != 4 or not all(_WHOLE.fullmatch(part) for part in parts):
        return None
    x0, y0, x1, y1 = (int(part) for part in parts)
    if x1 <= x0 or y1 <= y0:
        raise UsageError(f"region {word}: holds no pixel; write X0,Y0,X1,Y1 with X1 > X0 and Y1 > Y0")
    return Box(y0, x0, y1, x1)


def _labelled(word: str, s3: S3Settings | None) -> Labelled:
    number, separator, address = word[len("label:") :].partition("@")
    if not separator or not _WHOLE.fullmatch(number):
        raise UsageError(f"region {word}: write label:N@SEGMENTATION, as label:7@segm.fits")
    segmentation = open_image(address, s3=s3)
    found: Box | None = None
    for cell in Box.of_shape(segmentation.shape).bands(2048):
        rows, columns = np.nonzero(segmentation.read("sci", cell) == int(number))
        if rows.size:
            part = Box(
                cell.y0 + int(rows.min()), int(columns.min()), cell.y0 + int(rows.max()) + 1, int(columns.max()) + 1
            )
            found = part if found is None else Box.around([found, part])
    if found is None:
        raise NotFoundError(f"{address}: has no label {number}")
    return Labelled(int(number), address, found, word)


def _s_region(word: str, image: SkyImage) -> list[Shape]:
    """Read an S_REGION (STC-S, as MAST and the pipeline write it)."""
    from astropy.coordinates import SkyCoord  # noqa: PLC0415 - see above

    form, *tokens = word.replace(",", " ").split()
    frame = tokens.pop(0).upper() if tokens and tokens[0][:1].isalpha() else "ICRS"
    if frame == "J2000":
        frame = "FK5"
    if frame not in ("ICRS", "FK5", "FK4", "GALACTIC"):
        raise UsageError(f"region {word[:60]}: its frame {frame} is not known; ICRS, FK5, FK4 and GALACTIC are")
    try:
        numbers = [float(token) for token in tokens]
        numbers = numbers if np.isfinite(numbers).all() else []
        if form.upper() == "CIRCLE" and len(numbers) == 3 and numbers[2] > 0.0:
            centre = SkyCoord(*numbers[:2], unit="deg", frame=frame.lower())
            return [_sky_ellipse(centre, numbers[2], numbers[2], 0.0, image, word)]
        if form.upper() == "POLYGON" and 6 <= len(numbers) <= 2 * MOST_CORNERS and len(numbers) % 2 == 0:
            corners = SkyCoord(numbers[::2], numbers[1::2], unit="deg", frame=frame.lower())
            return [_sky_polygon(corners, image, word)]
    except ValueError:
        pass
    raise UsageError(
        f"region {word[:60]}: an S_REGION is POLYGON ICRS ra dec ra dec ra dec ... or CIRCLE ICRS ra dec radius"
    )


def _placed(region: Any, image: SkyImage) -> Shape:
    """Turn a region of the `regions` package into a shape."""
    kind = type(region).__name__
    name = str(region.meta.get("text") or region.meta.get("label") or "") or kind.removesuffix("Region")
    sky = kind.endswith("SkyRegion")
    shape = kind.removesuffix("SkyRegion").removesuffix("PixelRegion")
    if shape == "Polygon":
        if len(region.vertices) > MOST_CORNERS:
            raise UsageError(f"region {name}: has {len(region.vertices):,} corners, at most {MOST_CORNERS:,}")
        if sky:
            return _sky_polygon(region.vertices, image, name)
        return Polygon(tuple(map(float, region.vertices.x)), tuple(map(float, region.vertices.y)), name)
    if shape not in ("Circle", "Ellipse", "Rectangle", "CircleAnnulus", "EllipseAnnulus"):
        raise UsageError(
            f"region {name}: a {shape} has no area that can be measured; use circle, ellipse, box, polygon"
        )
    centre = _pixel_of(region.center, image, name) if sky else (float(region.center.x), float(region.center.y))

    def lengths(*names: str) -> list[float]:
        values = [getattr(region, one) for one in names]
        return [float(value.to_value("arcsec")) if sky else float(value) for value in values]

    sizes = {
        "Circle": ("radius", "radius"), "CircleAnnulus": ("outer_radius", "outer_radius"),
        "Ellipse": ("width", "height"), "EllipseAnnulus": ("outer_width", "outer_height"),
        "Rectangle": ("width", "height"),
    }[shape]  # fmt: skip
    share = 1.0 if shape.startswith("Circle") else 0.5
    # pixels to the axes of the shape, in units of its own lengths
    frame = _shape_frame(image, *centre, name, share * max(lengths(*sizes))) if sky else np.eye(2)
    angle = float(region.angle.to_value("rad")) if hasattr(region, "angle") else 0.0
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]) @ frame
    if shape == "Rectangle":
        half = np.array(lengths(*sizes)) / 2.0
        corners = np.linalg.solve(turn, np.array([[-1, 1, 1, -1], [-1, -1, 1, 1]]) * half[:, None])
        return Polygon(tuple((corners[0] + centre[0]).tolist()), tuple((corners[1] + centre[1]).tolist()), name)
    outer = _matrix(turn, lengths(*sizes), share)
    inner = None
    if shape.endswith("Annulus"):
        inner = _matrix(turn, lengths(*(size.replace("outer", "inner") for size in sizes)), share)
    return Ellipse(*centre, outer, inner, name)


def _matrix(turn: Floats, sizes: list[float], share: float) -> tuple[float, float, float, float]:
    if not 0.0 < min(sizes) <= max(sizes) < np.inf:
        raise UsageError(f"region: sides of {min(sizes):g} and {max(sizes):g} have no area")
    scaled = turn / (np.array(sizes)[:, None] * share)
    least = float(np.linalg.svd(scaled, compute_uv=False)[-1])
    if not least * MOST_PIXELS > 1.0:
        raise UsageError(f"region: a size of {max(sizes):g} reaches beyond {MOST_PIXELS:,.0f} pixels")
    return (float(scaled[0, 0]), float(scaled[0, 1]), float(scaled[1, 0]), float(scaled[1, 1]))


def _shape_frame(image: SkyImage, x: float, y: float, name: str, size: float) -> Floats:
    """Map pixels to arcsec west and north: the axes from which region files count angles, anticlockwise."""
    wcs = image.image_wcs.exact(name=image.address)
    found = jacobians(wcs, np.array([x]), np.array([y]))[0]
    if not np.isfinite(found).all():
        raise NoCoverageError(f"region {name}: {image.address} has no sky there")
    pixel = np.sqrt(abs(np.linalg.det(found))) / 3600.0
    if np.radians(size / 3600.0) ** 3 / 3.0 > 0.5 * np.radians(pixel):
        raise UsageError(
            f"region {name}: {size / 3600.0:.3g} degrees are too large for the local map of {image.address}; give a"
            " polygon of its outline"
        )
    return np.asarray(np.diag([-1.0, 1.0]) @ found)


def _pixel_of(centre: Any, image: SkyImage, name: str) -> tuple[float, float]:
    x, y = _pixels_of(centre.reshape(1) if centre.isscalar else centre, image, name)
    return float(x[0]), float(y[0])


def _pixels_of(places: Any, image: SkyImage, name: str) -> tuple[Floats, Floats]:
    wcs = image.image_wcs.exact(name=image.address)
    icrs = places.icrs
    x, y = wcs.to_pixel(*rotated(np.asarray(icrs.ra.deg), np.asarray(icrs.dec.deg), ICRS, wcs.frame))
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise NoCoverageError(f"region {name}: lies where {image.address} has no pixels")
    return x, y


def _sky_polygon(vertices: Any, image: SkyImage, name: str) -> Polygon:
    x, y = _pixels_of(vertices, image, name)
    return Polygon(tuple(x.tolist()), tuple(y.tolist()), name)


def _sky_ellipse(centre: "SkyCoord", a_deg: float, b_deg: float, angle: float, image: SkyImage, name: str) -> Ellipse:
    x, y = _pixel_of(centre, image, name)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]) @ _shape_frame(
        image, x, y, name, 3600.0 * max(a_deg, b_deg)
    )
    return Ellipse(x, y, _matrix(turn, [a_deg * 3600.0, b_deg * 3600.0], 1.0), None, name)
