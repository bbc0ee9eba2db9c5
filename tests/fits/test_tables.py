"""Tables of FITS files: the same values as astropy reads, and headers that lie are found out."""

import numpy as np
import pytest
from astropy.io import fits

from jwstpipe.errors import FitsError, UsageError
from jwstpipe.fits.fits_file import open_fits_file
from jwstpipe.fits.tables.table import fits_table, fits_tables


def every_kind():
    draw = np.random.default_rng(4)
    rows = 7
    vectors = np.empty(rows, object)
    for row in range(rows):
        vectors[row] = np.arange(row, dtype=np.float32)
    return [
        fits.Column("flag", "L", array=draw.random(rows) > 0.5),
        fits.Column("bits", "11X", array=draw.random((rows, 11)) > 0.5),
        fits.Column("byte", "B", array=draw.integers(0, 255, rows).astype("u1")),
        fits.Column("signed", "B", bzero=-128, array=draw.integers(-128, 127, rows).astype("i1")),
        fits.Column("short", "I", array=draw.integers(-99, 99, rows).astype("i2"), null=-7),
        fits.Column("u16", "I", bzero=32768, array=draw.integers(0, 65535, rows).astype("u2")),
        fits.Column("u32", "J", bzero=2147483648, array=draw.integers(0, 2**32 - 1, rows).astype("u4")),
        fits.Column("u64", "K", bzero=2**63, array=draw.integers(0, 2**63, rows).astype("u8") * 2 + 1),
        fits.Column("scaled", "E", bscale=0.5, bzero=10.0, array=np.arange(rows) * 0.5 + 10.0),
        fits.Column("name", "9A", array=[f"star {k} " for k in range(rows)]),
        fits.Column("image", "12E", dim="(4,3)", unit="Jy", array=draw.random((rows, 3, 4)).astype("f4")),
        fits.Column("complex", "M", array=draw.random(rows) + 1j * draw.random(rows)),
        fits.Column("words", "12A", dim="(4,3)", array=np.array([["ab", "c", "defg"]] * rows)),
        fits.Column("varied", "PE()", array=vectors),
        fits.Column("wave", "5D", array=draw.random((rows, 5))),
    ]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    path = tmp_path_factory.mktemp("tables") / "all.fits"
    text = fits.TableHDU.from_columns(
        [fits.Column("number", "I6", array=[1, -22, 333]), fits.Column("flux", "E14.6", array=[1.5, -2.25e-8, 3e9])],
        name="TEXT",
    )
    fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU.from_columns(every_kind(), name="ALL"), text]).writeto(path)
    return path


def table_in(path, number=0):
    file = open_fits_file(path)
    return fits_table(file, fits_tables(file)[number])


def test_values_are_those_of_astropy(written):
    table = table_in(written)
    with fits.open(written) as opened:
        reference = opened["ALL"].data
        for column in table.columns:
            if column.variable:
                for row in range(len(table)):
                    assert np.array_equal(table.cell(column, row), reference[column.name][row])
                continue
            wanted, found = np.asarray(reference[column.name]), table.read(column)
            if found.dtype.kind == "U":
                wanted = np.char.rstrip(wanted.astype(str))
            assert found.shape == wanted.shape, column
            assert np.array_equal(np.asarray(found), wanted), column
            assert np.array_equal(np.asarray(table.read(column, 2, 5)), wanted[2:5])
    assert table.column("u64").decoded == np.uint64
    assert table.column("IMAGE").shape == (3, 4)
    assert table.column("image").unit == "Jy"
    assert table.column("#3").name == "byte"
    short = table.read("short")
    assert np.array_equal(np.ma.getmaskarray(short), np.asarray(short) == -7)


def test_tables_of_text_too(written):
    table = table_in(written, 1)
    assert table.read("number").tolist() == [1, -22, 333]
    assert table.read("flux").tolist() == [1.5, -2.25e-8, 3e9]


def test_a_column_that_is_not_there_is_named_with_those_that_are(written):
    with pytest.raises(UsageError, match="no column 'mass'; it has flag, bits"):
        table_in(written).column("mass")


def changed(path, folder, *changes):
    content = path.read_bytes()
    for old, new in changes:
        assert content.count(old) == 1, old
        content = content.replace(old, new.ljust(len(old))[: len(old)])
    out = folder / "changed.fits"
    out.write_bytes(content)
    return out


def test_a_tdim_that_lies_is_left_out_and_said(written, tmp_path):
    path = changed(written, tmp_path, (b"TDIM11  = '(4,3)   '", b"TDIM11  = '(4,300) '"))
    column = table_in(path).column("image")
    assert column.shape == (12,)
    assert "(4,300)" in column.note
    assert table_in(path).read(column).shape == (7, 12)


def test_columns_that_are_no_row_are_refused(written, tmp_path):
    path = changed(written, tmp_path, (b"TFORM15 = '5D      '", b"TFORM15 = '9999999D'"))
    with pytest.raises(FitsError, match="bytes wide together, and its rows"):
        table_in(path)
    path = changed(written, tmp_path, (b"TFORM15 = '5D      '", b"TFORM15 = '5Z      '"))
    with pytest.raises(FitsError, match="TFORM15 of wave is '5Z', which FITS does not know"):
        table_in(path)


def test_an_array_that_points_outside_its_heap_is_refused(written, tmp_path):
    table = table_in(written)
    column = table.column("varied")
    place = table.hdu.data_offset + 3 * table.row_bytes + column.offset
    content = bytearray(written.read_bytes())
    for claim in ((2_000_000_000, 0), (3, 2_000_000_000), (-1, 0)):
        content[place : place + 8] = np.array(claim, ">i4").tobytes()
        path = tmp_path / "lies.fits"
        path.write_bytes(content)
        with pytest.raises(FitsError, match="row 4 of varied claims"):
            table_in(path).cell(column, 3)


def test_a_page_of_a_large_table_reads_no_more(tmp_path):
    path = tmp_path / "large.fits"
    rows = 40_000_000  # 9.6 GB, of which nothing but the header and a few rows is written
    header = fits.BinTableHDU.from_columns([fits.Column("a", "J"), fits.Column("v", "59E")]).header
    header["NAXIS2"] = rows
    with path.open("wb") as stream:
        stream.write(fits.PrimaryHDU().header.tostring().encode())
        stream.write(header.tostring().encode())
        begin = stream.tell()
        stream.seek(begin + 240 * (rows - 1))
        stream.write(np.array(77, ">i4").tobytes())
        stream.truncate(begin + -(-240 * rows // 2880) * 2880)
    table = table_in(path)
    assert len(table) == rows
    assert table.read("a", rows - 2).tolist() == [0, 77]
    with pytest.raises(FitsError, match="ask for fewer"):
        table.read("v")
