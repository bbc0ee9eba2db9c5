"""Sources near a place in all catalogues that the catalogue of records knows."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.table import Table, vstack

from jwstpipe.analysis.catalogues.cone import ARCSEC, SKY_CIRCLE, cone
from jwstpipe.catalog.catalog import Catalog
from jwstpipe.catalog.query import RecordQuery
from jwstpipe.catalog.records.models import ProductRecord
from jwstpipe.errors import JwstPipeError, NotFoundError, UsageError
from jwstpipe.images.open import open_image
from jwstpipe.operations.inputs.catalogue_inputs import table_at
from jwstpipe.operations.make.places import address_of
from jwstpipe.requests import CompositeRequest
from jwstpipe.settings import S3Settings
from jwstpipe.sky.frames import ICRS, rotated
from jwstpipe.sky.regions import separation_deg
from jwstpipe.storage import ObjectStore, is_remote
from jwstpipe.storage.position_tables import MOST_POSITIONS

__all__ = ["KNOWN", "NearSources", "sources_near", "with_known_sources"]

KNOWN = "catalogue"
"""What stands for a table of sources: all that the catalogue of records knows there."""

MOST_ROWS = 1_000_000

SAME_MAS = 10.0
"""Positions nearer than this, in a picture, are one source of several catalogues."""


@dataclass(frozen=True, eq=False)
class NearSources:
    """Sources of several catalogues."""

    table: Table
    """Nearest first: ``separation`` (arcsec), ``catalogue`` and ``product_id`` of its record, and all columns that any
    of them has; what one lacks is masked."""

    catalogues: int
    """How many were asked."""

    opened: int
    """How many of them were opened: the records of the others say that they lie elsewhere."""

    notes: tuple[str, ...]
    """Those that could not be, each with its reason."""


def sources_near(catalog: Catalog, store: ObjectStore, ra: float, dec: float, radius_arcsec: float) -> NearSources:
    """Find sources near a place in every catalogue of sources that is registered, also those of the archive.

    Parameters
    ----------
    catalog, store
        Of the site.
    ra, dec
        Degrees, ICRS.
    radius_arcsec
        Above 0.

    Raises
    ------
    UsageError
        No radius, or more than a million rows.
    """
    records = _tables_of_sources(catalog)
    found: list[Table] = []
    notes, looked, elsewhere, rows = [], 0, 0, 0
    for record in records:
        if _elsewhere(record, ra, dec, radius_arcsec / ARCSEC):
            elsewhere += 1
            continue
        address = address_of(record, store)
        if address is None:
            notes.append(f"{record.file_name}: nobody knows where it is")
            continue
        try:
            part = cone(_readable(address, store.s3), ra, dec, radius_arcsec)
        except UsageError:
            raise
        except JwstPipeError as error:
            notes.append(str(error))
            continue
        looked, rows = looked + 1, rows + len(part)
        if rows > MOST_ROWS:
            raise UsageError(f"radius {radius_arcsec:g} arcsec: holds more than {MOST_ROWS:,} sources; narrow it")
        if len(part):
            found.append(_told(part, record))
    return NearSources(_joined(found), elsewhere + looked, looked, tuple(notes))


def _elsewhere(record: ProductRecord, ra: float, dec: float, radius: float) -> bool:
    """Tell whether the circle of a record, where it has one, and that of a search do not meet."""
    circle = record.processing_results[-1].results.get(SKY_CIRCLE) if record.processing_results else None
    try:
        middle_ra, middle_dec, reach = map(float, circle or ())
    except (TypeError, ValueError):
        return False
    return float(separation_deg(middle_ra, middle_dec, np.array([ra]), np.array([dec]))[0]) > reach + radius


def _tables_of_sources(catalog: Catalog) -> list[ProductRecord]:
    """Give the records of catalogues of ours, and of those that the archive's pipeline made."""
    ours = catalog.find(RecordQuery(kind=("catalogue",)), sort="file_name")
    theirs = catalog.find(RecordQuery(kind=("archive",), text="_cat.ecsv"), sort="file_name")
    return [*ours, *theirs]


