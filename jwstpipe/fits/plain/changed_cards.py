"""A few values of a header changed on its cards: the same cards as astropy makes, without loading it."""

from collections.abc import Callable, Mapping

from jwstpipe.fits.headers import CARD
from jwstpipe.fits.plain.plain_header import PlainHeader, value_of
from jwstpipe.fits.plain.standard_cards import is_standard

__all__ = ["card_of", "changed_cards", "written_cards"]

_WIDTH = 20
"""Characters of a value in fixed format."""

_MOST_TEXT = 60


def changed_cards(
    cards: str, values: Mapping[str, str | int | float], *, left_out: Callable[[str], bool]
) -> str | None:
    """Change values of a header.

    Parameters
    ----------
    cards
        80-character cards, without END.
    values
        New values by keyword. A card keeps its place and its comment, and is not touched where it says so already;
        new ones come behind all others.
    left_out
        Tells by its keyword whether a card is left out.

    Returns
    -------
    str or None
        The cards as ``astropy.io.fits.Header.tostring`` writes them; None where only astropy can tell: unusual cards, a
        keyword that stands twice, a text with quotes or too long for its card.
    """
    kept = [cards[start : start + CARD] for start in range(0, len(cards), CARD)]
    if PlainHeader.of(cards + "END".ljust(CARD)) is None or any(_unusual(value) for value in values.values()):
        return None
    kept = [card for card in kept if not left_out(card[:8].rstrip())]
    names = [card[:8].rstrip() for card in kept]
    if len(set(names)) < len(names) or any(name in {"CONTINUE", "COMMENT", "HISTORY", ""} for name in names):
        return None
    for name, value in values.items():
        if name not in names:
            kept.append(_card(name, value, ""))
            names.append(name)
            continue
        place = names.index(name)
        old = value_of(kept[place])
        if old != value or type(old) is not type(value):
            kept[place] = _card(name, value, _comment(kept[place]))
    return "".join(kept) if all(len(card) == CARD for card in kept) else None


def written_cards(values: Mapping[str, str | int | float]) -> str:
    """Write keywords as cards without comments, as astropy does."""
    return "".join(_card(name, value, "") for name, value in values.items())


def card_of(keyword: str, value: object, comment: str) -> str | None:
    """Write a card as astropy does; None where only astropy can tell how."""
    if isinstance(value, bool):
        card = f"{keyword:8}= {'T' if value else 'F':>{_WIDTH}}" + (f" / {comment}" if comment else "")
        card = card.ljust(CARD)
    elif isinstance(value, str | int | float) and not _unusual(value):
        card = _card(keyword, value, comment)
    else:
        return None
    return card if is_standard(card) and card.isascii() and card.isprintable() and len(card) == CARD else None


def _unusual(value: str | float) -> bool:
    if isinstance(value, str):
        return not value or "'" in value or len(value) > _MOST_TEXT
    return isinstance(value, bool)


def _comment(card: str) -> str:
    """Give the comment of a card."""
    text = card[10:].lstrip()
    if text.startswith("'"):
        text = text[1:].replace("''", "\0").partition("'")[2]
    return text.partition("/")[2].strip()


def _card(name: str, value: str | float, comment: str) -> str:
    if isinstance(value, str):
        quoted = f"'{value:8}'"
        text = f"{quoted:{_WIDTH}}"
    elif isinstance(value, int):
        text = f"{value:>{_WIDTH}}"
    else:
        text = f"{_number(value):>{_WIDTH}}"
    card = f"{name:8}= {text}" + (f" / {comment}" if comment else "")
    return card.ljust(CARD)


def _number(value: float) -> str:
    """Write a number in 20 characters at most, as astropy does: what is too long loses digits."""
    text = str(value).replace("e", "E")
    if len(text) <= _WIDTH:
        return text
    mantissa, mark, exponent = text.partition("E")
    return mantissa[: _WIDTH - len(mark + exponent)] + mark + exponent
