"""What the library holds of a place: archive files of the catalogue, as rows and as ids of observations."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from jwstpipe.catalog.query import RecordQuery
from jwstpipe.catalog.reader import CatalogReader
from jwstpipe.catalog.records.models import ProductRecord

__all__ = ["Held", "held_near", "held_of", "row_of"]

_LEVELS = {"L2b": 2, "L3": 3}
_IMAGES = ("_cal.fits", "_i2d.fits")


@dataclass(frozen=True)
class Held:
    """Archive images that are here."""

    rows: tuple[Mapping[str, Any], ...] = ()
    """One for each observation, with MAST's names."""

    sizes: Mapping[str, int] = field(default_factory=dict)
    """Bytes by observation id, small letters."""

    pictures: int = 0
    """Colour pictures of the place."""

    mosaics: int = 0

    @property
    def ids(self) -> frozenset[str]:
        """Observations that are here."""
        return frozenset(self.sizes)


def held_near(catalog: CatalogReader, ra: float, dec: float, radius: float) -> Held:
    """Find what lies within a radius of a position, degrees; as whoever opened the catalogue may see it."""
    query = RecordQuery(kind=("archive", "mosaic", "picture"), ra=ra % 360.0, dec=dec, radius=radius)
    return held_of(catalog.each(query))


def held_of(records: Iterable[ProductRecord]) -> Held:
    """Sort records."""
    rows: dict[str, Mapping[str, Any]] = {}
    sizes: dict[str, int] = {}
    counts = {"picture": 0, "mosaic": 0}
    for record in records:
        if record.kind in counts:
            counts[record.kind] += 1
        if record.kind != "archive" or not record.file_name.lower().removesuffix(".gz").endswith(_IMAGES):
            continue
        row = row_of(record)
        name = str(row["obs_id"]).lower()
        rows.setdefault(name, row)
        sizes[name] = sizes.get(name, 0) + (record.file_size or 0)
    return Held(tuple(rows[name] for name in sorted(rows)), sizes, counts["picture"], counts["mosaic"])


def row_of(record: ProductRecord) -> Mapping[str, Any]:
    """Write a record as the archive would have listed its observation; what MAST said of it goes first."""
    info = record.image_info
    told = {key.removeprefix("mast_"): value for key, value in record.metadata.items() if key.startswith("mast_")}
    known = {
        "obs_id": record.observation_base_id or record.file_name,
        "calib_level": _LEVELS.get(record.processing_level),
        "dataproduct_type": "image",
        "proposal_id": record.program,
        "s_ra": record.ra,
        "s_dec": record.dec,
        "instrument_name": info.instrument if info else None,
        "filters": info.filter if info else None,
        "target_name": info.target_name if info else None,
        "t_exptime": info.exposure_time if info else None,
    }
    return {**{key: value for key, value in known.items() if value is not None}, **told}
