"""What a catalogue does, on a file and over the wire alike; the truth is a plain list of records."""

import io
from datetime import timedelta

import pytest
from astropy.coordinates import SkyCoord
from pydantic import ValidationError

from jwstpipe.catalog.catalog import Share
from jwstpipe.catalog.maintenance.bulk import archive_records, delete_records, plan_deletion, tag_records
from jwstpipe.catalog.maintenance.export import record_line, records_csv, records_table
from jwstpipe.catalog.maintenance.record_import import import_lines, import_table
from jwstpipe.catalog.query import RecordQuery
from jwstpipe.catalog.records.components import InputLink
from jwstpipe.errors import ConflictError, DataError, NotFoundError, UsageError
from tests.catalog.catalog_records import CREATED, make_record


def as_published(record):
    return record.model_copy(update={"status": "published"})


def ids(records):
    return [record.product_id for record in records]


def test_staged_records_are_not_seen_by_readers(catalog, record):
    catalog.stage(record(1))
    catalog.stage(record(1))
    assert catalog.find() == []
    assert catalog.count() == 0
    assert catalog.get("p1").status == "staged"
    assert ids(catalog.find(RecordQuery(status=("staged",)))) == ["p1"]
    assert catalog.published(["p1"]) == set()


def test_publishing_makes_one_visible_record_however_often(catalog, record):
    catalog.stage(record(1))
    for _ in range(3):
        catalog.publish(record(1))
    assert catalog.find() == [as_published(record(1))]
    catalog.stage(record(1))
    assert catalog.get("p1").status == "published"
    catalog.publish(record(2))
    assert catalog.published(["p1", "p2", "p3"]) == {"p1", "p2"}


def test_publishing_again_renews_what_is_the_programs_and_leaves_what_is_the_users(catalog, record):
    catalog.publish(record(1, tags=("first",), is_public=True, run_id="run-1"))
    catalog.amend("p1", add_tags=["mine", "other"], remove_tags=["other"], description="a fine one", is_public=False)
    later = CREATED + timedelta(days=1)
    catalog.publish(record(1, tags=("second",), is_public=True, run_id="run-2", file_size=77, created=later))
    got = catalog.get("p1")
    assert (got.tags, got.description, got.is_public, got.created) == (
        ("first", "mine", "second"),
        "a fine one",
        False,
        CREATED,
    )
    assert (got.run_id, got.file_size) == ("run-2", 77)


def test_all_parts_come_back(catalog, record):
    full = record(
        1,
        parents=("a", "b"),
        parameters={"scale": 0.063, "filters": ["F090W"], "deep": {"n": 1, "x": None, "yes": True}},
        software={"numpy": "2.1"},
        is_viewable=True,
        program=2733,
        digest="0" * 64,
        tags=("x", "y"),
        shared_with=("ann",),
    )
    catalog.publish(full)
    assert catalog.get("p1") == as_published(full)


def test_one_storage_key_belongs_to_one_product(catalog, record):
    catalog.publish(record(1))
    with pytest.raises(ConflictError, match="storage key"):
        catalog.publish(record("other", storage_key="mast/obs/file_1.fits"))
    with pytest.raises(ConflictError, match="storage key"):
        catalog.stage(record("other", storage_key="mast/obs/file_1.fits"))
    assert ids(catalog.find()) == ["p1"]
    catalog.publish(record("other", storage_key="mast/obs/file_1.fits", user_id="ann"))
    catalog.publish(record("none", storage_key=None))
    catalog.publish(record("none2", storage_key=None))
    assert catalog.count() == 4
    assert catalog.delete("p1") is True
    catalog.publish(record("heir", storage_key="mast/obs/file_1.fits"))


def test_missing_records(catalog, record):
    with pytest.raises(NotFoundError, match="no product 'p9'"):
        catalog.get("p9")
    with pytest.raises(NotFoundError):
        catalog.amend("p9", description="x")
    assert catalog.delete("p9") is False
    catalog.publish(record(1))
    assert set(catalog.get_many(["p1", "p9"])) == {"p1"}
    assert catalog.get_many([]) == {}


def test_thumbnails_are_set_together_and_what_is_gone_gets_none(catalog, record):
    catalog.publish_many([record(1), record(2)])
    catalog.set_thumbnails({"p1": "thumbnails/a.png", "gone": "thumbnails/b.png"})
    assert [catalog.get(key).thumbnail for key in ("p1", "p2")] == ["thumbnails/a.png", None]
    assert catalog.get_many(["gone"]) == {}


