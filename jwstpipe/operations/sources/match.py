"""The operation ``match``: two catalogues as one, of the sources that both have."""

from collections.abc import Sequence

from jwstpipe.analysis.catalogues.match import match_tables
from jwstpipe.errors import UsageError
from jwstpipe.operations.inputs.catalogue_inputs import table_at
from jwstpipe.operations.make.write_catalogue_product import (
    CATALOGUE_FORMS,
    CATALOGUE_PLACE,
    figures_of,
    write_catalogue_product,
)
from jwstpipe.operations.spec import Identity, Input, MakeContext, Operation, Receipt, derived_identity
from jwstpipe.requests.analysis.match import MatchRequest

__all__ = ["MATCH"]


def _identify(request: MatchRequest, inputs: Sequence[Input], *, context: MakeContext) -> Identity:
    del context
    if len(inputs) != 2:
        raise UsageError(f"a match is made of two catalogues, not {len(inputs)}")
    return derived_identity(MATCH.name, MATCH.version, request.model_dump(mode="json"), inputs)


def _make(identity: Identity, target: str, request: MatchRequest, *, context: MakeContext) -> Receipt:
    first, second = identity.inputs
    table, facts = match_tables(
        table_at(first.address, s3=context.s3),
        table_at(second.address, s3=context.s3),
        request,
        names=(first.name, second.name),
    )
    results = figures_of(facts)
    table.meta["match"] = results
    return write_catalogue_product(MATCH, identity, table, target, results=results, detail=facts, context=context)


MATCH = Operation(
    name="match",
    version="1",
    request=MatchRequest,
    kind="catalogue",
    place=CATALOGUE_PLACE,
    forms=CATALOGUE_FORMS,
    identify=_identify,
    make=_make,
    several=True,
    of=("catalogue",),
)
