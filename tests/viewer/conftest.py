"""Mosaics to look at, a viewer of them on loopback, and a browser."""

import pytest
from astropy.table import Table

from jwstpipe.viewer.server.guard import Access
from jwstpipe.viewer.server.serve import serving_viewer
from jwstpipe.viewer.source_table import open_table
from jwstpipe.viewer.sources import Sources
from jwstpipe.viewer.viewing import Viewing
from tests.chromium import SOFTWARE_GL, STILL, opened_browser
from tests.viewer.scenes import FILTERS, SKY, write_store


@pytest.fixture(scope="session")
def mosaics(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mosaics")
    return [write_store(folder, number) for number in range(len(FILTERS))]


@pytest.fixture(scope="session")
def whole_mosaics(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    return [write_store(folder, number, holes=False) for number in range(len(FILTERS))]


@pytest.fixture(scope="session")
def viewing(mosaics, whole_mosaics, tmp_path_factory):
    sources = Sources()
    for address in (*mosaics, *whole_mosaics):
        sources.add(address)
    path = tmp_path_factory.mktemp("table") / "stars.ecsv"
    Table({"ra": [SKY[0], SKY[0] + 0.001], "dec": [SKY[1], SKY[1] + 0.0005], "mag": [20.0, 21.0]}).write(path)
    return Viewing(sources, (open_table(path),))


@pytest.fixture(scope="session")
def ids(viewing):
    """Product ids: of the mosaics with holes, then of those without."""
    return [source.product_id for source in viewing.sources.all()]


@pytest.fixture(scope="session")
def served(viewing):
    with serving_viewer(viewing, Access(b"a secret of tests", "jwstpipe:word"), port=0) as running:
        yield running


@pytest.fixture(scope="package")
def browser():
    with opened_browser(1000, 640, *SOFTWARE_GL, *STILL) as opened:
        yield opened
