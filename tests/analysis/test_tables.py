"""Tables of any form: pages, conditions, order, search, light curves; against plain numpy."""

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

import jwstpipe
from jwstpipe.analysis.tables.conditions import parse_condition
from jwstpipe.analysis.tables.light_curve import light_curve
from jwstpipe.analysis.tables.page import page_of
from jwstpipe.analysis.tables.source import open_table
from jwstpipe.catalog.lineage.embedded_id import carried_id
from jwstpipe.errors import DataError, NoCoverageError, NotFoundError, UsageError

FORMS = (".fits", ".ecsv", ".parquet", ".vot", ".csv")


@pytest.fixture(scope="module")
def truth():
    draw = np.random.default_rng(7)
    n = 500
    flux = draw.normal(0, 1, n)
    flux[::50] = np.nan
    names = np.array([f"{'NGC' if k % 3 else 'IC'} {k}" for k in range(n)])
    return Table({"id": np.arange(n), "flux": flux, "flags": draw.integers(0, 8, n), "name": names})


@pytest.fixture(scope="module")
def files(truth, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    for form in FORMS:
        kind = {".vot": "votable", ".ecsv": "ascii.ecsv", ".csv": "ascii.csv"}.get(form)
        truth.write(folder / f"t{form}", **({"format": kind} if kind else {}))
    return folder


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_rows(form, files, truth):
    source = open_table(files / f"t{form}")
    assert len(source) == 500
    page = page_of(source, where='flux > 0.5 and not (flags & 4) = 4 and name ~ "ngc"', sort="-flux", count=1000)
    wanted = (truth["flux"] > 0.5) & ((truth["flags"] & 4) == 0) & (np.arange(500) % 3 > 0)
    expected = truth[wanted][np.argsort(-truth["flux"][wanted], kind="stable")]
    assert page.total == wanted.sum()
    assert np.asarray(page.values["id"]).tolist() == expected["id"].tolist()
    assert page.table()["name"].tolist() == expected["name"].tolist()


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("x > 1", [3]), ("x >= 1 or s = 'b'", [1, 2, 3]), ("not x < 2", [3, 4]), ("x is null", [4]),
        ("x is not null and X != 1", [0, 1, 3]), ("x between -1 and 0", [0, 1]), ("s in (a, c)", [0, 2]),
        ("s == b", [1]), ("`odd name` = 3", [2]), ("b = true", [0, 2]), ("s ~ 'A'", [0]),
        ("(x = 1) or ((x = 2))", [2, 3]),
        ("x > -1e0 and x < +2.", [1, 2]),
    ],
)  # fmt: skip
def test_conditions(text, rows):
    values = {
        "x": np.array([-1.0, 0.0, 1.0, 2.0, np.nan]), "s": np.array(["a", "b", "c", "d", ""]),
        "odd name": np.array([1, 2, 3, 4, 5]), "b": np.array([True, False, True, False, False]),
    }  # fmt: skip
    assert np.flatnonzero(parse_condition(text, list(values))(values)).tolist() == rows


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("flx > 1", "there is no column 'flx'; did you mean flux"), ("flux >", "a number or a text was expected"),
        ("flux > 1 and", "a column was expected at 'the end'"), ("flux > 1)", "the end was expected"),
        ("__import__('os')", "there is no column '__import__'"), ("flux > 'a'", "cannot be compared"),
        ("", "an empty condition"), ("(" * 200 + "flux > 1" + ")" * 200, "nested"), ("flux & 4 = 4", "a comparison"),
        ("name > 3 or flux ~ x", "looks into texts"),
    ],
)  # fmt: skip
def test_what_is_no_condition_is_told(text, told):
    values = {"flux": np.zeros(3), "name": np.array(["a", "b", "c"])}
    with pytest.raises(UsageError, match=told):
        parse_condition(text, list(values))(values)


