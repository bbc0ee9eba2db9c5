"""Where the inputs of a mosaic and its tiles lie on the sky, as plain values and as a drawing."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from jwstpipe.mosaicking.plan import MosaicPlan
from jwstpipe.sky.box import Box
from jwstpipe.sky.frames import ICRS, rotated
from jwstpipe.sky.outlines import outlines_on
from jwstpipe.storage import aside

__all__ = ["draw_footprints", "footprints", "overlap_depth"]

SIDE = 1200
"""Longest side of the drawing, pixels."""

MARGIN = 70
BACKGROUND, TILES, GRATICULE, TEXT = (12, 14, 22), (70, 80, 105), (40, 46, 64), (205, 210, 220)
FILL, EDGE = (86, 156, 255, 36), (120, 176, 255, 235)
ROUND_STEPS = (
    30,
    20,
    10,
    5,
    2,
    1,
    0.5,
    1 / 3,
    1 / 6,
    1 / 12,
    1 / 30,
    1 / 60,
    1 / 120,
    1 / 360,
    1 / 720,
    1 / 1800,
    1 / 3600,
)
"""Distances of graticule lines, degrees."""

Floats = NDArray[np.float64]


DEPTH_POINTS = 128
"""Points a side at which overlapping inputs are counted."""


def overlap_depth(plan: MosaicPlan) -> int:
    """Count the most inputs that overlap anywhere, at points spread evenly over the mosaic."""
    names = [source.address for source in plan.sources]
    shapes = outlines_on(plan.grid, plan.outlines, names=names)
    x, y = (
        axis.ravel()
        for axis in np.meshgrid(
            np.linspace(plan.window.x0, plan.window.x1, DEPTH_POINTS),
            np.linspace(plan.window.y0, plan.window.y1, DEPTH_POINTS),
        )
    )
    return int(np.sum([shapely.contains_xy(shape, x, y) for shape in shapes], axis=0).max())


def footprints(plan: MosaicPlan) -> dict[str, Any]:
    """Give the outlines of inputs and tiles, degrees ICRS.

    Returns
    -------
    dict
        ``images`` and ``tiles`` with their outlines (lists of [ra, dec], once around), and the grid.
    """
    tiles = []
    for ty, tx in plan.tiles:
        box = plan.grid.tile_box((ty, tx))
        x = np.array([box.x0, box.x1, box.x1, box.x0]) - 0.5
        y = np.array([box.y0, box.y0, box.y1, box.y1]) - 0.5
        tiles.append({"tile": [ty, tx], "images": len(plan.tiles[ty, tx]), "outline": _on_sky(plan, x, y)})
    return {
        "schema_version": 1,
        "images": [
            {
                "image": source.address,
                "name": source.name,
                "product_id": source.product_id,
                "outline": np.column_stack([outline.ra, outline.dec]).tolist(),
            }
            for source, outline in zip(plan.sources, plan.outlines, strict=True)
        ],
        "tiles": tiles,
        "grid": plan.grid.as_dict(),
        "window": [plan.window.y0, plan.window.x0, plan.window.y1, plan.window.x1],
    }


def draw_footprints(plan: MosaicPlan, path: str | Path) -> None:
    """Draw the outlines of inputs and tiles on the plane of the mosaic, with a graticule, as PNG.

    Raises
    ------
    StorageError
        The file cannot be written.
    """
    window = Box.around([plan.window, *(source.box for source in plan.sources)])
    scale = (SIDE - 2 * MARGIN) / max(window.shape)
    width, height = (round(side * scale) + 2 * MARGIN for side in (window.shape[1], window.shape[0]))
    picture = Image.new("RGB", (width, height), BACKGROUND)
    draw = ImageDraw.Draw(picture, "RGBA")

    def place(x: Floats, y: Floats) -> list[tuple[float, float]]:
        across = MARGIN + (x + 0.5 - window.x0) * scale
        up = height - MARGIN - (y + 0.5 - window.y0) * scale
        return list(zip(across.tolist(), up.tolist(), strict=True))

    _draw_graticule(draw, plan, window, place)
    for ty, tx in plan.tiles:
        tile = plan.grid.tile_box((ty, tx))
        corners = place(np.array([tile.x0, tile.x1]) - 0.5, np.array([tile.y0, tile.y1]) - 0.5)
        draw.rectangle([corners[0][0], corners[1][1], corners[1][0], corners[0][1]], outline=TILES)
    for outline in plan.outlines:
        x, y = _on_plane(plan, outline.ra, outline.dec)
        points = place(x, y)
        draw.polygon(points, fill=FILL)
        draw.line([*points, points[0]], fill=EDGE, width=1)
    rows, columns = plan.window.shape
    title = (
        f"{len(plan.sources)} images, {len(plan.tiles)} tiles, {columns:,} x {rows:,} px"
        f" of {plan.grid.scale_arcsec:.4g} arcsec, centre {plan.grid.crval[0]:.4f} {plan.grid.crval[1]:+.4f}"
    )
    draw.text((MARGIN, 16), title, fill=TEXT, font=ImageFont.load_default(18))
    with aside(Path(path)) as partial:
        picture.save(partial, format="PNG", optimize=True)


def _on_sky(plan: MosaicPlan, x: Floats, y: Floats) -> list[list[float]]:
    lon, lat = plan.grid.plane_wcs().to_sky(x, y)
    ra, dec = rotated(lon, lat, plan.grid.frame, ICRS)
    return np.column_stack([ra, dec]).tolist()  # type: ignore[no-any-return]


def _on_plane(plan: MosaicPlan, ra: Floats, dec: Floats) -> tuple[Floats, Floats]:
    lon, lat = rotated(ra, dec, ICRS, plan.grid.frame)
    x, y = plan.grid.plane_wcs().to_pixel(lon, lat)
    return np.asarray(x), np.asarray(y)


def _draw_graticule(draw: ImageDraw.ImageDraw, plan: MosaicPlan, window: Box, place: Any) -> None:
    """Draw a few meridians and parallels, labelled where they enter at the bottom and at the left."""
    t = np.linspace(0.0, 1.0, 40)
    x = np.concatenate([window.x0 + t * window.shape[1]] * 2 + [np.full_like(t, window.x0), np.full_like(t, window.x1)])
    y = np.concatenate([np.full_like(t, window.y0), np.full_like(t, window.y1)] + [window.y0 + t * window.shape[0]] * 2)
    edge = np.array(_on_sky(plan, x, y))
    middle = plan.grid.crval[0] if plan.grid.frame == ICRS else float(edge[0, 0])
    ra, dec = (edge[:, 0] - middle + 180.0) % 360.0 - 180.0, edge[:, 1]
    if np.ptp(ra) > 180.0:  # round a pole, where meridians meet
        return
    font = ImageFont.load_default(13)
    for axis, (low, high) in enumerate(((ra.min(), ra.max()), (dec.min(), dec.max()))):
        step = next((size for size in ROUND_STEPS if (high - low) / size >= 3), ROUND_STEPS[-1])
        offset = middle if axis == 0 else 0.0
        for value in _multiples(low + offset, high + offset, step):
            fixed = np.full(100, value)
            along = (
                np.linspace(dec.min(), dec.max(), 100) if axis == 0 else middle + np.linspace(ra.min(), ra.max(), 100)
            )
            px, py = _on_plane(plan, *((fixed, along) if axis == 0 else (along, fixed)))
            inside = (px >= window.x0) & (px <= window.x1) & (py >= window.y0) & (py <= window.y1)
            points = place(px[inside], py[inside])
            if len(points) < 2:
                continue
            draw.line(points, fill=GRATICULE, width=1)
            end = max(points, key=lambda point: point[1]) if axis == 0 else min(points, key=lambda point: point[0])
            label = f"{value % 360.0:.6g}" if axis == 0 else f"{value:+.6g}"
            where = (end[0] - 18, end[1] + 6) if axis == 0 else (4, end[1] - 7)
            draw.text(where, label, fill=TEXT, font=font)


def _multiples(low: float, high: float, step: float) -> Sequence[float]:
    return [step * k for k in range(int(np.ceil(low / step)), int(np.floor(high / step)) + 1)]
