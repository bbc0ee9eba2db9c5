"""The cards of a header as astropy's `Header`, as far as they can be understood."""

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from jwstpipe.fits.plain.standard_cards import all_standard

if TYPE_CHECKING:  # it takes long to load, and the structure of a file is found without it
    from astropy.io.fits import Card, Header

__all__ = ["CARD", "card_text", "parse_header", "without_warnings"]

CARD = 80
"""Bytes of a FITS card."""

_ONE_AT_A_TIME = threading.Lock()
"""Filters of warnings belong to the whole process."""

_PRINTABLE = bytes(byte if 32 <= byte < 127 else ord("?") for byte in range(256))


def parse_header(content: bytes) -> "Header":
    """Parse the cards of a header as far as they can be understood.

    Bytes that FITS does not allow read as ``?``, and cards that no parser understands are left out: the bytes
    themselves are what is stored and written back, and one bad card must not hide the others.
    """
    from astropy.io.fits import Header  # noqa: PLC0415 - see above

    text = content.translate(_PRINTABLE).decode("ascii")
    header = Header.fromstring(text)
    if all_standard(text):
        return header
    with without_warnings():  # a card that astropy mends is understood
        broken = [number for number, card in enumerate(header.cards) if not _understood(card)]
    for number in reversed(broken):
        del header[number]
    return header


@contextmanager
def without_warnings() -> Iterator[None]:
    """Keep back what astropy would warn of; one thread at a time."""
    with _ONE_AT_A_TIME, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _understood(card: "Card") -> bool:
    from astropy.io.fits.verify import VerifyError  # noqa: PLC0415 - see above

    try:
        return bool(card.image) and card.value is not card
    except (VerifyError, ValueError):
        return False


def card_text(raw: str) -> str:
    """Give the text of a card from what stands behind its ``= ``; empty where it is no text."""
    quoted = raw.strip()
    if not quoted.startswith("'"):
        return ""
    return quoted[1:].replace("''", "\0").split("'")[0].replace("\0", "'").strip()
