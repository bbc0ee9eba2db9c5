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


EVERYTHING = {
    f"{file.relative_to(TESTS.parent)}::{name}": test
    for file in sorted(TESTS.rglob("test_*.py"))
    for name, test in functions_of(file).items()
}
EXHAUSTIVE = [name for name, test in EVERYTHING.items() if marks_of(test)]


@pytest.mark.parametrize("name", EXHAUSTIVE)
def test_an_exhaustive_test_stands_behind_one_that_is_always_run(name):
    file = name.partition("::")[0]
    (mark,) = marks_of(EVERYTHING[name])
    (behind,) = mark.args
    kept = behind if "::" in behind else f"{file}::{behind}"
    assert kept in EVERYTHING, f"{name} stands behind {kept}, which there is not"
    assert not marks_of(EVERYTHING[kept]), f"{name} stands behind {kept}, which is exhaustive itself"


def test_exhaustive_cases_leave_others_of_their_test(tiers):
    """In what was collected, wherever the cases come from."""
    alone = set(tiers.exhaustive) - set(tiers.always) - set(EXHAUSTIVE)
    assert alone == set()


def test_the_numbers_of_both_tiers_are_as_the_documents_say(tiers):
    """Within a twentieth, and only where everything was collected."""
    if not set(EVERYTHING) <= {*tiers.always, *tiers.exhaustive}:
        pytest.skip("not everything was collected")
    said = re.search(r"about ([\d,]+) tests.{,80}about ([\d,]+) more", DOCUMENT.read_text(), re.DOTALL)
    always, more = (int(number.replace(",", "")) for number in said.groups())
    assert tiers.always.total() == pytest.approx(always, rel=0.05)
    assert tiers.exhaustive.total() == pytest.approx(more, rel=0.1)
