"""What the tests of this folder share: a local archive of tiny files."""

import pytest

# pytest reads this file first in every process, also in the one that only hands tests out: it imports when it is used


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    from tests.testing.archive_folder import fill

    return fill(tmp_path_factory.mktemp("archive"))


@pytest.fixture(scope="session")
def served(folder):
    from jwstpipe.testing.local_archive.archive import serve_archive

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
    from tests.testing.archive_folder import CAL

    return (folder / CAL).read_bytes()