def _readable(address: str, s3: S3Settings) -> Path | Table:
    return table_at(address, s3=s3) if is_remote(address) else Path(address)


def _told(part: Table, record: ProductRecord) -> Table:
    part.meta = {}
    for position, (name, value) in enumerate((("catalogue", record.file_name), ("product_id", record.product_id))):
        if name in part.colnames:
            part.remove_column(name)
        part.add_column([value] * len(part), name=name, index=position)
    return part


def _joined(parts: Sequence[Table]) -> Table:
    """Put tables together, the nearest first; a column that is words in one is words in all."""
    if not parts:
        return Table()
    kinds: dict[str, set[bool]] = defaultdict(set)
    for part in parts:
        for name in part.colnames:
            kinds[name].add(getattr(part[name], "dtype", np.dtype(object)).kind in "US")
    for part in parts:
        for name in part.colnames:
            if len(kinds[name]) > 1:
                part[name] = [str(value) for value in part[name]]
    table = vstack(list(parts), join_type="outer", metadata_conflicts="silent")
    first = ["separation", "catalogue", "product_id"]
    table = table[first + [name for name in table.colnames if name not in first]]
    table.sort("separation")
    return table


def with_known_sources(
    request: CompositeRequest, images: Sequence[str | Path], *, catalog: Catalog, store: ObjectStore
) -> CompositeRequest:
    """Put the positions of all sources that are known on images in the place of the word `KNOWN`.

    Raises
    ------
    NotFoundError
        None is known there.
    UsageError
        More than a picture keeps.
    """
    if request.sources != KNOWN or Path(KNOWN).exists() or not images:
        return request
    ra, dec, radius = _circle_of(images[0], store.s3)
    near = sources_near(catalog, store, ra, dec, radius)
    if not len(near.table):
        more = f" ({'; '.join(near.notes[:3])})" if near.notes else ""
        raise NotFoundError(
            f"sources: none of {near.catalogues} catalogues of {catalog.database.address} has one on"
            f" {str(images[0]).rstrip('/').rpartition('/')[2]}{more}; make one with jwstpipe detect, and enter it with"
            " jwstpipe catalog add"
        )
    places = _distinct(np.asarray(near.table["ra"], float), np.asarray(near.table["dec"], float))
    if len(places) > MOST_POSITIONS:
        raise UsageError(f"sources: {len(places):,} are known there, a picture keeps {MOST_POSITIONS:,}; give a table")
    lines = [f"{a!r},{d!r}" for a, d in places.tolist()]
    return request.model_copy(update={"sources": "\n".join(["ra,dec", *lines, ""])})


def _distinct(ra: np.ndarray, dec: np.ndarray) -> np.ndarray:
    """Give positions (n, 2), those that agree once, in the order of declination."""
    cell = SAME_MAS / 1000.0 / ARCSEC
    keys = np.stack([np.round(ra * np.cos(np.radians(dec)) / cell), np.round(dec / cell)], axis=-1)
    _, first = np.unique(keys, axis=0, return_index=True)
    kept = np.sort(first)
    return np.stack([ra[kept], dec[kept]], axis=-1)


def _circle_of(address: str | Path, s3: S3Settings) -> tuple[float, float, float]:
    """Give the middle of an image and the distance of its farthest corner, degrees and arcsec."""
    image = open_image(address, s3=s3)
    rows, columns = image.shape
    wcs = image.image_wcs.exact(name=image.address)
    x = np.array([(columns - 1) / 2, 0.0, columns - 1.0, 0.0, columns - 1.0])
    y = np.array([(rows - 1) / 2, 0.0, 0.0, rows - 1.0, rows - 1.0])
    ra, dec = (np.asarray(one) for one in rotated(*wcs.to_sky(x, y), wcs.frame, ICRS))
    away = separation_deg(float(ra[0]), float(dec[0]), ra[1:], dec[1:])
    return float(ra[0]) % 360.0, float(dec[0]), float(np.nanmax(away)) * ARCSEC
