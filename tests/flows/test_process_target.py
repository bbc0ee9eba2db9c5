"""The whole way against a local archive, with a real Prefect server and a real Dask scheduler."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from PIL import Image

from jwstpipe import open_image
from jwstpipe.catalog.catalog import open_catalog
from jwstpipe.catalog.lineage.embedded_id import find_product
from jwstpipe.catalog.lineage.graph import ancestors
from jwstpipe.catalog.query import RecordQuery
from jwstpipe.cli.server.standing_run import standing_run
from jwstpipe.errors import (
    ArchiveError,
    NotFoundError,
    PartialError,
    TargetNotFoundError,
    TransferError,
    UsageError,
)
from jwstpipe.jobs.report import read_report
from jwstpipe.operations.products.reproduce import reproduce
from jwstpipe.requests import MosaicRequest, PictureRequest, ProcessTargetRequest, ThumbnailsRequest
from jwstpipe.settings import load_settings
from jwstpipe.storage import open_store
from tests.waiting import wait_for
from tests.world import FILTERS, TARGET

REQUEST = ProcessTargetRequest(target=TARGET, level=2)


def run(request=REQUEST):
    from jwstpipe.flows.process_target import process_target

    return process_target(request)


def catalogue():
    return open_catalog(load_settings().catalog_address)


def leaves(tree):
    return [tree] if not tree.branches else [leaf for branch in tree.branches for leaf in leaves(branch)]


def test_a_target_becomes_mosaics_and_a_picture_with_their_lineage(finished, tiny_world):
    programme, _ = tiny_world
    inputs = [file for file in programme.files if file.suffix == "cal"]
    report = finished
    assert report.files == len(inputs)
    assert report.bytes_moved == sum(file.path.stat().st_size for file in inputs)
    kinds = [product.kind for product in report.products]
    assert kinds == ["mosaic"] * len({file.filter for file in inputs}) + ["picture"]

    grids = set()
    for product in report.products[:-1]:
        image = open_image(product.where)
        assert image.primary["FILTER"] == product.filter
        assert image.provenance["product_id"] == product.product_id
        grids.add((str(image.grid), image.shape))
        covered = np.isfinite(image.read())
        assert covered.mean() > 0.001
        assert max(image.shape) <= 1024 * 2 ** (image.levels - 1)
    assert len(grids) == 1

    picture = report.products[-1]
    with Image.open(picture.where) as opened:
        pixels = np.asarray(opened.convert("RGB"))
    assert pixels.std() > 20
    with catalogue() as catalog:
        assert {one.kind for one in catalog.find()} == {
            "archive",
            "image",
            "thumbnail",
            "filtered",
            "mosaic",
            "picture",
        }
        assert catalog.count(RecordQuery(status=("staged",))) == 0
        images = [record for record in catalog.find() if record.kind in ("image", "mosaic")]
        stored = [Path(load_settings().store_root, record.storage_key).rglob("*") for record in images]
        assert [record.file_size for record in images] == [
            sum(file.stat().st_size for file in files if file.is_file()) for files in stored
        ]
        tree = ancestors(catalog, picture.product_id)
        files = {
            leaf.record.file_name: leaf.record.digest for leaf in leaves(tree) if leaf.record.kind == "archive"
        }  # fmt: skip
    assert set(files) == {file.path.name for file in inputs}
    assert all(len(digest) == 64 for digest in files.values())


def test_a_second_run_moves_nothing_and_makes_nothing(finished):
    with catalogue() as catalog:
        before = {record.product_id: record.storage_key for record in catalog.find()}
    again = run()
    with catalogue() as catalog:
        after = {record.product_id: record.storage_key for record in catalog.find()}
    assert again.bytes_moved == 0
    assert after == before
    assert [product.product_id for product in again.products] == [p.product_id for p in finished.products]
    assert not any(product.reused for product in finished.products)
    assert all(product.reused for product in again.products)


def test_a_run_with_nothing_to_do_is_known_without_a_server(finished):
    standing = standing_run(load_settings(), REQUEST)
    assert [(one.product_id, one.where) for one in standing.products] == [
        (one.product_id, one.where) for one in finished.products
    ]
    assert all(one.reused for one in standing.products)
    assert (standing.bytes_moved, standing.files) == (0, finished.files)
    assert standing_run(load_settings(), REQUEST.model_copy(update={"stretch": "linear"})) is None
    assert standing_run(load_settings(), REQUEST.model_copy(update={"filters": ("F" * 300,)})) is None


@pytest.mark.parametrize("lost", ["mosaic", "archive", "superseded", "report"])
def test_a_run_with_something_to_do_is_not_taken_for_done(finished_copy, lost):
    settings = load_settings()
    assert standing_run(settings, REQUEST) is not None
    store = Path(settings.store_root)
    with catalogue() as catalog:
        mosaic = catalog.find(RecordQuery(kind=("mosaic",)))[0]
        file = catalog.find(RecordQuery(kind=("archive",)))[0]
        if lost == "superseded":
            catalog.publish(file.model_copy(update={"product_id": "newer", "digest": "0" * 64}))
    if lost == "mosaic":
        (store / mosaic.storage_key / "zarr.json").unlink()
    elif lost == "archive":
        (store / file.storage_key).unlink()
    elif lost == "report":
        shutil.rmtree(store / "runs" / "last")
    assert standing_run(settings, REQUEST) is None


@pytest.mark.exhaustive("test_products_live_in_s3_as_they_do_on_disk")
def test_the_same_inputs_give_the_same_ids_and_bytes_on_another_site(finished, tmp_path, monkeypatch):
    monkeypatch.setenv("JWSTPIPE_HOME", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("JWSTPIPE_EXECUTION__CLUSTER", "processes")
    monkeypatch.setenv("JWSTPIPE_EXECUTION__WORKERS", "1")
    second = run()
    for one, other in zip(finished.products, second.products, strict=True):
        assert one.product_id == other.product_id
        assert one.where != other.where
        if one.kind == "mosaic":
            a, b = open_image(one.where), open_image(other.where)
            assert all(a.read(plane).tobytes() == b.read(plane).tobytes() for plane in a.planes)


@pytest.mark.exhaustive("test_a_second_run_moves_nothing_and_makes_nothing")
def test_an_input_that_was_reprocessed_makes_new_products_of_its_filter_only(finished_copy, tiny_world):
    programme, archive = tiny_world
    before = {product.filter: product.product_id for product in run().products}
    changed = next(file for file in programme.files if file.suffix == "cal")
    content = changed.path.read_bytes()
    try:
        with fits.open(changed.path, mode="update") as opened:
            opened["SCI"].data[60, 60] += 1
            opened[0].header["CAL_VER"] = "9.9.9"
            for hdu in opened:
                hdu.add_checksum()
        archive.rescan()
        assert standing_run(load_settings(), REQUEST) is None
        after = {product.filter: product.product_id for product in run().products}
    finally:
        changed.path.write_bytes(content)
        archive.rescan()
    assert after[changed.filter] != before[changed.filter]
    same = {name for name in before if after[name] == before[name]}
    assert same == set(before) - {changed.filter, None}


def test_the_run_page_shows_progress_products_picture_and_dashboard(finished):
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import (
        ArtifactFilter,
        ArtifactFilterFlowRunId,
        FlowRunFilter,
        FlowRunFilterId,
    )

    report = finished
    own = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[report.run_id]))
    of_this_run = FlowRunFilter(id=FlowRunFilterId(any_=[report.run_id]))
    with get_client(sync_client=True) as client:
        artifacts = client.read_artifacts(artifact_filter=own)
        tasks = client.read_flow_run(report.run_id)
        steps = {step.name.partition("-")[0]: step.name for step in client.read_task_runs(flow_run_filter=of_this_run)}
    by_type = {}
    for artifact in artifacts:
        by_type.setdefault(artifact.type, []).append(artifact)
    assert tasks.state.is_completed()
    assert {"search", "transfer", "register", "convert", "thumbnails", "plan", "mosaic", "composite"} <= set(steps)
    assert steps["mosaic"] in {f"mosaic-{product.filter}" for product in report.products}
    assert tasks.name == f"process-target: {TARGET}, level 2"
    assert {round(artifact.data) for artifact in by_type["progress"]} == {100}
    stages = " ".join(artifact.description for artifact in by_type["progress"])
    assert all(word in stages for word in ("transfer", "convert", "tiles", "composite", TARGET))
    of_run = f"-{report.run_id[:8]}"  # no other run has artifacts of these keys
    assert all(artifact.key.endswith(of_run) for artifact in artifacts if artifact.key)
    by_key = {artifact.key.removesuffix(of_run): artifact for artifact in artifacts if artifact.key}
    for key in ("picture-tiny-nebula", "thumbnails"):
        assert by_key[key].data.startswith("data:image/jpeg;base64,")
        assert len(by_key[key].data) < 200_000
    rows = json.loads(by_key["products"].data)
    assert [row["product_id"] for row in rows] == [product.product_id for product in report.products]
    for product in report.products:
        assert f"](file://{product.where})" in by_key["product-links"].data
    assert all(file.file_name in by_key["lineage"].data for file in archive_files())
    assert "| transfer |" in by_key["report"].data
    assert "| max_files | 500 |" in by_key["report"].data
    assert "http://127.0.0.1" in by_key["dask-dashboard"].data
    assert "status" in by_key["dask-dashboard"].data


def archive_files():
    with catalogue() as catalog:
        return catalog.find(RecordQuery(kind=("archive",)))


def test_the_report_of_a_run_is_read_back_from_the_store(finished):
    assert read_report(open_store(load_settings().store_root), finished.run_id) == finished


@pytest.mark.parametrize(
    ("request_", "error", "says"),
    [
        (ProcessTargetRequest(target="NGC 9999"), TargetNotFoundError, "no resolver knows 'NGC 9999'"),
        (ProcessTargetRequest(target=TARGET, filters=("F999W",)), NotFoundError, "no image of level"),
        (ProcessTargetRequest(target=TARGET, level=2, max_files=1), UsageError, "more than the limit of 1 files"),
    ],
)
def test_a_wish_that_cannot_be_met_ends_the_run_with_its_own_error(site, request_, error, says):
    with pytest.raises(error, match=says):
        run(request_)
    with catalogue() as catalog:
        assert catalog.count(RecordQuery(status=())) == 0


def test_an_archive_that_is_down_is_named(site, monkeypatch):
    monkeypatch.setattr("jwstpipe.archive.retry.FIRST_WAIT_S", 0.01, raising=True)
    site.go_down("mast")
    try:
        with pytest.raises(ArchiveError, match=site.server):
            run()
    finally:
        site.come_back()


def test_a_run_that_fails_in_the_middle_leaves_nothing_half_published_and_the_next_finishes(site, monkeypatch):
    def fail(job, **_):
        raise NotFoundError("a tile was lost")

    one_filter = ProcessTargetRequest(target=TARGET, level=3, filters=FILTERS[:1])
    with monkeypatch.context() as patched:
        patched.setattr("jwstpipe.mosaicking.reuse.run_tile", fail)
        with pytest.raises(NotFoundError, match="a tile was lost"):
            run(one_filter)
    settings = load_settings()
    store = open_store(settings.store_root)
    assert store.list("mosaics") == []
    with catalogue() as catalog:
        assert catalog.count(RecordQuery(kind=("mosaic", "picture"), status=())) == 0
    report = run(one_filter)
    assert report.bytes_moved == 0
    assert report.products[-1].kind == "picture"


def test_products_live_in_s3_as_they_do_on_disk(site, monkeypatch, s3_site):
    """Of one image: a whole run on S3 is `tests/end_to_end/test_stack.py`."""
    one_image = ProcessTargetRequest(target=TARGET, level=3, filters=FILTERS[:1])
    local = run(one_image)
    for key, value in s3_site.items():
        monkeypatch.setenv(key, value)
    remote = run(one_image)
    assert [p.product_id for p in remote.products] == [p.product_id for p in local.products]
    assert all(product.where.startswith("s3://") for product in remote.products)
    s3 = load_settings().s3
    for one, other in zip(local.products[:-1], remote.products[:-1], strict=True):
        a, b = open_image(one.where), open_image(other.where, s3=s3)
        assert all(a.read(plane).tobytes() == b.read(plane).tobytes() for plane in a.planes)
    with catalogue() as catalog:
        sizes = {record.file_size for record in catalog.find() if record.kind == "mosaic"}
    assert all(size and size > 10_000 for size in sizes)
    again = run(one_image)
    assert again.bytes_moved == 0
    assert [(p.where, p.reused) for p in again.products] == [(p.where, True) for p in remote.products]


def test_what_the_catalogue_holds_becomes_pictures_and_a_contact_sheet(finished):
    from jwstpipe.flows.composite import composite
    from jwstpipe.flows.thumbnails import thumbnails

    wish = PictureRequest(target=TARGET, preset="natural", size=200, form="jpg", overlays=("labels",))
    (picture,) = composite(wish).products
    assert (picture.kind, picture.reused) == ("picture", False)
    with Image.open(picture.where) as opened:
        assert opened.format == "JPEG"
        assert max(opened.size) == 200
    assert composite(wish).products[0].reused
    made = thumbnails(ThumbnailsRequest(target=TARGET)).products
    assert {product.kind for product in made[:-1]} == {"thumbnail"}
    with Image.open(made[-1].where) as opened:
        assert opened.size[0] > 500
    store = open_store(load_settings().store_root)
    with catalogue() as catalog:
        assert find_product(catalog, made[-1].where).record.operation == "contact-sheet"
        mosaic = next(record for record in catalog.find() if record.kind == "mosaic")
        for key in (picture.product_id, made[0].product_id, made[-1].product_id, mosaic.product_id):
            stood = reproduce(key, catalog=catalog, store=store)
            assert (stood.product_id, stood.same, stood.restored) == (key, True, False), catalog.get(key).operation
            store.delete(str(catalog.get(key).storage_key))
            put_back = reproduce(key, catalog=catalog, store=store)
            assert (put_back.digest, put_back.same, put_back.restored) == (stood.digest, True, True)
    with pytest.raises(NotFoundError, match="no mosaics of it"):
        composite(PictureRequest(target="Nowhere 1"))
    with pytest.raises(UsageError, match="products or a target"):
        composite(PictureRequest())


def test_images_of_the_catalogue_become_mosaics_that_share_tiles_with_later_ones(finished):
    from jwstpipe.flows.mosaic import mosaic

    known = [product for product in finished.products if product.kind == "mosaic"]
    names = sorted(product.filter for product in known)
    again = mosaic(MosaicRequest())
    assert [product.product_id for product in again.products] == [product.product_id for product in known]
    assert all(product.reused for product in again.products)
    report = mosaic(MosaicRequest(filters=(names[0],)))
    (made,) = report.products
    assert (made.kind, made.filter) == ("mosaic", names[0])
    # the window of one filter may be smaller than that of all: then it is another product, of the same tiles
    assert made.reused or report.counts["tiles_reused"] == report.counts["tiles"] > 0
    assert open_image(made.where).primary["FILTER"] == names[0]
    with pytest.raises(NotFoundError, match="no such images"):
        mosaic(MosaicRequest(filters=("F999W",)))


def test_an_operation_without_a_flow_of_its_own_is_a_job(finished):
    from jwstpipe.flows.operation import flow_of

    mosaics = tuple(product.product_id for product in finished.products if product.kind == "mosaic")[:1]
    export = flow_of("export")
    report = export({"products": mosaics})
    (made,) = report.products
    assert (report.kind, made.kind, made.reused) == ("export", "export", False)
    with fits.open(made.where, checksum=True) as opened:
        opened.verify("exception")
        stored = open_image(next(one.where for one in finished.products if one.product_id == mosaics[0]))
        assert np.array_equal(opened["SCI"].data, stored.read(), equal_nan=True)
    assert export({"products": mosaics}).products[0].reused
    sheet = flow_of("contact_sheet")({"filters": FILTERS[:1], "size": 64, "form": "jpg"}).products[0]
    with Image.open(sheet.where) as opened:
        assert opened.format == "JPEG"
    with pytest.raises(NotFoundError, match="no such image or mosaic in the catalogue"):
        export({"products": ("nothing.zarr",)})
    with pytest.raises(UsageError, match="more than the limit of 1;"):
        export({"max_files": 1})


def test_files_become_images_while_others_still_come_and_one_that_does_not_keeps_none_from_it(
    site, tiny_world, monkeypatch
):
    from jwstpipe.archive.transfer import fetch

    programme, _ = tiny_world
    names = sorted(file.path.name for file in programme.files if file.suffix == "cal")
    fetch_file = fetch.fetch_file

    def last_is_lost(context, product):
        if product.file_name != names[0]:
            return fetch_file(context, product)
        wait_for("the others have thumbnails", lambda: len(of_kind("thumbnail")) == len(names) - 1)
        raise TransferError(f"{names[0]}: not to be had")

    monkeypatch.setattr(fetch, "fetch_file", last_is_lost)
    with pytest.raises(PartialError, match=names[0]):
        run()
    assert sorted(Path(image.file_name).stem for image in of_kind("image")) == [Path(name).stem for name in names[1:]]


def of_kind(kind):
    with catalogue() as catalog:
        return catalog.find(RecordQuery(kind=(kind,)))
