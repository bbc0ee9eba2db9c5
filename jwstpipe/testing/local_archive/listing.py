"""Lists a folder of JWST files as the archive would: observations, their products, and where the bucket keeps them.

A combined (level 3) observation lists its own products and those of its member exposures, which are observations of
their own (level 2): one file stands in several product lists, as at MAST.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from jwstpipe.errors import HeaderError
from jwstpipe.testing.local_archive.columns import Row
from jwstpipe.testing.local_archive.headers import ArchiveName, HeaderFacts, archive_name, read_headers
from jwstpipe.testing.local_archive.mast import ArchiveRows, bucket_key, observation_row, product_row
from jwstpipe.testing.local_archive.reply import source_size
from jwstpipe.testing.local_archive.sidecars import association, guide_star_file, preview

__all__ = ["archive_rows"]

_PREFERRED = ("i2d", "cal", "crf", "rate", "uncal")
"""Which file of an observation lends its headers to the row, best first."""

_SPECTRA = {"x1d": "spectrum", "x1dints": "spectrum", "c1d": "spectrum", "s2d": "spectrum", "s3d": "cube"}
"""dataproduct_type by suffix, where it is not image."""

_GUIDED = "2022193101500"
"""Time in the names of guide-star files."""


@dataclass(frozen=True)
class _Observation:
    """One observation and its own files."""

    name: ArchiveName
    row: Row
    facts: HeaderFacts
    files: Mapping[str, Path | bytes]
    kinds: Mapping[str, str]
    """productType of the files that are not SCIENCE."""


def archive_rows(folder: Path) -> ArchiveRows:
    """List every JWST file in a folder and below.

    Parameters
    ----------
    folder
        FITS files with names of the JWST grammar. An association (``*_asn.json``) beside them tells the members of a
        combined product; without it, exposures of the same observation, instrument, filter and target are taken.

    Returns
    -------
    ArchiveRows
        With a preview for each image, an association for each combined product and a guide-star file for each visit
        besides. `ignored` names the FITS files that cannot be listed.
    """
    folder = folder.resolve()
    paths = [path for path in sorted(folder.rglob("*.fits")) if path.resolve().is_relative_to(folder)]
    observations, ignored = _observations(paths)
    known = _associations(sorted(folder.rglob("*_asn.json")))
    exposures = [own for own in observations if not own.name.candidate]
    listed, lists = list(exposures), [(own, own) for own in exposures]
    for number, own in enumerate((own for own in observations if own.name.candidate), start=1):
        members = _members(own, exposures, known)
        whole = _with_association(own, members, known, number)
        listed.append(whole)
        lists += [(whole, whole), *((member, whole) for member in members)]
    return ArchiveRows(
        observations=tuple(own.row for own in listed),
        products=tuple(row for own, parent in lists for row in _product_rows(own, parent)),
        targets=_targets(listed),
        files={name: source for own in listed for name, source in own.files.items()},
        keys={name: bucket_key(name, own.name) for own in listed for name in own.files},
        ignored=tuple(ignored),
    )


def _observations(paths: Iterable[Path]) -> tuple[list[_Observation], list[str]]:
    groups: dict[str, dict[Path, ArchiveName]] = defaultdict(dict)
    ignored = []
    for path in paths:
        name = archive_name(path.name)
        if name is None:
            ignored.append(path.name)
        else:
            groups[name.obs_id][path] = name
    observations = []
    for group in groups.values():
        try:
            observations.append(_observation(group))
        except (HeaderError, OSError):
            ignored += [path.name for path in group]
    return observations, ignored


def _observation(group: Mapping[Path, ArchiveName]) -> _Observation:
    path = min(group, key=lambda path: _rank(group[path].suffix))
    name, facts = group[path], read_headers(path)
    row = observation_row(
        name.obs_id,
        ra=facts.ra,
        dec=facts.dec,
        calib_level=max(other.calib_level for other in group.values()),
        dataproduct_type=_SPECTRA.get(name.suffix, "image"),
        dataURL=f"mast:JWST/product/{path.name}",
        jpegURL=f"mast:JWST/product/{path.stem}.jpg",
        **facts.columns,
    )
    files: dict[str, Path | bytes] = {other.name: other for other in group}
    kinds = {}
    for other in group:
        files[f"{other.stem}.jpg"], kinds[f"{other.stem}.jpg"] = preview(other.name), "PREVIEW"
    if name.visit_id:
        guide = f"{name.visit_id}_gs-track_{_GUIDED}_cal.fits"
        files[guide], kinds[guide] = guide_star_file(guide), "AUXILIARY"
    return _Observation(name, row, facts, files, kinds)


def _rank(suffix: str) -> int:
    return _PREFERRED.index(suffix) if suffix in _PREFERRED else len(_PREFERRED)


def _associations(paths: Iterable[Path]) -> dict[str, tuple[Path, frozenset[str]]]:
    """Read associations: file and member file names by name of the combined product."""
    found = {}
    for path in paths:
        for product in json.loads(path.read_text()).get("products", []):
            members = frozenset(Path(member["expname"]).name.lower() for member in product["members"])
            found[str(product["name"]).lower()] = (path, members)
    return found


def _members(
    own: _Observation, exposures: Iterable[_Observation], known: Mapping[str, tuple[Path, frozenset[str]]]
) -> list[_Observation]:
    if own.name.obs_id in known:
        _, names = known[own.name.obs_id]
        return [other for other in exposures if any(name.lower() in names for name in other.files)]
    return [other for other in exposures if _belongs(other, own)]


def _belongs(exposure: _Observation, whole: _Observation) -> bool:
    same = ("proposal_id", "instrument_name", "filters", "target_name")
    if any(exposure.row[column] != whole.row[column] for column in same):
        return False
    return whole.name.observation in ("", exposure.name.observation)


def _with_association(
    own: _Observation,
    members: Iterable[_Observation],
    known: Mapping[str, tuple[Path, frozenset[str]]],
    number: int,
) -> _Observation:
    content: Path | bytes
    if own.name.obs_id in known:
        content, _ = known[own.name.obs_id]
        name = content.name
    else:
        calibrated = [name for member in members for name in member.files if name.endswith("_cal.fits")]
        science = [name for name in calibrated if archive_name(name) is not None]
        name = f"jw{own.name.program}-{own.name.candidate}_20230118t025851_image3_{number:05d}_asn.json"
        content = association(own.name.obs_id, program=own.name.program, candidate=own.name.candidate, members=science)
    return replace(own, files={**own.files, name: content}, kinds={**own.kinds, name: "INFO"})


def _product_rows(own: _Observation, parent: _Observation) -> Iterable[Row]:
    for name, source in own.files.items():
        kind = own.kinds.get(name, "SCIENCE")
        row = product_row(name, source_size(source), owner=own.row, parent=parent.row, productType=kind)
        row["prvversion"] = own.facts.version
        yield row


def _targets(observations: Iterable[_Observation]) -> dict[str, tuple[float, float]]:
    targets: dict[str, tuple[float, float]] = {}
    for own in observations:
        for name in own.facts.target_names:
            targets.setdefault(name, own.facts.target_position or (own.facts.ra, own.facts.dec))
    return targets
