"""The services of the portal over the rows of a local archive: what they are asked, and what they answer.

Requests and answers have the shapes of the Mashup API that astroquery speaks. Strings compare without regard to case,
as in the archive's database.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.errors import UsageError
from jwstpipe.testing.local_archive.columns import OBSERVATION_TYPES, PRODUCT_TYPES, Cell, Row
from jwstpipe.testing.local_archive.headers import unit_vectors
from jwstpipe.testing.local_archive.mast import ArchiveRows

__all__ = ["looked_up_names", "looked_up_paths", "portal_answer", "separations_deg"]

_PAGE_SIZE = 50_000
_COUNT = "COUNT_BIG(*)"
_ARCSEC = 3600.0


def portal_answer(rows: ArchiveRows, request: Mapping[str, Any]) -> dict[str, Any]:
    """Answer one request of the portal API.

    Parameters
    ----------
    rows
        What the archive knows.
    request
        ``service``, ``params``, and ``page`` and ``pagesize`` where the answer has pages.

    Returns
    -------
    dict
        Status, data, fields and paging; status ERROR with a message for what the service does not understand.
    """
    service, params = str(request.get("service")), request.get("params") or {}
    try:
        if service == "Mast.Name.Lookup":
            return looked_up_names(rows.targets, [str(params["input"])])
        if service not in _SERVICES:
            return _error(f"Unknown service: {service}")
        found, types = _SERVICES[service](rows, params)
        return _page(found, types, page=int(request.get("page") or 1), size=int(request.get("pagesize") or _PAGE_SIZE))
    except KeyError as error:
        return _error(f"{service}: missing parameter {error}")
    except (UsageError, ValueError, TypeError) as error:
        return _error(f"{service}: {error}")


def _error(message: str) -> dict[str, Any]:
    return {"status": "ERROR", "msg": message, "data": [], "fields": [], "paging": None}


def _page(found: Sequence[Row], types: Mapping[str, str], *, page: int, size: int) -> dict[str, Any]:
    chosen = found[(page - 1) * size : page * size]
    return {
        "status": "COMPLETE",
        "msg": "",
        "data": [{name: row.get(name) for name in types} for row in chosen],
        "fields": [{"name": name, "type": kind} for name, kind in types.items()],
        "paging": {
            "page": page,
            "pageSize": size,
            "pagesFiltered": math.ceil(len(found) / size),
            "rows": len(chosen),
            "rowsFiltered": len(found),
            "rowsTotal": len(found),
        },
    }


def separations_deg(rows: Iterable[Row], ra: float, dec: float) -> NDArray[np.float64]:
    """Give the great-circle distance of each row's centre from a position.

    Returns
    -------
    ndarray
        float64 (n), degrees; from the chord between unit vectors, exact for small and large angles alike.
    """
    held = list(rows)
    if not held:
        return np.empty(0)
    centres = unit_vectors([float(row["s_ra"] or 0) for row in held], [float(row["s_dec"] or 0) for row in held])
    chords = np.linalg.norm(centres - unit_vectors([ra], [dec]), axis=-1)
    return np.asarray(np.degrees(2 * np.arcsin(np.clip(chords / 2, 0, 1))), dtype=np.float64)


_Answer = tuple[Sequence[Row], Mapping[str, str]]


def _within(rows: Sequence[Row], ra: float, dec: float, radius_deg: float) -> list[Row]:
    distances = separations_deg(rows, ra, dec)
    return [
        {**row, "distance": float(distance) * _ARCSEC}
        for row, distance in zip(rows, distances, strict=True)
        if distance <= radius_deg
    ]


def _cone(rows: ArchiveRows, params: Mapping[str, Any]) -> _Answer:
    place = float(params["ra"]), float(params["dec"]), float(params["radius"])
    return _within(rows.observations, *place), {**OBSERVATION_TYPES, "distance": "float"}


def _filtered(rows: ArchiveRows, params: Mapping[str, Any]) -> _Answer:
    return _columns(_passing(rows.observations, params["filters"]), OBSERVATION_TYPES, str(params.get("columns", "*")))


def _filtered_position(rows: ArchiveRows, params: Mapping[str, Any]) -> _Answer:
    ra, dec, radius = (float(part) for part in str(params["position"]).split(","))
    near = _within(_passing(rows.observations, params["filters"]), ra, dec, radius)
    return _columns(near, {**OBSERVATION_TYPES, "distance": "float"}, str(params.get("columns", "*")))


def _products(rows: ArchiveRows, params: Mapping[str, Any]) -> _Answer:
    wanted = {part.strip() for part in str(params["obsid"]).split(",")}
    return [row for row in rows.products if str(row["parent_obsid"]) in wanted], PRODUCT_TYPES


_SERVICES: Mapping[str, Callable[[ArchiveRows, Mapping[str, Any]], _Answer]] = {
    "Mast.Caom.Cone": _cone,
    "Mast.Caom.Filtered": _filtered,
    "Mast.Caom.Filtered.Position": _filtered_position,
    "Mast.Caom.Products": _products,
}


def _columns(found: Sequence[Row], types: Mapping[str, str], wanted: str) -> _Answer:
    if wanted == _COUNT:
        return [{"Column1": len(found)}], {"Column1": "string"}
    if wanted == "*":
        return found, types
    names = [name.strip() for name in wanted.split(",")]
    return found, {_known_column(name, types): types[_known_column(name, types)] for name in names}


def _known_column(name: str, types: Mapping[str, str]) -> str:
    for column in types:
        if column.lower() == name.lower():
            return column
    raise UsageError(f"Invalid column name '{name}'.")


def _passing(rows: Sequence[Row], filters: Iterable[Mapping[str, Any]]) -> list[Row]:
    tests = [(_known_column(str(entry["paramName"]), OBSERVATION_TYPES), _test(entry)) for entry in filters]
    return [row for row in rows if all(test(row[column]) for column, test in tests)]


def _test(entry: Mapping[str, Any]) -> Callable[[Cell], bool]:
    """Build the test of one filter: any of its values, ranges or its wildcard text lets a row pass."""
    ranges = [(value.get("min"), value.get("max")) for value in entry["values"] if isinstance(value, Mapping)]
    plain = {str(value).casefold() for value in entry["values"] if not isinstance(value, Mapping)}
    separator = entry.get("separator")
    text = entry.get("freeText")
    pattern = re.compile(".*".join(map(re.escape, str(text).split("%"))), re.IGNORECASE | re.DOTALL) if text else None

    def passes(cell: Cell) -> bool:
        if cell is None:
            return False
        whole = str(cell).casefold()
        if whole in plain or (separator and not plain.isdisjoint(whole.split(separator))):
            return True
        if pattern is not None and pattern.fullmatch(str(cell)):
            return True
        return any(_inside(cell, low, high) for low, high in ranges)

    return passes


def _inside(cell: Cell, low: Any, high: Any) -> bool:
    value = float(cell or 0)
    return (low is None or float(low) <= value) and (high is None or value <= float(high))


def looked_up_names(targets: Mapping[str, tuple[float, float]], names: Iterable[str]) -> dict[str, Any]:
    """Resolve target names, however they are spelled: ``NGC-3132``, ``NGC3132`` and ``ngc 3132`` are one target.

    Returns
    -------
    dict
        ``resolvedCoordinate``, a list with an entry for each name that is known, and ``status``.
    """
    known = {_compact(name): (name, place) for name, place in targets.items()}
    found = []
    for asked in names:
        if _compact(asked) in known:
            name, (ra, dec) = known[_compact(asked)]
            found.append(
                {
                    "searchString": asked.lower(),
                    "resolver": "SIMBAD",
                    "cached": True,
                    "resolverTime": 1,
                    "searchRadius": -1.0,
                    "canonicalName": _canonical(name),
                    "ra": ra,
                    "decl": dec,
                }
            )
    return {"resolvedCoordinate": found, "status": ""}


def _compact(name: str) -> str:
    return re.sub(r"[\s_-]+", "", name).casefold()


def _canonical(name: str) -> str:
    return re.sub(r"(?<=[A-Z])(?=\d)", " ", re.sub(r"[\s_-]+", " ", name).upper())


def looked_up_paths(rows: ArchiveRows, uris: Iterable[str]) -> dict[str, Any]:
    """Tell where in the bucket files are, by data URI; status 404 and no path for those that it does not hold."""
    answer: dict[str, Any] = {}
    for uri in uris:
        name = uri.removeprefix("mast:JWST/product/")
        key = rows.keys.get(name) if rows.public(name) else None
        answer[uri] = {"status_code": 404, "path": None} if key is None else {"status_code": 200, "path": f"/{key}"}
    return answer
