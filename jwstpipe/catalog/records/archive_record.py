"""The record of an archive file, from what MAST and its header say.

MAST's fields are all kept, under ``mast_<name>``; what the header says better (WCS, unit, size) replaces them in the
typed part. Names, not MAST, decide on the level; where they disagree the record says so.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

from astropy.io.fits import Header

from jwstpipe.catalog.records.components import time_text
from jwstpipe.catalog.records.documents import wrapped
from jwstpipe.catalog.records.header_facts import disagreements, header_facts
from jwstpipe.catalog.records.models import FileFormat, ProductRecord, checked_record
from jwstpipe.catalog.records.plain_values import integer_of, mast_metadata, number_of, present, text_of
from jwstpipe.errors import DataError, TransformError
from jwstpipe.identity import archive_product_id
from jwstpipe.names import (
    ProductName,
    canonical_instrument,
    effective_filter,
    filter_wavelength,
    parse_name,
)
from jwstpipe.sky.box import Box
from jwstpipe.sky.celestial import CelestialWcs, wcs_cards
from jwstpipe.sky.footprint import footprint

__all__ = ["described_by", "needs_refresh", "record_from_archive", "refreshed"]

IMPORT_TAG = "mast-import"
DISAGREEMENT = "calib_level_disagreement"

_MJD_EPOCH = datetime(1858, 11, 17, tzinfo=UTC)
_WCS_CARD = re.compile(
    r"WCSAXES|(?:CRPIX|CRVAL|CTYPE|CUNIT|CDELT|NAXIS)[0-9]|(?:PC|CD)[0-9]_[0-9]|RADESYS|EQUINOX|LONPOLE|LATPOLE"
    r"|[AB]P?_(?:ORDER|[0-9]_[0-9])"
)
_SILENT = header_facts({})
_FORMATS: dict[str, FileFormat] = {".jpg": "jpeg", ".fits.gz": "fits", ".fits.bz2": "fits"}


def record_from_archive(
    fields: Mapping[str, Any],
    header: Mapping[str, Any] | None = None,
    *,
    storage_key: str,
    digest: str,
    file_size: int,
    imported: datetime,
    run_id: str | None = None,
) -> ProductRecord:
    """Make the record of a file that came from the archive.

    Parameters
    ----------
    fields
        MAST's fields of the product and its observation; ``dataURI`` and ``obs_id`` have to be there. None, NaN and
        masked values count as absent.
    header
        Cards of the primary and the science header together; None = not read yet.
    storage_key
        Where the file stands in the store.
    digest
        SHA-256 of the file, hexadecimal.
    file_size
        Bytes.
    imported
        When; with a time zone.
    run_id
        Run that fetched it.

    Returns
    -------
    ProductRecord
        Staged, public, without owner.

    Raises
    ------
    DataError
        ``dataURI`` or ``obs_id`` is missing, or a value that no record may have.
    """
    mast, cards = present(fields), present(header or {})
    uri, file_name = _named(mast)
    name = parse_name(file_name)
    version = None if mast.get("prvversion") is None else str(mast["prvversion"])
    values = {
        "product_id": archive_product_id(uri, version, digest),
        "kind": "archive",
        "file_name": file_name,
        "storage_key": storage_key,
        "uri": uri,
        "file_size": file_size,
        "file_format": _format_of(name),
        "digest": digest,
        "version": version,
        "created": imported,
        "run_id": run_id,
        "slot": uri,
        "is_public": True,
        **_described(mast, cards, name, imported),
    }
    return checked_record(values, what=file_name)


def _named(mast: Mapping[str, Any]) -> tuple[str, str]:
    """Give the URI and the file name of a row, which have to be of one file."""
    uri, obs_id = str(mast.get("dataURI", "")), str(mast.get("obs_id", ""))
    file_name = str(mast.get("productFilename") or uri.rpartition("/")[2])
    if not (uri and obs_id and file_name):
        raise DataError(f"a MAST row without dataURI or obs_id cannot be kept: {uri or obs_id or 'neither is there'}")
    if uri.rpartition("/")[2] != file_name:
        raise DataError(
            f"{uri}: its row names the file {file_name!r}; a record of one file under another's name is none"
        )
    return uri, file_name


def needs_refresh(record: ProductRecord) -> bool:
    """Tell whether an archive record lacks what MAST and the header could tell."""
    image = record.image_info
    return image is None or image.target_name is None or record.processing_level == "unknown"


def refreshed(
    record: ProductRecord, fields: Mapping[str, Any], header: Mapping[str, Any] | None = None, *, imported: datetime
) -> ProductRecord:
    """Read anew what MAST and the header say; identity, file and what belongs to users stay as they are.

    Raises
    ------
    DataError
        A value that no record may have.
    """
    mast = {"obs_id": record.metadata.get("mast_obs_id"), **present(fields)}
    described = _described(mast, present(header or {}), parse_name(record.file_name), imported)
    tags = tuple(dict.fromkeys((*record.tags, *described["tags"])))
    return checked_record({**record.model_dump(), **described, "tags": tags}, what=record.file_name)


def described_by(cards: Mapping[str, Any], file_name: str, when: datetime) -> dict[str, Any]:
    """Say what a file shows, by its headers and its name alone.

    Parameters
    ----------
    cards
        Values by keyword; ``NAXIS1`` and ``NAXIS2`` are columns and rows.
    file_name
        Name; what does not follow the grammar of names tells nothing.
    when
        Time of the entry.

    Returns
    -------
    dict
        Fields of a record: level, programme, observation, image info, position and so on.
    """
    fields = _described({}, present(cards), parse_name(file_name), when)
    return {**fields, "metadata": {}, "tags": tuple(filter(None, (fields["image_info"]["instrument"],)))}


def _described(mast: Mapping[str, Any], cards: Mapping[str, Any], name: ProductName, when: datetime) -> dict[str, Any]:
    image = _image_info(mast, cards, name)
    obs_id = text_of(mast.get("obs_id"))
    facts = header_facts(cards) if cards else None
    by_header = facts or _SILENT
    position = _position(mast, cards, name=name.text or image["target_name"] or "image")
    return {
        "data_type": name.data_type,
        "processing_level": name.level if name.level != "unknown" else by_header.level or "unknown",
        "observation_base_id": name.observation_base_id or by_header.observation_base_id or obs_id,
        "exposure_id": name.exposure_id or by_header.exposure_id,
        "exposure_number": name.exposure or _padded(by_header.exposure, 5),
        "segment": name.segment or _padded(by_header.segment, 3),
        "detector": name.detector or by_header.detector,
        "program": integer_of(mast.get("proposal_id")) or integer_of(name.program) or by_header.program,
        "is_viewable": name.viewable,
        "image_info": image,
        "ra": None if position is None else position[0],
        "dec": None if position is None else position[1],
        "warnings": disagreements(name, facts, mast),
        "metadata": _metadata(mast, name, when),
        "tags": tuple(dict.fromkeys(filter(None, (IMPORT_TAG, obs_id, image["instrument"])))),
    }


def _padded(number: int | None, digits: int) -> str | None:
    return None if number is None else f"{number:0{digits}d}"


def _position(mast: Mapping[str, Any], cards: Mapping[str, Any], *, name: str) -> tuple[float, float] | None:
    """Find the middle of an image: from its own WCS and size, else the archive's position, else the target's."""
    wcs = {key: value for key, value in cards.items() if _WCS_CARD.fullmatch(key)}
    rows, columns = integer_of(cards.get("NAXIS2")), integer_of(cards.get("NAXIS1"))
    if "CTYPE1" in wcs and rows and columns:
        try:
            celestial = CelestialWcs.from_cards(wcs_cards(Header(wcs)), name=name)
            middle = footprint(celestial, Box.of_shape((rows, columns)), name=name).centre
            return wrapped(middle[0]), middle[1]
        except TransformError:
            pass  # spectra have a WCS too, of another kind
    for ra_key, dec_key, source in (
        ("s_ra", "s_dec", mast),
        ("TARG_RA", "TARG_DEC", cards),
        ("CRVAL1", "CRVAL2", cards),
    ):
        ra, dec = number_of(source.get(ra_key)), number_of(source.get(dec_key))
        if ra is not None and dec is not None and -90 <= dec <= 90:
            return wrapped(ra), dec
    return None


def _metadata(mast: Mapping[str, Any], name: ProductName, when: datetime) -> dict[str, Any]:
    metadata = mast_metadata(mast)
    metadata |= {"source": "MAST", "import_date": time_text(when), "processing_level": name.level}
    listed = integer_of(mast.get("calib_level"))
    if name.calib_level is not None and listed is not None and listed != name.calib_level:
        metadata[DISAGREEMENT] = f"the name says {name.level} ({name.calib_level}), the archive says {listed}"
    return metadata


def _image_info(mast: Mapping[str, Any], cards: Mapping[str, Any], name: ProductName) -> dict[str, Any]:
    filters = str(mast.get("filters") or ";".join(str(cards[key]) for key in ("FILTER", "PUPIL") if cards.get(key)))
    band = effective_filter(filters) or next(iter(name.filters), None) or filters or None
    instrument = str(mast.get("instrument_name") or cards.get("INSTRUME") or name.instrument or "")
    level = integer_of(mast.get("calib_level"))
    region = mast.get("wavelength_region")
    exposure = number_of(mast.get("t_exptime"))
    table = str(cards.get("XTENSION", "")).strip() in ("BINTABLE", "TABLE")  # bytes and rows, no pixels
    return {
        "width": None if table else integer_of(cards.get("NAXIS1")),
        "height": None if table else integer_of(cards.get("NAXIS2")),
        "bit_depth": None if table else abs(integer_of(cards.get("BITPIX")) or 0) or None,
        "target_name": text_of(mast.get("target_name"))
        or text_of(cards.get("TARGNAME"))
        or text_of(cards.get("TARGPROP")),
        "filter": band,
        "wavelength": filter_wavelength(
            band or "", em_min=number_of(mast.get("em_min")), em_max=number_of(mast.get("em_max"))
        ),
        "instrument": canonical_instrument(instrument) or instrument or None,
        "observation_date": _observed(mast, cards),
        "exposure_time": number_of(cards.get("EFFEXPTM")) if exposure is None else exposure,
        "coordinate_system": text_of(cards.get("RADESYS")) or "ICRS",
        "wcs": _wcs(mast, cards),
        "units": text_of(cards.get("BUNIT")),
        "wavelength_range": text_of(region),
        "calibration_level": level if level is not None and 0 <= level <= 4 else None,
        "proposal_id": text_of(mast.get("proposal_id")),
        "proposal_pi": text_of(mast.get("proposal_pi")),
        "observation_title": text_of(mast.get("obs_title")),
    }


def _observed(mast: Mapping[str, Any], cards: Mapping[str, Any]) -> datetime | None:
    """Take the first time of MAST that is one, as MJD; then the header's."""
    for key in ("t_min", "t_max", "t_obs_release"):
        mjd = number_of(mast.get(key))
        if mjd is not None and 0 < mjd < 1e6:
            return _MJD_EPOCH + timedelta(days=mjd)
    date, time = text_of(cards.get("DATE-OBS")), text_of(cards.get("TIME-OBS"))
    if date is None:
        return None
    try:
        found = datetime.fromisoformat(date if "T" in date or time is None else f"{date}T{time}")
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


def _wcs(mast: Mapping[str, Any], cards: Mapping[str, Any]) -> dict[str, Any] | None:
    if "CTYPE1" in cards and "CRVAL1" in cards:
        return {key: value for key, value in cards.items() if _WCS_CARD.fullmatch(key)}
    ra, dec = number_of(mast.get("s_ra")), number_of(mast.get("s_dec"))
    return None if ra is None or dec is None else {"CRVAL1": ra, "CRVAL2": dec}


def _format_of(name: ProductName) -> FileFormat | None:
    plain = _FORMATS.get(name.extension) or name.extension.lstrip(".")
    return next((known for known in get_args(FileFormat) if known == plain), None)
