"""A picture band by band: threads render tiles ahead of whoever writes them."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from jwstpipe.render.cores.holes import Hole
from jwstpipe.render.files.picture import Pixels, quantised
from jwstpipe.render.geometry.frame import Frame
from jwstpipe.render.geometry.resize import resampled, taps
from jwstpipe.render.rendering import RenderedWindow, Scene, render_window
from jwstpipe.sky.box import Box

__all__ = ["BAND_ROWS", "render_bands"]

BAND_ROWS = 512
"""Rows that are rendered at once; memory grows with them, the picture does not depend on them."""

TILE_COLUMNS = 2048
"""Columns that one thread renders at once."""

THREADS = 2


def render_bands(scene: Scene, frame: Frame, band_rows: int, bits: int, holes: Sequence[set[Hole]]) -> Iterator[Pixels]:
    """Render band by band from the top of the picture, and note what was filled.

    Threads render the tiles of the next band while the caller compresses this one.

    Parameters
    ----------
    scene, frame
        Of the picture.
    band_rows
        Rows at once.
    bits
        Of a sample.
    holes
        One set for each layer; filled holes are added.
    """
    spans = _spans(frame, band_rows)
    with ThreadPoolExecutor(THREADS, thread_name_prefix="render") as pool:
        ahead = _submitted(pool, scene, frame, spans[0], bits)
        for number, span in enumerate(spans):
            tiles = [future.result() for future in ahead]
            if number + 1 < len(spans):
                ahead = _submitted(pool, scene, frame, spans[number + 1], bits)
            for window in tiles:
                for known, filled in zip(holes, window.holes, strict=True):
                    known.update(filled)
            yield _joined(tiles, frame, span, bits)


def _spans(frame: Frame, band_rows: int) -> list[tuple[int, int]]:
    """Cut the picture into half-open spans of rows, counted from the bottom, the topmost first.

    At full size the cuts fall on multiples of `band_rows` of the images, where their chunks meet: each is read once.
    """
    height = frame.shape[0]
    first = frame.box.y0 if frame.shape == frame.box.shape else 0
    cuts = [cut - first for cut in range(first - first % band_rows + band_rows, first + height, band_rows)]
    edges = [0, *cuts, height]
    return list(pairwise(edges))[::-1]


@dataclass(frozen=True, eq=False)
class _Tile:
    """Part of a band: samples of the picture, or screen values that are still to be resized."""

    pixels: Any
    holes: tuple[frozenset[Hole], ...]


def _submitted(
    pool: ThreadPoolExecutor, scene: Scene, frame: Frame, span: tuple[int, int], bits: int
) -> list["Future[_Tile]"]:
    box = frame.box
    exact = frame.shape == box.shape
    low, high = span if exact else taps(box.shape[0], frame.shape[0]).span(*span)
    edges = [box.x0, *range(box.x0 - box.x0 % TILE_COLUMNS + TILE_COLUMNS, box.x1, TILE_COLUMNS), box.x1]
    return [
        pool.submit(_tile, scene, Box(box.y0 + low, x0, box.y0 + high, x1), bits if exact else 0)
        for x0, x1 in pairwise(edges)
    ]


def _tile(scene: Scene, box: Box, bits: int) -> _Tile:
    window: RenderedWindow = render_window(scene, box)
    return _Tile(quantised(window.pixels, bits) if bits else window.pixels, window.holes)


def _joined(tiles: Sequence[_Tile], frame: Frame, span: tuple[int, int], bits: int) -> Pixels:
    """Put the tiles of a band side by side, top row first; resized where the picture has another size."""
    whole = tiles[0].pixels if len(tiles) == 1 else np.concatenate([tile.pixels for tile in tiles], axis=1)
    if frame.shape != frame.box.shape:
        rows, columns = taps(frame.box.shape[0], frame.shape[0]), taps(frame.box.shape[1], frame.shape[1])
        whole = quantised(resampled(whole, rows, columns, *span), bits)
    return np.asarray(whole[::-1])
