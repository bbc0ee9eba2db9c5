"""What the tests of this folder share: a tiny programme in all six filters."""

import pytest

from jwstpipe.simulate.bands import BANDS
from jwstpipe.simulate.exposures import simulate_programme


@pytest.fixture(scope="session")
def programme(tmp_path_factory):
    return simulate_programme(tmp_path_factory.mktemp("programme"), size="tiny", filters=tuple(BANDS), seed=7)
