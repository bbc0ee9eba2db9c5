"""Ctrl-C says what was kept, in the words of the command that was stopped."""

import signal
import subprocess
import sys

import numpy as np
import pytest

from jwstpipe.cli.start.commands import all_entries
from jwstpipe.cli.start.interrupted import KEPT
from tests.mosaicking import scenes
from tests.waiting import wait_for


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


def test_a_real_signal_in_the_middle_of_a_mosaic(tmp_path):
    """Ctrl-C reaches a process that is computing tiles; its folder is then as it was, and it says so."""
    sky = scenes.header(shape=(200, 200))
    scenes.write(tmp_path / "a.fits", np.ones((200, 200)), sky)
    words = [sys.executable, "-m", "jwstpipe", "mosaic", "a.fits", "--scale", "0.001", "-o", "m.fits"]  # 25 seconds
    # who runs the tests in the background of a shell hands an ignored Ctrl-C down
    words = ["env", "--default-signal=INT", *words]
    running = subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with running:
        wait_for("tiles are being written", lambda: any(tmp_path.rglob("m.fits")) or running.poll() is not None)
        running.send_signal(signal.SIGINT)
        out, error = running.communicate()
    assert (running.returncode, out) == (130, "")
    assert error == "jwstpipe: interrupted; nothing stands at m.fits, and nothing half-done\n"
    assert [path.name for path in tmp_path.iterdir()] == ["a.fits"]
