"""The cards of a header of our own, written as astropy writes them, without loading it: that takes half a second."""

from collections.abc import Mapping

from jwstpipe.fits.headers import CARD
from jwstpipe.fits.plain.changed_cards import card_of

__all__ = ["CardSaid", "written_header"]

CardSaid = tuple[str | int | float | bool, str]
"""Value and comment of a card."""

END = "END".ljust(CARD)


def written_header(keywords: Mapping[str, CardSaid], *, block: int = CARD) -> bytes:
    """Write a header.

    Parameters
    ----------
    keywords
        Value and comment of each keyword, in their order.
    block
        Bytes that it is filled up to whole multiples of, with spaces.

    Returns
    -------
    bytes
        As ``astropy.io.fits.Header.tostring`` has it; what is out of the ordinary, as a text that goes on over several
        cards, is left to astropy.

    Examples
    --------
    >>> written_header({"SIMPLE": (True, "")})[:30]
    b'SIMPLE  =                    T'
    """
    cards = [card_of(keyword, value, comment) for keyword, (value, comment) in keywords.items()]
    text = _by_astropy(keywords) if None in cards else "".join(map(str, cards)) + END
    return text.ljust(-(-len(text) // block) * block).encode("ascii")


def _by_astropy(keywords: Mapping[str, CardSaid]) -> str:
    from astropy.io.fits import Header  # noqa: PLC0415 - it takes long to load

    header = Header()
    for keyword, said in keywords.items():
        header[keyword] = said
    return str(header.tostring(padding=False))
