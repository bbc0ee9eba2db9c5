"""Links between archive products: associations, headers, names; and what is stale when one of them changes."""

import json
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from jwstpipe.catalog.database.schema import SCHEMA_VERSION, ensure_schema, schema_version
from jwstpipe.catalog.lineage.archive_links import link_archive, parents_among
from jwstpipe.catalog.lineage.associations import association_members
from jwstpipe.catalog.lineage.embedded_id import find_product
from jwstpipe.catalog.lineage.formats import render_tree_dot, render_tree_mermaid
from jwstpipe.catalog.lineage.graph import ancestors, walk
from jwstpipe.catalog.lineage.staleness import stale_products, why_stale
from jwstpipe.catalog.maintenance.garbage import collect_garbage, find_garbage
from jwstpipe.catalog.maintenance.reconcile import repair, survey
from jwstpipe.catalog.query import RecordQuery
from jwstpipe.catalog.records.derived_record import derived_record, shared_image_info
from jwstpipe.catalog.records.header_table import table_inputs
from jwstpipe.errors import ConflictError, DataError, NotFoundError
from jwstpipe.names import parse_name
from jwstpipe.storage import open_store
from tests.catalog.catalog_records import CREATED, make_record

ASSOCIATIONS = Path(__file__).parents[2].parent / "shared" / "data" / "associations"
EXPOSURE = "jw02733001001_02101_0000{}_{}"
COMBINED = "jw02733-o001_t001_nircam_clear-f090w"
ALGORITHMS = {"convert": "1", "mosaic": "1"}


def archive_file(name, version="1", **changes):
    uri = f"mast:JWST/product/{name}"
    values = {"product_id": f"{name.replace('.', '_')}_v{version}", "file_name": name, "storage_key": f"mast/x/{name}",
              "uri": uri, "slot": uri, "version": version, "program": 2733,
              "digest": f"{abs(hash((name, version))):064x}"}  # fmt: skip
    return make_record(0, **{**values, **changes})


def made(operation, parents, number, version="1", **changes):
    return derived_record(
        f"{operation}{number}",
        kind="image" if operation == "convert" else "mosaic", storage_key=f"{operation}/{number}.zarr",
        parents=parents, operation=operation, algorithm_version=version, parameters={"planes": "science"},
        image=shared_image_info(parents), created=CREATED, run_id="run", **changes,
    )  # fmt: skip


@pytest.fixture
def family(embedded):
    for number in (1, 2):
        for detector in ("nrca1", "nrcb2"):
            for suffix in ("uncal", "rate", "cal"):
                embedded.publish(archive_file(f"{EXPOSURE.format(number, detector)}_{suffix}.fits"))
    embedded.publish(archive_file(f"{COMBINED}_i2d.fits"))
    embedded.publish(archive_file(f"{COMBINED}_segm.fits"))
    return embedded


def inputs_of(catalog, name):
    (record,) = catalog.find(RecordQuery(file_name=name))
    return [(link.file_name, link.role, link.evidence, link.product_id is not None) for link in record.inputs]


def test_exposures_are_linked_one_to_one_and_combined_images_to_their_exposures(family):
    assert link_archive(family) == 10
    assert link_archive(family) == 0
    rate = f"{EXPOSURE.format(2, 'nrcb2')}_rate.fits"
    assert inputs_of(family, f"{EXPOSURE.format(2, 'nrcb2')}_cal.fits") == [(rate, "science", "name", True)]
    assert len(inputs_of(family, f"{COMBINED}_i2d.fits")) == 4
    assert inputs_of(family, f"{COMBINED}_segm.fits") == [(f"{COMBINED}_i2d.fits", "science", "name", True)]
    (image,) = family.find(RecordQuery(file_name=f"{COMBINED}_i2d.fits"))
    kinds = [parse_name(node.record.file_name).suffix for node in walk(ancestors(family, image.product_id))]
    assert (kinds.count("cal"), kinds.count("rate"), kinds.count("uncal")) == (4, 4, 4)
    assert image.inputs[0].digest is not None


