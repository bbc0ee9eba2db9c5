"""What the tests of this folder share: a local archive of tiny files."""

import pytest

from jwstpipe.testing.local_archive.archive import serve_archive
from tests.testing.archive_folder import CAL, fill


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return fill(tmp_path_factory.mktemp("archive"))


@pytest.fixture(scope="session")
def served(folder):
    with serve_archive(folder) as archive:
        yield archive
        assert archive.crashes == ()


@pytest.fixture
def archive(served):
    """One archive for the tests of its services, without the faults of the test before."""
    served.come_back()
    served.set_faults()
    served.forget()
    return served


@pytest.fixture
def whole(folder):
    return (folder / CAL).read_bytes()
