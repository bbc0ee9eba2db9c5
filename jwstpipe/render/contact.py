"""Contact sheet: all images of an observation on one page, each with its name and filter."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from jwstpipe.display.colour.names import Colour
from jwstpipe.errors import DataError, JwstPipeError, UsageError
from jwstpipe.images.image import SkyImage
from jwstpipe.images.passband import passband
from jwstpipe.render.files.avm import provenance_packet
from jwstpipe.render.files.picture import check_picture, open_picture
from jwstpipe.render.overlay.marks import Text, draw_band
from jwstpipe.render.thumbnail import thumbnail
from jwstpipe.requests import Stretch

__all__ = ["ContactSheet", "DrawnPicture", "contact_sheet"]

_PAPER = 24
_INK = Colour(0.85, 0.85, 0.85)


@dataclass(frozen=True, eq=False)
class DrawnPicture:
    """A small picture that is there already, as that of a spectrum."""

    name: str
    band: str
    """Above its name."""

    pixels: np.ndarray
    """(rows, columns, 3) of uint8, at most as large as the cells of the sheet."""


@dataclass(frozen=True)
class ContactSheet:
    """Receipt of a sheet."""

    path: Path
    """File that was written."""

    width: int
    """Columns."""

    height: int
    """Rows."""

    images: int
    """Images that are on it."""

    failed: tuple[str, ...]
    """Images that could not be shown, and why; their places are empty."""

    product_id: str | None = None
    """What stands in its metadata."""


def contact_sheet(
    images: Sequence[SkyImage | DrawnPicture],
    out: Path | str,
    *,
    size: int = 256,
    columns: int | None = None,
    stretch: Stretch = "zscale",
    provenance: Mapping[str, Any] | None = None,
) -> ContactSheet:
    """Put small grey pictures of images side by side.

    Parameters
    ----------
    images
        In the order of the sheet; any shapes.
    out
        Local ``.png``, ``.jpg`` or ``.tif``.
    size
        Longest side of each, pixels.
    columns
        Pictures a row; None = about as many as rows.
    stretch
        Of each picture by itself.
    provenance
        What it is and was made of, written into its metadata; see `jwstpipe.identity.provenance_document`.

    Raises
    ------
    UsageError
        No images, or a size out of range.
    DataError
        None of them can be shown.
    """
    across = _columns(len(images), size, columns, out)
    path = check_picture(out, (1, 1), bits=8)
    down = -(-len(images) // across)
    with TemporaryDirectory(prefix="jwstpipe-sheet-") as folder, ThreadPoolExecutor(2) as pool:
        jobs = [
            pool.submit(_small, image, Path(folder) / f"{number}.png", size, stretch)
            for number, image in enumerate(images)
        ]
        found = [job.result() for job in jobs]
    failed = [small for small in found if isinstance(small, str)]
    if len(failed) == len(images):
        raise DataError(f"{failed[0]} (and so for all {len(images)} images)")
    sheet, marks = _laid_out(images, found, size, across, down)
    shape = sheet.shape[0], sheet.shape[1]
    packet = provenance_packet(shape, provenance)
    with open_picture(path, shape, packet=packet, provenance=provenance) as sink:
        sink.write(draw_band(sheet, 0, marks))
    return ContactSheet(
        path,
        shape[1],
        shape[0],
        len(images) - len(failed),
        tuple(failed),
        None if provenance is None else str(provenance["product_id"]),
    )


def _columns(count: int, size: int, columns: int | None, out: str | Path) -> int:
    """Check what is wanted, and tell how many pictures stand side by side."""
    if not count:
        raise UsageError("a contact sheet needs at least one image")
    if not 32 <= size <= 2048:
        raise UsageError(f"{out}: pictures of a contact sheet are from 32 to 2048 px, not {size}")
    across = columns or max(1, round(count**0.5 + 0.2))
    if across < 1:
        raise UsageError(f"{out}: a contact sheet has at least one column, not {columns}")
    return across


def _laid_out(
    images: Sequence[SkyImage | DrawnPicture], found: Sequence[np.ndarray | str], size: int, across: int, down: int
) -> tuple[np.ndarray, list[Text]]:
    """Put small pictures on paper, each in the middle of its cell, and write captions below them."""
    letters = max(10, size // 18)
    wide, high = size + letters // 2, size + 3 * letters  # the caption below
    sheet = np.full((down * high, across * wide, 3), _PAPER, np.uint8)
    marks = []
    for number, (image, small) in enumerate(zip(images, found, strict=True)):
        left, top = number % across * wide, number // across * high
        if not isinstance(small, str):
            y, x = top + (size - small.shape[0]) // 2, left + (wide - small.shape[1]) // 2
            sheet[y : y + small.shape[0], x : x + small.shape[1]] = small if small.ndim == 3 else small[..., None]
        for line, text in enumerate(_caption(image, letters, wide)):
            marks.append(Text(left + wide / 2, top + size + (line + 0.9) * 1.2 * letters, text, letters, "mm", _INK))
    return sheet, marks


def _small(image: SkyImage | DrawnPicture, path: Path, size: int, stretch: Stretch) -> np.ndarray | str:
    """Give the thumbnail of an image as an array, or why there is none."""
    if isinstance(image, DrawnPicture):
        return image.pixels
    try:
        thumbnail(image, path, size=size, stretch=stretch)
    except JwstPipeError as error:
        return str(error)
    from PIL import Image as PillowImage  # noqa: PLC0415 - slow to load

    with PillowImage.open(path) as opened:
        return np.asarray(opened.convert("L"))


def _caption(image: SkyImage | DrawnPicture, letters: int, width: int) -> tuple[str, str]:
    """Give the filter, and the name as far as it fits."""
    most = max(8, int(width / (0.52 * letters)))
    name = image.name if len(image.name) <= most else "…" + image.name[-(most - 1) :]
    if isinstance(image, DrawnPicture):
        return image.band or "-", name
    band = passband(image)
    return " ".join(filter(None, [band.instrument, band.filter])) or "-", name
