"""Exposures of the catalogue cleaned together, each step a product: mosaic, clean, mosaic of that, clean again.

Only what needs it is cleaned: the first mosaic measures every exposure, and where none needs anything the work ends
there. Where pixels are masked, no light is taken and three or more overlap, the first mosaic tells as much as a second
one would, and more of large events, beside which a second one has fewer exposures. An exposure of which nothing was
taken stays what it is, so that mosaics of it keep their ids.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from jwstpipe.catalog.records.models import ProductRecord
from jwstpipe.cleaning.changed import changed, light_taken
from jwstpipe.cleaning.pattern.order import Taken, before_each, by_detector
from jwstpipe.mosaicking.planning import plan_mosaic
from jwstpipe.operations.cleaning.clean import CLEAN
from jwstpipe.operations.cleaning.detector_pattern import (
    DETECTOR_PATTERN,
    pattern_wanted,
    patterned,
    with_templates,
)
from jwstpipe.operations.cleaning.scene import (
    BETTER_SCENE,
    DEEP,
    FIRST_SCENE,
    PLANES,
    SCENE,
    may_linger,
    needing,
    undecided,
)
from jwstpipe.operations.cleaning.taken import taken_of
from jwstpipe.operations.cleaning.templates import Template, templates_for
from jwstpipe.operations.make.make_missing import OperationRun
from jwstpipe.operations.make.make_products import Made, Order, inputs_of, make_products
from jwstpipe.operations.mosaic import identity_of_plan, recipe_of_plan
from jwstpipe.operations.spec import Operation
from jwstpipe.requests import MosaicOptions
from jwstpipe.requests.clean import CleanOptions

__all__ = ["CleanedGroup", "clean_group", "facts_of"]

LIMITS = ("mix", "sparse", "max_gigapixels")
"""Options of the mosaic wanted in the end that hold for those on the way, too; they are in no id."""


@dataclass(frozen=True, eq=False)
class CleanedGroup:
    """Exposures of one filter after cleaning."""

    images: tuple[ProductRecord, ...]
    """In the order of the exposures: cleaned, or the exposure itself where nothing was taken of it."""

    made: dict[str, Made] = field(default_factory=dict)
    """What was made of an exposure, by its id; also where nothing was taken."""

    scene: ProductRecord | None = None
    """The mosaic that the last step was done with."""

    why: str = ""
    """Why nothing was looked at."""

    left: tuple[ProductRecord, ...] = ()
    """Exposures that keep their stripes, because they overlap too few others to say which has them."""

    templates: tuple[Template, ...] = ()
    """Those given that are of these exposures."""

    @property
    def touched(self) -> list[Made]:
        """The exposures of which something was taken."""
        return [one for one in self.made.values() if changed(facts_of(one.record))]


def facts_of(record: ProductRecord) -> Mapping[str, Any]:
    """Give what was found while a product was made."""
    return record.processing_results[-1].results if record.processing_results else {}


def clean_group(
    run: OperationRun,
    exposures: Sequence[ProductRecord],
    options: CleanOptions,
    *,
    name: str,
    limits: MosaicOptions | None = None,
    templates: Sequence[Template] = (),
    needed_only: bool = True,
) -> CleanedGroup:
    """Clean the exposures of one filter, with two mosaics that tell what is sky.

    Parameters
    ----------
    run
        The run that wants them.
    exposures
        Records of image stores of one instrument and filter.
    options
        What is to be taken.
    name
        Of the group, for file names: ``nircam_f200w``.
    limits
        Limits of size, as the mosaic of these exposures has them.
    templates
        Light that stays on detectors (`jwstpipe.operations.make.kept_templates`), of these exposures and others.
    needed_only
        Leave alone what needs nothing; else each exposure becomes a product.

    Raises
    ------
    JwstPipeError
        As mosaics and `jwstpipe.cleaning.exposure.clean_exposure`.
    """
    taken = _taken(run, exposures) if templates or not options.bad_pixels == options.wisps == "none" else []
    own = _own_templates(exposures, taken, templates)
    used = tuple(one for some in own.values() for one in some)

    def by_themselves(why: str) -> CleanedGroup:
        if needed_only:
            return CleanedGroup(tuple(exposures), why=why, templates=used)
        return _by_themselves(run, exposures, options, taken, own)

    if len(exposures) < 2:
        return by_themselves(
            "one exposure alone does not tell the sky from the detector; jwstpipe clean takes it by itself"
        )
    first = _scene(run, FIRST_SCENE, exposures, f"{name}_scene.zarr", limits)
    if first is None:
        return by_themselves(
            "exposures that follow a moving target are not compared with a mosaic; they are left as they are"
        )
    need = needing(facts_of(first), options) if needed_only else None
    known = _known(run, exposures, first, options, name, taken, own)
    unsure = undecided(facts_of(first)) if needed_only and options.stripes != "none" else set()
    told = known.told
    if need is not None and not need and not known.patterns and not may_linger(facts_of(first), told, options):
        told = set()  # cleaned they would be what they are, and the next mosaic the same
    chosen = [one for one in exposures if need is None or one.product_id in need or one.product_id in told]
    left = tuple(one for one in exposures if one.product_id in unsure and one not in chosen)
    if not chosen:
        return CleanedGroup(tuple(exposures), scene=first, templates=used, left=left)
    once = _clean(run, chosen, options, known)
    if all(_only_masked(facts_of(one.record)) for one in once.values()):
        return CleanedGroup(_best(exposures, once), once, first, templates=used, left=left)
    better = _scene(run, BETTER_SCENE, _best(exposures, once), f"{name}_scene2.zarr", limits)
    assert better is not None
    twice = _clean(run, chosen, options, replace(known, scene=better))
    return CleanedGroup(_best(exposures, twice), twice, better, templates=used, left=left)


def _only_masked(facts: Mapping[str, Any]) -> bool:
    """Tell whether no light was taken of an exposure, and so many overlap that their median has none of its events."""
    return light_taken(facts) <= 0.0 and facts.get("overlapping", 1) >= DEEP


@dataclass(frozen=True, eq=False)
class _Known:
    """What tells of the exposures."""

    scene: ProductRecord | None
    patterns: dict[str, ProductRecord] = field(default_factory=dict)
    """What stays on its detector, by the id of an exposure; only where there is something."""

    before: dict[str, ProductRecord] = field(default_factory=dict)
    """What its detector took before, by the id of an exposure; only where it saturated."""

    templates: dict[str, tuple[ProductRecord, ...]] = field(default_factory=dict)
    """That its pattern was found with, by the id of an exposure; only where they are several."""

    @property
    def told(self) -> set[str]:
        """Exposures that need more than stripes and events."""
        return self.patterns.keys() | self.before.keys()

    def beside(self, exposure: ProductRecord) -> tuple[ProductRecord, ...]:
        """Give the other inputs of a cleaned exposure."""
        own = exposure.product_id
        found = (self.scene, self.patterns.get(own), self.before.get(own))
        more = self.templates.get(own, ()) if own in self.patterns else ()
        return (*(one for one in found if one is not None), *more)


def _own_templates(
    exposures: Sequence[ProductRecord], taken: Sequence[Taken], templates: Sequence[Template]
) -> dict[str, tuple[Template, ...]]:
    """Choose the templates of exposures, by detector; the filter is that of all of them."""
    info = exposures[0].image_info
    return {one.detector: templates_for(templates, one.detector, info.filter if info else None) for one in taken}


def _taken(run: OperationRun, exposures: Sequence[ProductRecord]) -> list[Taken]:
    addresses = [one.address for one in inputs_of(run.store, exposures)]
    return taken_of(addresses, run.store.s3, workers=run.workers, report=run.report)


def _known(
    run: OperationRun, exposures: Sequence[ProductRecord], scene: ProductRecord, options: CleanOptions, name: str,
    taken: Sequence[Taken], templates: Mapping[str, tuple[Template, ...]],
) -> _Known:  # fmt: skip
    """Find which pixels are wrong on each detector, where there are exposures enough, and what it took before."""
    groups, orders = [], []
    for members in by_detector(taken):
        detector = taken[members[0]].detector
        own = _records(templates.get(detector, ()))
        if wanted := pattern_wanted(detector, len(members), options, templates=len(own)):
            inputs = (*(exposures[k] for k in members), scene, *own)
            groups.append(members)
            orders.append(Order(wanted, inputs, f"{name}_{detector.lower()}_pattern.zarr"))
    made = make_products(run, DETECTOR_PATTERN, orders) if orders else []
    patterns = {
        exposures[k].product_id: one.record
        for members, one in zip(groups, made, strict=True)
        for k in members
        if patterned(facts_of(one.record), options)
    }
    earlier = zip(exposures, before_each(taken), strict=True) if options.bad_pixels == "auto" else ()
    before = {one.product_id: exposures[k] for one, k in earlier if k is not None}
    return _Known(scene, patterns, before, _several(exposures, taken, templates))


def _best(exposures: Sequence[ProductRecord], made: Mapping[str, Made]) -> tuple[ProductRecord, ...]:
    """Take the cleaned exposure where something was taken, else the exposure."""
    found = {key: one.record for key, one in made.items() if changed(facts_of(one.record))}
    return tuple(found.get(one.product_id, one) for one in exposures)


def _records(templates: Sequence[Template]) -> tuple[ProductRecord, ...]:
    return tuple(one.record for one in templates if one.record is not None)


def _several(
    exposures: Sequence[ProductRecord], taken: Sequence[Taken], templates: Mapping[str, tuple[Template, ...]]
) -> dict[str, tuple[ProductRecord, ...]]:
    """Give the templates of each exposure, by its id, where they are several."""
    pairs = zip(exposures, taken, strict=True) if templates else ()
    found = {one.product_id: _records(templates.get(by.detector, ())) for one, by in pairs}
    return {key: records for key, records in found.items() if len(records) > 1}


def _by_themselves(
    run: OperationRun, exposures: Sequence[ProductRecord], options: CleanOptions, taken: Sequence[Taken],
    templates: Mapping[str, tuple[Template, ...]],
) -> CleanedGroup:  # fmt: skip
    """Clean each exposure without any other; only templates tell more of it."""
    pairs = zip(exposures, taken, strict=True) if templates else ()
    told = [(one, _records(own)) for one, by in pairs if (own := templates.get(by.detector, ()))]
    orders = [
        Order(with_templates(len(own)), (one, *own), f"{one.file_name.partition('.')[0]}_pattern.zarr")
        for one, own in told
    ]
    made = make_products(run, DETECTOR_PATTERN, orders) if orders else []
    patterns = {one.product_id: done.record for (one, _), done in zip(told, made, strict=True)}
    known = _Known(None, patterns, templates=_several(exposures, taken, templates))
    cleaned = _clean(run, exposures, options, known)
    used = tuple(one for some in templates.values() for one in some)
    return CleanedGroup(_best(exposures, cleaned), cleaned, templates=used)


def _clean(
    run: OperationRun, exposures: Sequence[ProductRecord], options: CleanOptions, known: _Known
) -> dict[str, Made]:
    orders = [Order(options, (one, *known.beside(one)), one.file_name) for one in exposures]
    made = make_products(run, CLEAN, orders)
    return {one.product_id: done for one, done in zip(exposures, made, strict=True)}


def _scene(
    run: OperationRun, operation: Operation[Any], images: Sequence[ProductRecord], name: str,
    limits: MosaicOptions | None,
) -> ProductRecord | None:  # fmt: skip
    """Make the mosaic that tells what is sky; None where the images follow what moves."""
    wished = {one: getattr(limits, one) for one in LIMITS} if limits is not None else {}
    inputs = inputs_of(run.store, images)
    plan = plan_mosaic(
        [one.address for one in inputs], options=SCENE.model_copy(update=wished), planes=PLANES, s3=run.store.s3,
        workers=run.workers,
    )  # fmt: skip
    if any(source.follow is not None for source in plan.sources):
        return None
    order = Order(recipe_of_plan(plan), tuple(images), name, identity_of_plan(plan, inputs))
    (made,) = make_products(run, operation, [order])
    return made.record
