"""`jwstpipe catalog` and `jwstpipe lineage` as a user types them."""

import io
import json
from datetime import UTC, datetime

import pytest
from astropy.table import Table

from jwstpipe.catalog.catalog import open_catalog
from jwstpipe.catalog.maintenance.adopt import adopt_file
from jwstpipe.catalog.records.derived_record import derived_record, shared_image_info
from jwstpipe.images.convert import ALGORITHM, convert
from jwstpipe.settings import load_settings
from jwstpipe.storage import open_store
from tests.images.fits_files import write_cal

NOW = datetime.now(UTC)
PLANES = "all"
NAMES = [f"jw02733001001_02101_0000{number}_nrca1_cal.fits" for number in (1, 2)]


@pytest.fixture
def home(command, tmp_path, monkeypatch):
    """Two archive files, and the image of the first; one belongs to ann."""
    monkeypatch.setenv("JWSTPIPE_HOME", str(tmp_path / "home"))
    settings = load_settings()
    store = open_store(settings.store_root)
    content = write_cal(tmp_path / "cal.fits").read_bytes()
    with open_catalog(settings.catalog_address) as catalog:
        for number, name in enumerate(NAMES):
            key = f"mast/{name.removesuffix('_cal.fits')}/{name}"
            store.write_bytes(key, content)
            record = adopt_file(store, key, now=NOW)
            private = {"is_public": False, "user_id": "ann"} if number else {}
            catalog.publish(record.model_copy(update=private))
        first = adopt_file(store, f"mast/{NAMES[0].removesuffix('_cal.fits')}/{NAMES[0]}", now=NOW)
        made = convert(
            store.url(str(first.storage_key)), store.url("images/i/cal.zarr"), parent=first.product_id, planes=PLANES
        )
        image = derived_record(
            made.product_id, kind="image", storage_key="images/i/cal.zarr", parents=[first], operation="convert",
            algorithm_version=ALGORITHM, parameters={"planes": PLANES}, created=NOW, run_id="r",
            image=shared_image_info([first], shape=(70, 90)),
        )  # fmt: skip
        catalog.publish(image)
    return first, image


def lines(out):
    return [json.loads(line) for line in out.splitlines()]


def found(command, *conditions):
    return [record["file_name"] for record in lines(command("catalog", "find", *conditions, "--json")[1])]


def test_find_show_and_stats(command, home):
    first, image = home
    code, out, error = command("catalog", "find", "--json", "--sort", "file_name")
    assert (code, error) == (0, "")
    assert [record["file_name"] for record in lines(out)] == ["cal.zarr", *NAMES]
    code, out, error = command("catalog", "find", "nrca1", "--limit", "1")
    assert code == 0
    assert "1 of" in error
    code, out, _ = command("catalog", "show", image.product_id[:8], "--json")
    assert lines(out)[0]["parents"] == [first.product_id]
    assert f"product_id               {first.product_id}" in command("catalog", "show", NAMES[0], "-v")[1]
    assert f"id          {first.product_id}\n" in command("catalog", "show", NAMES[0])[1]
    stats = lines(command("catalog", "stats", "--json")[1])[0]
    assert stats["by_kind"]["archive"] == {"records": 2, "bytes": 2 * first.file_size}


def test_another_users_private_record_is_nowhere(command, home):
    first, _ = home
    for words in (
        ("find", "--json"), ("export",), ("stats", "--json"), ("stale", "--json"),
    ):  # fmt: skip
        assert NAMES[1] not in command("catalog", *words, "--user", "bob")[1]
    assert lines(command("catalog", "stats", "--json", "--user", "bob")[1])[0]["total"]["records"] == 2
    for words in (("catalog", "show"), ("lineage",)):
        code, out, _ = command(*words, NAMES[1], "--user", "bob")
        assert (code, out) == (3, "")
        assert command(*words, NAMES[1], "--user", "ann")[0] == 0
    code, _, error = command("catalog", "tag", "mine", "--product", first.product_id, "--user", "bob")
    assert (code, error.count("\n")) == (2, 1)
    assert "not yours" in error


