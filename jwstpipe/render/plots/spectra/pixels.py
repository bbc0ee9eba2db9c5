"""The pixels of a plot as a file; PNG, the usual one, without what other forms need to be loaded."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.render.files.avm import provenance_packet
from jwstpipe.render.files.png import PngSink
from jwstpipe.storage import aside

__all__ = ["write_pixels"]


def write_pixels(path: Path, pixels: NDArray[np.uint8], *, provenance: Mapping[str, Any] | None = None) -> Path:
    """Write rows of a picture, (y, x, 3), with what it says of itself.

    Raises
    ------
    UsageError
        A form that is not written.
    """
    rows, columns = pixels.shape[:2]
    if path.suffix.lower() != ".png":
        from jwstpipe.render.files.picture import check_picture  # noqa: PLC0415 - the writers of all forms
        from jwstpipe.render.plots.figure import write_pixels as write_any  # noqa: PLC0415

        return write_any(check_picture(path, (rows, columns), bits=8), pixels, provenance=provenance)
    packet = provenance_packet((rows, columns), provenance)
    with aside(path) as partial, partial.open("wb") as stream:
        sink = PngSink(stream, (rows, columns), bits=8, colour=True, packet=packet)
        sink.write(pixels)
        sink.close(path)
    return path
