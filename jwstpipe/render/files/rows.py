"""What every picture writer takes: rows from the top, all of them."""

from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from jwstpipe.errors import DataError

__all__ = ["PictureSink", "Pixels", "check_complete", "check_rows"]

Pixels = NDArray[np.uint8] | NDArray[np.uint16]


class PictureSink(Protocol):
    """Where the rows of a picture go, the top row first."""

    def write(self, rows: Pixels) -> None:
        """Add rows: (y, x) grey or (y, x, 3) RGB, uint8 or uint16 as the picture was opened."""
        ...


def check_rows(rows: Pixels, shape: tuple[int, ...], row: int, itemsize: int) -> None:
    """Refuse rows that do not fit."""
    if rows.shape[1:] != shape[1:] or row + len(rows) > shape[0] or rows.dtype.itemsize != itemsize or not len(rows):
        raise DataError(f"rows of shape {rows.shape} and {rows.dtype} do not fit a picture {shape} after {row} rows")


def check_complete(path: Path, rows: int, wanted: int) -> None:
    """Refuse to finish a picture that lacks rows."""
    if rows != wanted:
        raise DataError(f"{path}: {rows} of {wanted} rows were written; render it again")
