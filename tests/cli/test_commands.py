"""Commands as a user types them: results on stdout, one line for each fault on stderr, exit codes with a meaning."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from astropy.io import fits
from PIL import Image

from jwstpipe.requests import MosaicOptions
from tests.images.fits_files import write_cal
from tests.mosaicking.scenes import header, wave, write
from tests.waiting import LIMIT_SECONDS
from tests.world import TARGET, variables

LOOKS = ("info", "search", "names", "thumbnail", "composite")
COMMANDS = (*LOOKS, "demo", "run", "up", "ingest", "convert", "export", "mosaic")


def size_of(picture):
    with Image.open(picture) as opened:
        return opened.size


@pytest.fixture
def pair(tmp_path):
    names = []
    for number, filter_name in enumerate(("F200W", "F444W")):
        where = header(shape=(90, 100), sip=True, angle=20 * number)
        name = write(tmp_path / f"{filter_name}.fits", wave(where, (90, 100)), where)
        fits.setval(name, "FILTER", value=filter_name)
        fits.setval(name, "INSTRUME", value="NIRCAM")
        names.append(name)
    return names


def one_line(error):
    return error.startswith("jwstpipe: ") and error.count("\n") == 1


def test_help_and_version_are_quick_and_name_every_command():
    loaded = "import sys; from jwstpipe.cli.main import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
    check = "print(sorted({'numba', 'distributed', 'prefect', 'astroquery', 'zarr'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", loaded + check], capture_output=True, text=True, check=True)
    for name in COMMANDS:
        assert name in done.stdout
    assert done.stdout.strip().endswith("[]")


def test_convert_info_and_export(command, tmp_path):
    source = write_cal(tmp_path / "cal.fits")
    assert command("convert", source, "cal.zarr")[0] == 0
    code, out, _ = command("info", "cal.zarr", "--json")
    facts = json.loads(out)
    assert code == 0
    assert (facts["width"], facts["height"], facts["unit"], facts["filter"]) == (90, 70, "MJy/sr", "F200W")
    assert facts["wcs"]["scale_arcsec"] == pytest.approx(0.1, rel=1e-6)
    code, out, _ = command("export", "cal.zarr", "again.fits")
    assert code == 0
    assert "the same bytes" in out
    assert (tmp_path / "again.fits").read_bytes() == source.read_bytes()
    code, _, error = command("export", "cal.zarr", "again.fits")
    assert (code, one_line(error)) == (7, True)
    assert command("export", "cal.zarr", "again.fits", "--overwrite")[0] == 0


def test_mosaic_composite_and_thumbnail(command, tmp_path, pair):
    code, out, error = command(
        "mosaic", *pair, "--mix", "-o", "m.zarr", "--fits", "m.fits", "--weights", "uniform", "--json"
    )
    made = json.loads(out)
    assert (code, error) == (0, "")
    with fits.open(tmp_path / "m.fits") as opened:
        assert [hdu.name for hdu in opened] == ["PRIMARY", "SCI", "WHT", "N", "PROVENANCE"]
        assert opened["SCI"].data.shape == tuple(made["shape"])
        assert opened[0].header["JPPRODID"] == made["product_id"]
        opened.verify("exception")
    assert command("composite", *pair, "-o", "c.png", "--size", "64")[0] == 0
    assert max(size_of(tmp_path / "c.png")) == 64
    assert (
        command("composite", "--channel", f"{pair[0]}=orange", "--channel", f"{pair[1]}=200*0.5", "-o", "c.jpg")[0] == 0
    )
    assert command("thumbnail", "m.zarr", "-o", "t.png", "--size", "50")[0] == 0
    assert max(size_of(tmp_path / "t.png")) == 50


def test_a_mosaic_lies_on_the_grid_of_an_image_or_of_a_header(command, tmp_path, pair):
    assert command("mosaic", pair[0], "-o", "a.zarr", "--scale", "0.2")[0] == 0
    assert command("mosaic", pair[1], "-o", "b.zarr", "--grid", "a.zarr", "--fits", "b.fits")[0] == 0
    assert command("export", "a.zarr", "a.fits")[0] == 0
    a, b = fits.getheader(tmp_path / "a.fits", "SCI"), fits.getheader(tmp_path / "b.fits", "SCI")
    for key in ("NAXIS1", "NAXIS2", "CRPIX1", "CRPIX2", "CRVAL1", "CRVAL2", "CD1_1", "CD2_2"):
        assert a[key] == b[key]
    a.totextfile(tmp_path / "grid.hdr")
    assert command("mosaic", pair[1], "-o", "c.zarr", "--grid", "grid.hdr", "--fits", "c.fits")[0] == 0
    assert fits.getdata(tmp_path / "c.fits", "SCI").tobytes() == fits.getdata(tmp_path / "b.fits", "SCI").tobytes()


def test_a_dry_run_tells_the_size_and_makes_nothing(command, tmp_path, pair):
    code, out, _ = command("mosaic", *pair, "--mix", "--dry-run", "--json")
    plan = json.loads(out)
    assert code == 0
    assert plan["inputs"] == 2
    assert plan["tiles"] >= 1
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".fits", ".fits"]


def test_names_are_one_object_a_line(command):
    code, out, _ = command("names", "jw02733-o002_t001_miri_f1130w_i2d.fits", "/x/not_a_jwst_file.fits", "--json")
    first, second = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert (first["kind"], first["level"], first["instrument"], first["filters"]) == (
        "stage3",
        "L3",
        "MIRI",
        ["F1130W"],
    )
    assert second["kind"] == "unknown"
    keys = "name kind level suffix program observation visit exposure segment detector instrument filters"
    assert set(f"{keys} observation_base_id exposure_id viewable".split()) <= set(first)


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["convert", "short.fits", "out.zarr"], 6, "short.fits: truncated"),
        (["mosaic", "short.fits", "good.fits", "-o", "out.zarr"], 6, "short.fits: truncated"),
        (["composite", "short.fits", "-o", "out.png"], 6, "short.fits: truncated"),
        (["mosaic", "blind.fits", "-o", "out.zarr"], 6, "blind.fits: no celestial WCS"),
        (["convert", "blind.fits", "out.zarr"], 6, "blind.fits: no celestial WCS"),
        (["info", "nowhere.fits"], 3, "nowhere.fits: no such file"),
        (["mosaic", "good.fits", "-o", "file/out.zarr"], 5, "file/out.zarr: a part of this path is a file"),
        (["composite", "good.fits", "-o", "file/out.png"], 5, "is a file, not a folder"),
        (["composite", "good.fits", "-o", "out.bmp"], 2, "out.bmp"),
        (["mosaic", "good.fits", "-o", "taken.zarr"], 7, "taken.zarr: exists and is no image store"),
        (["mosaic", "good.fits", "-o", "taken"], 2, "taken: a mosaic is written as .zarr or .fits"),
        (["mosaic", "good.fits", "-o", "out.zarr", "--kernel", "magic"], 2, "'magic' is not one of"),
        (["mosaic", "good.fits"], 2, "-o OUT.zarr"),
        (["mosaic", "good.fits", "-o", "o.zarr", "--cluster", "tcp://127.0.0.1:9"], 5, "no Dask scheduler answers"),
        (["search"], 2, "give a target"),
        (["search", "--ra", "10"], 2, "both ra and dec"),
        (["search", "--ra", "500", "--dec", "0"], 2, "--ra 500:"),
        (["frobnicate"], 2, "No such command"),
        (["--config", "nowhere.toml", "info", "good.fits"], 2, "nowhere.toml"),
    ],
)
def test_bad_input_is_one_clear_line_and_leaves_nothing(command, tmp_path, monkeypatch, words, code, says):
    monkeypatch.setattr("jwstpipe.execution.dask_workers.CONNECT_SECONDS", 1.0)
    good = write_cal(tmp_path / "good.fits")
    (tmp_path / "short.fits").write_bytes(good.read_bytes()[:9000])
    write(tmp_path / "blind.fits", np.ones((9, 9)), fits.Header())
    (tmp_path / "file").touch()
    (tmp_path / "taken.zarr").mkdir()
    before = sorted(tmp_path.rglob("*"))
    found, out, error = command(*words)
    assert (found, out) == (code, "")
    assert one_line(error), error
    assert says in error
    assert sorted(tmp_path.rglob("*")) == before


def test_a_disk_that_fills_up(command, tmp_path, monkeypatch):
    def full(*arguments, **options):
        raise OSError(28, os.strerror(28))

    write_cal(tmp_path / "good.fits")
    monkeypatch.setattr("jwstpipe.images.zarr.writer.put_bytes", full)
    code, out, error = command("convert", "good.fits", "out.zarr")
    assert (code, out) == (5, "")
    assert error == "jwstpipe: out.zarr: no space left; free some or choose another folder\n"
    assert [path.name for path in tmp_path.iterdir()] == ["good.fits"]


def test_an_unforeseen_error_is_one_line_with_the_way_to_the_traceback(command, tmp_path, monkeypatch):
    def broken(*arguments, **options):
        raise ZeroDivisionError("division by zero")

    write_cal(tmp_path / "good.fits")
    monkeypatch.setattr("jwstpipe.images.open.open_fits", broken)
    code, _, error = command("info", "good.fits")
    assert (code, one_line(error)) == (1, True)
    assert "ZeroDivisionError" in error
    assert "-vv" in error
    assert "Traceback" in command("-vv", "info", "good.fits")[2]


@pytest.fixture
def site(tiny_world, tmp_path, monkeypatch):
    _, archive = tiny_world
    archive.set_faults()
    for key, value in variables(archive, tmp_path / "home").items():
        monkeypatch.setenv(key, value)
    return archive


def test_search_finds_by_target_position_observation_and_programme(command, site):
    code, out, _ = command("search", TARGET, "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert {row["obs_collection"] for row in rows} == {"JWST"}
    combined = [row for row in rows if row["calib_level"] == 3]
    for words in (
        ["--ra", combined[0]["s_ra"], "--dec", combined[0]["s_dec"], "--radius", 0.01],
        ["--program", combined[0]["proposal_id"]],
        ["--obs-id", "jw*", "--level", "2", "--level", "3"],
    ):
        found = [json.loads(line)["obs_id"] for line in command("search", *words, "--json")[1].splitlines()]
        assert found == [row["obs_id"] for row in rows], words
    only = command("search", TARGET, "--filter", "f444w", "--level", "3", "--json")[1].splitlines()
    assert [json.loads(line)["filters"] for line in only] == ["F444W"]
    code, out, error = command("search", "NGC 9999")
    assert (code, out, one_line(error)) == (3, "", True)


def test_ingest_plans_fetches_registers_and_repeats_without_moving_bytes(command, site, tmp_path, tiny_world):
    wanted = [file for file in tiny_world[0].files if file.suffix == "i2d"]
    code, out, _ = command("ingest", TARGET, "--level", "3", "--dry-run", "--json")
    lines = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert sum(line["files"] for line in lines) == len(wanted)
    assert sum(line["bytes"] for line in lines) == sum(file.path.stat().st_size for file in wanted)
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["answers"]
    for source, moved in (("https", True), ("s3", False)):
        code, out, _ = command("ingest", TARGET, "--level", "3", "--source", source, "--json")
        entries = [json.loads(line) for line in out.splitlines()]
        assert code == 0
        assert {bool(entry["bytes_moved"]) for entry in entries} == {moved}
        for file in wanted:
            stored = next(tmp_path.glob(f"home/store/mast/*/{file.path.name}"))
            assert stored.read_bytes() == file.path.read_bytes()


def test_an_archive_that_is_down(command, site, monkeypatch):
    monkeypatch.setattr("jwstpipe.archive.retry.FIRST_WAIT_S", 0.01)
    site.go_down("mast")
    try:
        code, out, error = command("search", TARGET)
    finally:
        site.come_back()
    assert (code, out, one_line(error)) == (5, "", True)
    assert site.server in error


@pytest.mark.exhaustive("tests/flows/test_jobs.py::test_a_server_that_is_down_is_named_with_the_way_out")
def test_a_run_whose_prefect_server_is_down_says_so(site, tmp_path):
    environment = {**os.environ, "JWSTPIPE_PREFECT_API": "http://127.0.0.1:9/api"}
    command = [sys.executable, "-m", "jwstpipe", "run", TARGET]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, check=False)
    assert (done.returncode, done.stdout) == (5, "")
    assert "no Prefect server answers at http://127.0.0.1:9/api" in done.stderr.splitlines()[-1]


def test_a_script_can_stop_reading(site, tmp_path):
    command = [sys.executable, "-m", "jwstpipe", "search", TARGET, "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path) as process:
        process.stdout.readline()
        process.stdout.close()
        error = process.stderr.read().decode()
        process.wait(LIMIT_SECONDS)
    assert "Traceback" not in error


def test_the_python_api_mirrors_the_commands(site, pair, tmp_path, monkeypatch):
    import jwstpipe

    monkeypatch.chdir(tmp_path)
    found = jwstpipe.search(TARGET, filters=["F444W"], level=[3])
    assert [str(row["filters"]) for row in found.observations] == ["F444W"]
    first = jwstpipe.ingest(TARGET, filters=["F444W"], level=[3])
    again = jwstpipe.ingest(TARGET, filters=["F444W"], level=[3])
    assert [entry.record.file_name for entry in first.require_all()] == [f"{found.observations['obs_id'][0]}_i2d.fits"]
    assert [entry.bytes_moved for entry in again.require_all()] == [0]
    made = jwstpipe.mosaic(pair, "m.zarr", fits="m.fits", options=MosaicOptions(mix=True))
    assert jwstpipe.open_image("m.zarr").read("sci", jwstpipe.Box(0, 0, 10, 20)).shape == (10, 20)
    assert jwstpipe.plan_mosaic(pair, options=MosaicOptions(mix=True)).id == made.product_id
    assert jwstpipe.convert("m.fits", "again.zarr").levels == 1
    assert jwstpipe.composite(pair, "c.png").width > 50
    assert jwstpipe.thumbnail("m.zarr", "t.png", size=40).width <= 40
    assert jwstpipe.parse_name("jw02733-o002_t001_miri_f1130w_i2d.fits").level == "L3"
    assert all(hasattr(jwstpipe, name) for name in jwstpipe.__all__)


def test_a_mosaic_is_told_of_in_rows_for_people(command, pair):
    words = ("mosaic", *pair, "--mix", "-o", "m.zarr", "--background", "level", "--align", "check")
    code, out, _ = command(*words, "-v")
    again = command(*words)[1]
    assert "(stood there already)" in again
    assert "digest" not in again
    made = json.loads(command(*words, "--json")[1])
    told = {line[:12].strip(): line[12:].strip() for line in out.splitlines()}
    assert code == 0
    assert told["mosaic"] == "m.zarr"
    assert told["size"].startswith(f"{made['shape'][1]} x {made['shape'][0]} px, sci")
    assert told["with data"].startswith(f"{made['pixels']:,} px, ")
    assert (told["product"], told["digest"]) == (made["product_id"], made["digest"])
    assert told["background"].startswith("level from 1 overlap")
    assert told["alignment"].startswith("check")
    code, out, _ = command("mosaic", *pair, "--mix", "--dry-run")
    assert (code, "mosaic of   2 images" in out) == (0, True)
    assert not set("{}[]'") & set(out)


def test_info_tells_where_pixels_lie_and_which_pixels_lie_there(command, tmp_path, pair):
    from astropy.wcs import WCS

    assert command("convert", pair[1], "image.zarr", "--verify")[0] == 0
    truth = WCS(fits.getheader(pair[1], "SCI"))
    ra, dec = truth.all_pix2world([3.25, 60.0], [-2.0, 70.5], 0)
    words = ["--pixel", "3.25,-2", "--pixel", "60,70.5", "--sky", f"{ra[0]},{dec[0]}", "--sky", f"{ra[0] + 180},0"]
    for image in (pair[1], "image.zarr"):
        code, out, _ = command("info", image, "--json", *words)
        found = json.loads(out)["positions"]
        assert code == 0
        assert [place["ra"] for place in found[:2]] == pytest.approx(list(ra), abs=1e-10)
        assert [place["dec"] for place in found[:2]] == pytest.approx(list(dec), abs=1e-10)
        assert (found[2]["x"], found[2]["y"]) == pytest.approx((3.25, -2.0), abs=1e-5)
        assert (found[3]["x"], found[3]["y"]) == (None, None)
    code, out, error = command("info", "image.zarr", "--pixel", "3;4")
    assert (code, out, one_line(error)) == (2, "", True)


def test_verify_names_what_was_compared_and_finds_a_changed_sample(command, tmp_path):
    source = write_cal(tmp_path / "cal.fits")
    code, out, error = command("convert", source, "some.zarr", "--planes", "sci,dq", "--verify", "--json")
    made = json.loads(out)
    assert (code, error) == (0, "")
    assert made["verified"]["hdus"] == ["PRIMARY", "SCI", "DQ"]
    assert (
        made["omitted"]
        == made["verified"]["omitted"]
        == ["ERR", "AREA", "VAR_POISSON", "VAR_RNOISE", "VAR_FLAT", "ASDF"]
    )
    with fits.open(source) as opened:
        cards = sum(len(opened[name].header.tostring(padding=False)) // 80 for name in ("PRIMARY", "SCI", "DQ"))
    assert (made["verified"]["cards"], made["verified"]["samples"]) == (cards, 2 * 70 * 90)
    with fits.open(source, mode="update") as opened:
        opened["DQ"].data[6, 1] ^= 4
    code, _, error = command("convert", source, "other.zarr", "--planes", "sci,dq", "--verify")
    assert code == 0
    assert command("convert", source, "bad.zarr", "--planes", "sci,nonsense")[0] == 2
