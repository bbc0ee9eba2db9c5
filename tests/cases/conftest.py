"""Inputs that once gave a wrong product without a word: written by the scripts beside the checkout, never copied."""

import runpy
import sys
import warnings
from pathlib import Path

import pytest

CASES = Path(__file__).parents[3] / "shared" / "cases" / "field"


def run_script(script, folder):
    """Run a script that writes files, in this process: a new one would spend its time on imports."""
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        patch.setattr(sys, "argv", [str(script), str(folder)])
        runpy.run_path(str(script), run_name="__main__")


@pytest.fixture(scope="session")
def case(tmp_path_factory):
    """Give a function that writes the inputs of a case and gives their folder."""
    if not CASES.is_dir():
        pytest.skip("the cases are not at hand (shared/cases/field beside the project)")
    folder = tmp_path_factory.mktemp("cases")
    written = set()

    def write(name):
        if name not in written:
            run_script(CASES / f"{name}.py", folder)
            written.add(name)
        return folder

    return write
