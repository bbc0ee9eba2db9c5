"""Examples in docstrings are run as they stand, in a folder that holds the files they name."""

import doctest
import importlib
import pkgutil

import pytest

import jwstpipe

DOORS = ("jwstpipe.cli", "jwstpipe.flows", "jwstpipe.tasks", "jwstpipe.deployments", "jwstpipe.testing")
"""Rooms without examples in Python: commands, and what Prefect runs."""


def modules():
    """Name every module of the library."""
    for one in pkgutil.walk_packages(jwstpipe.__path__, "jwstpipe."):
        if not one.name.startswith(DOORS) and not one.name.endswith("__main__"):
            yield one.name


def examples():
    """Find every docstring that has an example."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    for name in modules():
        found = finder.find(importlib.import_module(name), name)
        yield from (one for one in found if one.examples)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("examples")


@pytest.mark.parametrize("example", [pytest.param(one, id=one.name) for one in examples()])
def test_what_a_docstring_shows_is_what_it_gives(example, folder, monkeypatch):
    monkeypatch.chdir(folder)
    example.globs["jwstpipe"] = jwstpipe
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    told = []
    runner.run(example, out=told.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(told)
