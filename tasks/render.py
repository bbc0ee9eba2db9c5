"""The colour picture of all mosaics of a target."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from jwstpipe.catalog.derived_record import derived_record, shared_image_info
from jwstpipe.catalog.models import ProductRecord
from jwstpipe.identity import derived_product_id
from jwstpipe.render.pictures import COMPOSITE_ALGORITHM, composite
from jwstpipe.requests import CompositeRequest, ProcessTargetRequest
from tasks.artifacts import progress_artifacts
from tasks.making import make_missing
from tasks.run import Run

__all__ = ["make_composite"]


@task(name="composite", cache_policy=NO_CACHE)
def make_composite(run: Run, request: ProcessTargetRequest, mosaics: Sequence[ProductRecord]) -> ProductRecord:
    """Make one picture of all filters, and publish it; one that stands already is not made again."""
    options = CompositeRequest(stretch=request.stretch)
    parameters = _parameters(request, options)
    identity = derived_product_id(
        "composite", COMPOSITE_ALGORITHM, parameters, [mosaic.product_id for mosaic in mosaics]
    )
    slug = re.sub(r"[^a-z0-9]+", "-", request.target.lower()).strip("-") or "target"

    def render(wanted: Mapping[str, Sequence[ProductRecord]]) -> Iterator[ProductRecord]:
        for key, inputs in wanted.items():
            yield _render(run, request, inputs, options, key, f"pictures/{key}/{slug}.png")

    return make_missing(run, {identity: mosaics}, render)[identity]


def _parameters(request: ProcessTargetRequest, options: CompositeRequest) -> dict[str, Any]:
    """Give all that decides over the bytes of the picture, its title among it."""
    return {**options.model_dump(mode="json"), "title": request.target}


def _render(
    run: Run, request: ProcessTargetRequest, mosaics: Sequence[ProductRecord], options: CompositeRequest,
    identity: str, key: str,
) -> ProductRecord:  # fmt: skip
    addresses = [run.store.url(str(mosaic.storage_key)) for mosaic in mosaics]
    with TemporaryDirectory(prefix="jwstpipe-composite-") as folder, progress_artifacts() as report:
        made = composite(
            addresses,
            Path(folder) / "composite.png",
            options=options,
            title=request.target,
            product_id=identity,
            s3=run.settings.s3,
            workers=run.workers,
            report=report,
        )
        run.store.put_file(made.path, key)
    for channel in made.channels:
        get_run_logger().info(
            "%s in %s, %d holes of %d px filled for display",
            channel.filter, channel.colour, channel.holes, channel.hole_pixels,
        )  # fmt: skip
    for note in made.notes:
        get_run_logger().warning(note)
        run.note(note)
    return derived_record(
        identity,
        kind="picture",
        storage_key=key,
        parents=mosaics,
        operation="composite",
        algorithm_version=COMPOSITE_ALGORITHM,
        parameters=_parameters(request, options),
        image=shared_image_info(mosaics, shape=(made.height, made.width)),
        created=run.now(),
        run_id=run.run_id,
        file_size=made.size_bytes,
        digest=made.sha256,
    )
