"""`WordIndex`: all records as arrays, on which a query is a few sums; and its file, written whole or not at all.

The file holds which text and thesaurus made it, and a digest of each record: what did not change is not read again.
"""

import io
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.discovery.thesaurus import terms, thesaurus_version
from jwstpipe.discovery.words.facts import NUMBERS, TEXT_VERSION, TEXTS, Facts
from jwstpipe.storage import aside

__all__ = ["WordIndex", "build_index", "load_index", "save_index"]

LAYOUT = 1

Floats = NDArray[np.float32]

K1, B = 1.2, 0.5
"""Of BM25."""


@dataclass(frozen=True, eq=False)
class WordIndex:
    """Records, one a row."""

    ids: tuple[str, ...]
    digests: tuple[str, ...]
    vocabulary: dict[str, int]
    starts: NDArray[np.int64]
    """(words + 1,), where the entries of each word begin."""

    rows: NDArray[np.int32]
    """(entries,), records that hold the word."""

    counts: NDArray[np.uint8]
    """(entries,), how often."""

    lengths: Floats
    """(records,), words of each."""

    names: dict[str, tuple[str, ...]]
    """Values of each text, by field."""

    codes: dict[str, NDArray[np.int32]]
    """(records,), number of the value among `names`, by field."""

    numbers: dict[str, NDArray[np.float64]]
    """(records,), by field."""

    classes: NDArray[np.uint64]
    """(records,), a bit for each class of the thesaurus."""

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def programs(self) -> frozenset[int]:
        """Programme numbers that there are."""
        return frozenset(int(one) for one in np.unique(self.numbers["program"]) if one > 0)

    @cached_property
    def people(self) -> frozenset[str]:
        """Words of the names of principal investigators."""
        return frozenset(word for name in self.names["pi"] for word in name.split())

    def bm25(self, words: Iterable[str]) -> Floats:
        """Score every record for words in normal form (Robertson and Zaragoza 2009), float32."""
        score: Floats = np.zeros(len(self), np.float32)
        mean = float(self.lengths.mean()) if len(self) else 1.0
        for word in dict.fromkeys(words):
            number = self.vocabulary.get(word)
            if number is None:
                continue
            part = slice(self.starts[number], self.starts[number + 1])
            rows, tf = self.rows[part], self.counts[part].astype(np.float32)
            idf = math.log(1.0 + (len(self) - len(rows) + 0.5) / (len(rows) + 0.5))
            norm = K1 * (1.0 - B + B * self.lengths[rows] / mean)
            score[rows] += np.float32(idf) * tf * np.float32(K1 + 1.0) / (tf + norm)
        return score

    def holds(self, word: str, row: int) -> bool:
        """Tell whether a record holds a word."""
        number = self.vocabulary.get(word)
        if number is None:
            return False
        part = self.rows[self.starts[number] : self.starts[number + 1]]
        at = int(np.searchsorted(part, row))
        return at < len(part) and int(part[at]) == row

    def among(self, field: str, fits: Callable[[str], float]) -> Floats:
        """Tell for every record how well the value of a text field fits, 0 to 1."""
        table = np.array([fits(name) for name in self.names[field]], np.float32)
        return table[self.codes[field]] if len(table) else np.zeros(len(self), np.float32)


def class_bits() -> dict[str, int]:
    """Give the bit of each class."""
    names = [term.name for term in terms() if term.facet == "class"]
    return {name: 1 << number for number, name in enumerate(names)}


def build_index(facts: Sequence[Facts]) -> WordIndex:
    """Index records."""
    ordered = sorted(facts, key=lambda one: one.product_id)
    vocabulary: dict[str, int] = {}
    entry_words: list[int] = []
    entry_counts: list[int] = []
    per_record: list[int] = []
    for one in ordered:
        counted: dict[int, int] = {}
        for word in one.words:
            number = vocabulary.setdefault(word, len(vocabulary))
            counted[number] = counted.get(number, 0) + 1
        entry_words += counted
        entry_counts += counted.values()
        per_record.append(len(counted))
    words = np.array(entry_words, np.int64)
    rows = np.repeat(np.arange(len(ordered), dtype=np.int32), per_record)
    order = np.argsort(words, kind="stable")
    starts = np.searchsorted(words[order], np.arange(len(vocabulary) + 1))
    names: dict[str, tuple[str, ...]] = {}
    codes: dict[str, NDArray[np.int32]] = {}
    for field in TEXTS:
        values = [getattr(one, field) for one in ordered]
        names[field] = tuple(sorted(set(values)))
        place = {value: number for number, value in enumerate(names[field])}
        codes[field] = np.array([place[value] for value in values], np.int32)
    bits = class_bits()
    return WordIndex(
        ids=tuple(one.product_id for one in ordered),
        digests=tuple(one.digest for one in ordered),
        vocabulary=vocabulary,
        starts=starts.astype(np.int64),
        rows=rows[order],
        counts=np.minimum(np.array(entry_counts, np.int64)[order], 255).astype(np.uint8),
        lengths=np.array([len(one.words) for one in ordered], np.float32),
        names=names,
        codes=codes,
        numbers={field: np.array([getattr(one, field) for one in ordered], np.float64) for field in NUMBERS},
        classes=np.array([sum(bits.get(kind, 0) for kind in set(one.classes)) for one in ordered], np.uint64),
    )


