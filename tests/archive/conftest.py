from pathlib import Path

import pytest

from jwstpipe.archive import retry
from jwstpipe.archive.transfer.fetch import fetch
from jwstpipe.testing.local_archive.archive import serve_archive
from tests.archive.archive_helpers import NAME, RANGE, fits_bytes, make_product, rows_of


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch):
    monkeypatch.setattr(retry, "FIRST_WAIT_S", 0.002)
    monkeypatch.setattr(retry, "POLL_S", 0.005)


@pytest.fixture(scope="session")
def shared_data():
    folder = Path(__file__).parents[2].parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the shared folder of real data is not here")
    return folder


@pytest.fixture(scope="session")
def content():
    """A FITS file of six ranges, the last one short."""
    held = fits_bytes()
    assert 5 * RANGE < len(held) < 6 * RANGE
    return held


@pytest.fixture
def product(content):
    return make_product(size=len(content))


@pytest.fixture(scope="session")
def held_file(content, tmp_path_factory):
    path = tmp_path_factory.mktemp("held") / NAME
    path.write_bytes(content)
    return path


@pytest.fixture
def archive(held_file):
    with serve_archive(rows=rows_of(**{NAME: held_file})) as served:
        yield served
        assert served.crashes == ()


@pytest.fixture
def https(archive):
    return archive.settings.model_copy(update={"source": "https", "attempts": 3})


@pytest.fixture
def bring(tmp_path):
    """Fetch into one folder with small ranges."""

    def run(products, settings, **options):
        held = products if isinstance(products, list) else [products]
        return fetch(held, tmp_path / "down", settings=settings, **({"range_bytes": RANGE} | options))

    return run
