"""Conditions on rows in a small language of their own; nothing of it is ever run as code.

    flux > 1e-3 and (flags & 4) == 0 and name ~ "NGC"
    not (z is null) and snr between 5 and 100
    filter in (F090W, F200W)

Comparisons ``= == != < <= > >=``, ``~`` (holds a text, whatever its case), ``between A and B``, ``in (A, B)``,
``is null``; joined by ``and``, ``or``, ``not`` and parentheses. Columns stand as they are called, or in backquotes;
texts in quotes, and bare words on the right side are texts. A value that is missing, or NaN, fulfils nothing but
``is null`` and ``!=``.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.errors import UsageError

__all__ = ["Condition", "parse_condition"]

Bools = NDArray[np.bool_]

MOST_TOKENS = 500
DEEPEST = 40

_TOKEN = re.compile(
    r"""\s*(?:(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))|(?P<text>"[^"]*"|'[^']*')|(?P<name>`[^`]+`)"""
    r"""|(?P<sign><=|>=|!=|==|=|<|>|~|\(|\)|,|&)|(?P<word>[^\s()<>=!~,&"'`]+))"""
)
_SIGNS: dict[str, Callable[[Any, Any], Any]] = {
    "=": np.equal, "==": np.equal, "!=": np.not_equal, "<": np.less, "<=": np.less_equal, ">": np.greater,
    ">=": np.greater_equal,
}  # fmt: skip


@dataclass(frozen=True)
class Condition:
    """A condition that was understood."""

    text: str
    columns: tuple[str, ...]
    """Columns that it asks for."""

    _test: Callable[[Mapping[str, NDArray[Any]]], Bools]

    def __call__(self, values: Mapping[str, NDArray[Any]]) -> Bools:
        """Tell which rows fulfil it; `values` has the columns that it asks for.

        Raises
        ------
        UsageError
            A comparison of texts with numbers, or a column whose cells are arrays.
        """
        return self._test(values)


def parse_condition(text: str, names: Sequence[str]) -> Condition:
    """Read a condition.

    Parameters
    ----------
    text
        In the language above.
    names
        Of all columns; the case does not count where a name is not there as written.

    Raises
    ------
    UsageError
        What cannot be understood, with the place; the message names what was expected.
    """
    reader = _Reader(text, names)
    test = reader.either(0)
    if reader.at < len(reader.tokens):
        raise reader.fault("and, or, or the end")
    return Condition(text, tuple(dict.fromkeys(reader.asked)), test)


Test = Callable[[Mapping[str, NDArray[Any]]], Bools]


