"""A small simulated programme and its archive on loopback, shared by the tests that go the whole way."""

from contextlib import contextmanager
from functools import lru_cache

import pytest

from jwstpipe.simulate import exposures
from jwstpipe.simulate.exposures import simulate_programme
from jwstpipe.testing.local_archive.archive import serve_archive

TARGET = "Tiny Nebula"


FILTERS = ("F335M", "F444W")
"""Both of the long channel, which one detector sees: as few files as two dithers can have."""


def tiny_programme(folder):
    """Observe a tiny sky: two filters, two dithers, seconds."""
    return simulate_programme(folder, size="tiny", target=TARGET, filters=FILTERS)


_drawn_once = lru_cache(2)(exposures.build_scene)


@contextmanager
def same_sky():
    """Let programmes of one seed, size and list of filters share their sky: it costs more than the exposures of it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exposures, "build_scene", _drawn_once)
        yield


def served(folder):
    """Serve a folder as MAST and its mirror would."""
    return serve_archive(folder)


def variables(archive, home):
    """Give the environment of a site that uses this archive and keeps everything under `home`."""
    return {
        "JWSTPIPE_HOME": str(home),
        "JWSTPIPE_ARCHIVE__SERVER": archive.server,
        "JWSTPIPE_ARCHIVE__S3__ENDPOINT": archive.s3_endpoint,
        "JWSTPIPE_ARCHIVE__BUCKET": archive.bucket,
        "JWSTPIPE_EXECUTION__WORKERS": "2",
    }
