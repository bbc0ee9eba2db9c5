"""A catalogue as the product of an operation: what it says of itself, its file, its receipt."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from jwstpipe.identity import provenance_document
from jwstpipe.operations.inputs.catalogue_inputs import carried_by
from jwstpipe.operations.spec import Identity, MakeContext, Operation, Receipt
from jwstpipe.storage import path_digest, path_size

if TYPE_CHECKING:
    from astropy.table import Table

__all__ = ["CATALOGUE_FORMS", "CATALOGUE_PLACE", "figures_of", "place_of", "write_catalogue_product"]

CATALOGUE_FORMS = (".parquet", ".ecsv", ".fits", ".vot")
"""Files that catalogues are written as."""

CATALOGUE_PLACE = "catalogues/{id}.parquet"
"""Where they stand in the store."""


def figures_of(facts: Any) -> dict[str, Any]:
    """Give the fields of a dataclass by name, without those that are no number: NaN is no JSON."""
    return {key: value for key, value in asdict(facts).items() if value == value}  # noqa: PLR0124 - not NaN


def place_of(table: "Table") -> dict[str, Any]:
    """Tell where on the sky the rows of a catalogue lie, for its record; nothing where they have no positions."""
    from jwstpipe.analysis.catalogues.cone import SKY_CIRCLE, sky_circle  # noqa: PLC0415 - tables load slowly

    circle = sky_circle(table)
    return {} if circle is None else {SKY_CIRCLE: circle}


def write_catalogue_product(
    operation: Operation[Any],
    identity: Identity,
    table: "Table",
    target: str,
    *,
    results: dict[str, Any],
    detail: Any,
    context: MakeContext,
) -> Receipt:
    """Write a table of an operation, with its lineage inside, and give the receipt.

    Parameters
    ----------
    operation, identity
        What made it, and as what.
    table
        Rows; its metadata takes the lineage.
    target
        File to write, ended as one of the operation's forms.
    results, detail
        For the receipt: figures, and the object behind them.
    context
        Where inputs are read from.
    """
    from jwstpipe.analysis.catalogues.files import write_catalogue  # noqa: PLC0415 - as above

    table.meta["jwstpipe"] = provenance_document(
        identity.id, kind=operation.kind, operation=operation.name, algorithm_version=operation.version,
        parameters=identity.parameters, inputs=carried_by(identity.inputs, s3=context.s3),
    )  # fmt: skip
    path = write_catalogue(table, target, overwrite=True)
    told = {**results, **place_of(table)}
    return Receipt(identity.id, None, path_size(path), path_digest(path), told, detail=detail)
