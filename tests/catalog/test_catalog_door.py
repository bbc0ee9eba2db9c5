"""What may come in: everything that went out, whatever its letters; nothing that a database or a file cannot hold."""

import csv
import io
import json

import pytest

from jwstpipe.catalog.catalog import open_catalog
from jwstpipe.catalog.maintenance import record_import
from jwstpipe.catalog.maintenance.export import record_line, records_csv
from jwstpipe.catalog.maintenance.record_import import import_lines, import_table, text_lines
from jwstpipe.catalog.query import RecordQuery
from jwstpipe.catalog.records.archive_record import record_from_archive
from jwstpipe.cli.main import main
from jwstpipe.cli.output import visible
from jwstpipe.errors import DataError, UsageError
from jwstpipe.settings import load_settings
from tests.catalog.catalog_records import CREATED, make_record

ODD = "a\u2028b\u2029c\x85d\x0be\x0cf\x1cg\rh\ni\tj;k\\l\"m'n\x1b[31mo\x00\U0001f52d\u202e"
FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "'=1", "''", "=", "\uff1d1", "plain", " =1", "-", "'"]


def lines_of(text):
    return text_lines(io.BytesIO(text.encode()), name="in")


def test_what_goes_out_as_lines_comes_in(catalog):
    odd = make_record(1, description=ODD, tags=("a;b", "c\\", ODD), metadata={"text": ODD, "list": [ODD, {"x": ODD}]})
    catalog.publish(odd)
    before = catalog.find()
    text = "".join(f"{record_line(record)}\n" for record in before)
    catalog.delete("p1")
    assert import_lines(catalog, lines_of(text), name="in") == 1
    assert catalog.find() == before
    assert catalog.count(RecordQuery(tags=("a;b",))) == 1


def test_what_goes_out_as_a_table_comes_in_and_no_cell_is_a_formula(embedded):
    records = [
        make_record(number, description=text, tags=(text, "a;b\\", ODD), file_name=f"{text}x", target=text)
        for number, text in enumerate([*FORMULAS, ODD])
    ]
    embedded.publish_many(records)
    stream = io.StringIO(newline="")
    records_csv(embedded.find(sort="oldest"), stream)
    for row in csv.DictReader(io.StringIO(stream.getvalue(), newline="")):
        numbers = ("ra", "dec")
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for k, cell in row.items() if k not in numbers)
    embedded.database.delete([record.product_id for record in records], owner=None)
    assert import_table(embedded, lines_of(stream.getvalue()), name="in.csv") == len(records)
    back = embedded.get_many(record.product_id for record in records)
    for record in records:
        got = back[record.product_id]
        assert (got.description, got.tags, got.file_name) == (record.description, record.tags, record.file_name)
        assert got.image_info.target_name == record.image_info.target_name


def nested(levels, inner=1):
    for _ in range(levels):
        inner = [inner]
    return inner