def test_search_pages_and_columns(files, truth):
    source = open_table(files / "t.fits")
    page = page_of(source, columns=("na*", "I?"), search="ic 3", first=2, count=3)
    wanted = [k for k in range(500) if k % 3 == 0 and str(k).startswith("3")]
    assert list(page.values) == ["name", "id"]
    assert (page.total, page.rows.tolist()) == (len(wanted), wanted[2:5])
    with pytest.raises(UsageError, match="no column 'mass'"):
        page_of(source, columns=("mass",))
    assert page_of(source, first=498, count=10).rows.tolist() == [498, 499]


@pytest.mark.parametrize("form", FORMS)
def test_rows_that_lie_apart_come_in_the_order_asked_for(form, files, truth):
    source = open_table(files / f"t{form}")
    rows = np.array([499, 3, 3, 250, 0, 251, 77])
    assert np.asarray(source.take("id", rows)).tolist() == rows.tolist()
    assert np.asarray(source.take("name", rows)).tolist() == truth["name"][rows].tolist()
    assert len(source.take("flux", rows[:0])) == 0


def test_groups_of_rows_of_a_parquet_file(truth, tmp_path):
    from pyarrow import parquet

    parquet.write_table(
        parquet.read_table(write(truth, tmp_path / "one.parquet")), tmp_path / "g.parquet", row_group_size=60
    )
    source, rows = open_table(tmp_path / "g.parquet"), np.array([430, 59, 60, 0, 499, 119, 60])
    assert np.asarray(source.take("id", rows)).tolist() == rows.tolist()
    assert np.asarray(source.read("id", 55, 130)).tolist() == list(range(55, 130))


def write(table, path):
    table.write(path)
    return path


def test_words_are_found_whatever_their_letters_and_what_stands_between_them():
    from jwstpipe.analysis.tables.page import _holding

    texts = np.array(["Straße", "STRASSE", "İstanbul", "a\0b", "", "x\ny", "aab", "ab"])
    for word in ("s", "strasse", "istanbul", "ab", "a\0b", "b", "\n", "nothing", "x\ny"):
        assert _holding(texts, word).tolist() == [word in text.lower() for text in texts.tolist()], word
    plain = texts[[0, 1, 4, 6, 7]]
    for word in ("a", "ab", "s", "bab"):  # nothing is found across two of them
        assert _holding(plain, word).tolist() == [word in text.lower() for text in plain.tolist()], word


def test_missing_values_come_last_in_both_directions(files):
    source = open_table(files / "t.fits")
    for sort in ("flux", "-flux"):
        values = np.asarray(page_of(source, sort=sort, count=500).values["flux"])
        assert np.isnan(values[-10:]).all()
        steps = np.diff(values[:-10])
        assert (steps >= 0).all() if sort == "flux" else (steps <= 0).all()


def test_the_verb_writes_every_form_with_its_lineage(files, tmp_path):
    for form in FORMS:
        made = jwstpipe.table_to_file(files / "t.fits", tmp_path / f"out{form}", where="id < 7", sort="-id")
        assert made.results == {"rows": 7, "columns": 4}
        back = jwstpipe.table(tmp_path / f"out{form}")
        assert sorted(back["id"].tolist()) == list(range(7))
    told = Table.read(tmp_path / "out.ecsv", format="ascii.ecsv").meta["jwstpipe"]
    assert told["operation"] == "table"
    assert told["inputs"][0]["file_name"] == "t.fits"


def test_vectors_explode_and_are_refused_where_a_form_has_no_place(tmp_path):
    table = Table({"k": [1, 2], "v": np.arange(6.0).reshape(2, 3)})
    table.write(tmp_path / "v.fits")
    made = jwstpipe.table(tmp_path / "v.fits", explode=True)
    assert (made["k"].tolist(), made["v"].tolist()) == ([1, 1, 1, 2, 2, 2], [0.0, 1.0, 2.0, 3.0, 4.0, 5.0])
    with pytest.raises(DataError, match="v holds an array in each row"):
        jwstpipe.table_to_file(tmp_path / "v.fits", tmp_path / "v.csv")