def facts_in(index: WordIndex) -> dict[str, Facts]:
    """Give the records of an index back, by id, so that only what changed is read anew."""
    by_number = sorted(index.vocabulary, key=index.vocabulary.__getitem__)
    owner = np.repeat(np.arange(len(by_number)), np.diff(index.starts))
    order = np.argsort(index.rows, kind="stable")
    ends = np.searchsorted(index.rows[order], np.arange(len(index) + 1))
    kinds = list(class_bits().items())
    found = {}
    for row, key in enumerate(index.ids):
        entries = order[ends[row] : ends[row + 1]]
        words = tuple(
            word
            for entry in sorted(entries.tolist(), key=lambda entry: owner[entry])
            for word in [by_number[owner[entry]]] * int(index.counts[entry])
        )
        mask = int(index.classes[row])
        texts = {field: index.names[field][index.codes[field][row]] for field in TEXTS}
        values: dict[str, Any] = {field: float(index.numbers[field][row]) for field in NUMBERS}
        values["program"] = int(values["program"])
        found[key] = Facts(
            product_id=key, digest=index.digests[row], words=words,
            classes=tuple(name for name, bit in kinds if mask & bit), **texts, **values,
        )  # fmt: skip
    return found


def save_index(index: WordIndex, path: Path, *, stamp: str) -> None:
    """Write an index aside and put it in its place; a process that is killed leaves the older one.

    Parameters
    ----------
    index, path
        What, and where.
    stamp
        What tells whether the records are still the same.
    """
    about = {
        "layout": LAYOUT, "text": TEXT_VERSION, "thesaurus": thesaurus_version(), "stamp": stamp, "ids": index.ids,
        "digests": index.digests, "vocabulary": list(index.vocabulary), "names": index.names,
    }  # fmt: skip
    arrays: dict[str, NDArray[Any]] = {
        "about": np.frombuffer(json.dumps(about).encode(), np.uint8), "starts": index.starts, "rows": index.rows,
        "counts": index.counts, "lengths": index.lengths, "classes": index.classes,
        **{f"code_{field}": values for field, values in index.codes.items()},
        **{f"number_{field}": values for field, values in index.numbers.items()},
    }  # fmt: skip
    content = io.BytesIO()
    np.savez(content, **arrays)  # type: ignore[arg-type]
    with aside(path) as partial:
        partial.write_bytes(content.getbuffer())


def load_index(path: Path) -> tuple[WordIndex, str] | None:
    """Read an index and its stamp; None where there is none, or one that another version made, or a damaged one."""
    try:
        with np.load(path, allow_pickle=False) as held:
            about: Mapping[str, Any] = json.loads(held["about"].tobytes())
            made_by = (about["layout"], about["text"], about["thesaurus"])
            if made_by != (LAYOUT, TEXT_VERSION, thesaurus_version()):
                return None
            index = WordIndex(
                ids=tuple(about["ids"]), digests=tuple(about["digests"]),
                vocabulary={word: number for number, word in enumerate(about["vocabulary"])},
                starts=held["starts"], rows=held["rows"], counts=held["counts"], lengths=held["lengths"],
                names={field: tuple(values) for field, values in about["names"].items()},
                codes={field: held[f"code_{field}"] for field in TEXTS},
                numbers={field: held[f"number_{field}"] for field in NUMBERS}, classes=held["classes"],
            )  # fmt: skip
            return index, str(about["stamp"])
    except (OSError, ValueError, KeyError, EOFError, TypeError):
        return None
    except Exception as error:
        if type(error).__name__ == "BadZipFile":
            return None
        raise
