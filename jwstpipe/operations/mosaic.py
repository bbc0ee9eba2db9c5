"""The operation ``mosaic``: images of one filter become one image on a plane of the sky."""

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from jwstpipe.errors import DataError
from jwstpipe.mosaicking.build import build_mosaic
from jwstpipe.mosaicking.plan import STAR_FINDER, MosaicPlan
from jwstpipe.mosaicking.planning import plan_mosaic
from jwstpipe.mosaicking.tile_job import ALGORITHM
from jwstpipe.operations.spec import Identity, Input, MakeContext, Operation, Receipt
from jwstpipe.requests import MosaicOptions, Request
from jwstpipe.sky.box import Box
from jwstpipe.sky.grid import SkyGrid

__all__ = ["MOSAIC", "MosaicRecipe", "identity_of_plan", "recipe_of_plan"]

MOST_GIGAPIXELS = 10_000.0
"""A mosaic whose plane is settled was small enough, and its inputs of one kind enough, when it was first wanted."""


class MosaicRecipe(Request):
    """How images become a mosaic, and where on the sky it lies."""

    options: MosaicOptions = Field(MosaicOptions(), description="kernel, combination, weights and so on")
    grid: dict[str, Any] | None = Field(None, description="plane; empty = north up, at the finest scale of the inputs")
    window: tuple[int, int, int, int] | None = Field(None, description="part of the plane: y0, x0, y1, x1")
    weights: str | None = Field(None, description="weights that all inputs could give; found anew, and part of the id")
    stars: str | None = Field(None, description="version of the star finder, where positions are looked at; as weights")
    outliers: str | None = Field(None, description="version of the rejection of outliers; part of the id")
    drizzle: str | None = Field(None, description="version of how drizzle lays pixels; part of the id")
    skies: str | None = Field(None, description="version of how skies are matched; part of the id")
    planes: tuple[str, ...] | None = Field(None, description="planes to make; empty = all that the inputs can give")
    wcs: tuple[str, ...] = Field((), description="digests of the maps of the inputs; found anew, and part of the id")


def recipe_of_plan(plan: MosaicPlan) -> MosaicRecipe:
    """Give the recipe that leads to a plan."""
    return MosaicRecipe(**plan.parameters)


def identity_of_plan(plan: MosaicPlan, inputs: Sequence[Input]) -> Identity:
    """Give the identity of a mosaic that is planned; its inputs stand in the order in which they are combined."""
    known = {one.address: one for one in inputs}
    ordered = tuple(known[source.address] for source in plan.sources)
    slot = MOSAIC.slot(plan.parameters, [one.slot or one.product_id for one in ordered])
    return Identity(plan.id, slot, plan.parameters, ordered, plan)


def _identify(request: MosaicRecipe, inputs: Sequence[Input], *, context: MakeContext) -> Identity:
    options, grid = request.options, None
    if request.wcs and options.align != "none" and request.stars != STAR_FINDER:
        raise DataError(
            f"a mosaic whose stars were found by version {request.stars or 1} of the star finder; this installation has"
            f" version {STAR_FINDER}, the same product cannot come out: make the mosaic again"
        )
    if request.grid is not None:
        grid = SkyGrid.from_dict(request.grid), None if request.window is None else Box(*request.window)
        options = options.model_copy(update={"max_gigapixels": MOST_GIGAPIXELS, "mix": True, "sparse": True})
    plan = plan_mosaic(
        [one.address for one in inputs], options=options, grid=grid, planes=request.planes, s3=context.s3,
        workers=context.workers,
    )  # fmt: skip
    return identity_of_plan(plan, inputs)


def _make(identity: Identity, target: str, request: MosaicRecipe, *, context: MakeContext) -> Receipt:
    plan = identity.plan
    if not isinstance(plan, MosaicPlan):
        plan = _identify(request, identity.inputs, context=context).plan
    made = build_mosaic(
        plan, target, reuse=context.earlier, s3=context.s3, workers=context.workers, report=context.report
    )
    notes = [f"weights are {made.weights}: {made.weights_note}"] if made.weights_note else []
    if plan.options.follow != "auto" or plan.options.anchor is not None:
        notes += made.notes  # what was followed, and what the levels are those of
    notes += (made.alignment or {}).get("notes", ())
    notes += [note for note in [(made.background or {}).get("note")] if note]
    results = {"weights": made.weights, "background": made.background, "digest": made.digest}
    return Receipt(made.product_id, made.shape, results=results, notes=tuple(dict.fromkeys(notes)), detail=made)


MOSAIC = Operation(
    name="mosaic",
    version=ALGORITHM,
    request=MosaicRecipe,
    kind="mosaic",
    place="mosaics/{id}/{attempt}.zarr",
    forms=(".zarr",),
    identify=_identify,
    make=_make,
    reuses=True,
    several=True,
    of=("image",),
    lasting=("options", "grid", "window", "planes"),
)
