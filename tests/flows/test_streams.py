"""What steps hand to each other, and the bars of work that is done in batches."""

import threading

import pytest

from jwstpipe.archive.product import Product
from jwstpipe.errors import DataError, InterruptedRunError
from jwstpipe.progress import Progress
from jwstpipe.tasks.steps.stream import Batched, Stream
from tests.waiting import LIMIT_SECONDS

MANY = 500


def test_a_stream_gives_all_that_came_in_its_order_and_ends():
    stream = Stream([1])
    stream.put([2, 3])
    stream.put([])
    batches = stream.batches()
    assert next(batches) == [1, 2, 3]
    threading.Timer(0.05, lambda: (stream.put([4]), stream.close())).start()
    assert [item for batch in batches for item in batch] == [4]
    assert list(Stream.of([]).batches()) == []
    assert list(Stream.of("ab").batches()) == [["a", "b"]]


def test_the_bar_of_batches_rises_once():
    told = []
    batched = Batched(told.append, expected=5)
    for size in (2, 3):
        batched.begin()
        for done in range(size + 1):
            batched(Progress("convert", done, size, "files"))
    assert [progress.done for progress in told] == [0, 1, 2, 2, 3, 4, 5]
    assert {progress.total for progress in told} == {5}


def listed(name, filters, size):
    return Product(
        f"mast:JWST/product/{name}", name, size, name, 2, "cal", filters, "NIRCAM/IMAGE", "M51", "SCIENCE", "",
        "PUBLIC", name,
    )  # fmt: skip


def test_files_come_filter_by_filter_the_largest_first():
    from jwstpipe.tasks.arriving.order import by_filter

    products = [
        listed("a", ("F200W",), 3), listed("b", ("F444W",), 5), listed("c", ("F444W", "F405N"), 4),
        listed("d", ("F200W",), 4), listed("e", ("F444W", "F405N"), 1),
    ]  # fmt: skip
    assert [one.file_name for one in by_filter(products)] == ["a", "d", "b", "c", "e"]


def test_what_reaches_the_rim_comes_when_half_of_the_bytes_have_come_in_whole_filters():
    from dataclasses import replace

    from jwstpipe.tasks.arriving.order import fetch_order

    def square(name, filters, ra, dec, side, size):
        corners = [(ra, dec), (ra + side, dec), (ra + side, dec + side), (ra, dec + side)]
        region = "POLYGON " + " ".join(f"{x} {y}" for x, y in corners)
        return replace(listed(name, filters, size), mast={"s_region": region})

    row = [square(f"b{n}", ("F444W",), 150.02 + 0.05 * n, 0.02, 0.05, 2) for n in range(3)]
    wide = square("a", ("F200W",), 150.0, 0.0, 0.2, 5)
    far = [square(f"c{n}", ("F770W",), 150.05 + n, 0.02, 0.05, 2) for n in range(2)]
    assert [one.file_name for one in fetch_order([*row, wide])] == ["b0", "b1", "b2", "a"]
    assert [one.file_name for one in fetch_order([*far, wide, *row])] == ["b0", "b1", "b2", "a", "c1", "c0"]
    unknown = replace(far[0], mast={})
    assert [one.file_name for one in fetch_order([unknown, far[1], wide, *row])] == ["b0", "b1", "b2", "a", "c0", "c1"]


def test_filters_are_cleaned_side_by_side(opened, monkeypatch):
    from jwstpipe.catalog.records.components import ImageInfo
    from jwstpipe.operations.make.clean_group import CleanedGroup
    from jwstpipe.requests import ProcessTargetRequest
    from jwstpipe.tasks import cleaning
    from tests.catalog.catalog_records import make_record

    met = threading.Barrier(3)
    products = [listed(name, (filter_,), 1) for name, filter_ in (("a", "F200W"), ("b", "F444W"), ("c", "F200W"))]
    products.append(listed("d", ("F770W",), 1))
    infos = [ImageInfo(instrument="NIRCAM", filter=one.filters[0]) for one in products]
    files = [make_record(f"f{n}", uri=one.data_uri) for n, one in enumerate(products)]
    images = [make_record(n, kind="image", parents=(files[n].product_id,), image_info=infos[n]) for n in range(4)]

    def cleaned(run, exposures, options, *, name, **_):
        met.wait(LIMIT_SECONDS)
        return CleanedGroup(tuple(one.model_copy(update={"file_name": f"clean {name}"}) for one in exposures))

    monkeypatch.setattr(cleaning, "clean_group", cleaned)

    def come(run):
        run.catalog.publish_many(files)
        coming, onward = Stream.of([images[1], images[2], images[0], images[3]]), Stream()
        request = ProcessTargetRequest(target="M51", level=2, clean="auto")
        done = cleaning.clean_arriving(run, request, coming, products, onward)
        return done, [one for batch in onward.batches() for one in batch]

    done, handed_on = opened(come)
    assert [one.product_id for one in done] == [one.product_id for one in images]
    assert sorted([one.file_name for one in filter_.images] for filter_ in handed_on) == [
        ["clean nircam_f200w"] * 2, ["clean nircam_f444w"], ["clean nircam_f770w"],
    ]  # fmt: skip