def test_an_association_says_more_than_names(family, tmp_path):
    link_archive(family)
    store = open_store(tmp_path / "store")
    members = [{"expname": f"{EXPOSURE.format(1, 'nrca1')}_cal.fits", "exptype": "science"},
               {"expname": f"{EXPOSURE.format(9, 'nrca1')}_cal.fits", "exptype": "background"}]  # fmt: skip
    name = "jw02733-o001_20240910t234537_image3_00001_asn.json"
    store.write_bytes(f"mast/x/{name}", json.dumps({"products": [{"name": COMBINED, "members": members}]}).encode())
    family.publish(archive_file(name))
    link_archive(family, store)
    assert inputs_of(family, f"{COMBINED}_i2d.fits") == [
        (members[0]["expname"], "science", "association", True),
        (members[1]["expname"], "background", "association", False),
    ]  # fmt: skip
    assert len(inputs_of(family, f"{EXPOSURE.format(1, 'nrca1')}_cal.fits")) == 1


def with_table(path, names):
    table = fits.BinTableHDU.from_columns([fits.Column("FILENAME", "60A", array=np.array(names))], name="HDRTAB")
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(np.ones((4, 4), "f4"), name="SCI"), table]).writeto(path)
    return path


def test_the_table_of_input_headers_says_more_than_names(family, tmp_path):
    link_archive(family)
    store = open_store(tmp_path / "store")
    cal = f"{EXPOSURE.format(2, 'nrcb2')}_cal.fits"
    told = [cal, f"{EXPOSURE.format(1, 'nrca1')}_o001_crf.fits", "/tmp/x/jw02733001001_02101_00009_nrca1_cal.fits"]
    store.put_file(with_table(tmp_path / "t.fits", told), f"mast/x/{COMBINED}_i2d.fits")
    assert link_archive(family, store) == 1
    assert link_archive(family, store) == 0
    assert inputs_of(family, f"{COMBINED}_i2d.fits") == [
        (cal, "science", "header", True),
        (f"{EXPOSURE.format(1, 'nrca1')}_cal.fits", "science", "header", True),  # what the crf was made from
        ("jw02733001001_02101_00009_nrca1_cal.fits", "science", "header", False),
    ]
    family.publish(archive_file("jw02733001001_02101_00009_nrca1_cal.fits"))
    assert link_archive(family) >= 1
    assert all(known for *_, known in inputs_of(family, f"{COMBINED}_i2d.fits"))


def test_the_table_of_a_real_combined_product(shared_data):
    (path,) = (shared_data / "jwst").glob("*_s2d.fits")
    names = table_inputs(str(path))
    assert sorted(names) == [f"jw01492005001_05101_0000{number}_nrs1_cal.fits" for number in range(1, 7)]
    plain = next((shared_data / "jwst").glob("*_i2d.fits"))
    assert table_inputs(str(plain)) == ()


def test_real_association_files():
    if not ASSOCIATIONS.is_dir():
        pytest.skip(f"no association files at {ASSOCIATIONS}")
    found = association_members((ASSOCIATIONS / "asn_level2.json").read_bytes(), name="asn")
    assert [(m.file_name, m.role) for m in found["test_lrs3_rate"]] == [
        ("test_lrs3_rate.fits", "science"), ("test_lrs3bkg_rate.fits", "background"),
    ]  # fmt: skip
    for path in ASSOCIATIONS.glob("*.json"):
        if path.name != "asn_mosaic.json":
            assert all(association_members(path.read_bytes(), name=path.name).values())
    for text in ("{", "[]", '{"products": [{"name": "x"}]}'):
        with pytest.raises(DataError, match="not an association"):
            association_members(text, name="x")


def test_outputs_of_a_run_find_their_inputs():
    names = [parse_name(f"{EXPOSURE.format(n, d)}_rate.fits") for n in (1, 2, 3) for d in ("nrca1", "nrca2")]
    for name in names:
        assert parents_among(parse_name(f"{EXPOSURE.format(int(name.exposure), name.detector)}_cal.fits"), names) == (
            name,
        )
    assert len(parents_among(parse_name(f"{EXPOSURE.format(1, 'nrcb1')}_cal.fits"), names)) == 2
    assert len(parents_among(parse_name(f"{EXPOSURE.format(9, 'nrcb1')}_cal.fits"), names)) == 6
    assert len(parents_among(parse_name("nircam-imaging_i2d.fits"), names)) == 6