def test_tags_archiving_and_deletion(command, home):
    first, image = home
    assert command("catalog", "tag", "good", "seen", "--kind", "archive")[2] == "2 records have good, seen\n"
    assert command("catalog", "tag", "seen", "--remove", "--product", NAMES[0])[0] == 0
    assert [found["file_name"] for found in lines(command("catalog", "find", "--tag", "seen", "--json")[1])] == [
        NAMES[1]
    ]
    assert command("catalog", "archive", "--tag", "seen")[2] == "1 records are archived\n"
    assert found(command, "--archived") == [NAMES[1]]
    code, out, error = command("catalog", "delete", "--text", "00001", "--kind", "archive")
    assert code == 0
    assert image.product_id[:12] in out  # what depends on it is named first
    assert "nothing was deleted" in error
    assert command("catalog", "show", NAMES[0])[0] == 0
    plan = lines(command("catalog", "delete", "--text", "00001", "--kind", "archive", "--yes", "--json")[1])[0]
    assert (plan["products"], plan["dependents"]) == ([first.product_id], [image.product_id])
    assert command("catalog", "show", NAMES[0])[0] == 3
    stale = lines(command("catalog", "stale", "--json")[1])
    assert [(one["product_id"], one["reasons"][0]["cause"]) for one in stale] == [(image.product_id, "missing")]


@pytest.mark.parametrize("ending", ["jsonl", "csv", "ecsv", "fits"])
def test_what_is_exported_comes_back(command, home, tmp_path, ending):
    code, out, _ = command("catalog", "export", f"out.{ending}")
    assert (code, out) == (0, "")
    if ending in ("ecsv", "fits"):
        table = Table.read(tmp_path / f"out.{ending}")
        assert sorted(table["file_name"]) == sorted([*NAMES, "cal.zarr"])
        assert str(table["ra"].unit) == "deg"
        return
    before = command("catalog", "export")[1] if ending == "jsonl" else None
    assert command("catalog", "import", f"out.{ending}", "--home", tmp_path / "other")[2] == "3 records entered\n"
    assert sorted(found(command, "--home", tmp_path / "other")) == sorted([*NAMES, "cal.zarr"])
    if before is not None:
        assert command("catalog", "export", "--home", tmp_path / "other")[1] == before


def test_records_come_in_from_a_pipe(command, home, monkeypatch, tmp_path):
    written = command("catalog", "export", "--kind", "image")[1].encode()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(written)))
    assert command("catalog", "import", "-", "--home", tmp_path / "other")[2] == "1 records entered\n"


def test_reconcile_tells_and_then_does(command, home, tmp_path):
    store = open_store(load_settings().store_root)
    store.write_bytes("pictures/lost.png", b"x")
    _, out, error = command("catalog", "reconcile", "--grace", "0", "--verify", "--json")
    assert [(finding["kind"], finding["storage_key"]) for finding in lines(out)] == [("unknown", "pictures/lost.png")]
    assert "nothing was changed" in error
    assert store.exists("pictures/lost.png")
    assert "1 deleted" in command("catalog", "reconcile", "--grace", "0", "--apply")[2]
    assert not store.exists("pictures/lost.png")


