"""What a command loads before it begins: modules are counted, not seconds; and what every command has."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest
import typer

from jwstpipe.catalog.catalog import open_catalog
from jwstpipe.cli.start.app import app
from jwstpipe.cli.start.commands import CATALOG, all_entries
from jwstpipe.cli.start.overview import overview
from tests.catalog.catalog_records import make_record
from tests.images.fits_files import write_cal

HEAVY = {"numpy", "pydantic_settings", "fsspec", "rich", "prefect", "dask", "astropy", "typer", "pydantic", "numba"}

EVERY = [(name,) for name, entry in all_entries().items() if entry.commands is None]
EVERY += [("catalog", name) for name in CATALOG]

SHOW = """
import json, sys
from jwstpipe.cli.main import main
try:
    main(sys.argv[1:])
except SystemExit as ended:
    code = ended.code
print(json.dumps([code, sorted(sys.modules)]))
"""


def loaded(*words):
    """Run a command in a process of its own and give its exit code, the packages it loaded, and how many modules.

    An extension module that was loaded without the package around it does not count as that package.
    """
    done = subprocess.run([sys.executable, "-c", SHOW, *map(str, words)], capture_output=True, text=True, check=True)
    code, modules = json.loads(done.stdout.splitlines()[-1])
    return code, {name.partition(".")[0] for name in modules} & set(modules), len(modules)


def loaded_again(*words):
    """Do the same when the kernels have been compiled: the first time on a machine takes numba."""
    code, packages, modules = loaded(*words)
    return loaded(*words) if "numba" in packages else (code, packages, modules)


@pytest.mark.parametrize("words", [("--help",), ("-h",), ("help",), ("-V",)])
def test_help_and_version_load_next_to_nothing(words):
    code, packages, modules = loaded(*words)
    assert code == 0
    assert not packages & HEAVY
    assert modules < 125


def test_names_load_what_reads_the_words_and_nothing_else():
    code, packages, _ = loaded("names", "jw02733001001_02101_00001_nrca1_cal.fits")
    assert (code, packages & HEAVY) == (0, {"typer", "pydantic"})


@pytest.mark.parametrize("command", ["info", "mosaic", "composite", "thumbnail", "convert", "stats"])
def test_a_wrong_path_is_told_before_anything_heavy_is_loaded(command):
    code, packages, _ = loaded(command, "nowhere.fits", *(() if command in {"info", "stats"} else ("-o", "out.png")))
    assert code == 3
    assert packages & HEAVY <= {"typer", "pydantic"}


def test_a_look_into_the_catalogue_loads_no_images(tmp_path):
    code, packages, _ = loaded("lineage", "abcdef012345", "--home", tmp_path)
    assert code == 3
    assert packages & (HEAVY | {"pymongo"}) <= {"typer", "pydantic"}


NEVER = {"dask", "distributed", "prefect", "cryptography", "pymongo", "botocore", "rich", "astroquery", "bokeh"}


def test_info_loads_what_reads_a_header(tmp_path):
    code, packages, modules = loaded("info", write_cal(tmp_path / "cal.fits"))
    assert code == 0
    assert not packages & (NEVER | {"numba", "scipy", "PIL", "zarr", "numcodecs", "astropy", "shapely"})
    assert modules < 455


@pytest.mark.exhaustive("test_info_loads_what_reads_a_header")
def test_what_computes_loads_what_it_computes_with(tmp_path):
    source = write_cal(tmp_path / "cal.fits")
    code, packages, modules = loaded_again("mosaic", source, "-o", tmp_path / "m.fits", "--overwrite")
    assert code == 0
    assert not packages & (NEVER | {"zarr", "astropy", "numba", "scipy", "PIL"})
    assert modules < 652
    code, packages, modules = loaded_again("stats", source)
    assert code == 0
    assert not packages & (NEVER | {"zarr", "astropy", "numba", "scipy", "PIL", "numcodecs", "shapely"})
    assert modules < 535
    code, packages, modules = loaded("lineage", tmp_path / "m.fits", "--home", tmp_path / "home")
    assert code == 0
    assert not packages & (NEVER | {"numba", "scipy", "zarr", "numcodecs", "astropy", "shapely"})
    assert modules < 500
    for command in ("composite", "thumbnail"):
        code, packages, modules = loaded_again(command, source, "-o", tmp_path / "c.png", "--overwrite")
        assert code == 0
        assert not packages & (NEVER | {"zarr", "astropy", "numba", "scipy", "PIL", "numcodecs", "shapely", "tifffile"})
        assert modules < 630


def found(words):
    """Give a command by its words."""
    context = typer.Context(typer.main.get_command(app))
    one = context.command.get_command(context, words[0])
    return one if len(words) == 1 else one.get_command(context, words[1])


def test_an_option_of_several_commands_is_one_option():
    kinds = {}
    for words in EVERY:
        options = {one.name: one for one in found(words).params if one.param_type_name == "option"}
        if "overwrite" in options:
            assert "out" in options, words
        if "out" in options:
            assert set(options["out"].opts) == {"--out", "-o"}, words
        for name in ("as_json", "overwrite", "home", "user", "config", "quiet", "verbose"):
            if name in options:
                kinds.setdefault(name, set()).add((tuple(options[name].opts), options[name].help))
    assert {name: len(ways) for name, ways in kinds.items() if len(ways) > 1} == {}
    assert {"as_json", "overwrite", "home", "user"} <= set(kinds)


def test_an_output_is_named_by_an_option_wherever_one_is_made():
    shown = [
        (" ".join(words), one.metavar)
        for words in EVERY
        for one in found(words).params
        if one.param_type_name == "argument" and not one.hidden and "OUT" in (one.metavar or "")
    ]
    assert shown == []
    made = {" ".join(words) for words in EVERY if any(one.name == "out" for one in found(words).params)}
    assert made >= {
        "mosaic", "convert", "export", "composite", "thumbnail", "contact-sheet", "detect", "filter", "catalog export",
        "photometry", "match", "astrometry", "completeness", "batch", "footprints", "reproduce", "demo",
    }  # fmt: skip


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_a_command_says_in_the_table_what_it_says_itself(words):
    entry = CATALOG[words[1]] if len(words) == 2 else all_entries()[words[0]]
    assert found(words).help.split("\n\n")[0].replace("\n", " ") == entry.help


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_a_help_has_two_examples_and_fits_the_terminal(words, command, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    code, out, _ = command(*words, "--help")
    assert code == 0
    long = [line for line in out.splitlines() if len(line) > 60]
    assert all(len(line.split()) <= 3 for line in long), long  # an option and what it takes, which cannot be parted
    shown = out.partition("Examples:\n")[2].partition("\n\n")[0]
    examples = re.sub(r" \\\n +", " ", shown).splitlines()
    assert len(examples) >= 2, out
    for example in examples:
        named = [word.strip("'\"") for word in example.replace("|", " ").split()]
        assert f"jwstpipe {' '.join(words)}".split() == named[: 1 + len(words)], example


@pytest.mark.parametrize("width", [60, 80, 200])
def test_the_overview_fits_the_terminal(width):
    lines = overview(width).splitlines()
    assert max(map(len, lines)) <= width
    assert [name for name in all_entries() if not re.search(rf"^  {name} ", "\n".join(lines), re.MULTILINE)] == []


def test_options_of_every_command_stand_before_and_behind_it(command, tmp_path):
    source = write_cal(tmp_path / "cal.fits")
    site = tmp_path / "site.toml"
    site.write_text("colour = 3")
    for words in (
        ("--config", site, "convert", source, "-o", "a.zarr"),
        ("convert", source, "-o", "a.zarr", "--config", site),
    ):
        code, _, error = command(*words)
        assert (code, "'colour'" in error) == (2, True)


def test_a_typo_is_told_with_what_may_be_meant(command):
    code, _, error = command("mosiac", "a.fits")
    assert (code, "did you mean 'mosaic'?" in error) == (2, True)
    code, out, _ = command("catalog")
    assert (code, "reconcile" in out) == (2, True)


def test_shells_complete_commands_options_choices_files_and_products(monkeypatch, command, tmp_path):
    def completed(line):
        monkeypatch.setenv("_JWSTPIPE_COMPLETE", "complete_bash")
        monkeypatch.setenv("COMP_WORDS", f"jwstpipe {line}")
        monkeypatch.setenv("COMP_CWORD", str(len(line.split(" "))))
        code, out, _ = command()
        assert code == 0
        return out.split()

    assert completed("compo") == ["composite"]
    assert completed("catalog sta") == ["stats", "stale"]
    assert completed("mosaic --ker") == ["--kernel"]
    assert completed("mosaic --kernel dri") == ["drizzle"]
    assert completed("composite --preset na") == ["nasa-press", "natural"]
    assert "F200W,F444W" in completed("run M51 --filter F200W,F4")
    assert completed("run M51 --instrument niris") == ["niriss"]
    assert completed("run M51 --instrument NIRSp") == ["NIRSpec"]
    (tmp_path / "one_cal.fits").touch()
    (tmp_path / "one.zarr").mkdir()
    (tmp_path / "one.txt").touch()
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "two.fits.gz").touch()
    assert completed("info o") == ["one.zarr", "one_cal.fits"]
    assert completed("mosaic one_cal.fits below/") == ["below/two.fits.gz"]
    assert completed("info be") == []  # the shell's own list
    with open_catalog(tmp_path / "home" / "catalog.sqlite") as catalog:
        catalog.publish(make_record(1, product_id="abc123", kind="mosaic", file_name="m.zarr"))
    monkeypatch.setenv("JWSTPIPE_HOME", str(tmp_path / "home"))
    assert completed("lineage abc") == ["abc123"]
    assert completed("catalog show m") == ["m.zarr"]
    monkeypatch.setenv("JWSTPIPE_CATALOG", "mongodb://127.0.0.1:9/none?serverSelectionTimeoutMS=50")
    assert completed("lineage abc") == []


REAL_SHELLS = {
    "bash": (
        'source "$1"; COMP_WORDS=(jwstpipe mosaic --kernel dri); COMP_CWORD=3; _jwstpipe_completion jwstpipe;'
        ' echo "${COMPREPLY[@]}"'
    ),
    "zsh": (
        'compdef() {}; _arguments() { print -r -- "$@" }; source "$1"; words=(jwstpipe mosaic --kernel dri); CURRENT=4;'
        " _jwstpipe_completion"
    ),
    "fish": 'source $argv[1]; complete -C "jwstpipe mosaic --kernel dri"',
}


@pytest.mark.parametrize("shell", REAL_SHELLS)
def test_a_real_shell_asks_and_is_answered(shell, tmp_path):
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"no {shell} on this machine")
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "jwstpipe").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m jwstpipe "$@"\n')
    (folder / "jwstpipe").chmod(0o755)
    environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "HOME": str(tmp_path)}
    script = subprocess.run(
        ["jwstpipe"], env={**environment, "_JWSTPIPE_COMPLETE": f"source_{shell}"}, capture_output=True, text=True,
        executable=folder / "jwstpipe", check=True,
    ).stdout  # fmt: skip
    (tmp_path / "completion").write_text(script)
    asked = ["-c", REAL_SHELLS[shell], *([] if shell == "fish" else [shell]), str(tmp_path / "completion")]
    done = subprocess.run([program, *asked], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.strip().strip('*: ()"') == "drizzle", done.stderr
