"""Tables of others: what they promise is compared with their bytes, and nothing is fetched because of one."""

import gzip
import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy import units
from astropy.io import fits
from astropy.table import MaskedColumn, Table

from jwstpipe.analysis.catalogues.files import read_catalogue, write_catalogue
from jwstpipe.errors import DataError
from jwstpipe.sky.position_table import positions_of
from jwstpipe.storage.position_tables import read_positions

VOTABLE = (
    '<?xml version="1.0"?>{head}<VOTABLE version="1.3" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE>'
    '<TABLE {table}><FIELD name="ra" datatype="double"/><FIELD name="dec" datatype="{kind}" {field}/>'
    "<DATA>{data}</DATA></TABLE></RESOURCE></VOTABLE>"
)
ROW = "<TABLEDATA><TR><TD>1</TD><TD>2</TD></TR></TABLEDATA>"
ECSV = "# %ECSV 1.0\n# ---\n# datatype:\n# - {name: ra, datatype: float64}\n"


def votable(head="", table="", kind="double", field="", data=ROW):
    return VOTABLE.format(head=head, table=table, kind=kind, field=field, data=data)


def fits_table(key, value):
    stream = io.BytesIO()
    table = fits.BinTableHDU(Table({"ra": [1.0, 2.0], "dec": [1.0, 2.0]}))
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(stream)
    content = bytearray(stream.getvalue())
    at = content.find(key.ljust(8).encode() + b"=", 2880)
    content[at : at + 80] = fits.Card(key, value).image.encode()
    return bytes(content)


def parquet(table, **options):
    stream = io.BytesIO()
    pq.write_table(table, stream, compression="zstd", **options)
    return stream.getvalue()


ENTITIES = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'
STREAM = '<BINARY><STREAM\n encoding="gzip"\n href = "{}"/></BINARY>'
HOSTILE = {
    "entities.vot": (lambda: votable(ENTITIES, kind="char", field='arraysize="*"'), "points elsewhere"),
    "file.vot": (lambda: votable(data=STREAM.format("file:///etc/passwd")), "points elsewhere"),
    "web.vot": (lambda: votable(data=STREAM.format("http://127.0.0.1:9/")), "points elsewhere"),
    "rows.vot": (lambda: votable(table='nrows="4000000000"'), "promises"),
    "array.vot": (lambda: votable(field='arraysize="90000x90000"'), "promises"),
    "fields.vot": (lambda: votable(data="<FIELD/>" * 20_000), "20,002 columns"),
    "header.ecsv": (lambda: ECSV + "# - {a: 1}\n" * 200_000 + "ra\n1\n", "a header of"),
    "deep.ecsv": (lambda: ECSV + "# meta: " + "[" * 1200 + "\nra\n1\n", "cannot be read as a catalogue"),
    "code.ecsv": (lambda: ECSV + "# meta: !!python/object/apply:os.getcwd []\nra\n1\n", "cannot be read as"),
    "wide.csv": (lambda: "ra,dec,s\n1,2," + "x" * 400_000 + "\n" + "1,2,a\n" * 2000, "promises 2,002 rows"),
    "line.csv": (lambda: "ra,dec" + "x" * 5_000_000, "a line of more than"),
    "columns.csv": (lambda: ",".join(["c"] * 20_000) + "\n", "20,000 columns"),
    "packed.ecsv": (lambda: gzip.compress(bytes(300 << 20), 1), "unpacks to more than 256 MB"),
    "utf16.vot": (lambda: votable(ENTITIES).encode("utf-16"), "two bytes a letter"),
    "rows.parquet": (lambda: parquet(pa.table({"ra": pa.nulls(80_000_000)})), "promises 80,000,000 rows"),
    "wide.parquet": (lambda: parquet(pa.table({"s": ["x" * 500_000] + ["a"] * 1000})), "promises 1,001 rows"),
    "cut.fits": (lambda: fits_table("NAXIS2", 40_000), "is cut off|cannot be read"),
    "columns.fits": (lambda: fits_table("TFIELDS", 1 << 30), "TFIELDS"),
    "width.fits": (lambda: fits_table("TFORM1", "999999999D"), "cannot be read"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_table_is_one_sentence(name, tmp_path):
    make, said = HOSTILE[name]
    content = make()
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError, match=said) as caught:
        read_catalogue(tmp_path / name)
    assert "\n" not in str(caught.value)
    assert name in str(caught.value)


def test_a_tame_table_of_each_kind_is_read(tmp_path):
    (tmp_path / "a.vot").write_text(votable())
    (tmp_path / "a.ecsv.gz").write_bytes(
        gzip.compress(f"{ECSV}# - {{name: dec, datatype: float64}}\nra dec\n1 2\n".encode())
    )
    for name in ("a.vot", "a.ecsv.gz"):
        assert [list(part) for part in read_positions(str(tmp_path / name))] == [[1.0], [2.0]]


def test_positions_follow_their_units_and_masks():
    """The truth is astropy's own conversion of the column."""
    ra, dec = np.array([1.0, 2.0, 3.0]), np.array([0.1, -0.2, 0.3])
    table = Table({"ra": MaskedColumn(ra, unit="hourangle", mask=[False, True, False]), "dec": dec * units.rad})
    found = positions_of(table, name="a")
    assert np.allclose(found[0][[0, 2]], (ra[[0, 2]] * units.hourangle).to_value("deg"))
    assert np.isnan(found[0][1])
    assert np.allclose(found[1], (dec * units.rad).to_value("deg"))


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"ra": ["05:35:17"], "dec": ["-05:23:28"]}, "holds no numbers"),
        ({"ra": [[1.0, 2.0]], "dec": [[1.0, 2.0]]}, "must be one"),
        ({"ra": [np.inf], "dec": [1.0]}, "none of its 1 rows has a position"),
        ({"ra": [1.0, 2.0], "dec": [1.0, 91.0]}, "row 2; a declination lies between"),
        ({"x": [1.0]}, "needs columns ra and dec"),
    ],
)
def test_positions_that_are_none(columns, said):
    with pytest.raises(DataError, match=said):
        positions_of(Table(columns), name="a")


def test_cells_of_csv_are_no_formulas(tmp_path):
    """A number with a sign is left as it is; what was changed comes back."""
    words = ["=cmd|' /C calc'!A0", "@SUM(A1)", "+1-cmd", "-05:23:28", "+4", "'quoted", "plain"]
    table = Table({"name": words, "=x": [-1.0] * 7})
    place = write_catalogue(table, tmp_path / "a.csv")
    lines = place.read_text().splitlines()
    assert lines[0] == "name,'=x"
    assert [line[0] for line in lines[1:]] == ["'", "'", "'", "-", "+", "'", "p"]
    found = read_catalogue(place)
    assert list(found["name"]) == words
    assert found.colnames == ["name", "=x"]
