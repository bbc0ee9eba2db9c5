"""Positions against a reference: what its stars say of offset, rotation and scale at the time of the observation."""

from dataclasses import dataclass

import numpy as np
from astropy.table import Table
from numpy.typing import NDArray

from jwstpipe.analysis.catalogues.columns import add_column
from jwstpipe.analysis.catalogues.files import read_catalogue
from jwstpipe.analysis.catalogues.match import match_positions
from jwstpipe.errors import DataError, NotFoundError, UsageError
from jwstpipe.numerics.robust import MAD_TO_SIGMA
from jwstpipe.requests.analysis.match import AstrometryRequest
from jwstpipe.sky.position_table import numbers_of, position_column_names, positions_of
from jwstpipe.sky.sphere import moved, offsets

__all__ = ["AstrometryFacts", "check_astrometry", "moved_to", "reference_table", "reference_text"]

Floats = NDArray[np.float64]

CLIP, ROUNDS = 3.0, 10
FEWEST = 3
BAD_CENTRES = 4 | 8 | 256
"""Flags of sources whose centres say nothing: saturated, at an edge, huge."""

_MOTION = {
    "pmra": ("pmra", "pm_ra", "pmracosdec", "pmra_cosdec", "pm_ra_cosdec"),
    "pmdec": ("pmdec", "pmde", "pm_dec", "pm_de"),
    "parallax": ("parallax", "plx"),
    "ref_epoch": ("ref_epoch", "refepoch", "epoch"),
}
"""What says how stars move, and the names that its columns go by, in lower case; the first that a table has counts."""

_YEARS = (1800.0, 2200.0)
MOST_ROWS = 100_000


@dataclass(frozen=True)
class AstrometryFacts:
    """What the pairs say."""

    pairs: int
    used: int
    """Those within three standard deviations of the fit."""

    offset_east_mas: float
    offset_north_mas: float
    """How far the catalogue lies from the reference, in the middle of the pairs."""

    rotation_arcsec: float
    """Of the catalogue against the reference, north through east."""

    scale_ppm: float
    """How much too large distances in the catalogue are, in millionths."""

    rms_mas: float
    """Of what is left on one axis."""

    error_mas: float
    """Standard error of the offset on one axis."""

    epoch: float
    """Year to which the reference was moved; NaN = it has no motions."""

    false_rate: float
    tolerance_mas: float
    verdict: str
    """``good``; ``shifted``: the offset is beyond the tolerance and three of its errors; or ``too few``."""


def reference_text(path: str) -> str:
    """Read a reference, and give what it says as one canonical text, CSV with every digit.

    Raises
    ------
    NotFoundError, DataError
        No such table, none with positions, one of too many rows to be kept with a product, half a proper motion, or an
        epoch that is no year.
    """
    table = read_catalogue(path)
    ra, dec = positions_of(table, name=path)
    if len(table) > MOST_ROWS:
        raise DataError(f"{path}: has {len(table):,} rows; a product keeps at most {MOST_ROWS:,}; choose among them")
    columns = {"ra": ra, "dec": dec}
    known = {name.lower(): name for name in table.colnames}
    for name, called in _MOTION.items():
        column = next((known[one] for one in called if one in known), None)
        if column is not None:
            unit = {"ref_epoch": "yr", "parallax": "mas"}.get(name, "mas/yr")
            columns[name] = numbers_of(table, column, unit=unit, name=path)
    _check_motion(columns, path)
    rows = zip(*(values.tolist() for values in columns.values()), strict=True)
    return "\n".join([",".join(columns), *(",".join(map(repr, row)) for row in rows), ""])


def _check_motion(columns: dict[str, Floats], path: str) -> None:
    """Refuse what would leave stars silently where they were years ago."""
    halves = [name for name in ("pmra", "pmdec") if name in columns]
    if len(halves) == 1:
        missing = "pmdec" if halves == ["pmra"] else "pmra"
        raise DataError(
            f"{path}: has {halves[0]} and no {missing}, so that no star can be moved; add it, or leave out both"
        )
    epochs = columns.get("ref_epoch", np.empty(0))
    wrong = epochs[(epochs < _YEARS[0]) | (epochs > _YEARS[1])]
    if halves and wrong.size:
        raise DataError(f"{path}: its epoch is {wrong[0]:g}, which is no year (Gaia DR3: 2016.0)")


def reference_table(text: str) -> Table:
    """Read the text of `reference_text`."""
    if "\n" not in text:
        raise NotFoundError(f"{text}: no such reference; give a table with ra and dec")
    head, *rows = text.splitlines()
    values = np.array([[float(word) for word in row.split(",")] for row in rows]).reshape(-1, head.count(",") + 1)
    return Table(values, names=head.split(","))


def moved_to(reference: Table, epoch: float | None) -> tuple[Floats, Floats]:
    """Give the positions of a reference at a time, moved along by their proper motions.

    Parallaxes are not applied: the shift of a star changes over a year, and is less than its parallax.

    Raises
    ------
    UsageError
        It has motions, and no time is known.
    """
    columns = position_column_names(reference.colnames)
    assert columns is not None
    ra, dec = (np.asarray(reference[name], np.float64) for name in columns)
    if "pmra" not in reference.colnames or "pmdec" not in reference.colnames:
        return ra, dec
    if epoch is None:
        raise UsageError(
            "the reference has proper motions, and nothing says when the image was taken; say it with --epoch YEAR"
        )
    if "ref_epoch" not in reference.colnames:
        raise DataError("the reference has proper motions and no ref_epoch; add that column (Gaia DR3: 2016.0)")
    years = epoch - np.asarray(reference["ref_epoch"], np.float64)
    east, north = (np.nan_to_num(np.asarray(reference[name], np.float64)) * years * 1e-3 for name in ("pmra", "pmdec"))
    return moved(ra, dec, np.nan_to_num(east), np.nan_to_num(north))