def test_amendments_are_checked(catalog, record):
    catalog.publish(record(1))
    with pytest.raises(DataError, match="thumbnail"):
        catalog.amend("p1", thumbnail="../../x")
    assert catalog.amend("p1", thumbnail="thumbs/p1.png").thumbnail == "thumbs/p1.png"
    archived = catalog.amend("p1", is_archived=True)
    assert archived.is_archived
    assert archived.archived_date is not None
    assert catalog.amend("p1", is_archived=False).archived_date is None


@pytest.fixture
def filled(catalog):
    records = [
        make_record(1, program=2733, processing_level="L3", tags=("nebula", "nice"), file_size=10),
        make_record(2, filter="F405N", program=2733, processing_level="L3", tags=("nebula",), is_public=True),
        make_record(3, instrument="MIRI", filter="F770W", target="NGC-3132", kind="mosaic", parents=("p1", "p2")),
        make_record(4, target="M 16", kind="picture", parents=("p3",), operation="composite", run_id="run-7",
                    user_id="ann", filter=None, storage_key=None, file_size=None),
        make_record(5, target=None, kind="image", parents=("p1",), shared_with=("ann", "bob"), user_id="eve",
                    created=CREATED + timedelta(milliseconds=1), metadata={"mast_obs_id": "other"}),
    ]  # fmt: skip
    for record in records:
        catalog.publish(record)
    catalog.stage(make_record(6))
    catalog.amend("p2", is_archived=True)
    return catalog


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, "12345"),
        ({"status": ()}, "123456"),
        ({"status": ("staged",)}, "6"),
        ({"kind": ("archive",)}, "12"),
        ({"kind": ("mosaic", "picture")}, "34"),
        ({"level": ("L3",)}, "12"),
        ({"target": "ngc3132"}, "123"),
        ({"target": "M16"}, "4"),
        ({"instrument": ("MIRI/IMAGE",)}, "3"),
        ({"instrument": ("nircam",), "kind": ("archive",)}, "12"),
        ({"filter": ("f405n", "F770W")}, "23"),
        ({"program": 2733}, "12"),
        ({"program": 27}, ""),
        ({"obs_id": "other"}, "5"),
        ({"file_name": "file_2.fits"}, "2"),
        ({"storage_key": "mast/obs/file_3.fits"}, "3"),
        ({"parent": "p1"}, "35"),
        ({"operation": "composite"}, "4"),
        ({"run_id": "run-7"}, "4"),
        ({"tags": ("nebula",)}, "12"),
        ({"tags": ("nice", "nebula")}, "1"),
        ({"text": "ILE_3.F"}, "3"),
        ({"text": "ngc 3"}, "12"),
        ({"text": ".*"}, ""),
        ({"created_since": CREATED}, "12345"),
        ({"created_since": CREATED + timedelta(milliseconds=1)}, "5"),
        ({"created_before": CREATED + timedelta(milliseconds=1)}, "1234"),
        ({"archived": True}, "2"),
        ({"archived": False, "program": 2733}, "1"),
        ({"visible_to": ""}, "2"),
        ({"visible_to": "ann"}, "245"),
        ({"visible_to": "bob"}, "25"),
        ({"visible_to": "ann", "text": "file_4"}, "4"),
        ({"target": '{"$gt": ""}'}, ""),
        ({"file_name": "$ne"}, ""),
        ({"tags": ("neb",)}, ""),
    ],
)
def test_queries(filled, query, expected):
    wanted = RecordQuery(**query)
    found = filled.find(wanted, sort="file_name")
    assert "".join(record.product_id[1:] for record in found) == expected
    assert filled.count(wanted) == len(expected)


@pytest.mark.parametrize(
    "query",
    [{"target": {"$gt": ""}}, {"kind": ({"$ne": "x"},)}, {"program": {"$gt": 0}}, {"tags": ({"$exists": True},)},
     {"program": "2733"}, {"$where": "1"}, {"archived": 1}, {"created_since": "2026"}],
)  # fmt: skip
def test_operators_do_not_pass_for_values(query):
    with pytest.raises(ValidationError):
        RecordQuery(**query)


