"""Who may do what: each operation by its owner, another, somebody without a name and the site; on both databases."""

import hashlib
from datetime import timedelta

import pytest

from jwstpipe.catalog.leases import clear_expired, reserve
from jwstpipe.catalog.lineage.archive_links import link_archive
from jwstpipe.catalog.lineage.formats import render_tree_text, tree_json
from jwstpipe.catalog.lineage.graph import ancestors, descendants
from jwstpipe.catalog.lineage.staleness import stale_products, why_stale
from jwstpipe.catalog.maintenance.bulk import archive_records, delete_records, plan_deletion, tag_records
from jwstpipe.catalog.maintenance.export import record_line
from jwstpipe.catalog.maintenance.garbage import find_garbage
from jwstpipe.catalog.maintenance.reconcile import survey
from jwstpipe.catalog.maintenance.record_import import import_lines
from jwstpipe.catalog.query import RecordQuery
from jwstpipe.catalog.records.components import InputLink
from jwstpipe.catalog.visibility import HIDDEN
from jwstpipe.errors import NotFoundError, UsageError
from jwstpipe.storage import open_store
from tests.catalog.catalog_records import make_record

SECRET, SECRET_NAME = hashlib.sha256(b"secret").hexdigest(), "secret_proposal.fits"
ALL = RecordQuery(status=())
WHO = {"owner": "ann", "other": "bob", "anonymous": "", "site": None}


@pytest.fixture
def peopled(catalog):
    """A private record of Ann's, a public product that was made of it, and one of the site."""
    catalog.publish(make_record("hers", user_id="ann", file_name=SECRET_NAME, digest=SECRET, storage_key="hers/a.fits"))
    links = (InputLink(product_id="phers", file_name=SECRET_NAME, digest=SECRET),)
    catalog.publish(make_record("made", kind="mosaic", parents=("phers",), inputs=links, is_public=True, user_id="ann"))
    catalog.publish(make_record("site", storage_key="site/b.fits"))
    return catalog


def import_again(catalog):
    """The private record, as another wrote it, with other content and an owner of one's choice."""
    told = make_record("hers", file_name="forged.fits", storage_key=None, is_public=True, user_id=catalog.user or None)
    return import_lines(catalog, [record_line(told)], name="lines")


def import_in_anns_name(catalog):
    return import_lines(catalog, [record_line(make_record("new", storage_key=None, user_id="ann"))], name="lines")


WRITES = {
    "publish": lambda catalog: catalog.publish(make_record("hers", file_name="x.fits", storage_key=None)),
    "publish many": lambda catalog: catalog.publish_many([make_record("hers", storage_key=None)]),
    "stage": lambda catalog: catalog.stage(make_record("hers", storage_key=None)),
    "restore": lambda catalog: catalog.restore(make_record("hers", storage_key=None, status="superseded")),
    "import": import_again,
    "import in her name": import_in_anns_name,
    "stand in her place": lambda catalog: catalog.publish(make_record("new", storage_key="hers/a.fits/inner")),
    "around her place": lambda catalog: catalog.publish(make_record("new", storage_key="hers")),
    "her place as thumbnail": lambda catalog: catalog.publish(
        make_record("new", storage_key=None, thumbnail="hers/a.fits")
    ),
    "amend": lambda catalog: catalog.amend("phers", description="x", is_public=True),
    "share": lambda catalog: catalog.amend("phers", shared_with=["bob"]),
    "tag": lambda catalog: tag_records(catalog, RecordQuery(kind=("mosaic",)), add=["x"]),
    "archive": lambda catalog: archive_records(catalog, RecordQuery(kind=("mosaic",))),
    "mark": lambda catalog: catalog.mark_invalid("pmade", "bad"),
    "delete many": lambda catalog: delete_records(catalog, plan_deletion(catalog, RecordQuery(kind=("mosaic",)))),
}
ALLOWED = {name: {"owner", "site"} for name in WRITES}
OF_THE_SITE = {
    "inputs": lambda catalog, _: catalog.set_inputs([("phers", ())]),
    "thumbnails": lambda catalog, _: catalog.set_thumbnails({"phers": "t.png"}),
    "survey": survey,
    "garbage": lambda catalog, _: find_garbage(catalog, grace=timedelta(0)),
    "links": link_archive,
}


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("name", WRITES)
def test_writes(peopled, name, who):
    before = everything(peopled)
    if who in ALLOWED[name]:
        WRITES[name](peopled.as_user(WHO[who]) if WHO[who] is not None else peopled)
        owners = {record.product_id: record.user_id for record in peopled.find(ALL)}
        assert owners.get("phers", "ann") == "ann"  # also the site renews a record for its owner
        return
    with pytest.raises((UsageError, NotFoundError)) as caught:
        WRITES[name](peopled.as_user(WHO[who]))
    assert everything(peopled) == before
    assert SECRET_NAME not in str(caught.value)
    assert SECRET not in str(caught.value)


def everything(catalog):
    return catalog.find(ALL, sort="file_name")