BAD = {
    "half a character": ({"description": "\ud800"}, "description: half"),
    "half a character inside": ({"metadata": {"a": ["\udfff"]}}, "half a character"),
    "half a character as key": ({"metadata": {"\ud800": 1}}, "half a character"),
    "half a character as tag": ({"tags": ["\ud800"]}, "tags"),
    "half a character in a map of texts": ({"software": {"a": "\ud800"}}, "software"),
    "a large size": ({"file_size": 2**70}, "file_size"),
    "a larger size": ({"file_size": 10**400}, "file_size"),
    "a large programme": ({"program": 2**70}, "program"),
    "a large number": ({"metadata": {"a": 10**400}}, "64 bits"),
    "a larger number": ({"metadata": {"a": 2**70}}, "64 bits"),
    "a large width": ({"image_info": {"width": 2**70}}, "image_info.width"),
    "a large depth": ({"image_info": {"bit_depth": 10**400}}, "image_info.bit_depth"),
    "a large angle": ({"ra": 10**400}, "ra"),
    "a large wavelength": ({"image_info": {"wavelength": 10**400}}, "image_info.wavelength"),
    "year 1": ({"upload_date": "0001-01-01T00:00:00+14:00"}, "year 1 "),
    "year 1 of an observation": ({"image_info": {"observation_date": "0001-01-01T00:00:00Z"}}, "year 1 "),
    "year 9999": ({"upload_date": "9999-12-31T23:59:59-12:00"}, "year 9999"),
    "500 levels": ({"metadata": {"a": nested(500)}}, "levels deep"),
    "500 maps": ({"parameters": {"a": json.loads('{"a":' * 500 + "1" + "}" * 500)}}, "levels deep"),
    "an id with a line feed": ({"_id": "p1\n"}, "_id"),
    "a parent with a line feed": ({"derived_from": ["p1\n"]}, "derived_from"),
    "a key with a line feed": ({"file_path": "a/b\n"}, "not a storage key"),
    "a key with one inside": ({"file_path": "a\n/b"}, "not a storage key"),
    "a digest with a line feed": ({"checksum": "0" * 64 + "\n"}, "checksum"),
    "a picture with a line feed": ({"thumbnail": "a/b\n"}, "not a storage key"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_no_record_holds_is_refused_with_a_sentence(embedded, name):
    changes, says = BAD[name]
    values = {**make_record(1).model_dump(mode="json", by_alias=True), **changes}
    lines = [record_line(make_record(0)), json.dumps(values)]
    with pytest.raises(DataError, match=r"^the record of in, line 2 is not valid: ") as caught:
        import_lines(embedded, lines, name="in")
    assert says in str(caught.value)
    assert len(str(caught.value)) < 400
    assert "\n" not in str(caught.value)
    assert embedded.count(RecordQuery(status=())) == 0


@pytest.mark.parametrize(
    ("line", "says"),
    [("[" * 100_000, "nested too deeply"), ('{"a":' * 5000, "nested too deeply"), ("[1]", "a JSON object"),
     ('{"metadata": {"a": ' + "9" * 5000 + "}}", "not JSON"), ('{"a": NaN}', "not valid"), ("\ufeff{}", "BOM")],
)  # fmt: skip
def test_lines_that_are_no_records(embedded, line, says):
    with pytest.raises(DataError, match=says):
        import_lines(embedded, [line], name="in")


def test_a_line_without_end_is_not_read_to_its_end(embedded, monkeypatch):
    monkeypatch.setattr(record_import, "LONGEST_LINE", 2**20)
    with open("/dev/zero", "rb") as endless, pytest.raises(DataError, match="zero, line 1: longer than 1 MB"):  # noqa: PTH123
        import_lines(embedded, text_lines(endless, name="/dev/zero"), name="/dev/zero")


@pytest.mark.parametrize("tag", ["", " ", "a\nb", "\x1b[2J", "\udc8e"])
def test_tags_that_cannot_be_printed_are_refused(catalog, tag):
    catalog.publish(make_record(1))
    with pytest.raises((UsageError, DataError)):
        catalog.amend("p1", add_tags=[tag])
    assert catalog.get("p1").tags == ()


def test_queries_are_bounded_too():
    for bad in ({"program": 2**70}, {"smallest": 10**400}, {"created_since": CREATED.replace(year=1)}):
        with pytest.raises(ValueError, match=r"9223372036854775807|year 1|int"):
            RecordQuery(**bad)


def test_a_terminal_gets_escapes():
    assert visible("plain text, Ærø 🔭\u00a0\n\t") == "plain text, Ærø 🔭\u00a0\n\t"
    told = "\x1b]0;x\x07\x9b2J\u202e\u2028\r\x00\udc8e\U000e0001"
    assert visible(told) == r"\u001b]0;x\u0007\u009b2J\u202e\u2028\u000d\u0000\udc8e\udb40\udc01"
    assert json.loads(f'"{visible(told)}"') == told


def test_a_hostile_name_reaches_no_terminal(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("JWSTPIPE_HOME", str(tmp_path))
    with open_catalog(load_settings().catalog_address) as catalog:
        catalog.publish(make_record(1, file_name="a\x1b[2J\nb.fits", description="\x9b31m"))
    for words in (("find",), ("export",), ("show", "p1")):
        with pytest.raises(SystemExit):
            main(["catalog", *words])
        out = capsys.readouterr().out
        assert "\x1b" not in out
        assert "\x9b" not in out
        assert "u001b" in out


@pytest.mark.parametrize("name", ["other.fits", "A.FITS", "a.fits.gz"])
def test_a_row_that_names_another_file_than_its_uri_is_refused(name):
    row = {"dataURI": "mast:JWST/product/a.fits", "obs_id": "o", "productFilename": name}
    with pytest.raises(DataError, match="its row names the file"):
        record_from_archive(row, storage_key="mast/o/a.fits", digest="0" * 64, file_size=1, imported=CREATED)
