"""The planes, headers and other HDUs of a FITS file on their way into an image store, shard by shard."""

from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.fits.hdus import ByteReader, Hdu
from jwstpipe.images.fits_image import FitsImage
from jwstpipe.images.zarr.layout import SHARD, STORED, plane_spec
from jwstpipe.images.zarr.writer import BYTES_PIECE, ImageWriter
from jwstpipe.progress import Progress, Reporter
from jwstpipe.sky.box import Box

__all__ = ["write_hdus"]

Restore = Callable[[Box, int, NDArray[Any]], None]
WritePlane = Callable[..., None]


def write_hdus(
    writer: ImageWriter, image: FitsImage, kept: Sequence[str], *, keep_all: bool, report: Reporter,
    write_plane: WritePlane | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Write planes, headers and, if wanted, all other HDUs.

    Parameters
    ----------
    writer
        The store.
    image
        The FITS file.
    kept
        Planes to write.
    keep_all
        Keep the data of HDUs that are no plane too.
    report
        Told of each shard.
    write_plane
        Writes the samples of a plane, ``(writer, image, plane, *, report)``; None = as images have them.

    Returns
    -------
    dict
        ``hdus`` tells how the file is put together again, ``omitted`` what the store does not hold.
    """
    plane_of = {hdu.index: plane for plane, hdu in image.plane_hdus.items() if plane in kept}
    hdus: list[dict[str, Any]] = []
    omitted: list[str] = []
    for hdu in image.hdus:  # in the order of the file, so that its digest is taken on the way
        header = _header_name(hdu, plane_of)
        entry: dict[str, Any] = {"index": hdu.index, "name": hdu.name, "version": hdu.version, "header": header}
        if hdu.index in plane_of:
            entry["plane"] = plane_of[hdu.index]
            (write_plane or _write_plane)(writer, image, entry["plane"], report=report)
        elif hdu.data_size and not keep_all:
            omitted.append(hdu.label)
            continue
        elif hdu.data_size:
            entry["data"], entry["size"] = f"hdu/{hdu.index}", hdu.data_size
            writer.write_bytes(entry["data"], hdu.data_size, _pieces(image.reader, hdu), width=abs(hdu.bitpix) // 8)
        cards = hdu.cards
        writer.write_header(header, cards)
        entry |= _padding(image.reader, hdu, len(cards))
        hdus.append(entry)
    if plane_of.get(0) is not None:  # the image stands in the primary HDU: readers still find its header as `primary`
        writer.write_header("primary", image.hdus[0].cards)
    found: dict[str, Any] = {"hdus": hdus, "omitted": omitted}
    end = image.hdus[-1].end
    if image.reader.size > end and keep_all:  # special records, or blocks of a tape
        size = image.reader.size - end
        found["tail"] = {"data": "hdu/tail", "size": size}
        pieces = (
            image.reader.read(end + start, min(BYTES_PIECE, size - start)) for start in range(0, size, BYTES_PIECE)
        )
        writer.write_bytes("hdu/tail", size, pieces)
    return found


def _padding(reader: ByteReader, hdu: Hdu, cards: int) -> dict[str, str]:
    """Keep what fills the last blocks of header and data, where it is not blanks and zeros, or is cut short."""
    found = {}
    after_cards = hdu.header_bytes[cards:]
    if after_cards.strip(b" "):
        found["header_padding"] = b64encode(after_cards).decode("ascii")
    start = hdu.data_offset + hdu.data_size
    after_data = bytes(reader.read(start, hdu.end - start))
    if len(after_data) < hdu.end - start or after_data.strip(b"\0"):
        found["data_padding"] = b64encode(after_data).decode("ascii")
    return found


def _header_name(hdu: Hdu, plane_of: dict[int, str]) -> str:
    if hdu.index in plane_of:
        return plane_of[hdu.index]
    return "primary" if hdu.index == 0 else f"hdu{hdu.index}"


def _pieces(reader: ByteReader, hdu: Hdu) -> Iterator[bytes]:
    for start in range(0, hdu.data_size, BYTES_PIECE):
        yield reader.read(hdu.data_offset + start, min(BYTES_PIECE, hdu.data_size - start))


def _write_plane(writer: ImageWriter, image: FitsImage, plane: str, *, report: Reporter) -> None:
    form, slices = image.sample_format(plane), image.plane_slices(plane)
    unit = str(image.header.get("BUNIT", ""))
    writer.create_plane(plane, image.shape, plane_spec(plane, dtype=str(form.decoded), unit=unit), slices=slices)
    restore = _restorer(writer, image) if plane == "sci" else None
    beside = plane + STORED
    replaced = restore is not None and not (form.bitpix < 0 and form.plain)
    keep_stored = replaced or not form.exact
    if keep_stored:
        writer.create_plane(beside, image.shape, plane_spec(beside, dtype=str(form.stored)), slices=slices)
    cells = [(index, box) for index in range(max(slices, 1)) for box in Box.of_shape(image.shape).cells(SHARD)]
    for done, (index, box) in enumerate(cells, 1):
        shard, of_cube = (box.y0 // SHARD, box.x0 // SHARD), index if slices else None
        raw = image.read_raw(plane, box, index=index)
        if keep_stored:
            writer.write_shard(beside, shard, raw, index=of_cube, decode=_bits)
        if restore is None:
            writer.write_shard(plane, shard, raw, index=of_cube, decode=form.decode, every_bit=True)
        else:
            values = form.decode(raw)
            restore(box, index, values)
            writer.write_shard(plane, shard, values, index=of_cube, every_bit=True)
        report(Progress(f"convert {plane}", done, len(cells), "shards"))


def _bits(raw: NDArray[Any]) -> NDArray[Any]:
    """Give the bits of samples of the file, native byte order."""
    return raw.astype(raw.dtype.newbyteorder("=")).view(f"u{raw.dtype.itemsize}")


def _restorer(writer: ImageWriter, image: FitsImage) -> Restore | None:
    """Make what puts NaN where nothing was observed, and keeps what the file held there.

    The plane ``sci_restore`` holds ``bits(sample) xor bits(NaN)`` where a sample was replaced and 0 elsewhere, so that
    one exclusive or gives the file's sample back. Scaled integers are kept whole instead.
    """
    if image.coverage(Box(0, 0, 1, 1)) is None:
        return None
    form, slices = image.sample_format("sci"), image.plane_slices("sci")
    in_bits = form.bitpix < 0 and form.plain
    created = False

    def restore(box: Box, index: int, values: NDArray[Any]) -> None:
        nonlocal created
        covered = image.coverage(box, index=index)
        assert covered is not None
        lost = ~covered & ~np.isnan(values)
        if not lost.any():
            return
        if in_bits:
            spec = plane_spec("sci_restore", dtype=str(values.dtype))
            if not created:
                writer.create_plane("sci_restore", image.shape, spec, slices=slices)
                created = True
            keep = np.zeros(values.shape, dtype=spec.dtype)
            keep[lost] = values[lost].view(spec.dtype) ^ np.array(np.nan, dtype=values.dtype).view(spec.dtype)
            shard = (box.y0 // SHARD, box.x0 // SHARD)
            writer.write_shard("sci_restore", shard, keep, index=index if slices else None)
        values[lost] = np.nan

    return restore
