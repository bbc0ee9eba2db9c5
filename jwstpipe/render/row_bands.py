"""A picture band by band: threads render tiles ahead of whoever writes them."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from jwstpipe.render.cores.holes import Hole
from jwstpipe.render.files.picture import Pixels, quantised
from jwstpipe.render.geometry.frame import Frame
from jwstpipe.render.geometry.resize import Taps, resampled, taps
from jwstpipe.render.rendering import Scene, paint
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
    sizing = None if frame.exact else _Sizing.of(frame)
    with ThreadPoolExecutor(THREADS, thread_name_prefix="render") as pool:
        ahead = _submitted(pool, scene, frame, spans[0], sizing, bits)
        for number, span in enumerate(spans):
            band, tiles = ahead.pixels, [tile.result() for tile in ahead.holes]
            if number + 1 < len(spans):
                ahead = _submitted(pool, scene, frame, spans[number + 1], sizing, bits)
            for tile in tiles:
                for known, filled in zip(holes, tile, strict=True):
                    known.update(filled)
            if sizing is not None:
                band = quantised(resampled(band, sizing.rows, sizing.columns, *span), bits)[::-1]
            yield np.asarray(band)


def _spans(frame: Frame, band_rows: int) -> list[tuple[int, int]]:
    """Cut the picture into half-open spans of rows, counted from the bottom, the topmost first.

    At full size the cuts fall on multiples of `band_rows` of the images, where their chunks meet: each is read once.
    """
    low, high = frame.shown.y0, frame.shown.y1
    first = frame.box.y0 if frame.exact else 0
    cuts = [cut - first for cut in range((low + first) // band_rows * band_rows + band_rows, high + first, band_rows)]
    return list(pairwise([low, *cuts, high]))[::-1]


@dataclass(frozen=True, eq=False)
class _Sizing:
    """How pixels of the level become pixels of the picture."""

    rows: Taps
    columns: Taps

    @classmethod
    def of(cls, frame: Frame) -> Self:
        shown = frame.shown
        return cls(
            taps(frame.box.shape[0], frame.shape[0], shown.y0, shown.y1),
            taps(frame.box.shape[1], frame.shape[1], shown.x0, shown.x1),
        )


@dataclass(frozen=True, eq=False)
class _Band:
    """Rows that are being rendered, tile by tile."""

    pixels: NDArray[Any]
    """Whole numbers of the picture, the top row first; or screen values that are still to be resized."""

    holes: list["Future[tuple[frozenset[Hole], ...]]"]


def _submitted(
    pool: ThreadPoolExecutor, scene: Scene, frame: Frame, span: tuple[int, int], sizing: _Sizing | None, bits: int
) -> _Band:
    shown = frame.shown
    low, high = span if sizing is None else sizing.rows.span(*span)
    left, right = (shown.x0, shown.x1) if sizing is None else sizing.columns.span(shown.x0, shown.x1)
    need = Box(low, left, high, right).shifted(frame.box.y0, frame.box.x0)
    edges = [need.x0, *range(need.x0 - need.x0 % TILE_COLUMNS + TILE_COLUMNS, need.x1, TILE_COLUMNS), need.x1]
    pixels = np.empty((*need.shape, 3), np.float32 if sizing is not None else np.uint8 if bits == 8 else np.uint16)
    tiles = [
        pool.submit(paint, scene, Box(need.y0, x0, need.y1, x1), pixels, x0 - need.x0) for x0, x1 in pairwise(edges)
    ]
    return _Band(pixels, tiles)