def test_large_files_come_two_at_a_time_over_as_many_connections():
    from jwstpipe.settings import ArchiveSettings
    from jwstpipe.tasks.archive import LARGE_BYTES, _whole_sooner

    def at_once(settings, *sizes):
        found = _whole_sooner(settings, [listed(str(size), ("F200W",), size) for size in sizes])
        return found.files_at_once, found.ranges_at_once

    wide = ArchiveSettings(files_at_once=3, ranges_at_once=4)
    assert at_once(wide, LARGE_BYTES + 1, LARGE_BYTES - 1) == (2, 6)
    assert at_once(wide, LARGE_BYTES, LARGE_BYTES - 1) == (3, 4)
    assert at_once(ArchiveSettings(files_at_once=1, ranges_at_once=4), LARGE_BYTES) == (1, 4)


def test_a_mosaic_that_was_begun_on_another_frame_is_taken_away(tmp_path):
    from types import SimpleNamespace

    from jwstpipe.catalog.catalog import open_catalog
    from jwstpipe.requests import ProcessTargetRequest
    from jwstpipe.storage import open_store
    from jwstpipe.tasks.arriving.early_mosaics import EarlyMosaics
    from tests.catalog.catalog_records import make_record

    store, notes = open_store(tmp_path / "store"), []
    with open_catalog(tmp_path / "catalog.sqlite") as catalog:
        run = SimpleNamespace(run_id="this", catalog=catalog, store=store, note=notes.append)
        records = [make_record(n, kind="mosaic", storage_key=f"mosaics/{n}.png", run_id="this") for n in range(2)]
        catalog.publish_many(records)
        for record in records:
            store.write_bytes(record.storage_key, b"x")
        plans = [SimpleNamespace(filter="F200W", plan=SimpleNamespace(id=record.product_id)) for record in records]
        begun = [SimpleNamespace(result=lambda record=record: record) for record in records]
        steps = SimpleNamespace(drop=lambda one: one.result())
        early = EarlyMosaics(run, ProcessTargetRequest(target="M51"), steps, percent=20, filters=2)
        early._begun = {plan.plan.id: (plan, one) for plan, one in zip(plans, begun, strict=True)}
        assert early.finish(plans[1:]) == begun[1:]
        assert [one.product_id for one in catalog.find()] == ["p1"]
    assert not store.exists(records[0].storage_key)
    assert store.exists(records[1].storage_key)
    assert notes == ["F200W: its mosaic was begun on a frame that the last files changed, and was made anew"]


def test_the_whole_counts_steps_that_go_on_side_by_side():
    from jwstpipe.tasks.artifacts import Overall

    overall = Overall()
    one, other = overall.enter(30), overall.enter(10)
    one.follow("a", 0.5)
    other.follow("b", 1.0)
    other.follow("c", 0.0)
    assert overall.percent == 20
    overall.leave(other)
    assert overall.percent == 25


@pytest.fixture
def opened(site):
    """Give what runs a function in a flow, with a run."""
    from prefect import flow

    from jwstpipe.settings import load_settings
    from jwstpipe.tasks.run_context import open_run

    def inside(function):
        @flow(persist_result=False)
        def small():
            with open_run(load_settings()) as run:
                return function(run)

        return small()

    return inside


def test_the_first_step_that_failed_is_the_error_and_the_others_end(opened):
    from jwstpipe.tasks.steps.step_task import step_task
    from jwstpipe.tasks.steps.together import together

    ended = []
    met = threading.Barrier(3)

    @step_task("one")
    def one(run, fails):
        met.wait(LIMIT_SECONDS)
        ended.append(fails)
        if fails:
            raise DataError(fails)
        return run.run_id

    def three(run):
        with together(run) as steps:
            for name in ("", "second", "third"):
                steps.begin(f"step {name}", percent=1, step=one, given=(run, name))

    with pytest.raises(DataError, match="second"):
        opened(three)
    assert sorted(ended) == ["", "second", "third"]


def test_a_run_that_is_ended_from_outside_ends_its_steps(opened):
    from jwstpipe.tasks.steps.step_task import step_task
    from jwstpipe.tasks.steps.together import together

    begun = threading.Event()
    seen = []

    @step_task("long")
    def long(run):
        try:
            for number, _ in enumerate(run.workers.each(hold, {f"job-{n}": n for n in range(MANY)}, name="hold")):
                begun.set()
                seen.append(number)
        except InterruptedRunError as error:
            seen.append(error)
            raise

    def ended(run):
        with together(run) as steps:
            steps.begin("long", percent=1, step=long, given=(run,))
            assert begun.wait(LIMIT_SECONDS)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        opened(ended)
    assert isinstance(seen[-1], InterruptedRunError)
    assert len(seen) < MANY


def hold(number):
    threading.Event().wait(0.2)
    return number
