"""Which products of a catalogue an operation is made of, where nobody names any."""

from collections.abc import Sequence
from typing import Any

from jwstpipe.catalog.records.models import ProductRecord
from jwstpipe.operations.spec import Operation

__all__ = ["fitting_inputs"]


def fitting_inputs(operation: Operation[Any], records: Sequence[ProductRecord]) -> list[ProductRecord]:
    """Choose the products that an operation is made of.

    Of the archive those whose names say that they are such (spectra, cubes); of spectra those that are tables, and no
    plots. What is there twice counts once: a cube of the archive whose store is there is left out, and so is a table
    that was made of a spectrum which is chosen itself: a batch that is run again would else go on for ever.
    """
    taken = [record for record in records if operation.takes(record)]
    stored = {parent for record in taken if record.kind == "cube" for parent in record.parents}
    chosen = {record.product_id for record in taken}
    return [
        record
        for record in taken
        if record.product_id not in stored and not (record.kind == "spectrum" and chosen & set(record.parents))
    ]
