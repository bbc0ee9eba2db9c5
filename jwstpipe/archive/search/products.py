"""Which files belong to observations, and which of them are wanted."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from astropy.table import MaskedColumn, Row, Table

from jwstpipe.archive.product import Product
from jwstpipe.archive.safe_names import checked_file_name, checked_obs_id, checked_uri, suffix_of
from jwstpipe.archive.search.name_columns import NAME_COLUMNS, with_names
from jwstpipe.archive.search.portal import Portal, Rows, all_rows, open_portal
from jwstpipe.archive.search.response_cache import Answers
from jwstpipe.archive.search.search import SearchResult
from jwstpipe.errors import ArchiveError, DataError
from jwstpipe.progress import Progress, Reporter, silent
from jwstpipe.settings import ArchiveSettings

__all__ = ["Product", "ProductListing", "Tally", "choose_products", "list_products", "product_table", "tally"]

OBSERVATIONS_AT_ONCE = 10
"""Observations in one question: joins of more are slow on the server and run into its time limit."""

SCIENCE_SUFFIXES: Mapping[int, tuple[str, ...]] = {1: ("uncal",), 2: ("cal",), 3: ("i2d",)}
"""Kinds of image files wanted by default, by level."""

SPECTRAL_SUFFIXES: Mapping[int, tuple[str, ...]] = {2: ("calints",), 3: ("s2d", "s3d", "x1d", "x1dints", "c1d")}
"""Kinds of files wanted besides where spectra are, by level."""

SPECTRA = ("spectrum", "cube", "timeseries")
"""Types of data that are no images, as the archive names them."""

FITS_ENDINGS = (".fits", ".fits.gz")


@dataclass(frozen=True)
class ProductListing:
    """All files of some observations; iterates over the products."""

    products: tuple[Product, ...]
    """Each file once, by dataURI, in the order of observation and name."""

    reported: int
    """Rows that the archive said it has."""

    cut: tuple[str, ...]
    """Where and how answers fell short; empty when all reported rows came."""

    refused: tuple[str, ...]
    """What is wrong with rows that were left out, because their names are not safe or not MAST's."""

    @property
    def complete(self) -> bool:
        """Whether all reported rows came."""
        return not self.cut

    def __iter__(self) -> Iterator[Product]:
        return iter(self.products)

    def __len__(self) -> int:
        return len(self.products)


@dataclass(frozen=True)
class Tally:
    """Files and bytes of one filter at one level."""

    level: int
    filters: tuple[str, ...]
    files: int
    size: int
    """Bytes as listed."""


def list_products(
    result: SearchResult, *, settings: ArchiveSettings, answers: Answers | None = None, report: Reporter = silent
) -> ProductListing:
    """List the files of the observations found.

    A batch of observations that the archive does not manage in time is asked for one by one.

    Parameters
    ----------
    result
        A search.
    settings
        Which archive, and how patient to be.
    answers
        Answers kept on disk, taken where they are young enough; None = always ask, keep nothing.
    report
        Told after each batch of observations.

    Raises
    ------
    ArchiveError
        The archive does not answer, or not like MAST.
    """
    observations = {str(row["obsid"]): row for row in result.observations}
    found: dict[str, Product] = {}
    refused: list[str] = []
    reported, cuts, done = 0, [], 0
    report(Progress("products", 0, len(observations), "observations"))
    for batch, rows in _batches(open_portal(settings, answers=answers), list(observations)):
        reported += rows.reported
        cuts += [] if rows.cut is None else [f"files of {len(batch)} observations: {rows.cut}"]
        for product in _read_rows(rows, observations, refused):
            held = found.get(product.data_uri)
            if held is None or (held.is_member and not product.is_member):
                found[product.data_uri] = product
        done += len(batch)
        report(Progress("products", done, len(observations), "observations"))
    products = sorted(found.values(), key=lambda product: (product.obs_id, product.file_name, product.data_uri))
    return ProductListing(tuple(products), reported, tuple(cuts), tuple(dict.fromkeys(refused)))


def _batches(portal: Portal, keys: Sequence[str]) -> Iterator[tuple[Sequence[str], Rows]]:
    """Ask for the files of observations, some at once; those of a batch that fails one by one."""
    for start in range(0, len(keys), OBSERVATIONS_AT_ONCE):
        batch = keys[start : start + OBSERVATIONS_AT_ONCE]
        try:
            yield batch, _ask_products(portal, batch)
        except ArchiveError:
            if len(batch) == 1 or portal.settings.offline:
                raise
        else:
            continue
        for key in batch:
            yield [key], _ask_products(portal, [key])


def _ask_products(portal: Portal, keys: Sequence[str]) -> Rows:
    return all_rows(portal, "Mast.Caom.Products", {"obsid": ",".join(keys)})


