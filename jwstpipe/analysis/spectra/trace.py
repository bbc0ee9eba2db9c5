"""Where the light of a source lies in a 2-D spectrum: one row, or a line that is followed where it is tilted.

Rectified spectra (s2d) have straight traces; cut-outs of single exposures (cal of MSA and fixed slits) lie across the
rows, by up to ten of them between their ends.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jwstpipe.errors import DataError

__all__ = ["Trace", "box_weights", "find_trace"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

LEAST_COLUMNS = 8
BLOCK = 32
"""Columns whose medians tell one place of the trace, at least."""

MOST_BLOCKS = 32
LEAST_BLOCKS = 5
"""Places that have to lie on one line before a trace is taken for tilted."""

LEAST_SIGNAL = 5.0
"""Of the row of a place, in standard deviations of the other rows."""

NEAR, NEAREST = 1.0, 0.5
"""Rows that a place may lie off a straight line at first, and off the curve in the end."""

ROUNDS = 4

LEAST_TILT = 0.5
"""Rows between the ends of the trace; below that it is straight."""


@dataclass(frozen=True, eq=False)
class Trace:
    """The middle of the light in each column."""

    rows: Floats
    """(columns,), 0-based."""

    notes: tuple[str, ...] = ()

    @property
    def straight(self) -> bool:
        """It is one row throughout."""
        return bool((self.rows == self.rows[0]).all())

    @property
    def middle(self) -> float:
        """Row in the middle column."""
        return float(self.rows[self.rows.size // 2])


def find_trace(sci: Floats, good: Bools, *, row: float | None, where: str) -> Trace:
    """Find the source, and say where negative images of it lie.

    It is the row with the highest median: nods leave negative images of a source at both sides, so that the sum over
    all rows is about zero. Where the brightest places of many stretches of columns lie on a line that is tilted, the
    line is followed.

    Parameters
    ----------
    sci
        (rows, columns); 0 where there is no data.
    good
        (rows, columns), samples that count.
    row
        Row in the middle column, where somebody knows it.
    where
        File and plane, for messages.

    Raises
    ------
    DataError
        No row has data.
    """
    covered = good.mean(axis=1)
    rows = np.flatnonzero(covered > 0.3 * covered.max()) if covered.max() > 0.0 else np.zeros(0, int)
    if not rows.size or sci.shape[1] < LEAST_COLUMNS:
        raise DataError(f"{where}: no row has data; nothing can be extracted")
    line = _tilted(sci, good)
    if line is not None:
        moved = line if row is None else line + (row - line[line.size // 2])
        ends = f"row {moved[0]:.1f} in the first column to {moved[-1]:.1f} in the last"
        return Trace(moved, (f"the trace is tilted, and was followed from {ends}",))
    medians = np.full(sci.shape[0], np.nan)
    for one in rows:
        medians[one] = np.median(sci[one][good[one]])
    highest = float(np.nanmax(medians))
    negative = [int(k) for k in rows if medians[k] < -0.5 * highest and medians[k] == _lowest(medians, int(k))]
    notes: tuple[str, ...] = ()
    if negative and highest > 0.0:
        listed = " and ".join(map(str, negative[:4]))
        notes = (f"negative images of the source at row {listed}: nods were subtracted from each other",)
    return Trace(np.full(sci.shape[1], float(np.nanargmax(medians)) if row is None else row), notes)


def box_weights(trace: Trace, width: int, height: int, *, asked: bool, where: str) -> Floats:
    """Give the share of each sample that lies in the box about a trace, (rows, columns).

    A straight box is whole rows; a tilted one cuts samples at its edges by their area.

    Raises
    ------
    DataError
        A box about a row that somebody asked for reaches outside of the cut-out, or the box lies outside altogether.
    """
    lows = trace.rows - width / 2.0
    if trace.straight:
        lows = np.round(trace.rows - (width - 1) / 2.0) - 0.5
    inside = (lows > -0.5 - 1e-9) & (lows + width < height - 0.5 + 1e-9)
    if (not inside.all() and asked and trace.straight) or not ((lows + width > -0.5) & (lows < height - 0.5)).any():
        told = f"rows {lows.min() + 0.5:.0f} to {lows.max() + width - 0.5:.0f} are asked for of {height}"
        raise DataError(f"{where}: {told}; give --row and --width that fit")
    edges = np.arange(height)[:, None]
    shares = np.minimum(edges + 0.5, lows + width) - np.maximum(edges - 0.5, lows)
    return np.asarray(np.clip(shares, 0.0, 1.0), np.float64)


def _lowest(medians: Floats, row: int) -> float:
    return float(np.nanmin(medians[max(row - 2, 0) : row + 3]))


def _tilted(sci: Floats, good: Bools) -> Floats | None:
    """Find the line that the places of the source lie on; None = they lie on a row, or on no line at all."""
    columns, rows = _places(sci, good)
    if columns.size < LEAST_BLOCKS:
        return None
    kept, middle = _agreeing(columns, rows), 0.5 * (sci.shape[1] - 1)
    degree = 2 if columns.size >= 2 * LEAST_BLOCKS else 1
    for _ in range(ROUNDS):
        if kept.sum() < max(LEAST_BLOCKS, 0.4 * columns.size):
            return None
        found = np.polynomial.Polynomial.fit(columns[kept] - middle, rows[kept], degree)
        kept = np.abs(rows - found(columns - middle)) < NEAREST
    if kept.sum() < 0.6 * columns.size:
        return None
    # beyond the places that are known a straight line goes on, where a parabola would run away
    ends = float(columns[kept].min()), float(columns[kept].max())
    at = np.arange(sci.shape[1], dtype=np.float64)
    held = np.clip(at, *ends)
    slope = found.deriv()
    line = np.asarray(found(held - middle) + slope(held - middle) * (at - held))
    return line if np.ptp(line) >= LEAST_TILT else None


def _places(sci: Floats, good: Bools) -> tuple[Floats, Floats]:
    """Find the brightest row of stretches of columns, to a part of a row, where it stands out."""
    height, width = sci.shape
    count = min(MOST_BLOCKS, width // BLOCK)
    columns, rows = [], []
    for block in np.array_split(np.arange(width), max(count, 1)):
        part = good[:, block[0] : block[-1] + 1]
        enough = part.mean(axis=1) > 0.3
        if enough.sum() < 5:
            continue
        values = np.where(part, sci[:, block[0] : block[-1] + 1], np.nan)[enough]
        medians = np.full(height, np.nan)
        medians[enough] = np.nanmedian(values, axis=1)
        top = int(np.nanargmax(medians))
        window = np.arange(max(top - 2, 0), min(top + 3, height))
        others = np.delete(medians, window)
        others = others[np.isfinite(others)]
        level = float(np.median(others)) if others.size else 0.0
        noise = 1.4826 * float(np.median(np.abs(others - level))) if others.size else 0.0
        light = np.clip(np.nan_to_num(medians[window] - level), 0.0, None)
        if medians[top] - level > LEAST_SIGNAL * noise and light.sum() > 0.0:
            columns.append(0.5 * (block[0] + block[-1]))
            rows.append(float((light * window).sum() / light.sum()))
    return np.asarray(columns, np.float64), np.asarray(rows, np.float64)


def _agreeing(columns: Floats, rows: Floats) -> Bools:
    """Find the places about the straight line through two of them that most lie on, within what a curve may bend."""
    best = np.zeros(columns.size, bool)
    for first in range(columns.size):
        for second in range(first + 1, columns.size):
            slope = (rows[second] - rows[first]) / (columns[second] - columns[first])
            near = np.abs(rows - rows[first] - slope * (columns - columns[first])) < NEAR
            if near.sum() > best.sum():
                best = near
    return best