def test_order_and_pages(filled):
    assert ids(filled.find(sort="newest")) == ["p5", "p1", "p2", "p3", "p4"]
    assert ids(filled.find(sort="oldest")) == ["p1", "p2", "p3", "p4", "p5"]
    assert ids(filled.find(sort="largest", limit=2)) == ["p5", "p3"]
    pages = [ids(filled.find(sort="oldest", limit=2, skip=skip)) for skip in (0, 2, 4, 6)]
    assert pages == [["p1", "p2"], ["p3", "p4"], ["p5"], []]


def test_children(filled):
    assert ids(filled.children(["p1"])) == ["p3", "p5"]
    assert ids(filled.children(["p1", "p2", "p3"])) == ["p3", "p4", "p5"]
    assert filled.children([]) == []


def test_statistics(filled):
    stats = filled.stats()
    assert stats.total == Share(6, 10 + 1002 + 1003 + 1005 + 1006)
    assert stats.by_kind == {
        "archive": Share(3, 10 + 1002 + 1006),
        "image": Share(1, 1005),
        "mosaic": Share(1, 1003),
        "picture": Share(1, 0),
    }
    assert stats.by_instrument == {"NIRCam": Share(5, 10 + 1002 + 1005 + 1006), "MIRI": Share(1, 1003)}
    assert stats.by_filter[""] == Share(1, 0)
    assert stats.by_filter["F770W"] == Share(1, 1003)
    assert stats.by_level == {"L3": Share(2, 1012), "unknown": Share(4, 1003 + 1005 + 1006)}
    assert stats.by_status == {"published": Share(5, 10 + 1002 + 1003 + 1005), "staged": Share(1, 1006)}
    assert filled.stats(RecordQuery(kind=("mosaic",))).total == Share(1, 1003)


def test_shares_of_targets_and_users(filled):
    targets, users = filled.shares("target"), filled.shares("user")
    assert sum(share.records for share in targets.values()) == 6
    assert targets["NGC3132"].records >= 3
    assert targets["M16"] == Share(1, 0)
    assert targets[""].records >= 1
    assert users["eve"].records == 1
    assert sum(share.bytes for share in users.values()) == filled.stats().total.bytes
    assert filled.as_user("").shares("user").get("eve") is None


def test_an_empty_catalogue(catalog):
    assert catalog.find() == []
    assert catalog.stats().total == Share(0, 0)
    assert catalog.stats().by_kind == {}


def test_indexes_are_made_once(catalog, record):
    catalog.ensure_indexes()
    catalog.publish(record(1))
    catalog.ensure_indexes()
    assert catalog.count() == 1


def test_many_at_once_are_the_same_as_one_by_one(catalog, record):
    catalog.publish(record(1, tags=("mine",)))
    catalog.amend("p1", description="a fine one", add_tags=["kept"])
    assert catalog.publish_many(record(number, tags=("bulk",)) for number in range(300)) == 300
    assert catalog.count() == 300
    assert catalog.get("p1").description == "a fine one"
    assert catalog.get("p1").tags == ("mine", "kept", "bulk")
    assert catalog.get("p299") == as_published(record(299, tags=("bulk",)))
    assert catalog.count(RecordQuery(tags=("bulk",))) == 300
    with pytest.raises(ConflictError, match="storage key"):
        catalog.publish_many([record("other", storage_key="mast/obs/file_1.fits")])


def test_links_of_a_record_that_was_deleted_meanwhile_make_none(catalog, record):
    catalog.publish(record(1))
    link = InputLink(product_id="p7", file_name="f.fits")
    catalog.set_inputs([("p1", [link]), ("p9", [link])])
    assert [found.product_id for found in catalog.find(RecordQuery(status=()))] == ["p1"]
    assert catalog.get("p1").parents == ("p7",)


def test_a_newer_product_takes_the_slot_and_the_older_one_stays_known(catalog, record):
    uri, key = "mast:JWST/product/a.fits", "mast/obs/a.fits"
    first = record("v1", slot=uri, storage_key=key, version="1.11.4")
    catalog.publish(first)
    catalog.publish(record("hers", slot=uri, storage_key=key, user_id="ann"))
    catalog.publish(record("v2", slot=uri, storage_key=key, version="1.12.5"))
    assert set(ids(catalog.find())) == {"pv2", "phers"}
    old = catalog.get("pv1")
    assert (old.status, old.superseded_by, old.version) == ("superseded", "pv2", "1.11.4")
    catalog.publish(first)  # the older one came back
    assert (catalog.get("pv1").status, catalog.get("pv1").superseded_by) == ("published", None)
    assert catalog.get("pv2").superseded_by == "pv1"


