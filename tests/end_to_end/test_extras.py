"""Without the extra `server` the library and its commands work; what needs it says so, and how to get it."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from jwstpipe.errors import EXTRAS, MissingExtraError
from tests.mosaicking.scenes import header, wave, write
from tests.waiting import LIMIT_SECONDS

ROOT = Path(__file__).parents[2]

ABSENT = """
import sys
from importlib.machinery import PathFinder

class Absent(PathFinder):
    '''Finds nothing of some packages, as if they were not installed.'''
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.partition(".")[0] in {names} else PathFinder.find_spec(name, path, target)

sys.meta_path[sys.meta_path.index(PathFinder)] = Absent
"""

SERVER = sorted(EXTRAS["server"] - {"dask", "cryptography"} | {"moto", "flask"})
"""Others bring dask and cryptography along; what they bring is there without any extra. The last are the tests'."""


@pytest.fixture
def python(tmp_path):
    """Run Python as if nothing of the extras were installed."""
    (tmp_path / "sitecustomize.py").write_text(ABSENT.format(names=set(SERVER)))
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": f"{tmp_path}:{ROOT}", "HOME": str(tmp_path)}
    environment["PREFECT_API_URL"] = "http://127.0.0.1:9/api"  # nobody answers there

    def run(*words):
        return subprocess.run(
            [sys.executable, *words], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
            timeout=LIMIT_SECONDS,
        )  # fmt: skip

    return run


def test_verbs_and_questions_about_jobs_need_nothing_of_the_server(python, tmp_path):
    placed = header(shape=(64, 64))
    write(tmp_path / "a.fits", wave(placed, (64, 64)), placed)
    told = python(
        "-c",
        "import jwstpipe\n"
        "jwstpipe.mosaic('a.fits', 'm.zarr'); jwstpipe.composite('m.zarr', 'p.png'); jwstpipe.statistics('m.zarr')\n"
        "try: jwstpipe.find_jobs()\n"
        "except jwstpipe.errors.ServiceError as error: print(error)\n"
        "import sys; print(sorted({name.partition('.')[0] for name in sys.modules} & " + repr(set(SERVER)) + "))\n",
    )
    assert told.returncode == 0, told.stderr
    refused, found = told.stdout.splitlines()
    assert refused.startswith("no Prefect server answers at http://127.0.0.1:9/api")
    assert found == "[]"


@pytest.mark.parametrize(
    "words",
    [
        ["up"],
        *(pytest.param(words, marks=pytest.mark.exhaustive) for words in (["demo"], ["run", "NGC 3132"])),
    ],
    ids=lambda words: words[0],
)
def test_commands_of_the_server_are_refused_in_one_line(python, words):
    refused = python("-m", "jwstpipe", *words)
    assert refused.returncode == MissingExtraError.exit_code
    assert len(refused.stderr.splitlines()) == 1
    assert "not installed; pip install 'jwstpipe[" in refused.stderr


def test_what_an_extra_brings_is_what_the_messages_say():
    """The packages that are said to come with an extra are its own in the metadata, and no verb's."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    core = {Requirement(line).name for line in project["dependencies"]}
    for extra, packages in EXTRAS.items():
        listed = {Requirement(line).name for line in project["optional-dependencies"][extra]}
        assert not listed & core
        assert listed <= packages
    assert {"gwcs", "asdf"} <= core  # positions depend on no extra
