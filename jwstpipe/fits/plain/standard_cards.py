"""Headers that need no second look: every card written as the FITS standard (4.0, sections 4.1 and 4.2) says.

astropy reads a card when it is asked for. To find out beforehand whether it can takes thirty microseconds a card, and
a JWST exposure has hundreds; cards of the plain forms below it always can, others are looked at one by one.
"""

import re

__all__ = ["all_standard", "is_standard"]

CARD = 80

_KEYWORD = re.compile(r"[A-Z][A-Z0-9_-]* *")
_VALUE = re.compile(r" *(?:(?P<string>'(?:[^']|'')*')|[+-]?(?:\d+\.?\d*|\.\d+)(?:[ED][+-]?\d+)?|[TF])? *(?:/.*)?")
_CONTINUED = re.compile(r" *'(?:[^']|'')*' *(?:/.*)?")
_COMMENTARY = frozenset({"COMMENT ", "HISTORY ", "        "})
_OTHER = frozenset({"CONTINUE", "HIERARCH", "END     "})


def is_standard(card: str) -> bool:
    """Tell whether a card is a keyword and a value of a plain form."""
    keyword = card[:8]
    plain = card[8:10] == "= " and keyword not in _COMMENTARY and keyword not in _OTHER
    return plain and _KEYWORD.fullmatch(keyword) is not None and _VALUE.fullmatch(card, 10) is not None


def all_standard(text: str) -> bool:
    """Tell whether every card of a header, up to END, is of a plain form.

    Parameters
    ----------
    text
        Cards of 80 printable ASCII characters.
    """
    continues = False
    for start in range(0, len(text), CARD):
        card = text[start : start + CARD]
        keyword = card[:8]
        if keyword == "END     ":
            return not card[8:].strip() and not text[start + CARD :].strip()
        if keyword in _COMMENTARY:
            continues = False
        elif keyword == "CONTINUE":
            if not continues or card[8:10] != "  " or _CONTINUED.fullmatch(card, 10) is None:
                return False
        else:
            value = _VALUE.fullmatch(card, 10) if card[8:10] == "= " and keyword not in _OTHER else None
            if value is None or _KEYWORD.fullmatch(keyword) is None:
                return False
            continues = value["string"] is not None
    return False
