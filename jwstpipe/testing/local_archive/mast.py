"""Rows of a small MAST: observations and products with the columns of the real one."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from jwstpipe.errors import UsageError
from jwstpipe.testing.local_archive.columns import OBSERVATION_TYPES, PRODUCT_TYPES, Cell, Row
from jwstpipe.testing.local_archive.headers import ArchiveName, archive_name

__all__ = ["ArchiveRows", "bucket_key", "observation_row", "product_row"]

_DESCRIPTIONS = {
    "UNCAL": "exposure (L1b): uncalibrated exposure",
    "RATE": "exposure (L2a): slopes",
    "CAL": "exposure (L2b): calibrated exposure",
    "CRF": "exposure (L2c): calibrated exposure, outliers flagged",
    "I2D": "exposure/target (L2b/L3): rectified image",
}


@dataclass(frozen=True)
class ArchiveRows:
    """All that a local archive knows and holds."""

    observations: tuple[Row, ...] = ()
    """Columns of `columns.OBSERVATION_TYPES`."""

    products: tuple[Row, ...] = ()
    """Columns of `columns.PRODUCT_TYPES`; a file has a row for each observation (``parent_obsid``) that lists it."""

    targets: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """RA and Dec, degrees, by target name as the files spell it."""

    files: Mapping[str, Path | bytes] = field(default_factory=dict)
    """What can be downloaded: the file on disk or generated content, by file name."""

    keys: Mapping[str, str] = field(default_factory=dict)
    """Key in the bucket by file name; a file without one is not on S3."""

    ignored: tuple[str, ...] = ()
    """Names of FITS files that the archive cannot list: no JWST name, or nowhere on the sky."""

    @cached_property
    def rights(self) -> dict[str, str]:
        """Data rights by file name."""
        return {str(row["productFilename"]): str(row["dataRights"]) for row in self.products}

    def source(self, file_name: str) -> Path | bytes | None:
        """Give the file or content to download; None for unknown names and files that are gone from the disk."""
        found = self.files.get(file_name)
        return None if isinstance(found, Path) and not found.is_file() else found

    def public(self, file_name: str) -> bool:
        """Tell whether everyone may read a file."""
        return self.rights.get(file_name, "PUBLIC") == "PUBLIC"

    @cached_property
    def names_by_key(self) -> dict[str, str]:
        """File name by key in the bucket, sorted by key."""
        return {key: name for name, key in sorted(self.keys.items(), key=lambda item: item[1])}

    def changed(self, obs_id: str, **columns: Cell) -> "ArchiveRows":
        """Give the same rows with some columns of one observation, and of its products, set to other values.

        Raises
        ------
        UsageError
            No such observation or column.
        """
        if obs_id not in {row["obs_id"] for row in self.observations}:
            raise UsageError(f"no observation {obs_id!r} in the local archive")
        _refuse_unknown(columns, OBSERVATION_TYPES)
        shared = {name: value for name, value in columns.items() if name in PRODUCT_TYPES}
        return replace(
            self,
            observations=tuple(row | columns if row["obs_id"] == obs_id else row for row in self.observations),
            products=tuple(row | shared if row["obs_id"] == obs_id else row for row in self.products),
        )

    def without_key(self, *file_names: str) -> "ArchiveRows":
        """Give the same rows with some files listed, but missing from the bucket."""
        return replace(self, keys={name: key for name, key in self.keys.items() if name not in file_names})


def observation_row(obs_id: str, *, ra: float, dec: float, **columns: Cell) -> Row:
    """Make one row of an observation, of a JWST image unless the columns say otherwise.

    Parameters
    ----------
    obs_id
        Its name; the numeric keys follow from it.
    ra, dec
        Centre, degrees ICRS.
    **columns
        Values of other columns.

    Raises
    ------
    UsageError
        A column that MAST does not have.
    """
    _refuse_unknown(columns, OBSERVATION_TYPES)
    name = archive_name(f"{obs_id}_i2d.fits")
    number = int.from_bytes(hashlib.blake2b(obs_id.encode(), digest_size=6).digest()) >> 4
    row: Row = dict.fromkeys(OBSERVATION_TYPES)
    row |= {
        "intentType": "science",
        "obs_collection": "JWST",
        "provenance_name": "CALJWST",
        "instrument_name": "NIRCAM/IMAGE",
        "project": "JWST",
        "wave_region": "INFRARED",
        "wavelength_region": "INFRARED",
        "obs_id": obs_id,
        "s_ra": ra,
        "s_dec": dec,
        "dataproduct_type": "image",
        "calib_level": 2 if name is None else name.calib_level,
        "proposal_id": None if name is None else str(int(name.program)),
        "dataRights": "PUBLIC",
        "mtFlag": False,
        "obsid": 100_000_000 + number,
        "objID": 5_000_000_000 + number,
    }
    row |= columns
    if row["t_obs_release"] is None:
        row["t_obs_release"] = row["t_max"]
    return row


def product_row(file_name: str, size: int, *, owner: Row, parent: Row, **columns: Cell) -> Row:
    """Make one row of a product.

    Parameters
    ----------
    file_name, size
        The file, and its bytes.
    owner, parent
        Row of the observation that it belongs to, and of the one whose list it stands in.
    **columns
        Values of other columns.
    """
    _refuse_unknown(columns, PRODUCT_TYPES)
    name = archive_name(file_name)
    group = (name.suffix if name else Path(file_name).suffix[1:]).upper()
    row: Row = dict.fromkeys(PRODUCT_TYPES)
    row |= {column: owner[column] for column in PRODUCT_TYPES if column in owner}
    row |= {
        "obsID": owner["obsid"],
        "parent_obsid": parent["obsid"],
        "description": _DESCRIPTIONS.get(group, group),
        "type": "C" if owner["calib_level"] == 3 else "S",
        "dataURI": f"mast:JWST/product/{file_name}",
        "productType": "SCIENCE",
        "productSubGroupDescription": group,
        "productFilename": file_name,
        "prvversion": "1.8.2",
        "size": size,
    }
    if name is not None and file_name.endswith(".fits"):
        row["calib_level"] = name.calib_level
        if owner is parent and name.suffix == ("i2d" if name.candidate else "cal"):
            row["productGroupDescription"] = "Minimum Recommended Products"
    return row | columns


def _refuse_unknown(columns: Mapping[str, Cell], known: Mapping[str, str]) -> None:
    for name in columns:
        if name not in known:
            raise UsageError(f"MAST has no column {name!r}")


def bucket_key(file_name: str, name: ArchiveName) -> str:
    """Give the key under which the public bucket keeps a product of an observation."""
    root = f"jwst/public/jw{name.program}"
    return (
        f"{root}/L3/{name.kind}/{name.candidate}/{file_name}"
        if name.candidate
        else f"{root}/{name.visit_id}/{file_name}"
    )
