"""Examples in docstrings are run as they stand, in a folder that holds the files they name."""

import ast
import doctest
import importlib
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest

import jwstpipe
from jwstpipe.simulate.exposures import simulate_programme
from jwstpipe.simulate.spectra import SpectrumScene, simulated_samples, write_x1d
from jwstpipe.simulate.spectral_cube import simulate_cube

mpl.use("agg")

DOORS = ("jwstpipe.cli", "jwstpipe.flows", "jwstpipe.tasks", "jwstpipe.deployments", "jwstpipe.testing")
"""Rooms without examples in Python: commands, and what Prefect runs."""


def modules():
    """Name every module of the library, with its source; none is imported: every process that runs tests asks."""
    for path in sorted(Path(jwstpipe.__file__).parent.rglob("*.py")):
        *rooms, last = path.relative_to(Path(jwstpipe.__file__).parents[1]).with_suffix("").parts
        name = ".".join(rooms if last == "__init__" else [*rooms, last])
        if not name.startswith(DOORS) and last != "__main__":
            yield name, path.read_text(encoding="utf-8")


def examples():
    """Name every docstring that has an example: its module, and what it describes."""
    for module, source in modules():
        if ">>> " in source:
            yield from ((module, name) for name in _shown(ast.parse(source), module))


def _shown(described, name):
    if ">>> " in (ast.get_docstring(described) or ""):
        yield name
    for part in described.body:
        if isinstance(part, ast.ClassDef | ast.FunctionDef) and not isinstance(described, ast.FunctionDef):
            yield from _shown(part, f"{name}.{part.name}")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Make the files that examples name: images of two filters, exposures, a reference, a spectrum, a cube."""
    place = tmp_path_factory.mktemp("examples")
    simulate_programme(place, size="tiny", filters=("F090W", "F200W"), products=("i2d",), tiles=1)
    simulate_programme(place, size="tiny", filters=("F444W",), products=("cal",))
    for name in ("f090w", "f200w"):
        next(place.glob(f"*{name}_i2d.fits")).rename(place / f"{name}.fits")
        jwstpipe.convert(place / f"{name}.fits", place / f"{name}.zarr")
    for name, file in zip("ab", sorted(place.glob("*_cal.fits")), strict=True):
        file.rename(place / f"{name}_cal.fits")
    jwstpipe.detect(place / "f200w.zarr")["id", "ra", "dec"].write(place / "gaia.ecsv")
    waves = np.linspace(1.2, 1.4, 400)
    scene = SpectrumScene(lines=((1.28216, 1e-18),), redshift=0.01)
    write_x1d(place / "x_x1d.fits", [(waves, *simulated_samples(waves, scene))])
    simulate_cube(place / "x_s3d.fits", np.linspace(5.30, 5.38, 60))
    return place


@pytest.mark.parametrize(("module", "name"), [pytest.param(*one, id=one[1]) for one in examples()])
def test_what_a_docstring_shows_is_what_it_gives(module, name, folder, monkeypatch):
    monkeypatch.chdir(folder)
    finder = doctest.DocTestFinder(exclude_empty=True)
    (example,) = (one for one in finder.find(importlib.import_module(module), module) if one.name == name)
    assert example.examples
    example.globs |= {"jwstpipe": jwstpipe, "np": np}
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    told = []
    runner.run(example, out=told.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(told)


def test_every_verb_has_an_example():
    verbs = [getattr(jwstpipe, name) for name in dir(jwstpipe) if name[0].islower()]
    assert [one.__name__ for one in verbs if callable(one) and ">>>" not in (one.__doc__ or "")] == []