@pytest.fixture
def pipeline(embedded):
    """Two files; an image and a mosaic of each, and one mosaic of both."""
    files = [archive_file(f"{EXPOSURE.format(n, 'nrca1')}_cal.fits") for n in (1, 2)]
    images = [made("convert", [file], n) for n, file in enumerate(files)]
    mosaics = [made("mosaic", images[:1], 10), made("mosaic", images[1:], 11), made("mosaic", images, 12)]
    for record in (*files, *images, *mosaics):
        embedded.publish(record)
    return embedded, files, images


def test_exactly_what_depends_on_a_replaced_file_is_stale(pipeline):
    catalog, files, _ = pipeline
    assert stale_products(catalog, algorithms=ALGORITHMS) == {}
    catalog.publish(archive_file(files[0].file_name, version="2"))
    stale = stale_products(catalog, algorithms=ALGORITHMS)
    assert set(stale) == {"convert0", "mosaic10", "mosaic12"}
    (reason,) = why_stale(catalog, "mosaic12", algorithms=ALGORITHMS)
    assert (reason.cause, reason.product_id) == ("reprocessed", files[0].product_id)
    assert "version 1" in reason.detail
    assert "replaced by 2" in reason.detail
    assert stale["mosaic12"] == (reason,)
    assert why_stale(catalog, "mosaic11", algorithms=ALGORITHMS) == ()


def test_what_is_made_anew_supersedes_and_is_collected(pipeline, tmp_path):
    catalog, files, images = pipeline
    newer = archive_file(files[0].file_name, version="2", created=CREATED)
    again = made("convert", [newer], 20)
    for record in (newer, again, made("mosaic", [again], 30), made("mosaic", [again, images[1]], 32)):
        catalog.publish(record)
    assert stale_products(catalog, algorithms=ALGORITHMS) == {}
    assert {r.product_id for r in catalog.find(RecordQuery(status=("superseded",)))} == {
        files[0].product_id, "convert0", "mosaic10", "mosaic12",
    }  # fmt: skip
    causes = {reason.cause for reason in why_stale(catalog, "mosaic12", algorithms=ALGORITHMS)}
    assert causes == {"superseded", "reprocessed"}
    assert find_garbage(catalog, grace=timedelta(days=1), now=CREATED).products == ()
    garbage = find_garbage(catalog, grace=timedelta(days=1), now=CREATED + timedelta(days=2))
    assert len(garbage.products) == 4
    store = open_store(tmp_path / "store")
    store.write_bytes(str(newer.storage_key), b"new bytes")
    assert collect_garbage(catalog, store, garbage) == 4
    assert store.read_bytes(str(newer.storage_key)) == b"new bytes"
    assert catalog.count(RecordQuery(status=("superseded",))) == 0


def test_algorithms_and_missing_inputs(pipeline):
    catalog, files, _ = pipeline
    stale = stale_products(catalog, algorithms={**ALGORITHMS, "convert": "2"})
    assert set(stale) == {"convert0", "convert1", "mosaic10", "mosaic11", "mosaic12"}
    assert {reason.cause for reason in stale["mosaic11"]} == {"algorithm"}
    gone = stale_products(catalog, algorithms=ALGORITHMS, present=lambda key, form: key != files[1].storage_key)
    assert set(gone) == {"convert1", "mosaic11", "mosaic12"}
    catalog.delete(files[0].product_id)
    assert {r.cause for r in why_stale(catalog, "mosaic10", algorithms=ALGORITHMS)} == {"missing"}
    tree = ancestors(catalog, "mosaic10").branches[0].branches[0]
    assert (tree.record, tree.link.digest) == (None, files[0].digest)


