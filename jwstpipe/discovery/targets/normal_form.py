"""The normal form of a target's name: what is spelt differently and means the same is the same text."""

import re
import unicodedata
from collections.abc import Iterable

__all__ = ["nearest", "normal_form"]

_CATALOGUES = (
    (r"messier|m", "m"),
    (r"barnard|b", "b"),
    (r"caldwell|c", "c"),
    (r"abell|aco|a(?=\d{2,4}$)", "abell"),
    (r"hicksoncompactgroup|hickson|hcg", "hcg"),
    (r"herbigharo|hh", "hh"),
    (r"lynds|l(?=\d{3,4}$)", "l"),
    (r"ngc|ic|arp|ugc|pgc|eso|mrk|hd|hip|wr|sh2|vv", None),
)
"""Prefixes of catalogues before a number, and how each is written; None = as it is."""

_GREEK = {"rhooph": "rhoophiuchi", "betapic": "betapictoris"}


def normal_form(name: str) -> str:
    """Write a name in small letters and digits only, catalogues by their short prefix, numbers without leading zeros.

    Doing it twice changes nothing.

    Examples
    --------
    >>> normal_form("Messier 016"), normal_form("M-16"), normal_form("Stephan's Quintet")
    ('m16', 'm16', 'stephansquintet')
    """
    plain = unicodedata.normalize("NFKD", name.casefold())
    plain = re.sub(r"^\s*(?:the\s+)+", "", plain)
    compact = re.sub(r"[^a-z0-9]+", "", plain)
    for prefix, short in _CATALOGUES:
        found = re.match(rf"({prefix})0*(?=\d)", compact)
        if found:
            return f"{found[1] if short is None else short}{compact[found.end() :]}"
    return _GREEK.get(compact, compact)


def nearest(name: str, known: Iterable[str], *, most: int = 3) -> tuple[str, ...]:
    """Give the names that are spelt most like a name, by the fewest letters to change; equal ones by the alphabet."""
    wanted = normal_form(name)[:200]
    ranked = sorted((_edits(wanted, normal_form(one)), one) for one in dict.fromkeys(known))
    return tuple(one for _, one in ranked[:most])


def _edits(a: str, b: str) -> int:
    """Count the letters to insert, delete or replace (Levenshtein's distance)."""
    row = list(range(len(b) + 1))
    for i, letter in enumerate(a, start=1):
        before, row[0] = row[0], i
        for j, other in enumerate(b, start=1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (letter != other))
    return row[-1]