def choose_products(
    products: Iterable[Product],
    *,
    level: Collection[int] = (2, 3),
    suffix: Collection[str] = (),
    filters: Collection[str] = (),
    members: bool = False,
    spectra: bool = False,
) -> tuple[Product, ...]:
    """Choose the files that are wanted.

    Parameters
    ----------
    products
        Files listed.
    level
        Levels; none = all.
    suffix
        Kinds, as ``i2d``; none = the science image of each level: uncal, cal, i2d. With none, only FITS files of type
        SCIENCE count; with some, whatever carries the suffix but previews.
    filters
        Filters, in any case; a compound of two answers to either name. None = all.
    members
        True also takes files of other observations that went into a combined one found.
    spectra
        True also takes spectra, cubes and time series where no suffix says what is wanted.

    Returns
    -------
    tuple of Product
        Public files, by level (highest first), instrument, filter and name.
    """
    kinds = {kind.lower().lstrip("_") for kind in suffix}
    names = {name.strip().upper() for name in filters}
    chosen = [
        product
        for product in products
        if (not level or product.level in level)
        and (
            product.suffix in kinds and product.product_type != "PREVIEW"
            if kinds
            else _is_science(product, spectra=spectra)
        )
        and (not names or not names.isdisjoint(name.upper() for name in product.filters))
        and (members or not product.is_member)
        and product.rights.upper() in ("", "PUBLIC")
    ]
    return tuple(sorted(chosen, key=lambda p: (-p.level, p.instrument, p.filters, p.file_name, p.data_uri)))


def tally(products: Iterable[Product]) -> tuple[Tally, ...]:
    """Count files and bytes by level and filter, highest level first."""
    sums: dict[tuple[int, tuple[str, ...]], tuple[int, int]] = {}
    for product in products:
        files, size = sums.get((product.level, product.filters), (0, 0))
        sums[product.level, product.filters] = files + 1, size + product.size
    ordered = sorted(sums.items(), key=lambda item: (-item[0][0], item[0][1]))
    return tuple(Tally(level, names, files, size) for (level, names), (files, size) in ordered)


def product_table(products: Iterable[Product]) -> Table:
    """Make a table of files: every field of MAST as it names it, and the parts of the file names.

    Returns
    -------
    astropy.table.Table
        One row for each file in the order given; fields that a file does not have are masked.
    """
    held = list(products)
    columns = list(dict.fromkeys(key for product in held for key in product.mast))
    table = Table(masked=True)
    for key in columns:
        values = [product.mast.get(key) for product in held]
        kinds = {type(value) for value in values if value is not None}
        kind = kinds.pop() if len(kinds) == 1 else (float if kinds <= {int, float} else str)
        filled = [kind() if value is None else kind(value) for value in values]
        table[key] = MaskedColumn(filled, mask=[value is None for value in values], dtype=kind)
    return with_names(table, "productFilename")


def _is_science(product: Product, *, spectra: bool) -> bool:
    kinds = SCIENCE_SUFFIXES.get(product.level, ())
    if spectra:
        kinds += SPECTRAL_SUFFIXES.get(product.level, ())
    elif str(product.mast.get("dataproduct_type", "")).lower() in SPECTRA:
        return False
    return (
        product.product_type == "SCIENCE"
        and product.file_name.lower().endswith(FITS_ENDINGS)
        and product.suffix in kinds
        and "_gs-" not in product.file_name.lower()
    )


def _read_rows(rows: Rows, observations: Mapping[str, Row], refused: list[str]) -> Iterator[Product]:
    """Turn rows into products; a row with an unsafe name is noted and left out, the others stay."""
    for row in rows.table:
        fields = _fields(row)
        own = observations.get(str(fields.get("obsID", "")))
        parent = own if own is not None else observations.get(str(fields.get("parent_obsid", "")))
        try:
            yield _product(fields, {} if parent is None else _fields(parent))
        except DataError as error:
            refused.append(str(error))


def _product(fields: Mapping[str, Any], observation: Mapping[str, Any]) -> Product:
    file_name = checked_file_name(str(fields.get("productFilename", "")))
    uri = checked_uri(str(fields.get("dataURI", "")))
    if uri.rpartition("/")[2] != file_name:
        raise DataError(f"{uri}: its row names the file {file_name}; one of them is wrong, and it is left out")
    obs_id = checked_obs_id(str(fields.get("obs_id") or observation.get("obs_id", "")))
    others = {f"observation_{key}": value for key, value in observation.items() if fields.get(key, value) != value}
    merged = {**observation, **others, **fields}

    def text(key: str) -> str:
        return str(merged.get(key, ""))

    return Product(
        data_uri=uri,
        file_name=file_name,
        size=max(int(merged.get("size", 0)), 0),
        obs_id=obs_id,
        level=int(merged.get("calib_level", -1)),
        suffix=suffix_of(file_name),
        filters=tuple(name.strip() for name in text("filters").split(";") if name.strip()),
        instrument=text("instrument_name"),
        target=text("target_name"),
        product_type=text("productType").upper(),
        version=text("prvversion"),
        rights=text("dataRights"),
        listed_under=str(observation.get("obs_id") or obs_id),
        mast=merged,
    )


def _fields(row: Row) -> dict[str, Any]:
    """Read a row as MAST gave it, as plain Python values without the empty ones."""
    plain: dict[str, Any] = {}
    for name in row.colnames:
        if name in NAME_COLUMNS:
            continue
        cell = row[name]
        if np.ma.is_masked(cell):
            continue
        value = cell.item() if isinstance(cell, np.generic) else cell
        if value is None or value == "" or (isinstance(value, float) and not np.isfinite(value)):
            continue
        plain[name] = value
    return plain
