"""Edges between archive products: what their associations, headers and names tell of their inputs.

The best evidence counts: an association file, then the table of inputs in a combined product, then names. A link that
was once resolved stays: what a product was made of does not change when a newer version of the input arrives.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from jwstpipe.catalog.catalog import Catalog
from jwstpipe.catalog.lineage.associations import Member, association_members, product_key
from jwstpipe.catalog.query import RecordQuery
from jwstpipe.catalog.records.components import Evidence, InputLink, InputRole
from jwstpipe.catalog.records.header_table import table_inputs
from jwstpipe.catalog.records.models import ProductRecord
from jwstpipe.catalog.visibility import require_site
from jwstpipe.errors import JwstPipeError
from jwstpipe.names import ProductName, parse_name
from jwstpipe.storage import ObjectStore

__all__ = ["link_archive", "parents_among"]

_MADE_FROM: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("rate", "rateints", "ramp", "dark"), ("uncal",)),
    "cal": ("rate", "rateints"),
    "calints": ("rateints", "rate"),
    **dict.fromkeys(("bsub", "mbsub"), ("rate", "cal")),
    "bsubints": ("rateints",),
    "crf": ("cal",),
    "crfints": ("calints", "cal"),
    **dict.fromkeys(("i2d", "s2d", "s3d"), ("cal",)),
    "x1d": ("s2d", "s3d", "cal"),
    "x1dints": ("calints", "cal"),
}
"""Suffixes that an exposure's product is made from, the likeliest first."""

_MADE_FROM_COMBINED: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("segm", "cat"), ("i2d",)),
    "c1d": ("x1d",),
    "whtlt": ("x1dints",),
}
"""Suffixes of the same combined product that another of its files is made from."""

_EXPOSURES_OF_COMBINED = ("crf", "cal", "calints")
_WITH_TABLES = ("i2d", "s2d", "s3d")
"""Suffixes of products that may carry a table of input headers."""


def parents_among(output: ProductName, inputs: Sequence[ProductName]) -> tuple[ProductName, ...]:
    """Choose the inputs that one output of a pipeline run came from.

    An output of one exposure came from the inputs of the same exposure, segment and detector; if there are none, of
    the same exposure; if there are none, and for combined outputs, from all inputs.
    """
    if output.kind != "exposure":
        return tuple(inputs)
    same = [name for name in inputs if _exposure_key(name) == _exposure_key(output)]
    if any(name.detector == output.detector for name in same):
        same = [name for name in same if name.detector == output.detector]
    return tuple(same) if same else tuple(inputs)


def link_archive(catalog: Catalog, store: ObjectStore | None = None, *, programs: Iterable[int] | None = None) -> int:
    """Write the links between archive products that are not there yet.

    Parameters
    ----------
    catalog
        Its published archive products are looked at.
    store
        Holds the association files that the catalogue knows, and the combined products with their tables of inputs;
        None = names only.
    programs
        Only these programmes; None = all.

    Returns
    -------
    int
        How many records changed.
    """
    require_site(catalog.user, "linking archive products")
    wanted: Sequence[int | None] = [None] if programs is None else sorted(set(programs))
    changed = 0
    for program in wanted:
        records = catalog.find(RecordQuery(kind=("archive",), program=program), sort="oldest")
        associations = _associations(records, store)
        family = _Family(records, associations, _tables(records, associations, store))
        updates = []
        for record in records:
            links = _merged(record.inputs, family.links(record))
            if links != record.inputs:
                updates.append((record.product_id, links))
        changed += catalog.set_inputs(updates)
    return changed


