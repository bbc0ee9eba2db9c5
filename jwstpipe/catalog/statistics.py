"""What the catalogue holds, counted: records and bytes by kind, instrument, filter, level, status and size."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

__all__ = ["SIZE_CLASSES", "CatalogStats", "Group", "Share", "Shared", "statistics_of"]

Shared = Literal["target", "user"]
"""What else records are counted by; there may be thousands of each."""

SIZE_CLASSES: tuple[tuple[str, int, int | None], ...] = (
    ("below 1 MB", 0, 10**6),
    ("1-10 MB", 10**6, 10**7),
    ("10-100 MB", 10**7, 10**8),
    ("100 MB-1 GB", 10**8, 10**9),
    ("1-10 GB", 10**9, 10**10),
    ("10 GB and more", 10**10, None),
)
"""Name, smallest size and first size beyond, bytes."""


@dataclass(frozen=True)
class Share:
    """How much of the catalogue falls to one value."""

    records: int
    bytes: int
    """Size of their files, as far as it is known."""


@dataclass(frozen=True)
class Group:
    """Records that agree in all that is counted by."""

    kind: str | None
    instrument: str | None
    filter: str | None
    level: str | None
    status: str | None
    size: str | None
    """Name of one of `SIZE_CLASSES`; None = unknown."""

    records: int
    bytes: int


@dataclass(frozen=True)
class CatalogStats:
    """What the catalogue holds; records without a value stand under the empty text."""

    total: Share
    by_kind: dict[str, Share]
    by_instrument: dict[str, Share]
    by_filter: dict[str, Share]
    by_level: dict[str, Share]
    by_status: dict[str, Share]
    by_size: dict[str, Share]
    """By `SIZE_CLASSES`, those that occur; records of unknown size under the empty text."""


def statistics_of(groups: Iterable[Group]) -> CatalogStats:
    """Sum groups up, by each of their values."""
    found = list(groups)
    sizes = _shares(found, "size")
    return CatalogStats(
        total=Share(sum(group.records for group in found), sum(group.bytes for group in found)),
        by_kind=_shares(found, "kind"),
        by_instrument=_shares(found, "instrument"),
        by_filter=_shares(found, "filter"),
        by_level=_shares(found, "level"),
        by_status=_shares(found, "status"),
        by_size={name: sizes[name] for name in ("", *(name for name, _, _ in SIZE_CLASSES)) if name in sizes},
    )


def _shares(groups: Iterable[Group], value: str) -> dict[str, Share]:
    records: dict[str, int] = defaultdict(int)
    sizes: dict[str, int] = defaultdict(int)
    for group in groups:
        name = getattr(group, value) or ""
        records[name] += group.records
        sizes[name] += group.bytes
    return {name: Share(records[name], sizes[name]) for name in sorted(records)}