POSITIONS = [(0.0, 0.0), (359.9999, 0.0), (0.0002, -0.0001), (180.0, 0.0), (10.0, 89.9999), (200.0, 89.9998),
             (77.0, -90.0), (83.8221, -5.3911), (83.8221, -5.3914), (151.757, -40.4365)]  # fmt: skip


@pytest.fixture
def placed(catalog):
    catalog.publish_many(make_record(number, ra=ra, dec=dec) for number, (ra, dec) in enumerate(POSITIONS))
    catalog.publish(make_record("nowhere"))
    return catalog


def test_cones_know_poles_and_right_ascension_zero(placed):
    every = SkyCoord([ra for ra, _ in POSITIONS], [dec for _, dec in POSITIONS], unit="deg")
    for ra, dec in [*POSITIONS, (123.0, 45.0)]:
        apart = every.separation(SkyCoord(ra, dec, unit="deg")).deg
        for radius in (0.0, 1e-7, 0.0001, 0.00025, 0.0005, 60.0, 180.0):
            near = {f"p{number}" for number, distance in enumerate(apart) if distance <= radius + 1e-10}
            assert set(ids(placed.find(RecordQuery(ra=ra, dec=dec, radius=radius)))) == near, (ra, dec, radius)
    query = RecordQuery(ra=83.8221, dec=-5.3911, radius=0.0005)
    assert placed.count(query) == 2
    assert placed.stats(query).total.records == 2


def test_a_cone_follows_what_is_changed_and_deleted(catalog, record):
    catalog.publish_many(record(number, ra=10.0 + number, dec=20.0) for number in range(3))
    near = RecordQuery(ra=11.0, dec=20.0, radius=0.1)
    assert ids(catalog.find(near)) == ["p1"]
    catalog.publish(record(1, ra=12.0, dec=20.0))
    catalog.publish(record(2, ra=None, dec=None))
    assert catalog.find(near) == []
    assert ids(catalog.find(RecordQuery(ra=12.0, dec=20.0, radius=0.1))) == ["p1"]
    catalog.delete("p1")
    assert catalog.count(RecordQuery(ra=11.0, dec=20.0, radius=180.0)) == 1


def test_a_cone_is_paged_and_joined_with_other_conditions(placed):
    query = RecordQuery(ra=0.0, dec=0.0, radius=180.0, filter=("F090W",))
    pages = [ids(placed.find(query, sort="file_name", limit=4, skip=skip)) for skip in (0, 4, 8)]
    assert [key for page in pages for key in page] == [f"p{number}" for number in range(len(POSITIONS))]
    with pytest.raises(ValidationError, match="a cone needs"):
        RecordQuery(ra=1.0, dec=2.0)


def test_who_asks_is_part_of_every_question(filled):
    ann, nobody = filled.as_user("ann"), filled.as_user("")
    assert set(ids(ann.find())) == {"p2", "p4", "p5"}
    assert set(ids(ann.find(RecordQuery(visible_to="eve")))) <= {"p2", "p5"}
    assert ids(nobody.find()) == ["p2"]
    assert ann.count() == 3
    assert ann.stats(RecordQuery()).total.records == 3
    assert set(ann.get_many(["p1", "p2", "p4"])) == {"p2", "p4"}
    assert ann.published(["p1", "p2"]) == {"p2"}
    assert ids(ann.children(["p1", "p3"])) == ["p4", "p5"]
    assert {summary.product_id for summary in ann.summaries()} == {"p2", "p4", "p5"}
    assert ids(ann.starting_with("p")) == ["p2", "p4", "p5"]
    with pytest.raises(NotFoundError):
        ann.get("p1")
    with pytest.raises(UsageError, match="not yours"):
        ann.amend("p5", description="hers")
    with pytest.raises(UsageError, match="not yours"):
        ann.delete("p2")
    assert ann.delete("p1") is False
    assert filled.get("p1").file_name == "file_1.fits"
    assert ann.amend("p4", shared_with=["bob"]).shared_with == ("bob",)
    assert "p4" in ids(filled.as_user("bob").find())
    ann.publish(make_record("new"))
    assert filled.get("pnew").user_id == "ann"
    with pytest.raises(UsageError, match="not yours"):
        tag_records(ann, RecordQuery(), add=["x"])


