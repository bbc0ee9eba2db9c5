"""Two catalogues as one: rows that are the same source, and how many of them are so by chance."""

from dataclasses import dataclass

import numpy as np
from astropy.table import Table, hstack
from numpy.typing import NDArray

from jwstpipe.analysis.catalogues.columns import add_column
from jwstpipe.requests.analysis.match import MatchRequest
from jwstpipe.sky.position_table import positions_of
from jwstpipe.sky.sphere import Pairs, common_offset, matched, matches_by_chance, moved

__all__ = ["MatchFacts", "match_positions", "match_tables"]

Floats = NDArray[np.float64]

AGREEMENT = 0.5
"""Part of the largest distance of a pair within which pairs agree on a common offset."""


@dataclass(frozen=True)
class MatchFacts:
    """What two catalogues say of each other."""

    first: int
    second: int
    """Rows with positions."""

    matched: int
    offset_east_mas: float
    offset_north_mas: float
    """How far the first lies from the second: what was taken out, and the median of what was left."""

    scatter_mas: float
    """Robust standard deviation of a distance on one axis."""

    false_matches: float
    """Pairs that chance alone gives."""

    false_rate: float
    """That, over the matches."""


def match_positions(
    a: tuple[Floats, Floats], b: tuple[Floats, Floats], options: MatchRequest
) -> tuple[Pairs, MatchFacts]:
    """Match positions one to one, after a common offset, and say how sure that is."""
    east, north = common_offset(a, b, reach=options.offset_within, agreement=AGREEMENT * options.within)
    shifted = moved(*a, -east, -north)
    pairs = matched(shifted, b, within=options.within)
    count = len(pairs.first)
    real = [int(np.isfinite(one[0] + one[1]).sum()) for one in (a, b)]
    chance = matches_by_chance(shifted, b, within=options.within)
    scatter = 1e3 * float(np.median(pairs.arcsec)) / 1.17741 if count else float("nan")  # of a Rayleigh distribution
    return pairs, MatchFacts(
        real[0], real[1], count, 1e3 * east, 1e3 * north, scatter, chance, chance / count if count else float("nan")
    )


def match_tables(
    first: Table, second: Table, options: MatchRequest, *, names: tuple[str, str]
) -> tuple[Table, MatchFacts]:
    """Join the rows of two catalogues that are the same source.

    Parameters
    ----------
    first, second
        With positions.
    options
        Largest distance, and offset.
    names
        Of the catalogues, for messages.

    Returns
    -------
    Table, MatchFacts
        A row a pair, by the first catalogue; columns of both, the names that both have end in ``_1`` and ``_2``;
        ``separation`` is the distance that is left, arcsec.
    """
    pairs, facts = match_positions(positions_of(first, name=names[0]), positions_of(second, name=names[1]), options)
    parts = [first[pairs.first], second[pairs.second]]
    for part in parts:
        part.meta.clear()
    joined = hstack(parts, uniq_col_name="{col_name}_{table_name}", table_names=["1", "2"], metadata_conflicts="silent")
    add_column(joined, "separation", pairs.arcsec)
    return joined, facts
