"""What a catalogue does, on a file and over the wire alike; the truth is a plain list of records."""

from datetime import timedelta

import pytest
from catalog_records import CREATED, make_record
from pydantic import ValidationError

from jwstpipe.catalog.catalog import Share
from jwstpipe.catalog.query import RecordQuery
from jwstpipe.errors import ConflictError, DataError, NotFoundError


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


def test_an_empty_catalogue(catalog):
    assert catalog.find() == []
    assert catalog.stats().total == Share(0, 0)
    assert catalog.stats().by_kind == {}


def test_indexes_are_made_once(catalog, record):
    catalog.ensure_indexes()
    catalog.publish(record(1))
    catalog.ensure_indexes()
    assert catalog.count() == 1