def test_files_that_are_none_get_a_sentence(tmp_path):
    with pytest.raises(NotFoundError, match="no such file"):
        open_table(tmp_path / "x.parquet")
    (tmp_path / "bad.parquet").write_bytes(b"PAR1nothing")
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        open_table(tmp_path / "bad.parquet")
    fits.PrimaryHDU(np.zeros((3, 3))).writeto(tmp_path / "image.fits")
    with pytest.raises(DataError, match="holds no table"):
        open_table(tmp_path / "image.fits")
    with pytest.raises(UsageError, match="its tables are none"):
        open_table(f"{tmp_path / 'image.fits'}[2]")


def test_light_curve_of_images_follows_the_source(tmp_path):
    n, size = 6, 48
    y, x = np.mgrid[:size, :size]
    totals = 1000.0 * (1.0 + 0.1 * np.arange(n))
    cube = np.stack([
        t / (2 * np.pi * 1.5**2) * np.exp(-((x - 22.3 - 0.1 * k) ** 2 + (y - 25.8) ** 2) / (2 * 1.5**2)) + 7.0
        for k, t in enumerate(totals)
    ]).astype("f4")  # fmt: skip
    times = fits.BinTableHDU.from_columns([
        fits.Column("integration_number", "J", array=np.arange(1, n + 1)),
        fits.Column("int_mid_MJD_UTC", "D", array=60000.0 + np.arange(n) / 100),
        fits.Column("int_mid_BJD_TDB", "D", array=60000.005 + np.arange(n) / 100),
    ], name="INT_TIMES")  # fmt: skip
    sci = fits.ImageHDU(cube, name="SCI")
    sci.header["BUNIT"] = "DN/s"
    fits.HDUList([fits.PrimaryHDU(), sci, times]).writeto(tmp_path / "a_calints.fits")
    curve = light_curve(tmp_path / "a_calints.fits")
    inside = 1.0 - np.exp(-(6.0**2) / (2 * 1.5**2))
    assert curve["flux"] == pytest.approx(totals * inside, rel=2e-3)
    assert curve["x"] == pytest.approx(22.3 + 0.1 * np.arange(n), abs=0.02)
    assert curve["mjd"].tolist() == (60000.0 + np.arange(n) / 100).tolist()
    assert curve["bjd"][0] == 60000.005


def test_the_circle_of_a_light_curve_is_chosen_and_drawn(tmp_path):
    from photutils.aperture import CircularAperture

    n, size, flux = 5, 64, 500.0
    rng, (y, x) = np.random.default_rng(2), np.mgrid[:size, :size]
    depth = 1.0 - 0.3 * (np.arange(n) == 2)

    def star(cx, cy, total):
        return total / (2 * np.pi * 1.4**2) * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * 1.4**2))

    cube = np.stack([star(40.2, 20.6, 3 * flux) + star(15.4, 44.7, flux * d) + 3.0 for d in depth])
    cube += rng.normal(0.0, 0.05, cube.shape)
    flags = np.zeros(cube.shape, "u4")
    cube[:, 60, 60], flags[:, 60, 60] = 1e6, 1  # brighter than all, and of no use
    hdus = [fits.PrimaryHDU(), fits.ImageHDU(cube.astype("f4"), name="SCI"), fits.ImageHDU(flags, name="DQ")]
    path = tmp_path / "a_calints.fits"
    fits.HDUList(hdus).writeto(path)
    wanted = {"light_curve": "flux", "near": (15, 45), "circle_px": 4.0, "sky_ring": (7, 12)}
    curve = jwstpipe.table(path, **wanted)
    circle = CircularAperture((15.4, 44.7), 4.0)
    for row, image in zip(curve, cube, strict=True):
        theirs = circle.do_photometry(image - 3.0)[0][0]
        assert row["flux"] == pytest.approx(theirs, abs=4.0)
        assert row["x"] == pytest.approx(15.4, abs=0.05)
    assert curve["flux_error"][0] == pytest.approx(0.05 * np.sqrt(np.pi) * 4.0, rel=0.35)
    assert jwstpipe.table(path, light_curve="flux")["x"][0] == pytest.approx(40.2, abs=0.05)  # the brightest
    made = jwstpipe.table_to_file(path, tmp_path / "curve.png", **wanted)
    assert carried_id(tmp_path / "curve.png")[0] == made.product_id
    with pytest.raises(NoCoverageError, match="outside its 64 x 64 pixels"):
        jwstpipe.table(path, light_curve="flux", near=(70, 10))
    with pytest.raises(UsageError, match="a plot is made of a light curve"):
        jwstpipe.table_to_file(path, tmp_path / "other.png")
    with pytest.raises(UsageError, match="is of light curves"):
        jwstpipe.table(path, between=(1.0, 2.0))
    hdus[0].header["EXP_TYPE"] = "NRS_BRIGHTOBJ"
    fits.HDUList(hdus).writeto(tmp_path / "spread_calints.fits")
    with pytest.raises(DataError, match="take its x1dints"):
        jwstpipe.table(tmp_path / "spread_calints.fits", light_curve="flux")


