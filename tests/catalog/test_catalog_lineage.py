"""Trees of what came from what; the truth is the graph that was written."""

import pytest

from jwstpipe.catalog.lineage.formats import render_tree_text, tree_json
from jwstpipe.catalog.lineage.graph import (
    Edge,
    ancestors,
    descendants,
    edges_of,
    observation_records,
)
from jwstpipe.errors import NotFoundError


@pytest.fixture
def made(embedded, record):
    """raw 1, 2 -> image 3, 4 -> mosaic 5 -> picture 6; the mosaic also names an input that is gone."""
    for number, kind, parents in [
        (1, "archive", ()),
        (2, "archive", ()),
        (3, "image", ("p1",)),
        (4, "image", ("p2",)),
        (5, "mosaic", ("p3", "p4", "gone")),
        (6, "picture", ("p5", "p3")),
    ]:
        embedded.publish(record(number, kind=kind, parents=parents, operation="mosaic" if number == 5 else None))
    return embedded


def shape(node):
    return (node.product_id, *(shape(branch) for branch in node.branches))


def test_ancestors(made):
    tree = ancestors(made, "p5")
    assert shape(tree) == ("p5", ("p3", ("p1",)), ("p4", ("p2",)), ("gone",))
    assert tree.branches[2].record is None
    assert tree.branches[0].record.kind == "image"


def test_a_product_met_twice_is_followed_once(made):
    tree = ancestors(made, "p6")
    assert shape(tree) == ("p6", ("p5", ("p3", ("p1",)), ("p4", ("p2",)), ("gone",)), ("p3",))
    assert [branch.repeated for branch in tree.branches] == [False, True]


def test_descendants(made):
    assert shape(descendants(made, "p1")) == ("p1", ("p3", ("p5", ("p6",)), ("p6",)))
    assert shape(descendants(made, "p6")) == ("p6",)


def test_a_ring_ends(embedded, record):
    embedded.publish(record(1, parents=("p2",)))
    embedded.publish(record(2, parents=("p1",)))
    assert shape(ancestors(embedded, "p1")) == ("p1", ("p2", ("p1",)))
    assert shape(descendants(embedded, "p1")) == ("p1", ("p2", ("p1",)))


def test_six_exposures_give_six_links(embedded, record):
    for number in range(6):
        embedded.publish(record(number))
        embedded.publish(record(10 + number, kind="image", parents=(f"p{number}",)))
    links = edges_of(embedded.find())
    assert links == tuple(Edge(f"p{10 + number}", f"p{number}") for number in range(6))


def test_a_wide_mosaic_asks_once_a_level(embedded, record, monkeypatch):
    for number in range(60):
        embedded.publish(record(number))
    embedded.publish(record(99, kind="mosaic", parents=tuple(f"p{number}" for number in range(60))))
    asked = []
    read = type(embedded.database).read
    monkeypatch.setattr(type(embedded.database), "read", lambda self, *a, **k: asked.append(1) or read(self, *a, **k))
    assert len(ancestors(embedded, "p99").branches) == 60
    assert len(asked) <= 3


def test_the_tree_as_text(made):
    assert render_tree_text(ancestors(made, "p6")).splitlines() == [
        "file_6.fits [picture] p6",
        "├── file_5.fits [mosaic, mosaic] p5",
        "│   ├── file_3.fits [image] p3",
        "│   │   └── file_1.fits [archive] p1",
        "│   ├── file_4.fits [image] p4",
        "│   │   └── file_2.fits [archive] p2",
        "│   └── gone (not in the catalogue)",
        "└── file_3.fits [image] p3 (see above)",
    ]


def test_the_tree_as_json(made):
    tree = tree_json(ancestors(made, "p3"))
    assert tree["branches"][0] == {
        "product_id": "p1",
        "found": True,
        "kind": "archive",
        "file_name": "file_1.fits",
        "level": "unknown",
        "status": "published",
        "version": None,
        "digest": None,
        "uri": None,
        "storage_key": "mast/obs/file_1.fits",
        "operation": None,
        "algorithm_version": None,
        "role": None,
        "evidence": None,
        "repeated": False,
        "branches": [],
    }


def test_an_unknown_product(embedded):
    with pytest.raises(NotFoundError):
        ancestors(embedded, "p1")
    with pytest.raises(NotFoundError):
        descendants(embedded, "p1")


def test_products_of_one_observation_from_raw_to_combined(embedded, record):
    base = "jw02733001001"
    for number, (level, exposure) in enumerate(
        [("L3", None), ("L2b", f"{base}_02103"), ("L2b", f"{base}_02101"), ("L1", f"{base}_02103"), ("unknown", None)]
    ):
        embedded.publish(record(number, processing_level=level, exposure_id=exposure, observation_base_id=base))
    embedded.publish(record(9, observation_base_id="another"))
    assert [r.product_id for r in observation_records(embedded, base)] == ["p3", "p2", "p1", "p0", "p4"]