def test_graphs_name_each_product_once(pipeline):
    catalog, _, _ = pipeline
    tree = ancestors(catalog, "mosaic12")
    mermaid, dot = render_tree_mermaid(tree), render_tree_dot(tree)
    assert mermaid.startswith("flowchart TD")
    assert (mermaid.count("-->"), dot.count("->")) == (4, 4)
    assert (mermaid.count('["'), dot.count("label=")) == (5, 5)


def test_words_and_files_that_mean_a_product(pipeline, tmp_path):
    catalog, files, _ = pipeline
    assert find_product(catalog, "mosaic12").by == "id"
    assert find_product(catalog, files[0].file_name).record.product_id == files[0].product_id
    assert find_product(catalog, str(files[0].storage_key)).by == "storage key"
    path = tmp_path / "m.fits"
    header = fits.Header({"JPPRODID": "mosaic12"})
    hdus = [fits.PrimaryHDU(header=header), fits.ImageHDU([[1.0, 2.0]], name="SCI")]
    fits.HDUList(hdus).writeto(path)
    assert (find_product(catalog, str(path)).record.product_id, find_product(catalog, str(path)).by) == (
        "mosaic12",
        "header",
    )
    strange = tmp_path / "strange.bin"
    strange.write_bytes(b"strange")
    with pytest.raises(NotFoundError, match="no product"):
        find_product(catalog, str(strange))
    catalog.publish(archive_file("twin.fits"))
    catalog.publish(archive_file("twin.fits", version="3", slot=None, storage_key="mast/y/twin.fits"))
    with pytest.raises(ConflictError, match="may be any of"):
        find_product(catalog, "twin.fits")


def test_reconciling_finds_orphans_and_missing_files(pipeline, tmp_path):
    catalog, files, _ = pipeline
    store = open_store(tmp_path / "store")
    store.write_bytes(str(files[0].storage_key), b"x")
    store.write_bytes("pictures/unknown/a.png", b"y")
    store.write_bytes("images/dead/.1.zarr.0123456789ab.partial/0/sci/zarr.json", b"z")
    later = CREATED + timedelta(days=365 * 50)
    found = survey(catalog, store, now=later)
    assert {(f.kind, f.storage_key, f.action) for f in found} == {
        ("altered", files[0].storage_key, "mark"), ("missing", files[1].storage_key, "mark"),
        ("unknown", "pictures/unknown/a.png", "delete"),
        ("unfinished", "images/dead/.1.zarr.0123456789ab.partial", "delete"),
    }  # fmt: skip
    assert {f.action for f in survey(catalog, store) if f.kind in ("unknown", "unfinished")} == {"wait"}
    assert store.exists("pictures/unknown/a.png")
    done = repair(catalog, store, found, now=later)
    assert (done.deleted, done.marked, done.failures) == (2, 2, ())
    assert "not in the store" in str(catalog.get(files[1].product_id).validation_error)
    assert {f.kind for f in survey(catalog, store, now=later)} == {"altered", "missing"}


def test_older_documents_are_brought_up(embedded):
    embedded.publish(make_record(1, metadata={"mast_s_ra": 10.0, "mast_s_dec": 20.0}, digest="1" * 64))
    embedded.publish(make_record(2, kind="image", parents=("p1", "lost")))
    removed = {"sky", "name_key", "note_key", "inputs", "ra", "dec", "warnings"}
    older = [{k: v for k, v in one.items() if k not in removed} for one in embedded.database.documents()]
    embedded.database.replace(older)
    embedded.database.set_version(1)
    assert embedded.find(RecordQuery(text="file_1")) == []
    assert schema_version(embedded.database) == 1
    ensure_schema(embedded.database)
    assert schema_version(embedded.database) == SCHEMA_VERSION
    assert [r.product_id for r in embedded.find(RecordQuery(text="file_1"))] == ["p1"]
    assert [r.product_id for r in embedded.find(RecordQuery(ra=10.0, dec=20.0, radius=0.001))] == ["p1"]
    assert [(link.product_id, link.digest) for link in embedded.get("p2").inputs] == [("p1", "1" * 64), ("lost", None)]
    embedded.database.set_version(99)
    with pytest.raises(DataError, match="update jwstpipe"):
        ensure_schema(embedded.database)