def test_lineage_in_every_form(command, home):
    first, image = home
    code, out, _ = command("lineage", image.product_id, "-v")
    assert code == 0
    assert out.splitlines()[1] == f"└── {first.file_name} [archive] {first.product_id} sha256 {first.digest}"
    brief = command("lineage", image.product_id)[1].splitlines()[1]
    assert brief == f"└── {first.file_name} [archive] {first.product_id[:12]}"
    tree = json.loads(command("lineage", image.product_id, "--json")[1])
    assert (tree["branches"][0]["digest"], tree["run_id"]) == (first.digest, "r")
    assert command("lineage", NAMES[0], "--down")[1].splitlines()[1].startswith("└── cal.zarr [image, convert]")
    assert command("lineage", image.product_id, "--format", "mermaid")[1].startswith("flowchart TD")
    assert command("lineage", image.product_id, "--format", "dot")[1].startswith("digraph lineage {")
    assert json.loads(command("lineage", image.product_id, "--why-stale", "--json")[1])["stale"] is False
    made = json.loads(command("lineage", image.product_id, "--rerun", "--json")[1])
    assert (made["product_id"], made["same"]) == (image.product_id, True)


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["catalog", "find", "--target", "nowhere"], 3, "no such records"),
        (["catalog", "find", "--sort", "size"], 2, "--sort is one of"),
        (["catalog", "find", "--level", "L9"], 2, "level"),
        (["catalog", "find", "--since", "yesterday"], 2, "not a time: 'yesterday'"),
        (["catalog", "find", "--ra", "10"], 2, "a position needs both ra and dec"),
        (["catalog", "find", "--ra", "400", "--dec", "0"], 2, "ra"),
        (["catalog", "show", "nothing_of_this_name"], 3, "no such file here"),
        (["catalog", "tag", "x"], 2, "at least one condition"),
        (["catalog", "tag", " ", "--kind", "archive"], 2, "tags that are not empty"),
        (["catalog", "archive"], 2, "at least one condition"),
        (["catalog", "delete", "--yes"], 2, "at least one condition"),
        (["catalog", "delete", "--tag", "none", "--yes"], 3, "nothing to delete"),
        (["catalog", "export", "out.xlsx"], 2, "out.xlsx"),
        (["catalog", "import", "missing.jsonl"], 3, "missing.jsonl"),
        (["catalog", "import", "bad.jsonl"], 6, "bad.jsonl, line 2: not JSON"),
        (["catalog", "import", "bad.csv"], 6, "unknown column 'colour'"),
        (["catalog", "import", "bytes.jsonl"], 6, "bytes.jsonl, line 1: not text in UTF-8"),
        (["catalog", "reconcile", "--grace", "-1"], 2, "--grace"),
        (["lineage", "nothing_of_this_name"], 3, "no such file here"),
        (["lineage", "strange.png"], 3, "says nothing of what it was made of"),
        (["lineage", NAMES[0], "--rerun"], 2, "came from the archive"),
        (["lineage", NAMES[0], "--format", "svg"], 2, "'svg' is not one of"),
    ],
)
def test_bad_input_is_one_clear_line(command, home, tmp_path, words, code, says):
    line = command("catalog", "export", "--kind", "image")[1]
    (tmp_path / "bad.jsonl").write_text(f"{line}{{not json\n")
    (tmp_path / "bad.csv").write_text("product_id,colour\np1,red\n")
    (tmp_path / "bytes.jsonl").write_bytes(b"{\x8e}")
    (tmp_path / "strange.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing more")
    ended, out, error = command(*words)
    assert (ended, out) == (code, "")
    assert error.startswith("jwstpipe: ")
    assert error.count("\n") == 1
    assert says in error


def test_an_image_is_exported_by_what_it_is(command, home, tmp_path):
    code, out, error = command("export", "--filter", "F200W", "--home", tmp_path / "home", "chosen.fits")
    assert code == 0, error
    assert "the same bytes" in out
    assert (tmp_path / "chosen.fits").read_bytes() == (tmp_path / "cal.fits").read_bytes()
    code, _, error = command("export", "--kind", "archive", "-o", "several.fits")
    assert code == 2
    assert "2 archives are meant" in error
    assert all(name in error for name in NAMES)
    for words, wanted, said in (
        (["--filter", "F444W", "-o", "none.fits"], 3, "no such image"),
        (["a.zarr", "--filter", "F200W", "-o", "b.fits"], 2, "not both"),
        ([], 2, "say which image"),
    ):
        code, _, error = command("export", *words)
        assert (code, said in error) == (wanted, True), error
    assert not list(tmp_path.glob("[ns]o*.fits"))
