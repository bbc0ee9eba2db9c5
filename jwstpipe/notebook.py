"""How values tell themselves: one line at a prompt, a table in a notebook."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape

__all__ = ["Shown", "facts_html", "rows_html", "tree_html"]

LONGEST = 200
"""Characters of a value that a table shows."""

MOST_ROWS = 20
"""Rows that are shown; the others are counted."""


class Shown:
    """A value that tells its facts instead of all its fields: those of a mosaic of a thousand files fill pages.

    A dataclass that is one of these is declared with ``repr=False``.

    Examples
    --------
    >>> class Pair(Shown):
    ...     def facts(self):
    ...         return {"matched": 12, "within": "0.1 arcsec", "notes": ""}
    >>> Pair()
    <Pair matched 12, within 0.1 arcsec>
    """

    def facts(self) -> Mapping[str, object]:
        """Give what a person wants to know first, by name; what is empty is left out."""
        raise NotImplementedError

    def __repr__(self) -> str:
        """Tell the facts in one line."""
        facts = {key: _words(value) for key, value in self.facts().items() if not _is_empty(value)}
        return f"<{type(self).__name__} {', '.join(f'{key} {value}' for key, value in facts.items())}>"

    def _repr_html_(self) -> str:
        """Tell the facts in a table."""
        return facts_html(type(self).__name__, self.facts())


def facts_html(title: str, facts: Mapping[str, object], *, picture: str = "") -> str:
    """Lay facts out as a table of two columns.

    Parameters
    ----------
    title
        Stands above.
    facts
        By name; what is empty is left out.
    picture
        HTML between title and table; the only part that is not escaped here.
    """
    left = "style='text-align:left'"
    rows = "".join(
        f"<tr><th {left}>{escape(key)}</th><td {left}>{escape(_words(value))}</td></tr>"
        for key, value in facts.items()
        if not _is_empty(value)
    )
    return f"<div><b>{escape(title)}</b><br>{picture}<table>{rows}</table></div>"


def rows_html(title: str, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Lay rows out as a table; of many the first are shown and the others counted."""
    every = list(rows)
    head = "".join(f"<th style='text-align:left'>{escape(name)}</th>" for name in heads)
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(_words(value))}</td>' for value in row)}</tr>" for row in every[:MOST_ROWS]
    )
    more = f"<p>and {len(every) - MOST_ROWS:,} more</p>" if len(every) > MOST_ROWS else ""
    return f"<div><b>{escape(title)}</b><table><tr>{head}</tr>{body}</table>{more}</div>"


def tree_html(text: str) -> str:
    """Show a tree that was drawn with letters."""
    return f"<pre>{escape(text)}</pre>"


def _is_empty(value: object) -> bool:
    return value is None or (isinstance(value, str | tuple | list | dict) and not value)


def _words(value: object) -> str:
    if isinstance(value, tuple | list) and all(isinstance(one, str) for one in value):
        value = ", ".join(value)
    text = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