def test_of_hundreds_of_columns_those_are_shown_that_vary(tmp_path):
    n = 6
    columns = [fits.Column(f"K{k}", "D", array=np.full(n, np.nan if k % 2 else 1.0)) for k in range(60)]
    columns += [fits.Column("NAME", "8A", array=[f"a{k}" for k in range(n)]),
                fits.Column("SAME", "8A", array=["b"] * n), fits.Column("V", "2E", array=np.ones((n, 2))),
                fits.Column("GAP", "D", array=[1.0, np.nan, 1.0, 1.0, 1.0, 1.0]),
                fits.Column("W", "2E", array=np.r_[np.ones((n - 1, 2)), [[1.0, 2.0]]])]  # fmt: skip
    path = tmp_path / "h_i2d.fits"
    fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU.from_columns(columns, name="HDRTAB")]).writeto(path)
    assert jwstpipe.table(path, varying=True).colnames == ["NAME", "GAP", "W"]
    assert jwstpipe.table(path, varying=True, columns=("*A*",), count=2).colnames == ["NAME", "GAP"]


def test_types_that_a_form_has_not_are_widened_or_refused(tmp_path):
    n = 4
    columns = [
        fits.Column("DQ", "J", bzero=2147483648, array=np.array([0, 1, 2**31, 2**32 - 1], "u4")),
        fits.Column("NAME", "PA()", array=np.array(["a", "bb", "c", "dddd"], object)),
        fits.Column("V", "PE()", array=np.array([np.arange(k + 1.0) for k in range(n)], object)),
    ]
    path = tmp_path / "odd.fits"
    fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU.from_columns(columns)]).writeto(path)
    for form in (".vot", ".fits", ".ecsv"):
        jwstpipe.table_to_file(path, tmp_path / f"out{form}")
        back = jwstpipe.table(tmp_path / f"out{form}")
        assert np.asarray(back["DQ"]).tolist() == [0, 1, 2**31, 2**32 - 1], form
        assert [str(one) for one in back["NAME"]] == ["a", "bb", "c", "dddd"], form
        assert np.asarray(back["V"][2]).tolist() == [0.0, 1.0, 2.0], form
    wide = [fits.Column("T", "8A", dim="(4,2)", array=np.array([["a", "b"]] * n))]
    fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU.from_columns(wide)]).writeto(tmp_path / "texts.fits")
    with pytest.raises(DataError, match=r"T holds arrays of texts, which a VOTable has no place for; write \.ecsv"):
        jwstpipe.table_to_file(tmp_path / "texts.fits", tmp_path / "texts.vot")
