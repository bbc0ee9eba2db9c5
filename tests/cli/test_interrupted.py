"""Ctrl-C says what was kept, in the words of the command that was stopped."""

import pytest

from jwstpipe.cli.start.commands import all_entries
from jwstpipe.cli.start.interrupted import KEPT


@pytest.fixture
def stopped(command, monkeypatch):
    """Run a command that somebody stops."""

    def stop(words):
        raise KeyboardInterrupt

    def call(*words):
        with monkeypatch.context() as patched:
            patched.setattr("jwstpipe.cli.main._answer", stop)
            code, out, error = command(*words)
        assert (code, out, error.count("\n")) == (130, "", 1)
        return error.removeprefix("jwstpipe: interrupted; ").rstrip()

    return call


def test_an_output_stands_whole_or_not_at_all(stopped, tmp_path):
    assert stopped("mosaic", "a.fits", "-o", "m.fits") == "nothing stands at m.fits, and nothing half-done"
    (tmp_path / "m.fits").touch()
    assert stopped("mosaic", "a.fits", "--out=m.fits", "--overwrite") == "m.fits stands there, whole"
    assert stopped("composite", "a.fits", "-o", "s3://b/p.png").startswith("what was finished is kept")


@pytest.mark.parametrize("name", KEPT)
def test_a_long_way_says_how_it_goes_on(stopped, name):
    assert name in all_entries()
    assert stopped("-q", name, "x") == KEPT[name]
