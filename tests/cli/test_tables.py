"""What people read: columns under each other, lines that fit the terminal, and the digits that numbers deserve."""

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from jwstpipe.cli.tables import MAIN_COLUMNS, aligned, counted, duration, fitting_columns, number, rows, table_lines

TABLE = [["id", "size", "name"], ["ab12", "1.5 MB", "a_long_name_of_a_file.fits"], ["c", "24.0 MB", "b.fits"]]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.30830882, "1.308"), (0.0, "0"), (-0.0421, "-0.0421"), (2.25877577e-14, "2.259e-14"), (3136.69897, "3137"),
        (123456.7, "123,457"), (2813751.0, "2.814e+06"), (None, "none"), (float("nan"), "none"), (0.99999, "1"),
    ],
)  # fmt: skip
def test_a_number_has_four_digits(value, text):
    assert number(value) == text


def test_counts_and_durations_read_as_words():
    assert [counted(1, "tile"), counted(1200, "tile"), counted(2, "box", "boxes")] == [
        "1 tile",
        "1,200 tiles",
        "2 boxes",
    ]
    assert [duration(seconds) for seconds in (4.4, 600, 7200)] == ["4 s", "10 min", "2.0 h"]


def test_columns_stand_under_each_other_and_a_pipe_gets_whole_lines(monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    lines = aligned(TABLE, right=(1,))
    assert lines == [
        "id       size  name", "ab12   1.5 MB  a_long_name_of_a_file.fits", "c     24.0 MB  b.fits",
    ]  # fmt: skip


@pytest.mark.parametrize("width", [30, 45])
def test_a_narrow_terminal_gets_names_whole_and_lines_that_fit(monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    lines = aligned(TABLE, right=(1,))
    assert max(map(len, lines)) <= width
    assert "a_long_name_of_a_file.fits" in " ".join(lines)
    told = aligned([["state", "why"], ["failed", "there is no space left on the disk"]])
    assert max(map(len, told)) <= width
    assert " ".join(" ".join(told).split()).endswith("there is no space left on the disk")


def test_rows_are_folded_behind_their_name_and_paths_are_not_broken(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "40")
    path = "/a/very/long/path/that/nobody/can/copy/in/two/parts.zarr"
    rows([("image", path), ("none", ""), ("why", "because it was asked for more than once in a day")])
    out = capsys.readouterr().out.splitlines()
    assert out[0] == path or out[0].endswith(path) or out[1].endswith(path)
    assert "none" not in "".join(out)
    assert all(len(line) <= 40 or path in line for line in out)
    assert out[-1].startswith(" " * 12)


def test_statistics_for_people_say_what_the_numbers_say(command, tmp_path, monkeypatch):
    samples = np.arange(1.0, 10_001.0, dtype="f4").reshape(100, 100)
    samples[0, 0] = np.nan
    header = fits.Header({"BUNIT": "MJy/sr", "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 10.0, "CRVAL2": 5.0,
                          "CRPIX1": 50.5, "CRPIX2": 50.5, "CDELT1": -1 / 3600, "CDELT2": 1 / 3600})  # fmt: skip
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(samples, header, "SCI")]).writeto(tmp_path / "a.fits")
    monkeypatch.setenv("COLUMNS", "60")
    code, out, _ = command("stats", "a.fits")
    told = dict(line.split(None, 1) for line in out.splitlines() if line[0] != " ")
    assert code == 0
    assert told["pixels"] == "9,999 with data, 1 without"
    assert told["median"].startswith("5001 MJy/sr")
    assert told["range"] == "2 to 10,000 MJy/sr"
    assert max(map(len, out.splitlines())) <= 60
    sky = np.nansum(samples.astype("f8")) * 1e6 * (np.deg2rad(1 / 3600) ** 2)
    assert f"{sky:.4g} Jy" in told["sum"]
    monkeypatch.setenv("COLUMNS", "100")
    code, out, said = command("stats", "a.fits", "--region", "10,10,20,20", "--region", "30,30,40,40")
    assert (code, len(out.splitlines())) == (0, 3)
    assert "--json" in said


@pytest.mark.parametrize(("width", "kept"), [(60, 5), (80, 6), (130, len(MAIN_COLUMNS))])
def test_a_catalogue_shows_what_the_terminal_has_room_for(monkeypatch, width, kept):
    monkeypatch.setenv("COLUMNS", str(width))
    table = Table({name: [12345.678] for name in MAIN_COLUMNS})
    few = fitting_columns(table)
    assert max(map(len, table_lines(few))) <= width
    assert len(few.colnames) >= kept
    assert {"id", "ra", "dec", "mag_segment"} <= set(few.colnames)
    assert ("x_centroid" in few.colnames) == ("y_centroid" in few.colnames)
