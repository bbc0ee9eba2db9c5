"""What goes over the wire to a MongoDB server, command by command: one atomic update a record, values as values."""

import pytest

from jwstpipe.catalog.catalog import open_catalog
from jwstpipe.catalog.query import RecordQuery
from tests.catalog.catalog_records import make_record
from tests.catalog.wire_server import wire_server

SURE = {"w": "majority", "j": True}


@pytest.fixture
def recorded():
    """A catalogue on a server of its own, and the commands that it gets."""
    seen = []
    with wire_server(seen) as address, open_catalog(address + "db") as catalog:
        yield catalog, seen


def commands(seen, name):
    return [command for command in seen if next(iter(command)) == name]


def test_indexes_of_the_original_are_made_and_one_place_has_one_product(recorded):
    _, seen = recorded
    told = [index for command in commands(seen, "createIndexes") for index in command["indexes"]]
    assert {command["createIndexes"] for command in commands(seen, "createIndexes")} == {"jwst_data"}
    first = {next(iter(index["key"])) for index in told}
    assert first >= {
        "data_type", "processing_status", "observation_base_id", "upload_date", "user_id", "tags", "is_public",
        "is_archived", "processing_level",
    }  # fmt: skip
    assert [(dict(index["key"]), index["sparse"]) for index in told if index.get("unique")] == [
        ({"owner_path": 1}, True)
    ]


def test_publishing_is_one_update_that_waits_for_a_majority(recorded):
    catalog, seen = recorded
    seen.clear()
    catalog.as_user("ann").publish(make_record(1, tags=("x",)))
    (command,) = commands(seen, "update")
    assert command["writeConcern"] == SURE
    (update,) = command["updates"]
    # a record of another does not match, is inserted and collides: it cannot be taken over, whoever is faster
    assert (update["q"], update["upsert"]) == ({"_id": {"$eq": "p1"}, "user_id": {"$eq": "ann"}}, True)
    assert set(update["u"]) == {"$set", "$setOnInsert", "$addToSet"}
    assert update["u"]["$set"]["status"] == "published"
    assert update["u"]["$setOnInsert"]["user_id"] == "ann"
    assert update["u"]["$addToSet"] == {"tags": {"$each": ["x"]}}


def test_changes_and_deletions_of_a_user_ask_for_the_owner(recorded):
    catalog, seen = recorded
    ann = catalog.as_user("ann")
    ann.publish(make_record(1))
    seen.clear()
    ann.amend("p1", add_tags=["a"], remove_tags=["b"])
    ann.delete("p1")
    mine = {"user_id": {"$eq": "ann"}}
    assert [command["updates"][0]["q"] for command in commands(seen, "update")] == [{"_id": {"$eq": "p1"}, **mine}] * 2
    assert [command["deletes"][0]["q"] for command in commands(seen, "delete")] == [{"_id": {"$in": ["p1"]}, **mine}]


def test_values_stand_only_where_values_stand(recorded):
    catalog, seen = recorded
    seen.clear()
    catalog.as_user("$where").find(RecordQuery(file_name="$ne", tags=("$exists",), text=".*"), limit=5, skip=2)
    (command,) = commands(seen, "find")
    assert (command["limit"], command["skip"], dict(command["sort"])) == (5, 2, {"created_ms": -1, "_id": 1})
    either = command["filter"].pop("$and")
    assert command["filter"] == {
        "file_name": {"$eq": "$ne"}, "status": {"$eq": "published"}, "tags": {"$all": ["$exists"]},
    }  # fmt: skip
    assert either == [
        {"$or": [{"name_key": {"$regex": "\\.\\*"}}, {"note_key": {"$regex": "\\.\\*"}}]},
        {"$or": [{"is_public": {"$eq": True}}, {"user_id": {"$eq": "$where"}}, {"shared_with": {"$in": ["$where"]}}]},
    ]


def test_all_statistics_are_one_command(recorded):
    catalog, seen = recorded
    catalog.publish_many(make_record(number) for number in range(5))
    seen.clear()
    assert catalog.stats().total.records == 5
    assert [next(iter(command)) for command in seen] == ["aggregate"]