def test_bulk_tags_and_archiving(filled):
    assert tag_records(filled, RecordQuery(level=("L3",)), add=["a", "b"]) == 2
    assert tag_records(filled, RecordQuery(tags=("a",), filter=("F405N",)), remove=["a"]) == 1
    assert ids(filled.find(RecordQuery(tags=("a", "b")))) == ["p1"]
    assert archive_records(filled, RecordQuery(level=("L3",))) == 2
    assert filled.count(RecordQuery(archived=True)) == 2
    assert filled.get("p1").archived_date is not None
    assert archive_records(filled, RecordQuery(level=("L3",)), archived=False) == 2
    assert filled.count(RecordQuery(archived=True)) == 0


def test_a_deletion_names_what_depends_on_it(filled):
    plan = plan_deletion(filled, RecordQuery(level=("L3",)))
    assert ids(plan.records) == ["p1", "p2"]
    assert plan.bytes == 10 + 1002
    assert ids(plan.dependents) == ["p3", "p4", "p5"]
    assert filled.count() == 5
    assert delete_records(filled, plan) == 2
    assert set(ids(filled.find())) == {"p3", "p4", "p5"}
    assert delete_records(filled, plan_deletion(filled, RecordQuery(kind=("mosaic",))), cascade=True) == 2
    assert ids(filled.find()) == ["p5"]


def test_everything_goes_out_and_comes_back(filled):
    everything = RecordQuery(status=())
    records = filled.find(everything, sort="oldest")
    lines = [record_line(record) for record in records]
    table, text = records_table(records), io.StringIO()
    records_csv(records, text)
    delete_records(filled, plan_deletion(filled, everything))
    assert import_lines(filled, lines, name="lines") == 6
    assert filled.find(everything, sort="oldest") == records
    assert len(table) == 6
    assert table["wavelength"].unit == "um"
    assert list(table["file_name"]) == [record.file_name for record in records]
    assert table["file_size"].mask.tolist() == [record.file_size is None for record in records]
    delete_records(filled, plan_deletion(filled, everything))
    assert import_table(filled, io.StringIO(text.getvalue()), name="csv") == 6
    back = filled.find(everything, sort="oldest")
    assert [(r.product_id, r.status, r.tags, r.parents, r.program) for r in back] == [
        (r.product_id, r.status, r.tags, r.parents, r.program) for r in records
    ]
    with pytest.raises(DataError, match="lines, line 2: not JSON"):
        import_lines(filled, [lines[0], "{"], name="lines")
    with pytest.raises(DataError, match=r"line 1 is not valid: .*surprise"):
        import_lines(filled, [lines[0].replace('"is_validated"', '"surprise"')], name="lines")


def test_free_text_and_dates_of_observation(catalog):
    for number, (name, words) in enumerate([("A_b%c.fits", "Ærø"), ('q"uote.fits', None), ("plain.fits", "b%c \\ x")]):
        info = make_record(0).image_info.model_copy(update={"observation_date": CREATED + timedelta(days=number)})
        catalog.publish(make_record(number, file_name=name, description=words, image_info=info))
    found = {text: "".join(sorted(ids(catalog.find(RecordQuery(text=text))))) for text in
             ("b%c", "a_B", '"uo', "ærø", "ÆRØ", "\\ x", "pl", "fits", "ngc 31", "a.b")}  # fmt: skip
    assert found == {"b%c": "p0p2", "a_B": "p0", '"uo': "p1", "ærø": "p0", "ÆRØ": "p0", "\\ x": "p2", "pl": "p2",
                     "fits": "p0p1p2", "ngc 31": "p0p1p2", "a.b": ""}  # fmt: skip
    catalog.amend("p1", description="Rewritten")
    assert ids(catalog.find(RecordQuery(text="rewritten"))) == ["p1"]
    catalog.publish(make_record(1, file_name='q"uote.fits'))
    assert ids(catalog.find(RecordQuery(text="rewritten"))) == ["p1"]
    later = RecordQuery(observed_since=CREATED + timedelta(days=1))
    assert ids(catalog.find(later, sort="observed")) == ["p2"]
