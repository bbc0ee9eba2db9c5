"""What the documents say is so: the picture of the layers, rooms, links, versions."""

import re
import runpy
import tomllib
from pathlib import Path

import pytest
import yaml

from jwstpipe import __version__

ROOT = Path(__file__).parents[1]
PAGES = sorted(page for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")] if page.parent.name != "made")


@pytest.fixture(scope="module")
def layers():
    return runpy.run_path(str(ROOT / "docs" / "draw_layers.py"))


def rooms():
    """Folders of the package that hold code, and its modules that are rooms by themselves."""
    package = ROOT / "jwstpipe"
    folders = {path.parent.name for path in package.glob("*/__init__.py")}
    return folders | {path.stem for path in package.glob("*.py") if not path.stem.startswith("__")}


def test_the_picture_of_the_layers_is_what_the_imports_are(layers):
    committed = (ROOT / "docs" / "layers.svg").read_text()
    assert committed == layers["draw"](), "run: python docs/draw_layers.py"


def test_every_room_has_its_place_in_the_contract_and_a_line_in_the_documents(layers):
    placed = [room for layer in layers["contract"]() for room in layer]
    assert len(placed) == len(set(placed))
    assert set(placed) == rooms()
    for page in ("README.md", "docs/architecture.md"):
        words = set(re.findall(r"`([\w/]+)`", (ROOT / page).read_text()))
        assert rooms() <= {word.strip("/") for word in words}, page


def test_lines_of_the_picture_are_only_those_that_do_not_follow_and_a_circle_is_refused(layers):
    reduced = layers["reduced"]
    assert reduced({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == [("a", "b"), ("b", "c")]
    with pytest.raises(ValueError, match="a circle: a > b > a"):
        reduced({"a": {"b"}, "b": {"a"}})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_documents_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
        assert "://" in target or (page.parent / target).exists(), target


def test_every_page_of_the_site_is_led_to():
    pages = {page for page in PAGES if page.is_relative_to(ROOT / "docs")}
    led_to = {ROOT / "docs" / "index.md"}
    for page in pages:
        for tree in re.findall(r"```\{toctree\}\n(.*?)```", page.read_text(), re.DOTALL):
            led_to |= {(page.parent / f"{line}.md").resolve() for line in tree.split("\n") if line and line[0] != ":"}
    assert pages <= led_to, "name it in docs/how-to.md, or where else it belongs"


def test_versions_are_one():
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"] == __version__
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert "version" in project["dynamic"]


def test_what_runs_before_a_commit_is_what_make_lint_runs():
    (local,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert [hook["entry"] for hook in local["hooks"]] == ["make lint"]
