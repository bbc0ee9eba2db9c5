"""What `make test` leaves to `make test-all` stands behind something that `make test` runs.

A test marked ``exhaustive`` names it (``tests/ROOM/test_x.py::test_y``, or a name of its own file); a marked case of a
test that has other cases stands behind these.
"""

import importlib
import inspect
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
DOCUMENT = TESTS.parent / "CONTRIBUTING.md"


def functions_of(file):
    """Give the test functions of a file."""
    module = importlib.import_module(".".join(file.relative_to(TESTS.parent).with_suffix("").parts))
    found = inspect.getmembers(module, inspect.isfunction)
    return {name: one for name, one in found if name.startswith("test_") and one.__module__ == module.__name__}


def marks_of(test):
    return [mark for mark in getattr(test, "pytestmark", ()) if mark.name == "exhaustive"]


def cases_of(test):
    """Give the sets of cases of a test that `make test` runs in part: of each, which are marked."""
    sets = [mark.args[1] for mark in getattr(test, "pytestmark", ()) if mark.name == "parametrize"]
    marked = [[any(mark.name == "exhaustive" for mark in getattr(case, "marks", ())) for case in one] for one in sets]
    return [one for one in marked if any(one)]


EVERYTHING = {
    f"{file.relative_to(TESTS.parent)}::{name}": test
    for file in sorted(TESTS.rglob("test_*.py"))
    for name, test in functions_of(file).items()
}
EXHAUSTIVE = [name for name, test in EVERYTHING.items() if marks_of(test)]
IN_PART = [name for name, test in EVERYTHING.items() if cases_of(test)]


def test_some_are_exhaustive():
    assert EXHAUSTIVE
    assert IN_PART


@pytest.mark.parametrize("name", EXHAUSTIVE)
def test_an_exhaustive_test_stands_behind_one_that_is_always_run(name):
    file = name.partition("::")[0]
    (mark,) = marks_of(EVERYTHING[name])
    (behind,) = mark.args
    kept = behind if "::" in behind else f"{file}::{behind}"
    assert kept in EVERYTHING, f"{name} stands behind {kept}, which there is not"
    assert not marks_of(EVERYTHING[kept]), f"{name} stands behind {kept}, which is exhaustive itself"


@pytest.mark.parametrize("name", IN_PART)
def test_exhaustive_cases_leave_others_of_their_test(name):
    for marked in cases_of(EVERYTHING[name]):
        assert not all(marked)


def test_the_numbers_of_both_tiers_are_as_the_documents_say(tiers):
    """Within a twentieth, and only where everything was collected."""
    if len(tiers.files) < len({name.partition("::")[0] for name in EVERYTHING}):
        pytest.skip("not everything was collected")
    said = re.search(r"about ([\d,]+) tests.{,80}about ([\d,]+) more", DOCUMENT.read_text(), re.DOTALL)
    always, more = (int(number.replace(",", "")) for number in said.groups())
    assert tiers.always == pytest.approx(always, rel=0.05)
    assert tiers.exhaustive == pytest.approx(more, rel=0.1)
