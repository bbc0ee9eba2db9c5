"""The cards of a header as plain values, at little cost: for files of hundreds of extensions, and columns by number."""

from jwstpipe.fits.hdus import Hdu
from jwstpipe.fits.headers import CARD, card_text

__all__ = ["CardValue", "card_values", "number_of", "text_of"]

CardValue = str | int | float | bool


def card_values(hdu: Hdu) -> dict[str, CardValue]:
    """Read the cards of a header; of a keyword that stands twice the first one counts, as for all readers of FITS.

    Cards without a value, and those whose value is nothing that FITS knows, are left out.
    """
    found: dict[str, CardValue] = {}
    text = hdu.header_bytes.decode("latin-1")
    for start in range(0, len(text), CARD):
        if text[start + 8 : start + 10] != "= ":
            continue
        keyword = text[start : start + 8].rstrip()
        if keyword in found:
            continue
        value = _value(text[start + 10 : start + CARD])
        if value is not None:
            found[keyword] = value
    return found


def text_of(cards: dict[str, CardValue], *keys: str) -> str:
    """Give the first of some cards that has a text, or a whole number, as text; empty where none has."""
    for key in keys:
        value = cards.get(key)
        if isinstance(value, str) and value.strip():
            return value.strip()
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
    return ""


def number_of(cards: dict[str, CardValue], *keys: str) -> float | None:
    """Give the first of some cards that is a finite number."""
    for key in keys:
        value = cards.get(key)
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < float("inf"):
            return float(value)
    return None


def _value(raw: str) -> CardValue | None:
    stripped = raw.strip()
    if stripped.startswith("'"):
        return card_text(raw)
    word = stripped.partition("/")[0].strip()
    if word in ("T", "F"):
        return word == "T"
    try:
        return int(word)
    except ValueError:
        pass
    try:
        return float(word.replace("D", "E").replace("d", "e"))
    except ValueError:
        return None