@pytest.mark.parametrize("who", WHO)
def test_deletion_of_one(peopled, who):
    asking = peopled if WHO[who] is None else peopled.as_user(WHO[who])
    if who in ("owner", "site"):
        assert asking.delete("phers") is True
    elif who == "other":
        assert asking.delete("phers") is False  # what is not seen is not there
    else:
        with pytest.raises(UsageError):
            asking.delete("phers")
    assert bool(peopled.get_many(["phers"])) is (who not in ("owner", "site"))


@pytest.mark.parametrize("who", ["owner", "other", "anonymous"])
@pytest.mark.parametrize("name", OF_THE_SITE)
def test_work_on_all_records_is_the_sites(peopled, tmp_path, name, who):
    store = open_store(tmp_path / "store")
    with pytest.raises(UsageError, match="work of the site"):
        OF_THE_SITE[name](peopled.as_user(WHO[who]), store)
    OF_THE_SITE[name](peopled, store)


def test_leases_are_for_people_with_a_name(peopled):
    assert set(reserve(peopled.as_user("bob"), ["x"], owner="bob/1", seconds=60)) == {"x"}
    for work in (lambda who: reserve(who, ["y"], owner="z", seconds=60), clear_expired):
        with pytest.raises(UsageError, match="without a name"):
            work(peopled.as_user(""))


@pytest.mark.parametrize(("who", "seen"), [("owner", True), ("other", False), ("anonymous", False), ("site", True)])
def test_reads_and_traversals_name_private_inputs_to_nobody_else(peopled, who, seen):
    asking = peopled if WHO[who] is None else peopled.as_user(WHO[who])
    tree = ancestors(asking, "pmade")
    reasons = why_stale(asking, "pmade", algorithms={"mosaic": "9"})
    texts = [
        str(asking.get("pmade")), str(asking.find(ALL)), str(list(asking.each(ALL))), str(asking.starting_with("p")),
        str(asking.children(["phers"])), str(asking.get_many(["pmade", "phers"])), str(list(asking.summaries())),
        *(record_line(record) for record in asking.find()), render_tree_text(tree), str(tree_json(tree)), str(tree),
        str(descendants(asking, "pmade")), str(reasons), str(stale_products(asking, algorithms={"mosaic": "9"})),
        str(plan_deletion(asking, RecordQuery(kind=("mosaic",)))), str(asking.stats()),
    ]  # fmt: skip
    assert any(SECRET_NAME in text for text in texts) is seen
    assert any(SECRET in text for text in texts) is seen
    assert asking.count(RecordQuery(digest=SECRET)) == int(seen)
    assert asking.count(RecordQuery(text="secret_prop")) == int(seen)
    if not seen:
        assert asking.get("pmade").inputs[0].file_name == HIDDEN


def test_a_replaced_private_input_makes_stale_without_its_name(peopled):
    slot = "mast:JWST/product/s.fits"
    peopled.publish(make_record("old", slot=slot, user_id="ann", file_name=SECRET_NAME, storage_key=None))
    peopled.publish(make_record("child", kind="image", parents=("pold",), is_public=True, storage_key=None))
    peopled.publish(make_record("young", slot=slot, user_id="ann", file_name=SECRET_NAME, storage_key=None))
    told = why_stale(peopled, "pchild", algorithms={})
    assert [(reason.cause, reason.file_name) for reason in told] == [("reprocessed", SECRET_NAME)]
    for bob in (why_stale(peopled.as_user("bob"), "pchild", algorithms={}),
                stale_products(peopled.as_user("bob"), algorithms={})["pchild"]):  # fmt: skip
        assert [(reason.cause, reason.file_name) for reason in bob] == [("reprocessed", HIDDEN)]


def test_what_was_hidden_from_an_export_is_not_lost_by_importing_it_again(peopled):
    links = (InputLink(product_id="psite", file_name="site.fits", digest="1" * 64),)
    peopled.publish(make_record("bobs", kind="image", parents=("psite",), inputs=links, user_id="bob"))
    bob = peopled.as_user("bob")
    lines = [record_line(record) for record in bob.find(RecordQuery(owner="bob"))]
    assert "site.fits" not in lines[0]
    assert import_lines(bob, lines, name="lines") == 1
    assert peopled.get("pbobs").inputs == links


def test_a_user_deletes_own_files_only(peopled, tmp_path):
    store = open_store(tmp_path / "store")
    for key in ("hers/a.fits", "site/b.fits", "bobs/c.fits"):
        store.write_bytes(key, b"x")
    # the site entered a record of Bob's where another's file stands
    peopled.publish(make_record("b1", user_id="bob", storage_key="site/b.fits", thumbnail="hers/a.fits"))
    peopled.publish(make_record("b2", user_id="bob", storage_key="bobs/c.fits"))
    bob = peopled.as_user("bob")
    assert delete_records(bob, plan_deletion(bob, RecordQuery(owner="bob")), store) == 2
    assert [store.exists(key) for key in ("hers/a.fits", "site/b.fits", "bobs/c.fits")] == [True, True, False]
