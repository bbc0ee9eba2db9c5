"""What the tests of this folder share: a tiny programme in a filter of each kind of detector."""

import pytest

from jwstpipe.simulate.exposures import simulate_programme

FILTERS = ("F200W", "F444W", "F770W")


@pytest.fixture(scope="session")
def programme(tmp_path_factory):
    return simulate_programme(tmp_path_factory.mktemp("programme"), size="tiny", filters=FILTERS, seed=7)
