"""`PlainHeader`: keywords of a header that is written as the standard says, read without astropy.

astropy takes most of a second to load, and a picture asks a header for ten words. A header with anything unusual in it
(see `all_standard`) is left to astropy, and so is a value that goes on over several cards.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Self

from jwstpipe.fits.headers import CARD, parse_header
from jwstpipe.fits.plain.standard_cards import all_standard

if TYPE_CHECKING:  # it takes long to load
    from astropy.io.fits import Header

__all__ = ["PlainHeader", "plain_header", "value_of"]

_COMMENTARY = frozenset({"COMMENT", "HISTORY", "", "CONTINUE", "END"})


class PlainHeader(Mapping[str, Any]):
    """Keywords and values, as astropy's `Header` gives them; of a keyword that stands twice the first counts.

    A card without value is None.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._cards: dict[str, str] = {}
        self._continued: set[str] = set()
        last = ""
        for start in range(0, len(text), CARD):
            card = text[start : start + CARD]
            keyword = card[:8].rstrip()
            if keyword == "CONTINUE":
                self._continued.add(last)
            elif keyword not in _COMMENTARY:
                self._cards.setdefault(keyword, card)
                last = keyword

    @classmethod
    def of(cls, text: str) -> Self | None:
        """Read the cards of a header; None where astropy has to."""
        return cls(text) if text.isascii() and text.isprintable() and all_standard(text) else None

    def __getitem__(self, keyword: str) -> Any:
        card = self._cards[keyword.upper()]
        if keyword.upper() in self._continued:
            return parse_header(self.text.encode("ascii"))[keyword]
        return value_of(card)

    def __iter__(self) -> Iterator[str]:
        return iter(self._cards)

    def __len__(self) -> int:
        return len(self._cards)


@lru_cache(maxsize=256)
def plain_header(text: str) -> "PlainHeader | Header":
    """Read a header: what it has in plain cards without astropy, any other as `parse_header` does.

    Parameters
    ----------
    text
        Cards of 80 characters, with END.
    """
    return PlainHeader.of(text) or parse_header(text.encode("latin-1"))


def value_of(card: str) -> Any:
    """Give the value of a standard card: text, whole number, number, truth, or None."""
    text = card[10:].strip()
    if text.startswith("'"):
        return text[1:].replace("''", "\0").split("'")[0].replace("\0", "'").rstrip()
    word = text.partition("/")[0].strip()
    if word in {"T", "F"}:
        return word == "T"
    if not word:
        return None
    return int(word) if word.lstrip("+-").isdigit() else float(word.replace("D", "E"))