class _Reader:
    """Reads tokens from left to right, one step ahead."""

    def __init__(self, text: str, names: Sequence[str]) -> None:
        self.text, self.at = text, 0
        self.names = {name: name for name in names}
        self.lower = {name.lower(): name for name in reversed(names)}
        self.asked: list[str] = []
        self.tokens: list[tuple[str, str, int]] = []
        place = 0
        while text[place:].strip():
            found = _TOKEN.match(text, place)
            if found is None or found.lastgroup is None:
                raise UsageError(f"{text!r}: cannot be understood at {text[place:].strip()[:20]!r}")
            self.tokens.append((found.lastgroup, found[found.lastgroup], found.start(found.lastgroup)))
            place = found.end()
        if not self.tokens:
            raise UsageError("an empty condition; write one as flux > 1e-3")
        if len(self.tokens) > MOST_TOKENS:
            raise UsageError(f"a condition of {len(self.tokens):,} words; {MOST_TOKENS} at most")

    def fault(self, wanted: str) -> UsageError:
        here = self.text[self.tokens[self.at][2] :][:20] if self.at < len(self.tokens) else "the end"
        return UsageError(f"{self.text!r}: {wanted} was expected at {here!r}")

    def peek(self) -> str:
        """Give the next token, words in lower case; empty at the end."""
        if self.at >= len(self.tokens):
            return ""
        kind, word, _ = self.tokens[self.at]
        return word.lower() if kind in ("word", "sign") else f"\0{kind}"

    def take(self, *words: str) -> bool:
        if self.peek() in words:
            self.at += 1
            return True
        return False

    def need(self, word: str) -> None:
        if not self.take(word):
            raise self.fault(word)

    def either(self, depth: int) -> Test:
        found = self.both(depth)
        while self.take("or"):
            found = _joined(np.logical_or, found, self.both(depth))
        return found

    def both(self, depth: int) -> Test:
        found = self.one(depth)
        while self.take("and"):
            found = _joined(np.logical_and, found, self.one(depth))
        return found

    def one(self, depth: int) -> Test:
        if depth > DEEPEST:
            raise UsageError(f"{self.text[:60]!r}: parentheses are nested more than {DEEPEST} deep")
        if self.take("not"):
            inner = self.one(depth + 1)
            return lambda values: ~inner(values)
        start = self.at
        if self.take("("):
            masked = self._bits(start)
            if masked is not None:
                return self.comparison(*masked)
            inner = self.either(depth + 1)
            self.need(")")
            return inner
        return self.comparison(self.column(), None)

    def _bits(self, start: int) -> tuple[str, int] | None:
        """Read ``(flags & 4)`` where it stands; else go back."""
        kinds = [token[0] for token in self.tokens[self.at : self.at + 4]]
        words = [token[1] for token in self.tokens[self.at : self.at + 4]]
        if len(kinds) == 4 and words[1] == "&" and kinds[2] == "number" and words[3] == ")":
            name = self.column()
            self.at += 3
            return name, int(float(words[2]))
        self.at = start + 1
        return None

    def column(self) -> str:
        if self.at >= len(self.tokens) or self.tokens[self.at][0] not in ("word", "name"):
            raise self.fault("a column")
        word = self.tokens[self.at][1].strip("`")
        name = self.names.get(word) or self.lower.get(word.lower())
        if name is None:
            from difflib import get_close_matches  # noqa: PLC0415 - only a typo needs it

            close = get_close_matches(word.lower(), self.lower, 3)
            hint = f"; did you mean {', '.join(self.lower[one] for one in close)}" if close else ""
            raise UsageError(f"{self.text!r}: there is no column {word!r}{hint}")
        self.at += 1
        self.asked.append(name)
        return name

    def value(self) -> float | str:
        if self.at >= len(self.tokens) or self.tokens[self.at][0] == "sign":
            raise self.fault("a number or a text")
        kind, word, _ = self.tokens[self.at]
        self.at += 1
        if kind == "number":
            return float(word) if not word.lstrip("+-").isdecimal() else int(word)
        return word[1:-1] if kind in ("text", "name") else word

    def comparison(self, name: str, mask: int | None) -> Test:
        sign = self.peek()
        if sign in _SIGNS:
            self.at += 1
            return _comparing(name, mask, sign, self.value())
        if self.take("~"):
            return _holding(name, str(self.value()))
        if self.take("between"):
            low = self.value()
            self.need("and")
            return _joined(
                np.logical_and, _comparing(name, mask, ">=", low), _comparing(name, mask, "<=", self.value())
            )
        if self.take("in"):
            self.need("(")
            found = _comparing(name, mask, "=", self.value())
            while self.take(","):
                found = _joined(np.logical_or, found, _comparing(name, mask, "=", self.value()))
            self.need(")")
            return found
        if self.take("is"):
            negated = self.take("not")
            self.need("null")
            return (lambda values: ~_missing(values[name])) if negated else (lambda values: _missing(values[name]))
        raise self.fault("a comparison, as > or =")


def _joined(how: Any, first: Test, second: Test) -> Test:
    return lambda values: np.asarray(how(first(values), second(values)))


def _plain(values: NDArray[Any], name: str) -> NDArray[Any]:
    if values.ndim > 1 or values.dtype == object:
        raise UsageError(f"{name} holds an array in each row; conditions are on columns of single values")
    return np.asarray(np.ma.getdata(values))


def _missing(values: NDArray[Any]) -> Bools:
    plain = np.ma.getdata(values)
    empty = np.isnan(plain) if plain.dtype.kind in "fc" else np.zeros(len(plain), bool)
    return np.asarray(np.ma.getmaskarray(values) | empty)


def _comparing(name: str, mask: int | None, sign: str, wanted: float | str) -> Test:
    def test(values: Mapping[str, NDArray[Any]]) -> Bools:
        plain = _plain(values[name], name)
        other: Any = wanted
        if mask is not None:
            if plain.dtype.kind not in "iu":
                raise UsageError(f"{name} holds no whole numbers, whose bits could be asked for")
            plain = plain.astype(np.int64) & mask
        if plain.dtype.kind == "b":
            words = {"true": True, "false": False, "t": True, "f": False, "1": True, "0": False}
            other = words.get(str(wanted).lower(), wanted)
        elif plain.dtype.kind in "US":
            other = str(wanted)
        if isinstance(other, str) != (plain.dtype.kind in "US"):
            raise UsageError(f"{name} holds {plain.dtype}, which cannot be compared with {wanted!r}")
        with np.errstate(invalid="ignore"):
            found = np.asarray(_SIGNS[sign](plain, other))
        return np.asarray(found | _missing(values[name])) if sign == "!=" else found & ~_missing(values[name])

    return test


def _holding(name: str, part: str) -> Test:
    def test(values: Mapping[str, NDArray[Any]]) -> Bools:
        plain = _plain(values[name], name)
        if plain.dtype.kind not in "US":
            raise UsageError(f"{name} holds {plain.dtype}; ~ looks into texts")
        return np.asarray(np.char.find(np.char.lower(plain.astype(str)), part.lower()) >= 0) & ~_missing(values[name])

    return test
