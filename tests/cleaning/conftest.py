"""What the tests of cleaning share: four dithers of one detector, with stripes and without them."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from jwstpipe.simulate.artefacts.amounts import Artefacts
from jwstpipe.simulate.exposures import simulate_programme
from tests.world import same_sky

STRIPES = Artefacts(row_noise=0.4, amplifier_noise=0.2, odd_even=0.2, pedestal=0.3, seed=3)


@dataclass(frozen=True)
class Pair:
    """The same exposures with artefacts and without."""

    dirty: tuple[Path, ...]
    plain: tuple[Path, ...]


def simulated(folder, artefacts, *, nebula, detectors=("NRCB4",), filters=("F200W",)):
    options = {
        "size": "tiny", "filters": filters, "dithers": 4, "pixels": 256, "detectors": detectors, "products": ("cal",),
        "seed": 4, "nebula": nebula,
    }  # fmt: skip
    with same_sky():
        plain = simulate_programme(folder / "plain", **options)
        dirty = simulate_programme(folder / "dirty", artefacts=artefacts, **options) if artefacts else plain
    return Pair(tuple(file.path for file in dirty.files), tuple(file.path for file in plain.files))


@pytest.fixture(scope="session")
def faint(tmp_path_factory):
    """Stars on a faint sky."""
    return simulated(tmp_path_factory.mktemp("faint"), STRIPES, nebula=0.02)
