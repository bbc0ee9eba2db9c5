"""Updates that are applied here give what the server gives."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jwstpipe.catalog.database.updates import applied, in_batches

FIELDS = st.sampled_from(["a", "b", "c"])
VALUES = st.one_of(st.integers(-3, 3), st.text(max_size=3), st.none())
TAGS = st.lists(st.sampled_from("xyz"), max_size=4)


@st.composite
def updates(draw):
    kept, fresh, gone = (draw(st.dictionaries(FIELDS, VALUES, max_size=2)) for _ in range(3))
    fresh = {key: value for key, value in fresh.items() if key not in kept}
    gone = {key: "" for key in gone if key not in kept and key not in fresh}
    tags = draw(st.sampled_from(["$addToSet", "$pullAll"]))
    listed = draw(TAGS)
    return {
        "$set": {**kept, "told": True}, "$setOnInsert": fresh, "$unset": gone,
        tags: {"tags": {"$each": listed} if tags == "$addToSet" else listed},
    }  # fmt: skip


def test_the_server_does_the_same(server):
    from pymongo import MongoClient

    cases = []

    @given(updates(), st.one_of(st.none(), st.dictionaries(FIELDS, VALUES).map(lambda d: {**d, "tags": ["x"]})))
    def draw(update, before):
        cases.append((update, before))

    draw()  # before there is a client: its threads use `random`, which hypothesis takes for a strategy's doing
    assert len(cases) >= 50
    with MongoClient(server) as client:
        collection = client["jwstpipe_test_updates"]["documents"]
        for update, before in cases:
            collection.drop()
            if before is not None:
                collection.insert_one({"_id": "d", **before})
            collection.update_one({"_id": {"$eq": "d"}}, {k: v for k, v in update.items() if v}, upsert=True)
            assert {"_id": "d", **applied(update, before)} == collection.find_one({"_id": {"$eq": "d"}})


def test_what_is_given_stays_as_it_was():
    before = {"a": 1, "tags": ["x"]}
    assert applied({"$addToSet": {"tags": {"$each": ["y", "x"]}}}, before) == {"a": 1, "tags": ["x", "y"]}
    assert before == {"a": 1, "tags": ["x"]}


@pytest.mark.parametrize("update", [{"$inc": {"a": 1}}, {"$set": {"a.b": 1}}])
def test_other_updates_are_refused(update):
    with pytest.raises(ValueError, match="other means"):
        applied(update, {})


def test_batches_hold_everything_once():
    given = {str(number): {} for number in range(7)}
    batches = list(in_batches(given, 3))
    assert [len(batch) for batch in batches] == [3, 3, 1]
    assert {key: update for batch in batches for key, update in batch.items()} == given
