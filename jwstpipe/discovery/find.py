"""Records of the catalogue found by words; the index beside the catalogue is brought up to date first."""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from jwstpipe.catalog.database.address import SCHEMES
from jwstpipe.catalog.query import RecordQuery
from jwstpipe.catalog.reader import CatalogReader
from jwstpipe.catalog.records.models import ProductRecord
from jwstpipe.discovery.words.encoder import encoded, record_vectors
from jwstpipe.discovery.words.facts import Facts, digest_of, facts_of
from jwstpipe.discovery.words.index import WordIndex, build_index, facts_in, load_index, save_index
from jwstpipe.discovery.words.parse import Query, parse_query
from jwstpipe.discovery.words.ranking import Encoder, Ranked, rank, why
from jwstpipe.errors import StorageError
from jwstpipe.progress import Progress, Reporter, silent
from jwstpipe.requests.discovery import FindRequest
from jwstpipe.sky.regions import separation_deg

__all__ = ["Found", "Hit", "current_index", "find_records_by_words", "index_path"]

AT_ONCE = 200
"""Results whose visibility is asked for together."""


class Hit(BaseModel):
    """One observation, or one product of ours, that fits."""

    model_config = ConfigDict(frozen=True)

    product_id: str = Field(description="of the record that fits best")
    file_name: str
    kind: str
    level: str
    target: str | None
    known_as: str | None = Field(description="name of the table of targets")
    instrument: str | None
    filter: str | None
    exposure_s: float | None
    observed: str | None
    program: int | None
    pi: str | None
    title: str | None
    thumbnail: str | None = Field(description="storage key of a small picture")
    records: int = Field(description="records of this observation, instrument and filter that fit, all levels")
    score: float
    why: tuple[str, ...] = Field(description="what of the query it meets")


@dataclass(frozen=True)
class Found:
    """What fits some words."""

    query: Query
    hits: tuple[Hit, ...]
    records: int
    """Records that were ranked."""

    indexed: int
    """Records that were read anew for this."""


def find_records_by_words(
    request: FindRequest, catalog: CatalogReader, home: Path, *, encoder: Encoder | None = None,
    report: Reporter = silent,
) -> Found:  # fmt: skip
    """Find records of the catalogue by words, the best first; levels and detectors of one observation are one result.

    Parameters
    ----------
    request
        Words, how many results, and a cone if only what lies there is wanted.
    catalog
        As whoever asks may see it: others' records are not given, and not counted.
    home
        Folder of the site, for the index of a catalogue that is not a file.
    encoder
        Model of a site, which then has a share in the order.
    report
        Told while records are indexed.
    """
    index, read = current_index(catalog, home, report=report)
    query = parse_query(
        request.words, programs=index.programs, people=index.people, without=request.without
    )  # fmt: skip
    within = None
    if request.ra is not None and request.dec is not None:
        apart = separation_deg(
            request.ra, request.dec, np.nan_to_num(index.numbers["ra"]), np.nan_to_num(index.numbers["dec"])
        )
        within = (apart <= (request.radius or 0.1)) & np.isfinite(index.numbers["ra"])
    vectors = vector = None
    if encoder is not None and len(index):
        vectors = record_vectors(index, encoder, index_path(catalog.database.address, home))
        (vector,) = encoded(encoder, [request.words])
    ranked = rank(index, query, within=within, vectors=vectors, vector=vector)
    return Found(query, tuple(_hits(index, query, ranked, catalog, request.limit)), len(index), read)


def current_index(catalog: CatalogReader, home: Path, *, report: Reporter = silent) -> tuple[WordIndex, int]:
    """Give the index of all published records, brought up to date; and how many records were read anew for it."""
    address = catalog.database.address
    path, stamp = index_path(address, home), _stamp(catalog)
    held = load_index(path)
    if held is not None and held[1] == stamp:
        return held[0], 0
    known = {} if held is None else facts_in(held[0])
    facts, read = [], 0
    total = catalog.database.count(RecordQuery(), viewer=None)
    for number, document in enumerate(
        catalog.database.find(RecordQuery(kind=("archive", "image", "mosaic", "picture", "catalogue", "filtered")),
                              viewer=None, sort="oldest")
    ):  # fmt: skip
        digest = digest_of(document)
        before = known.get(str(document["_id"]))
        if before is None or before.digest != digest:
            read += 1
            before = facts_of(document, digest)
        facts.append(before)
        if number % 5_000 == 0:
            report(Progress("index", number, total, "records"))
    index = build_index(_listed_once(facts))
    with suppress(StorageError):  # a folder that cannot be written: the next question reads the records again
        save_index(index, path, stamp=stamp)
    return index, read


def index_path(address: str, home: Path) -> Path:
    """Name the file of the index: beside an embedded catalogue, else in the home folder."""
    if address.startswith(SCHEMES):
        return home.expanduser() / "discovery" / f"words-{blake2b(address.encode(), digest_size=6).hexdigest()}.npz"
    return Path(address).expanduser().with_suffix(".words.npz")


def _listed_once(facts: Sequence[Facts]) -> list[Facts]:
    return list({one.product_id: one for one in facts}.values())


def _stamp(catalog: CatalogReader) -> str:
    """Tell what changes whenever a record may have: size and time of an embedded file, else the moment."""
    address = catalog.database.address
    if address.startswith(SCHEMES):
        return f"asked {time.time_ns()}"
    told = []
    for path in (Path(address), Path(f"{address}-wal")):
        try:
            facts = path.expanduser().stat()
        except OSError:
            continue
        if facts.st_size:
            told.append((facts.st_size, facts.st_mtime_ns))
    return json.dumps(told)


def _hits(
    index: WordIndex, query: Query, ranked: Sequence[Ranked], catalog: CatalogReader, limit: int
) -> Iterator[Hit]:
    """Give the best record of each group that may be seen, with the number of its like."""
    groups = index.codes["group"]
    counts: dict[int, int] = {}
    best: dict[int, Ranked] = {}
    for start in range(0, len(ranked), AT_ONCE):
        batch = ranked[start : start + AT_ONCE]
        seen = catalog.published(index.ids[one.row] for one in batch)
        for one in batch:
            if index.ids[one.row] in seen:
                group = int(groups[one.row])
                counts[group] = counts.get(group, 0) + 1
                if len(best) < limit or group in best:
                    best.setdefault(group, one)
        if len(best) >= limit and start >= 4 * AT_ONCE:
            break
    records = catalog.get_many(index.ids[one.row] for one in best.values())
    reasons = why(index, query, [one.row for one in best.values()])
    for (group, one), told in zip(best.items(), reasons, strict=True):
        record = records.get(index.ids[one.row])
        if record is not None:
            yield _hit(record, index, one, told, counts[group])


def _hit(record: ProductRecord, index: WordIndex, ranked: Ranked, reasons: tuple[str, ...], count: int) -> Hit:
    info = record.image_info
    known = index.names["target"][index.codes["target"][ranked.row]]
    return Hit(
        product_id=record.product_id, file_name=record.file_name, kind=record.kind, level=record.processing_level,
        target=info.target_name if info else None, known_as=known or None, instrument=info.instrument if info else None,
        filter=info.filter if info else None, exposure_s=info.exposure_time if info else None,
        observed=info.observation_date.date().isoformat() if info and info.observation_date else None,
        program=record.program, pi=info.proposal_pi if info else None, title=info.observation_title if info else None,
        thumbnail=record.thumbnail, records=count, score=round(ranked.score, 4), why=reasons,
    )  # fmt: skip
