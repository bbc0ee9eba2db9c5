"""`Operation`: what is made, from what, with which id, how it is recorded and made again.

An operation says four things, each once: what its product is called (`identify`), how it comes to be (`make`), how it
is recorded (`record`), and where it stands (`place`). Flows, commands, staleness, lineage and `reproduce` know an
operation by its name in the registry and by nothing else.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from jwstpipe.execution.workers import Workers
from jwstpipe.identity import derived_product_id, product_slot
from jwstpipe.notebook import Shown
from jwstpipe.progress import Reporter, silent
from jwstpipe.requests import Request, validated
from jwstpipe.settings import S3Settings

if TYPE_CHECKING:  # they take long to load
    from jwstpipe.catalog.records.models import ProductKind, ProductRecord

__all__ = ["Identity", "Input", "MakeContext", "Operation", "Receipt", "derived_identity"]

RequestT = TypeVar("RequestT", bound=Request)

_FOLDERS = (".zarr", ".hips")
"""Forms that are many files."""

_DRAWN = (".png", ".svg", ".html", ".jpg", ".jpeg", ".tif", ".tiff")
"""Ends of names of spectra that are plots: nothing is measured on them."""

_SPELLINGS = {".jpg": (".jpeg",), ".tif": (".tiff",)}


@dataclass(frozen=True)
class Input:
    """One input of a product, as an operation sees it."""

    address: str
    """Where its bytes are read: a local path or an ``s3://`` URL."""

    product_id: str
    """Id that it carries, or that follows from its content."""

    name: str
    """File name; the only name of it that goes into a product."""

    digest: str | None = None
    """SHA-256 of its file, where it is one file and that is known."""

    slot: str | None = None
    """What it is, whatever its version; None = as its id."""

    @classmethod
    def of_record(cls, record: "ProductRecord", address: str) -> "Input":
        """Describe a product of the catalogue."""
        return cls(address, record.product_id, record.file_name, record.digest, record.slot)

    def carried(self) -> dict[str, str]:
        """Say which input this was, in the words that a product carries."""
        known = {"product_id": self.product_id, "file_name": self.name, "digest": self.digest}
        return {key: value for key, value in known.items() if value is not None}


@dataclass(frozen=True)
class Identity:
    """What a product will be, before it is made."""

    id: str
    slot: str
    """The same for newer versions of the inputs, see `jwstpipe.identity.product_slot`."""

    parameters: Mapping[str, Any]
    """Everything that decides over it besides its inputs, as plain JSON values: a request can be read back from it."""

    inputs: tuple[Input, ...]
    """In the order that counts."""

    plan: Any = field(default=None, compare=False, repr=False)
    """What was found out on the way and need not be found again."""


@dataclass(frozen=True, repr=False)
class Receipt(Shown):
    """What was made; small and picklable."""

    product_id: str
    shape: tuple[int, int] | None = None
    """Rows and columns of the product."""

    file_size: int | None = None
    """Bytes, where it is one file."""

    digest: str | None = None
    """SHA-256, where it is one file."""

    results: Mapping[str, Any] = field(default_factory=dict)
    """What was found while it was made and belongs into the record."""

    notes: tuple[str, ...] = ()
    """What was replaced, ignored or left out."""

    detail: Any = None
    """The receipt of the room that made it."""

    def facts(self) -> dict[str, object]:
        """Give what a person wants to know first."""
        return {
            "product": self.product_id,
            "size": self.shape and f"{self.shape[1]} x {self.shape[0]} px",
            "bytes": self.file_size,
            **{name: value for name, value in self.results.items() if isinstance(value, str | int | float)},
            "notes": self.notes,
        }


@dataclass(frozen=True)
class MakeContext:
    """Where work is done, and who hears of it."""

    workers: Workers
    s3: S3Settings = field(default_factory=S3Settings)
    report: Reporter = silent
    earlier: tuple[str, ...] = ()
    """Addresses of earlier products of the same kind, whose parts may be taken over."""


class Identify(Protocol):
    """See `Operation.identify`."""

    def __call__(self, request: Any, inputs: Sequence[Input], *, context: MakeContext) -> Identity: ...


class Make(Protocol):
    """See `Operation.make`."""

    def __call__(self, identity: Identity, target: str, request: Any, *, context: MakeContext) -> Receipt: ...


