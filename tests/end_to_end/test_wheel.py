"""The wheel in an environment of its own: only `jwstpipe` at the top, everything inside, and the demo goes its way."""

import email
import filecmp
import json
import os
import re
import shutil
import site
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jwstpipe import open_image
from tests.waiting import LIMIT_SECONDS

ROOT = Path(__file__).parents[2]
NOT_TO_BE_RUN = "raise SystemExit('a file of the user was run')\n"


def run(*words, cwd, env=None):
    done = subprocess.run(words, cwd=cwd, env=env, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def build(kind, project, folder):
    run(sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", folder, cwd=project)
    (built,) = folder.glob("*.whl" if kind == "wheel" else "*.tar.gz")
    return built


def members(wheel):
    with zipfile.ZipFile(wheel) as opened:
        return {entry.filename: entry.CRC for entry in opened.infolist() if ".dist-info/" not in entry.filename}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return build("wheel", ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def python(wheel, tmp_path_factory):
    """The interpreter of an empty environment with the wheel; what it depends on is found where the tests find it."""
    folder = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder)
    interpreter = folder / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", interpreter, "--disable-pip-version-check", "--quiet")
    run(*pip, "install", "--no-deps", "--no-index", "--no-compile", wheel, cwd=folder)
    (installed,) = folder.glob("lib/python*/site-packages")
    # a folder that a .pth file names is searched, but its own .pth files, one of them this checkout's, are not read
    (installed / "dependencies.pth").write_text("".join(f"{place}\n" for place in site.getsitepackages()))
    take_compiled_kernels(ROOT / "jwstpipe", installed / "jwstpipe")
    return interpreter


def take_compiled_kernels(source, installed):
    """Spare the compiler: a module that is the same file has the same kernels."""
    for module in installed.rglob("*.py"):
        same = source / module.relative_to(installed)
        caches = list(same.parent.glob(f"__pycache__/{same.stem}.*.kernel"))
        if caches and filecmp.cmp(same, module, shallow=False):
            (module.parent / "__pycache__").mkdir(exist_ok=True)
            for cache in caches:
                shutil.copy(cache, module.parent / "__pycache__")


def test_nothing_but_jwstpipe_stands_at_the_top_and_what_commands_need_is_inside(wheel, tmp_path):
    found = members(wheel)
    assert {name.partition("/")[0] for name in found} == {"jwstpipe"}
    for folder in ("flows", "tasks", "deployments", "configs"):
        here = [path for path in (ROOT / folder).rglob("*") if path.is_file() and path.parent.name != "__pycache__"]
        assert here
        assert {f"jwstpipe/{path.relative_to(ROOT)}" for path in here} <= set(found)
    page = [path for path in (ROOT / "jwstpipe" / "viewer" / "static").rglob("*") if path.is_file()]
    assert {str(path.relative_to(ROOT)) for path in page} <= set(found)
    unpacked = tmp_path / "unpacked"
    with tarfile.open(build("sdist", ROOT, tmp_path)) as opened:
        # the first releases of Python 3.11 have no filters
        opened.extraction_filter = getattr(tarfile, "data_filter", None)
        opened.extractall(unpacked)
    (project,) = unpacked.iterdir()
    assert members(build("wheel", project, tmp_path)) == found


@pytest.mark.parametrize("address", ["", "https://host/project/raw/v1"])
def test_the_description_shows_on_a_page_that_has_no_files_beside_it(address, tmp_path, monkeypatch):
    monkeypatch.setenv("JWSTPIPE_PROJECT_URL", address)
    with zipfile.ZipFile(build("wheel", ROOT, tmp_path)) as opened:
        (name,) = [name for name in opened.namelist() if name.endswith(".dist-info/METADATA")]
        found = email.message_from_bytes(opened.read(name))
    text = found.get_payload(decode=True).decode()
    assert found["Description-Content-Type"] == "text/markdown"
    assert "jwstpipe run" in text
    assert re.findall(r"\]\((?!https?:|#)[^)]*\)", text) == []
    pictures = re.findall(r"!\[[^\]]*\]\(([^)]*)\)", text)
    assert pictures == ([f"{address}/docs/demo.jpg"] if address else [])
    for link in re.findall(rf"\]\({address}/([^)#]*)", text) if address else ():
        assert (ROOT / link).exists(), link


@pytest.fixture
def beside_files_of_the_user(tmp_path):
    """Give a folder with files named as folders of the project, and an environment that knows no project."""
    for name in ("flows", "tasks", "deployments", "configs"):
        (tmp_path / f"{name}.py").write_text(NOT_TO_BE_RUN)
    return {"cwd": tmp_path, "env": {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}}


def test_what_is_run_is_that_of_the_wheel_beside_files_of_the_user(python, beside_files_of_the_user):
    where = """
import sys, jwstpipe, jwstpipe.flows.process_target as flow, jwstpipe.tasks, jwstpipe.deployments.setup as setup
print(*(module.__file__ for module in (jwstpipe, flow, setup)), *sorted({"flows", "tasks"} & set(sys.modules)))
"""
    said = run(python, "-c", where, **beside_files_of_the_user).stdout
    home = next(python.parents[1].glob("lib/python*/site-packages")) / "jwstpipe"
    expected = (home / "__init__.py", home / "flows" / "process_target.py", home / "deployments" / "setup.py")
    assert said.split() == [str(path) for path in expected]


@pytest.mark.exhaustive("test_what_is_run_is_that_of_the_wheel_beside_files_of_the_user")
def test_the_demo_goes_the_whole_way_beside_files_of_the_user(
    python, prefect_server, tmp_path, beside_files_of_the_user
):
    prefect_server.give_tables(tmp_path / "made" / "prefect")
    command = (python, "-m", "jwstpipe", "demo", "--out", "made", "--size", "tiny", "--json")
    done = run(*command, **beside_files_of_the_user)
    assert "Traceback" not in done.stderr
    report = json.loads(done.stdout)
    assert [product["kind"] for product in report["products"]] == ["mosaic", "mosaic", "picture"]
    assert {"simulate", "search", "transfer", "convert", "composite"} <= set(report["seconds"])
    assert report["dashboard"].startswith("http://127.0.0.1:")
    for product in report["products"][:-1]:
        assert np.isfinite(open_image(product["where"]).read()).any()
    with Image.open(tmp_path / "made" / "composite.png") as opened:
        pixels = np.asarray(opened.convert("RGB")).astype(float)
    assert pixels.std() > 20
    assert list(tmp_path.rglob("*.partial")) == []