class _Family:
    """Archive products of one programme, found by what links go by."""

    def __init__(
        self,
        records: Sequence[ProductRecord],
        associations: Mapping[str, tuple[Member, ...]],
        tables: Mapping[str, tuple[str, ...]],
    ) -> None:
        self.associations = associations
        self.tables = tables
        self.by_name: dict[str, ProductRecord] = {}
        self.by_exposure: dict[tuple[str | None, ...], list[tuple[ProductName, ProductRecord]]] = defaultdict(list)
        self.by_product: dict[str, list[tuple[ProductName, ProductRecord]]] = defaultdict(list)
        for record in records:
            name = parse_name(record.file_name)
            self.by_name[record.file_name.lower()] = record
            if name.kind == "exposure":
                self.by_exposure[name.program, name.observation].append((name, record))
            elif name.kind == "stage3":
                self.by_product[product_key(record.file_name)].append((name, record))

    def links(self, record: ProductRecord) -> tuple[InputLink, ...]:
        """Give the links of a product by the best evidence there is."""
        name = parse_name(record.file_name)
        members = self.associations.get(product_key(record.file_name))
        if name.suffix in _MADE_FROM_COMBINED and name.kind == "stage3":
            return self._of_same_product(name, record)
        if members and (name.kind == "stage3" or name.suffix in _MADE_FROM):
            own = record.file_name.lower()
            return tuple(self._named(member.file_name, member.role, "association") for member in members
                         if member.file_name.lower() != own)  # fmt: skip
        listed = self.tables.get(record.product_id)
        if listed:
            return tuple(link for file in listed for link in self._in_table(file))
        if name.kind == "exposure":
            return self._of_exposure(name)
        return self._of_observation(name, record)

    def _named(self, file_name: str, role: InputRole, evidence: Evidence) -> InputLink:
        found = self.by_name.get(file_name.lower())
        if found is None:
            return InputLink(product_id=None, file_name=file_name, role=role, evidence=evidence)
        return _link(found, role, evidence)

    def _in_table(self, file_name: str) -> tuple[InputLink, ...]:
        """Link what a table of inputs names; what was made on the way and not kept, by what it was made from."""
        link = self._named(file_name, "science", "header")
        if link.product_id is not None:
            return (link,)
        makers = self._of_exposure(parse_name(file_name))
        return tuple(maker.model_copy(update={"evidence": "header"}) for maker in makers) or (link,)

    def _of_exposure(self, name: ProductName) -> tuple[InputLink, ...]:
        siblings = [
            (other, record)
            for other, record in self.by_exposure[name.program, name.observation]
            if _exposure_key(other) == _exposure_key(name) and other.detector == name.detector
        ]
        for suffix in _MADE_FROM.get(name.suffix or "", ()):
            found = [record for other, record in siblings if other.suffix == suffix and not other.thumb]
            if found:
                return tuple(_link(record, "science", "name") for record in found)
        return ()

    def _of_same_product(self, name: ProductName, record: ProductRecord) -> tuple[InputLink, ...]:
        siblings = self.by_product[product_key(record.file_name)]
        wanted = _MADE_FROM_COMBINED[name.suffix or ""]
        return tuple(_link(other, "science", "name") for its, other in siblings if its.suffix in wanted)

    def _of_observation(self, name: ProductName, record: ProductRecord) -> tuple[InputLink, ...]:
        """Link a combined image of one observation to its exposures in the same filter: all that names can tell."""
        if name.kind != "stage3" or name.observation is None or name.suffix not in ("i2d", "s2d", "s3d"):
            return ()
        exposures = self.by_exposure[name.program, name.observation]
        band = record.image_info.filter if record.image_info else None
        for suffix in _EXPOSURES_OF_COMBINED:
            found = [
                other
                for its, other in exposures
                if its.suffix == suffix and its.instrument == name.instrument
                if other.image_info is not None and other.image_info.filter == band
            ]
            if found:
                return tuple(_link(other, "science", "name") for other in found)
        return ()


def _link(record: ProductRecord, role: InputRole, evidence: Evidence) -> InputLink:
    return InputLink(
        product_id=record.product_id, file_name=record.file_name, digest=record.digest, role=role, evidence=evidence
    )


def _merged(old: Sequence[InputLink], new: Sequence[InputLink]) -> tuple[InputLink, ...]:
    """Keep links that are resolved, and fill in the others; better evidence replaces links that only names told."""
    kept = {link.file_name.lower(): link for link in old if link.product_id is not None}
    if not new:
        return tuple(old)
    if kept and all(link.evidence == "name" for link in new) and any(link.evidence != "name" for link in kept.values()):
        return tuple(old)
    merged = []
    for link in new:
        before = kept.get(link.file_name.lower())
        merged.append(
            link if before is None else before.model_copy(update={"role": link.role, "evidence": link.evidence})
        )
    return tuple(merged)


def _associations(records: Sequence[ProductRecord], store: ObjectStore | None) -> dict[str, tuple[Member, ...]]:
    """Read the association files among the records; of two for one product the one with the later name counts."""
    found: dict[str, tuple[Member, ...]] = {}
    for record in sorted(records, key=lambda record: record.file_name):
        if store is None or record.storage_key is None or not record.file_name.lower().endswith("_asn.json"):
            continue
        found |= _read_association(record, store)
    return found


def _read_association(record: ProductRecord, store: ObjectStore) -> dict[str, tuple[Member, ...]]:
    try:
        return association_members(store.read_bytes(str(record.storage_key)), name=record.file_name)
    except JwstPipeError:
        return {}  # a file that is gone or damaged is no evidence; reconciling reports it


def _tables(
    records: Sequence[ProductRecord], associations: Mapping[str, tuple[Member, ...]], store: ObjectStore | None
) -> dict[str, tuple[str, ...]]:
    """Read the tables of inputs of combined products that no association tells of, each once."""
    found: dict[str, tuple[str, ...]] = {}
    for record in records:
        name = parse_name(record.file_name)
        if name.suffix not in _WITH_TABLES or not name.extension.startswith(".fits") or record.storage_key is None:
            continue
        if product_key(record.file_name) in associations:
            continue
        known = tuple(link.file_name for link in record.inputs if link.evidence == "header")
        if known or store is None:
            found[record.product_id] = known
            continue
        try:
            found[record.product_id] = table_inputs(store.url(record.storage_key), s3=store.s3)
        except JwstPipeError:
            continue  # a file that is gone or damaged is no evidence; reconciling reports it
    return found


def _exposure_key(name: ProductName) -> tuple[str | None, ...]:
    return (name.program, name.observation, name.visit, name.visit_group, name.parallel_sequence, name.activity,
            name.exposure, name.segment)  # fmt: skip
