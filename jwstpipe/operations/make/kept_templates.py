"""Templates that somebody gives to a run, taken into store and catalogue: what is made with them stays reproducible."""

import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import PurePosixPath

from jwstpipe.catalog.lineage.file_cards import cards_of_file
from jwstpipe.catalog.records.archive_record import described_by
from jwstpipe.catalog.records.models import ProductRecord, checked_record
from jwstpipe.errors import UsageError
from jwstpipe.images.headers.content_id import content_id
from jwstpipe.images.open import open_image
from jwstpipe.operations.cleaning.templates import Template, template_of, with_template
from jwstpipe.operations.make.make_missing import OperationRun
from jwstpipe.operations.make.places import address_of
from jwstpipe.storage import aside, file_digest, local_copy, path_size

__all__ = ["kept_templates"]

PLACE = "templates/{id}/{name}"
"""Key of a template in a store."""


def kept_templates(run: OperationRun, files: Iterable[str]) -> list[Template]:
    """Take templates into store and catalogue, each under the id of its content.

    Parameters
    ----------
    run
        The run that wants them.
    files
        FITS files, local or ``s3://``, or ids of products of the catalogue.

    Raises
    ------
    UsageError
        A template of no detector, one given twice, an image store that is not in the catalogue.
    """
    files = list(files)
    known = run.catalog.get_many(files) if files else {}
    found: list[Template] = []
    for file in files:
        record = known.get(file)
        address = address_of(record, run.store) if record is not None else file
        if address is None:
            raise UsageError(f"{file}: the catalogue does not say where it is; give the file")
        one = template_of(address, run.store.s3)
        record = record or _kept(run, address)
        found = with_template(found, replace(one, record=record))
    return found


def _kept(run: OperationRun, address: str) -> ProductRecord:
    """Copy a file into the store, and enter it; what is there stays."""
    image = open_image(address, s3=run.store.s3)
    if image.provenance.get("product_id") or address.rstrip("/").endswith(".zarr"):
        raise UsageError(
            f"{address}: is a product of jwstpipe; enter it with jwstpipe catalog add, and give its id as the template"
        )
    key = content_id(image)
    standing = run.catalog.get_many([key]).get(key)
    if standing is not None and run.store.exists(str(standing.storage_key)):
        return standing
    name = PurePosixPath(address).name
    place, now = PLACE.format(id=key, name=name), run.now()
    with local_copy(address, s3=run.store.s3) as path:
        described = described_by(cards_of_file(path), name, now)
        facts = {
            "product_id": key, "kind": "archive", "file_name": name, "storage_key": place, "file_format": "fits",
            "file_size": path_size(path), "digest": file_digest(path), "created": now, "run_id": run.run_id,
            "data_type": "calibration", "is_viewable": False, "user_id": run.catalog.user,
        }  # fmt: skip
        record = checked_record({**described, **facts, "tags": ("template",)}, what=name)
        with run.store.file_for(place) as target, aside(target) as partial:
            shutil.copyfile(path, partial)
    run.catalog.publish(record)
    return record
