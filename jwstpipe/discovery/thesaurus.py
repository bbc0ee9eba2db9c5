"""The words of the field: what lines, filters, classes, levels and exposures are called, read from one file."""

import tomllib
from functools import cache
from hashlib import blake2b
from importlib.resources import files
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Facet", "Line", "Term", "line_of", "lines", "terms", "thesaurus_version", "with_parents"]

Facet = Literal["line", "kind", "band", "class", "level", "exposure", "instrument", "product", "survey"]
"""What a term is about; within one facet any of several terms will do, several facets hold together."""


class Term(BaseModel):
    """One thing that a word may mean."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    forms: tuple[str, ...] = Field(description="what it is called")
    facet: Facet
    filter: str | None = Field(None, description="of a line: the filter that shows it")
    filters: tuple[str, ...] = Field((), description="of a kind of filter: how their names end")
    um: tuple[float, float] | None = Field(None, description="of a band: its limits, micrometres")
    seconds: tuple[float, float] | None = Field(None, description="of an exposure: from, and below")
    programs: tuple[int, ...] = Field((), description="of a survey")
    words: tuple[str, ...] = Field((), description="of a class: further words that fit its members")
    parents: tuple[str, ...] = Field((), description="of a class: classes that it is part of")


class Line(BaseModel):
    """A line or a feature that one filter shows."""

    model_config = ConfigDict(frozen=True)

    filter: str
    name: str
    um: float
    continuum: tuple[tuple[str, ...], ...] = Field((), description="filters beside it, the best choice first")


@cache
def terms() -> tuple[Term, ...]:
    """Give all terms, in the order of the file."""
    found = []
    for facet, entries in _content().items():
        for entry in entries:
            values = {key: value for key, value in entry.items() if key not in ("um", "continuum", "is")}
            if facet == "band":
                values["um"] = entry["um"]
            found.append(Term(facet=facet, parents=tuple(entry.get("is", ())), **values))
    return tuple(found)


@cache
def lines() -> dict[str, Line]:
    """Give the lines by the filter that shows them."""
    return {entry["filter"]: Line.model_validate(entry) for entry in _content()["line"]}


def line_of(name: str) -> Line | None:
    """Give the line that a narrow or medium filter is made for; None for wide ones, which show more than it."""
    found = lines().get(name.upper())
    return found if found is not None and not name.upper().endswith("W") else None


@cache
def with_parents(name: str) -> tuple[str, ...]:
    """Give a class, and the classes that it is part of, nearest first."""
    parents = {term.name: term.parents for term in terms() if term.facet == "class"}
    found = [name]
    for one in found:
        found += [parent for parent in parents.get(one, ()) if parent not in found]
    return tuple(found)


@cache
def thesaurus_version() -> str:
    """Give a digest of the file: what was indexed with another one is indexed anew."""
    return blake2b(_text().encode(), digest_size=8).hexdigest()


@cache
def _content() -> dict[str, list[dict[str, Any]]]:
    return tomllib.loads(_text())


@cache
def _text() -> str:
    return files("jwstpipe.discovery").joinpath("thesaurus.toml").read_text(encoding="utf-8")
