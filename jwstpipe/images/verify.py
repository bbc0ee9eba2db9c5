"""Read an image store back and compare it with the FITS file that it came from, card by card and sample by sample."""

from dataclasses import dataclass
from pathlib import Path

from jwstpipe.errors import StoreError
from jwstpipe.fits.hdus import Hdu
from jwstpipe.fits.headers import CARD
from jwstpipe.images.exporting.pieces import data_pieces
from jwstpipe.images.fits_image import open_fits
from jwstpipe.images.zarr.image_store import open_image_store
from jwstpipe.progress import Progress, Reporter, silent
from jwstpipe.settings import S3Settings

__all__ = ["Verification", "verify_conversion"]


@dataclass(frozen=True)
class Verification:
    """What was compared, and found the same bit for bit."""

    hdus: tuple[str, ...]
    """HDUs whose header and data are the same."""

    omitted: tuple[str, ...]
    """HDUs of the file that the image does not hold."""

    cards: int
    samples: int
    """Bytes for tables and other data that are no image."""


def verify_conversion(
    source: str | Path, target: str | Path, *, s3: S3Settings | None = None, report: Reporter = silent
) -> Verification:
    """Compare an image store with its FITS file.

    Parameters
    ----------
    source
        The FITS file.
    target
        The store that was made from it.
    s3
        Endpoint of ``s3://`` addresses.
    report
        Told of each HDU.

    Raises
    ------
    StoreError
        The first card or sample that differs, by name and place.
    """
    image, store = open_fits(source, s3=s3), open_image_store(target, s3=s3)
    entries = store.attributes["fits"]["hdus"]
    same: list[str] = []
    cards_seen = samples = 0
    for number, entry in enumerate(entries):
        hdu = image.hdus[entry["index"]] if entry["index"] < len(image.hdus) else None
        if hdu is None or (hdu.name, hdu.version) != (entry["name"], entry["version"]):
            raise StoreError(f"{target}: {entry['name']} is not HDU {entry['index']} of {source}; another file?")
        cards = store.header_bytes(entry["header"])
        _same(hdu.header_bytes[: len(cards)], cards, f"{target}: card", hdu, CARD)
        offset, width = hdu.data_offset, abs(hdu.bitpix) // 8
        for piece in data_pieces(store, entry, cards):
            content = bytes(image.reader.read(offset, piece.size))
            _same(content, bytes(piece.make()), f"{target}: sample", hdu, width)
            offset += piece.size
        if offset != hdu.data_offset + hdu.data_size:
            raise StoreError(f"{target}: {hdu.label} holds {offset - hdu.data_offset:,} of {hdu.data_size:,} bytes")
        same.append(hdu.label)
        cards_seen += len(cards) // CARD
        samples += hdu.data_size // width
        report(Progress("verify", number + 1, len(entries), "HDUs"))
    return Verification(tuple(same), tuple(store.attributes["fits"]["omitted"]), cards_seen, samples)


def _same(truth: bytes, found: bytes, what: str, hdu: Hdu, width: int) -> None:
    if truth == found:
        return
    first = next((n for n, pair in enumerate(zip(truth, found, strict=False)) if pair[0] != pair[1]), len(truth))
    raise StoreError(f"{what} {first // width:,} of {hdu.label} (HDU {hdu.index}) is not that of the FITS file")
