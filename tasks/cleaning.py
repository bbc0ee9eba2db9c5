"""Exposures cleaned before they are combined, and what was measured and taken on the page of the run."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from prefect import get_run_logger

from jwstpipe.archive.search.products import Product
from jwstpipe.catalog.records.models import ProductRecord
from jwstpipe.cleaning.changed import in_words, light_taken, pixels_masked
from jwstpipe.images.open import open_image
from jwstpipe.images.zarr.layout import CLEAN_MODEL
from jwstpipe.operations.cleaning.templates import Template
from jwstpipe.operations.make.clean_group import CleanedGroup, clean_group, facts_of
from jwstpipe.operations.make.kept_templates import kept_templates
from jwstpipe.operations.make.make_products import Made
from jwstpipe.progress import Reporter
from jwstpipe.render.plots.before_after import before_after
from jwstpipe.requests import MosaicOptions, MosaicRequest, ProcessTargetRequest
from jwstpipe.requests.clean import CleanOptions, policy_options
from jwstpipe.tasks.arriving.early_mosaics import ArrivedFilter
from jwstpipe.tasks.arriving.order import listed_as
from jwstpipe.tasks.artifacts import image, named, progress_artifacts, table
from jwstpipe.tasks.mosaic import FILTERS_AT_ONCE
from jwstpipe.tasks.run_context import Run
from jwstpipe.tasks.selection import slug
from jwstpipe.tasks.steps.step_task import step_task
from jwstpipe.tasks.steps.stream import Stream

__all__ = ["clean_arriving", "clean_images", "clean_selected"]

MOST_SHOWN = 4
"""Exposures of a run whose before and after are shown: those of which most was taken."""

MOST_ROWS = 500
"""Rows of the table; records have them all."""

Groups = dict[str, list[ProductRecord]]


@step_task("clean")
def clean_images(
    run: Run, request: ProcessTargetRequest | MosaicRequest, images: Sequence[ProductRecord]
) -> tuple[ProductRecord, ...]:
    """Take out of exposures what their detectors added, where it is measured; combined images stay as they are."""
    means = _wanted(run, request)
    if means is None:
        return tuple(images)
    groups = _grouped(images)
    done = _clean_groups(run, groups, means)
    return _best(images, groups, done)


@step_task("clean")
def clean_arriving(
    run: Run,
    request: ProcessTargetRequest,
    images: Stream[ProductRecord],
    products: Sequence[Product],
    onward: Stream[ArrivedFilter],
) -> tuple[ProductRecord, ...]:
    """Do as `clean_images` while images come, each filter as soon as all of it is here, and hand it on then.

    What belongs together is known of an image when it is here, and before that only as the archive has it: where it had
    it wrong, a filter is cleaned again when all are here, so that products never depend on what came first.

    Parameters
    ----------
    images
        In whatever order.
    products
        The files that they are made of: what is given back has their order.
    onward
        Gets each filter as it is handed on.
    """
    means = _wanted(run, request)
    listed = {product.data_uri: (number, listed_as(product)) for number, product in enumerate(products)}
    expected = Counter(kind for _, kind in listed.values())
    here: dict[int, ProductRecord] = {}
    done: dict[tuple[str, ...], CleanedGroup] = {}

    def hand_on(members: Sequence[ProductRecord], report: Reporter) -> None:
        best = tuple(members)
        if means is not None:
            groups = _grouped(members)
            cleaned = {name: _clean_one(run, name, own, means, report) for name, own in groups.items()}
            done.update({_key(groups[name]): group for name, group in cleaned.items()})
            best = _best(members, groups, cleaned)
        now = dict(here)  # more may have come since
        missing = [products[number] for number, _ in listed.values() if number not in now]
        outlines = tuple(str(one.mast.get("s_region") or "") for one in missing)
        onward.put([ArrivedFilter(best, tuple(now.values()), outlines)])

    try:
        with progress_artifacts() as report, _side_by_side() as begin:
            begun = []
            for batch in images.batches():
                files = run.catalog.get_many(one.parents[0] for one in batch)
                for one in batch:
                    number, kind = listed[str(files[one.parents[0]].uri)]
                    here[number] = one
                    expected[kind] -= 1
                    if not expected[kind]:
                        members = [here[place] for place, own in sorted(listed.values()) if own == kind]
                        begun.append(begin(hand_on, members, report))
            for cleaned in begun:
                cleaned.result()
    finally:
        onward.close()
    ordered = [here[number] for number in sorted(here)]
    if means is None or len(here) < len(listed):  # a step before this one failed, and says why
        return tuple(ordered)
    groups = _grouped(ordered)
    changed = {name: members for name, members in groups.items() if _key(members) not in done}
    again = _clean_all(run, changed, means)
    found = {name: again[name] if name in again else done[_key(members)] for name, members in groups.items()}
    _tell(run, groups, found, means)
    return _best(ordered, groups, found)


def _wanted(run: Run, request: ProcessTargetRequest | MosaicRequest) -> "_Means | None":
    """Tell what is to be taken, and with what; None where images stay as they are."""
    options = policy_options(request.clean_policy(exposures=request.level == 2))
    if options is None and request.clean not in (None, "none"):
        run.note("only exposures (level 2) are cleaned; these images are combined, and stay as they are")
    if options is None:
        return None
    return _Means(options, request.mosaic_options(), kept_templates(run.operations(), request.wisp_template))


def _key(members: Sequence[ProductRecord]) -> tuple[str, ...]:
    """Give what exposures are known by that were cleaned together."""
    return tuple(one.product_id for one in members)


def _best(
    images: Sequence[ProductRecord], groups: Groups, done: Mapping[str, CleanedGroup]
) -> tuple[ProductRecord, ...]:
    """Give for each image what cleaning made of it, or itself."""
    best = {
        before.product_id: after
        for name, members in groups.items()
        for before, after in zip(members, done[name].images, strict=True)
    }
    return tuple(best[one.product_id] for one in images)


@step_task("clean")
def clean_selected(
    run: Run, options: CleanOptions, images: Sequence[ProductRecord], wisp_template: Sequence[str] = ()
) -> tuple[ProductRecord, ...]:
    """Clean exposures, with the mosaics of those of their filter; each becomes a product, whatever was taken."""
    means = _Means(options, None, kept_templates(run.operations(), wisp_template), needed_only=False)
    done = _clean_groups(run, _grouped(images), means)
    return tuple(made.record for group in done.values() for made in group.made.values())


@dataclass(frozen=True)
class _Means:
    """With what exposures are cleaned."""

    options: CleanOptions
    limits: MosaicOptions | None
    """Limits of size of the mosaic wanted in the end."""

    templates: Sequence[Template]
    needed_only: bool = True


def _clean_groups(run: Run, groups: Groups, means: _Means) -> dict[str, CleanedGroup]:
    """Clean all filters, and tell of it."""
    done = _clean_all(run, groups, means)
    _tell(run, groups, done, means)
    return done


def _clean_all(run: Run, groups: Groups, means: _Means) -> dict[str, CleanedGroup]:
    with progress_artifacts() as report, _side_by_side() as begin:
        begun = {name: begin(_clean_one, run, name, members, means, report) for name, members in groups.items()}
        return {name: one.result() for name, one in begun.items()}


@contextmanager
def _side_by_side() -> Iterator[Callable[..., Future[Any]]]:
    """Give what begins a function in a thread of its own, whose log and artifacts belong to this step.

    All have ended behind the block; where it ends with an error, those that wait for a thread are not begun any more.
    """
    with ThreadPoolExecutor(FILTERS_AT_ONCE, thread_name_prefix="clean") as pool:
        try:
            yield lambda function, *given: pool.submit(copy_context().run, function, *given)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _clean_one(run: Run, name: str, members: Sequence[ProductRecord], means: _Means, report: Reporter) -> CleanedGroup:
    return clean_group(
        run.operations(named(report, name)), members, means.options, name=name, limits=means.limits,
        templates=means.templates, needed_only=means.needed_only,
    )  # fmt: skip


def _tell(run: Run, groups: Groups, done: Mapping[str, CleanedGroup], means: _Means) -> None:
    """Tell on the page what was cleaned, and why something was not."""
    made = [one for group in done.values() for one in group.made.values()]
    touched = [one for group in done.values() for one in group.touched]
    run.counts["exposures_cleaned"] = len(touched)
    for name, group in done.items():
        if group.why:
            run.note(f"{name}: not cleaned: {group.why}")
            get_run_logger().warning("%s: not cleaned: %s", name, group.why)
        if group.left:
            run.note(
                f"{name}: {len(group.left)} exposures have stripes and keep them, because two that overlap do not say"
                f" which has them: {group.left[0].file_name} ..."
            )
    used = {one.address for group in done.values() for one in group.templates}
    for one in means.templates:
        if one.address not in used:
            run.note(f"{PurePosixPath(one.address).name}: no exposure is of {one.detector} {one.filter or ''}".rstrip())
    count = sum(len(members) for members in groups.values())
    get_run_logger().info("%d of %d exposures needed cleaning", len(touched), count)
    if made:
        _show(run, made, touched)


def _grouped(images: Sequence[ProductRecord]) -> Groups:
    """Put together what is of one mosaic: instrument and filter, as a word for file names."""
    groups: Groups = defaultdict(list)
    for one in images:
        info = one.image_info
        words = (info.instrument, info.filter) if info else ()
        groups[slug(" ".join(word for word in words if word) or "images").replace("-", "_")].append(one)
    return groups


def _show(run: Run, made: Sequence[Made], touched: Sequence[Made]) -> None:
    """Put before, after and the amount on the page: numbers of all, pictures of those of which most was taken."""
    facts = {one.record.product_id: facts_of(one.record) for one in made}
    rows = [{"exposure": one.record.file_name, **in_words(facts[one.record.product_id])} for one in made[:MOST_ROWS]]
    table(rows, key="cleaning", description="Exposures before and after cleaning, and how much was taken")

    def most(one: Made) -> tuple[float, int]:
        own = facts[one.record.product_id]
        return light_taken(own) / (own.get("noise") or 1.0), pixels_masked(own)

    worst = sorted(touched, key=most, reverse=True)[:MOST_SHOWN]
    if worst:
        stores = [open_image(run.store.url(str(one.record.storage_key)), s3=run.settings.s3) for one in worst]
        names = ", ".join(one.record.file_name for one in worst)
        image(
            before_after([(store.read("sci"), store.read(CLEAN_MODEL)) for store in stores]),
            key="before-after",
            description=f"Before, after, and what was taken (its own scale), from above: {names}",
        )