def check_astrometry(
    table: Table, reference: Table, options: AstrometryRequest, *, epoch: float | None, name: str
) -> tuple[Table, AstrometryFacts]:
    """Check the positions of a catalogue.

    Parameters
    ----------
    table
        Sources with ra and dec; those flagged as saturated, at an edge or huge take no part.
    reference
        True positions, see `AstrometryRequest.reference`.
    options
        Distances and tolerance.
    epoch
        Year of the observation, where it is known.
    name
        Of the catalogue, for messages.

    Returns
    -------
    Table, AstrometryFacts
        A row a pair: numbers, positions, what is left east and north (mas), and whether it was used.

    Raises
    ------
    NoCoverageError, DataError
        As `positions_of`.
    """
    ra, dec = positions_of(table, name=name)
    if "flags" in table.colnames:
        ra = np.where(np.asarray(table["flags"], np.int64) & BAD_CENTRES, np.nan, ra)
    true = moved_to(reference, epoch)
    at = epoch if epoch is not None and "pmra" in reference.colnames else float("nan")
    pairs, matched = match_positions((ra, dec), true, options)
    i, j = pairs.first, pairs.second
    east, north = offsets((ra[i], dec[i]), (true[0][j], true[1][j]))
    x, y = _plane(ra[i], dec[i])
    solution, used, rms = _fit(x, y, east, north)
    error = rms / np.sqrt(used.sum()) if used.sum() else float("nan")
    size = float(np.hypot(solution[0], solution[1]))
    good = size <= max(options.tolerance / 1e3, 3.0 * error)
    verdict = "too few" if used.sum() < FEWEST else "good" if good else "shifted"
    facts = AstrometryFacts(
        len(i), int(used.sum()), 1e3 * solution[0], 1e3 * solution[1], float(np.degrees(solution[3]) * 3600.0),
        1e6 * solution[2], 1e3 * rms, 1e3 * error, at, matched.false_rate, options.tolerance, verdict,
    )  # fmt: skip
    return _residuals(table, i, j, (ra, dec), (east, north), (x, y), solution, used), facts


def _plane(ra: Floats, dec: Floats) -> tuple[Floats, Floats]:
    """Give places around their middle, arcsec to the east and the north."""
    if not len(ra):
        return ra, dec
    middle = np.full(len(ra), ra[0]), np.full(len(dec), np.median(dec))
    x, y = offsets((ra, dec), middle)
    return x - np.median(x), y - np.median(y)


def _fit(x: Floats, y: Floats, east: Floats, north: Floats) -> tuple[Floats, NDArray[np.bool_], float]:
    """Fit offset, scale and rotation to the steps of pairs, clipped at three standard deviations."""
    used = np.ones(len(x), bool)
    solution, rms = np.zeros(4), float("nan")
    if len(x) < FEWEST:
        if len(x):
            solution[0], solution[1] = np.median(east), np.median(north)
        return solution, used, rms
    nothing, one = np.zeros_like(x), np.ones_like(x)
    matrix = np.concatenate([
        np.column_stack([one, nothing, x, y]), np.column_stack([nothing, one, y, -x])
    ])  # fmt: skip
    steps = np.concatenate([east, north])
    for _ in range(ROUNDS):
        both = np.concatenate([used, used])
        solution = np.linalg.lstsq(matrix[both], steps[both], rcond=None)[0]
        left = steps - matrix @ solution
        far = np.hypot(left[: len(x)], left[len(x) :])
        spread = MAD_TO_SIGMA * float(np.median(np.abs(left[both])))
        rms = float(np.sqrt(np.mean(left[both] ** 2)))
        inside = far <= max(CLIP * np.sqrt(2.0) * spread, 1e-9)
        if inside.sum() < FEWEST or np.array_equal(inside, used):
            break
        used = inside
    return solution, used, rms


def _residuals(
    table: Table, i: NDArray[np.int64], j: NDArray[np.int64], place: tuple[Floats, Floats],
    steps: tuple[Floats, Floats], plane: tuple[Floats, Floats], solution: Floats, used: NDArray[np.bool_],
) -> Table:  # fmt: skip
    x, y = plane
    left_east = steps[0] - (solution[0] + solution[2] * x + solution[3] * y)
    left_north = steps[1] - (solution[1] + solution[2] * y - solution[3] * x)
    found = Table()
    add_column(found, "id", np.asarray(table["id"])[i] if "id" in table.colnames else i + 1)
    add_column(found, "reference_row", (j + 1).astype(np.int64))
    add_column(found, "ra", place[0][i])
    add_column(found, "dec", place[1][i])
    for name, values in (
        ("east", steps[0]), ("north", steps[1]), ("east_left", left_east), ("north_left", left_north)
    ):  # fmt: skip
        add_column(found, name, 1e3 * values)
    add_column(found, "used", used)
    return found
