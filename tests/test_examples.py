"""Examples in docstrings are run as they stand, in a folder that holds the files they name."""

import doctest
import importlib
import pkgutil

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


@pytest.mark.parametrize("example", [pytest.param(one, id=one.name) for one in examples()])
def test_what_a_docstring_shows_is_what_it_gives(example, folder, monkeypatch):
    monkeypatch.chdir(folder)
    example.globs |= {"jwstpipe": jwstpipe, "np": np}
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    told = []
    runner.run(example, out=told.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(told)


def test_every_verb_has_an_example():
    verbs = [getattr(jwstpipe, name) for name in dir(jwstpipe) if name[0].islower()]
    assert [one.__name__ for one in verbs if callable(one) and ">>>" not in (one.__doc__ or "")] == []