@dataclass(frozen=True)
class Operation(Generic[RequestT]):
    """One thing that this project makes of others."""

    name: str
    """As it stands in records, ``contact-sheet``."""

    version: str
    """Changes whenever the same request and inputs would give other bytes."""

    request: type[RequestT]
    """Model of all that decides besides the inputs; its dump is what records keep."""

    kind: "ProductKind"
    """Kind of the product."""

    place: str
    """Key of the product in a store, with ``{id}``, ``{attempt}`` and ``{name}``."""

    forms: tuple[str, ...]
    """Endings of what it writes, the usual one first."""

    identify: Identify
    """``(request, inputs, *, context) -> Identity``; reads headers at most, and writes nothing."""

    make: Make
    """``(identity, target, request, *, context) -> Receipt``; writes `target`, whole or not at all.

    A store (``.zarr``) goes to any address; a file goes to a local path.
    """

    reuses: bool = False
    """Parts of earlier products of the same name are taken over: `MakeContext.earlier`."""

    spread: bool = False
    """One product is one job of the workers; else it is made here, and asks the workers itself."""

    several: bool = False
    """One product is made of several inputs; else of one."""

    of: "tuple[ProductKind, ...]" = ("image", "mosaic")
    """Kinds of products that it is made of, where the catalogue is asked for them."""

    suffixes: tuple[str, ...] = ()
    """Of files of the archive, those whose names end so, as ``x1d``; none = all."""

    singly: bool = False
    """Of several inputs it makes one product, and of a single one it makes sense, too: a batch makes one of each."""

    row: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None
    """Results as plain numbers and words, for a row of a batch; None = those that are such."""

    changes_first: bool = False
    """Its product shows what its first input does; the others only tell something of it."""

    lasting: tuple[str, ...] | None = None
    """The parameters that say what a product is, whatever the versions of its inputs; None = all."""

    def slot(self, parameters: Mapping[str, Any], input_slots: Sequence[str]) -> str:
        """Give what a product is, whatever the versions of its inputs, see `jwstpipe.identity.product_slot`."""
        kept = {name: value for name, value in parameters.items() if self.lasting is None or name in self.lasting}
        return product_slot(self.name, kept, input_slots)

    @property
    def file_forms(self) -> tuple[str, ...]:
        """The forms that are one file each, the usual one first."""
        return tuple(form for form in self.forms if form not in _FOLDERS)

    @property
    def endings(self) -> tuple[str, ...]:
        """All ways to write its forms, as ``.jpeg`` for ``.jpg``."""
        return tuple(ending for form in self.forms for ending in (form, *_SPELLINGS.get(form, ())))

    def takes(self, record: "ProductRecord") -> bool:
        """Tell whether a product is one that it is made of, by kind and by the name of a file of the archive."""
        stem = record.file_name.lower().partition(".")[0]
        fits = not self.suffixes or record.kind != "archive" or stem.rpartition("_")[2] in self.suffixes
        drawn = record.kind == "spectrum" and record.file_name.lower().endswith(_DRAWN)
        return record.kind in self.of and fits and not drawn

    def request_of(self, parameters: Mapping[str, Any]) -> RequestT:
        """Read the request back from the parameters of a record.

        Raises
        ------
        UsageError
            Parameters that this version does not know.
        """
        return validated(self.request, **parameters)

    def key(self, product_id: str, *, attempt: str, name: str) -> str:
        """Give the key under which an attempt writes a product."""
        return self.place.format(id=product_id, attempt=attempt, name=name)

    def record(
        self,
        receipt: Receipt,
        identity: Identity,
        *,
        parents: "Sequence[ProductRecord]",
        storage_key: str,
        created: datetime,
        run_id: str | None,
        file_name: str | None = None,
    ) -> "ProductRecord":
        """Write the record of a product that was made.

        Parameters
        ----------
        receipt, identity
            Of the product.
        parents
            Records of its inputs, in any order.
        storage_key
            Where it stands.
        created, run_id
            When, and by which run.
        file_name
            Name for people; default: the last part of the key.
        """
        from jwstpipe.catalog.records.derived_record import (  # noqa: PLC0415 - slow to load, and not every product is recorded
            derived_record,
            shared_image_info,
        )

        known = {parent.product_id: parent for parent in parents}
        ordered = [known[one.product_id] for one in identity.inputs]
        return derived_record(
            identity.id,
            kind=self.kind,
            storage_key=storage_key,
            parents=ordered,
            operation=self.name,
            algorithm_version=self.version,
            parameters=identity.parameters,
            slot=identity.slot,
            shown=ordered[:1] if self.changes_first else ordered,
            image=shared_image_info(ordered[:1] if self.changes_first else ordered, shape=receipt.shape),
            created=created,
            run_id=run_id,
            file_size=receipt.file_size,
            digest=receipt.digest,
            file_name=file_name or PurePosixPath(storage_key).name,
            results=receipt.results,
        )


def derived_identity(
    name: str,
    version: str,
    parameters: Mapping[str, Any],
    inputs: Sequence[Input],
    *,
    slot: Mapping[str, Any] | None = None,
) -> Identity:
    """Give the identity that follows from an operation, its parameters and its inputs.

    Parameters
    ----------
    name, version
        Of the operation.
    parameters
        Plain JSON values.
    inputs
        In the order that counts.
    slot
        The parameters that count for the slot, where not all do.
    """
    slots = [one.slot or one.product_id for one in inputs]
    return Identity(
        derived_product_id(name, version, parameters, [one.product_id for one in inputs]),
        product_slot(name, parameters if slot is None else slot, slots),
        parameters,
        tuple(inputs),
    )
