"""Components that cross tiles, joined along the edges and across the corners of tiles; and the numbers of sources."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jwstpipe.analysis.sources.tiles import COLUMNS, Found, Rim
from jwstpipe.sky.box import Box

__all__ = ["Crossing", "joined", "merged_runs", "numbered"]

Tile = tuple[int, int]
Part = tuple[int, int, int]
"""Tile and label."""


@dataclass(frozen=True)
class Crossing:
    """A component that lies on several tiles, or ends at an edge between two."""

    box: Box
    pixels: int
    seed: tuple[int, int]
    """First pixel in raster order, of the array."""

    parts: tuple[Part, ...]

    taken: bool
    """Another component speaks for it."""


def joined(tiles: Mapping[Tile, Rim]) -> list[Crossing]:
    """Join what touches across edges, in the raster order of first pixels."""
    parents: dict[Part, Part] = {
        (*tile, int(label)): (*tile, int(label)) for tile, found in tiles.items() for label in found.crossing[:, 0]
    }

    def root(part: Part) -> Part:
        while parents[part] != part:
            parents[part] = parents[parents[part]]
            part = parents[part]
        return part

    for tile in sorted(tiles):
        for first, second in _touching(tile, tiles):
            a, b = root(first), root(second)
            if a != b:
                parents[max(a, b)] = min(a, b)
    groups: dict[Part, list[Part]] = {}
    for part in sorted(parents):
        groups.setdefault(root(part), []).append(part)
    rows = {(*tile, int(row[0])): row for tile, found in tiles.items() for row in found.crossing}
    found = [_merged([rows[part] for part in parts], tuple(parts)) for parts in groups.values()]
    return sorted(found, key=lambda one: one.seed)


def _touching(tile: Tile, tiles: Mapping[Tile, Rim]) -> set[tuple[Part, Part]]:
    """List labels of a tile that touch labels of the tiles to the right, below, and below to either side."""
    ty, tx = tile
    here = tiles[tile].edges
    pairs: set[tuple[Part, Part]] = set()
    for other, mine, theirs in (
        ((ty, tx + 1), here[3], 2),
        ((ty + 1, tx), here[1], 0),
        ((ty + 1, tx + 1), here[1][-1:], 0),
        ((ty + 1, tx - 1), here[1][:1], 0),
    ):
        if other not in tiles:
            continue
        edge = tiles[other].edges[theirs]
        if other == (ty + 1, tx + 1):
            edge = edge[:1]
        elif other == (ty + 1, tx - 1):
            edge = edge[-1:]
        pairs |= {((*tile, a), (*other, b)) for a, b in _neighbours(mine, edge)}
    return pairs


def _neighbours(first: NDArray[np.int32], second: NDArray[np.int32]) -> set[tuple[int, int]]:
    """Pair labels that face each other along an edge, straight or one pixel off."""
    pairs: set[tuple[int, int]] = set()
    for shift in (-1, 0, 1):
        a = first[max(0, -shift) : first.size - max(0, shift)]
        b = second[max(0, shift) : second.size - max(0, -shift)]
        both = (a > 0) & (b > 0)
        pairs |= set(zip(a[both].tolist(), b[both].tolist(), strict=True))
    return pairs


def _merged(rows: list[NDArray[np.int64]], parts: tuple[Part, ...]) -> Crossing:
    table = np.array(rows)
    box = Box(int(table[:, 1].min()), int(table[:, 2].min()), int(table[:, 3].max()), int(table[:, 4].max()))
    seed = min((int(row[6]), int(row[7])) for row in rows)
    return Crossing(box, int(table[:, 5].sum()), seed, parts, bool(table[:, 8].any()))


def numbered(found: list[Found]) -> tuple[NDArray[np.float64], tuple[NDArray[np.int32], ...]]:
    """Give numbers to all sources by the raster order of their peak pixels; the parts are used up."""
    rows = np.concatenate([np.empty((0, len(COLUMNS))), *(one.rows for one in found)])
    order = np.lexsort((rows[:, COLUMNS.index("peak_x")], rows[:, COLUMNS.index("peak_y")]))
    numbers = np.empty(len(rows), np.int32)
    numbers[order] = np.arange(1, len(rows) + 1, dtype=np.int32)
    pieces, start = [], 0
    found.reverse()
    while found:
        one = found.pop()
        runs = one.runs.copy()
        runs[:, 3] = numbers[start + runs[:, 3]]
        pieces.append(runs)
        start += len(one.rows)
    return rows[order], tuple(pieces)


def merged_runs(runs: NDArray[np.int32]) -> NDArray[np.int32]:
    """Join runs of one source that a seam cut in two."""
    if not len(runs):
        return runs
    follows = (runs[1:, 3] == runs[:-1, 3]) & (runs[1:, 0] == runs[:-1, 0]) & (runs[1:, 1] == runs[:-1, 2])
    starts = np.flatnonzero(np.concatenate([[True], ~follows]))
    ends = np.concatenate([starts[1:], [len(runs)]]) - 1
    found = runs[starts].copy()
    found[:, 2] = runs[ends, 2]
    return found
