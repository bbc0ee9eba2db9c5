"""Picture files, written band by band: PNG, JPEG, TIFF, FITS cube, Zarr store.

A file is written aside and renamed, so that a picture is whole or not there. The same pixels and the same packet give
the same bytes.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from jwstpipe.errors import UsageError
from jwstpipe.render.files.cube import CubeSink
from jwstpipe.render.files.hips import check_hips, write_hips
from jwstpipe.render.files.jpeg import JPEG_SIDE, JpegSink
from jwstpipe.render.files.png import PngSink
from jwstpipe.render.files.rows import PictureSink, Pixels
from jwstpipe.render.files.tiff import TiffSink
from jwstpipe.render.pixels.finish import quantise
from jwstpipe.storage import aside, is_remote

__all__ = ["PictureSink", "Pixels", "check_picture", "open_picture", "quantised"]

_PNG = (".png",)
_JPEG = (".jpg", ".jpeg")
_TIFF = (".tif", ".tiff")
_CUBE = (".fits",)
_STORE = (".zarr",)
_HIPS = (".hips",)


def check_picture(out: Path | str, shape: tuple[int, int], *, bits: int) -> Path:
    """Refuse what no writer can do, before any pixel is computed.

    Raises
    ------
    UsageError
        Not a local path, an unknown extension, 16 bits or too many pixels for JPEG.
    """
    if is_remote(out):
        raise UsageError(f"{out}: a picture is written to a local file; give a path and copy it from there")
    path = Path(out)
    kind = path.suffix.lower()
    if kind not in _PNG + _JPEG + _TIFF + _CUBE + _STORE + _HIPS:
        raise UsageError(
            f"{path}: unknown kind of picture {kind!r}; end the name in .png, .jpg, .tif, .fits, .zarr or .hips"
        )
    if kind in _JPEG and bits != 8:
        raise UsageError(f"{path}: a JPEG has 8 bits, not {bits}; write a .png or .tif, or ask for 8 bits")
    if kind in _HIPS:
        check_hips()
        if bits != 8:
            raise UsageError(f"{path}: the tiles of a HiPS have 8 bits, not {bits}; ask for 8 bits")
    if kind in _JPEG and max(shape) > JPEG_SIDE:
        raise UsageError(
            f"{path}: a JPEG has at most {JPEG_SIDE} px a side, not {max(shape)}; write a .tif or .png, or a --size"
        )
    return path


def quantised(light: NDArray[np.float32], bits: int) -> Pixels:
    """Round brightness in [0, 1] to integers of 8 or 16 bits."""
    flat = np.ascontiguousarray(light, np.float32).reshape(-1)
    levels: Pixels = np.empty(flat.size, np.uint8) if bits == 8 else np.empty(flat.size, np.uint16)
    quantise(flat, levels)
    return levels.reshape(light.shape)


@contextmanager
def open_picture(
    out: Path | str,
    shape: tuple[int, int],
    *,
    bits: Literal[8, 16] = 8,
    colour: bool = True,
    quality: int = 95,
    packet: bytes = b"",
    cards: str = "",
    provenance: Mapping[str, Any] | None = None,
    packed: bool = False,
) -> Iterator[PictureSink]:
    """Open a picture for writing; it appears under its name when the block ends well.

    Parameters
    ----------
    out
        Local path; its extension chooses the format.
    shape
        Rows and columns; exactly these rows must be written.
    bits
        Bits a sample.
    colour
        RGB, or grey.
    quality
        JPEG quality, 1-100.
    packet
        XMP packet.
    cards
        FITS header cards of the WCS, for .fits and .zarr.
    provenance
        What it is and was made of, for .fits; the other formats have it in the packet.
    packed
        A TIFF is packed, and of the classic kind where that can be.

    Raises
    ------
    UsageError
        See `check_picture`.
    StorageError
        The place cannot be written.
    DataError
        The rows written are not those announced, or the packet is too long for a JPEG.
    """
    path = check_picture(out, shape, bits=bits)
    kind = path.suffix.lower()
    with aside(path) as partial:
        if kind in _PNG:
            with _streamed(partial, path, PngSink, shape, bits=bits, colour=colour, packet=packet) as png:
                yield png
        elif kind in _CUBE:
            facts = {"cards": cards, "provenance": provenance}
            with _streamed(partial, path, CubeSink, shape, bits=bits, colour=colour, **facts) as cube:
                yield cube
        elif kind in _HIPS:
            with _hips(partial, path, shape, colour=colour, packet=packet) as png:
                yield png
        elif kind in _STORE:
            from jwstpipe.render.files.rgb_store import RgbStoreSink  # noqa: PLC0415 - no other format needs zarr

            store = RgbStoreSink(partial, shape, bits=bits, cards=cards, packet=packet)
            yield store
            store.close(path)
        elif kind in _TIFF:
            tiff = TiffSink(partial, shape, bits=bits, colour=colour, packet=packet, packed=packed)
            try:
                yield tiff
                tiff.close(path)
            finally:
                tiff.abandon()
        else:
            jpeg = JpegSink(shape, colour=colour, folder=partial.parent)
            yield jpeg
            jpeg.save(partial, path, quality=quality, packet=packet)


@contextmanager
def _hips(partial: Path, path: Path, shape: tuple[int, int], *, colour: bool, packet: bytes) -> Iterator[PictureSink]:
    """Collect the picture as PNG, and cut it into tiles of the sky behind the block."""
    with TemporaryDirectory(dir=partial.parent, prefix=".hips-") as folder:
        whole = Path(folder) / "picture.png"
        with _streamed(whole, path, PngSink, shape, bits=8, colour=colour, packet=packet) as png:
            yield png
        write_hips(whole, partial, title=path.stem, packet=packet)


@contextmanager
def _streamed(
    file: Path, path: Path, sink: Callable[..., PngSink | CubeSink], shape: tuple[int, int], **facts: Any
) -> Iterator[PictureSink]:
    """Give a sink that writes to a file, and close it when all rows are there."""
    with file.open("wb") as stream:
        made = sink(stream, shape, **facts)
        yield made
        made.close(path)
