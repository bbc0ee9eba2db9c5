"""Exposures cleaned before they are combined, and what was measured and taken on the page of the run."""

from collections import defaultdict
from collections.abc import Sequence

from prefect import get_run_logger

from jwstpipe.catalog.records.models import ProductRecord
from jwstpipe.cleaning.changed import in_words, light_taken, pixels_masked
from jwstpipe.images.open import open_image
from jwstpipe.images.zarr.layout import CLEAN_MODEL
from jwstpipe.operations.make.clean_group import CleanedGroup, clean_group, facts_of
from jwstpipe.operations.make.make_products import Made
from jwstpipe.render.plots.before_after import before_after
from jwstpipe.requests import MosaicOptions, MosaicRequest, ProcessTargetRequest
from jwstpipe.requests.clean import CleanOptions, policy_options
from jwstpipe.tasks.artifacts import image, progress_artifacts, table
from jwstpipe.tasks.run_context import Run
from jwstpipe.tasks.selection import slug
from jwstpipe.tasks.steps.step_task import step_task

__all__ = ["clean_images", "clean_selected"]

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
    options = policy_options(request.clean_policy(exposures=request.level == 2))
    if options is None:
        if request.clean not in (None, "none"):
            run.note("only exposures (level 2) are cleaned; these images are combined, and stay as they are")
        return tuple(images)
    groups = _grouped(images)
    done = _clean_groups(run, groups, options, limits=request.mosaic_options(), needed_only=True)
    best = {
        before.product_id: after
        for name, members in groups.items()
        for before, after in zip(members, done[name].images, strict=True)
    }
    return tuple(best[one.product_id] for one in images)


@step_task("clean")
def clean_selected(
    run: Run, options: CleanOptions, images: Sequence[ProductRecord]
) -> tuple[ProductRecord, ...]:  # fmt: skip
    """Clean exposures, with the mosaics of those of their filter; each becomes a product, whatever was taken."""
    done = _clean_groups(run, _grouped(images), options, limits=None, needed_only=False)
    return tuple(made.record for group in done.values() for made in group.made.values())


def _clean_groups(
    run: Run, groups: Groups, options: CleanOptions, *, limits: MosaicOptions | None, needed_only: bool
) -> dict[str, CleanedGroup]:
    """Clean filter after filter, and tell of it."""
    done: dict[str, CleanedGroup] = {}
    for name, members in groups.items():
        with progress_artifacts() as report:
            done[name] = clean_group(
                run.operations(report), members, options, name=name, limits=limits, needed_only=needed_only
            )
    made = [one for group in done.values() for one in group.made.values()]
    touched = [one for group in done.values() for one in group.touched]
    run.counts["exposures_cleaned"] = len(touched)
    for name, group in done.items():
        if group.why:
            run.note(f"{name}: not cleaned: {group.why}")
            get_run_logger().warning("%s: not cleaned: %s", name, group.why)
    count = sum(len(members) for members in groups.values())
    get_run_logger().info("%d of %d exposures needed cleaning", len(touched), count)
    if made:
        _show(run, made, touched)
    return done


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
