"""Ids that follow from the content of files: taken once, and never kept of a file that has changed."""

import os

import numpy as np
import pytest
from astropy.io import fits

from jwstpipe.images.fits_image import open_fits
from jwstpipe.images.headers import content_key, kept_identity
from jwstpipe.images.headers.content_id import content_id
from jwstpipe.images.headers.kept_identity import kept_content_id
from jwstpipe.mosaicking.planning import plan_mosaic
from jwstpipe.settings import S3Settings

SIDE = 600  # files of a megabyte and more are not read with their headers


@pytest.fixture
def image(tmp_path):
    header = fits.Header({"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 10.0, "CRVAL2": 20.0, "CRPIX1": 300.0,
                          "CRPIX2": 300.0, "CDELT1": -1e-5, "CDELT2": 1e-5})  # fmt: skip
    data = np.random.default_rng(8).normal(1.0, 0.1, (SIDE, SIDE)).astype("f4")
    fits.PrimaryHDU(data, header).writeto(tmp_path / "a.fits")
    return tmp_path / "a.fits"


@pytest.fixture
def settled(monkeypatch):
    """The clock of changes cannot be set back: files of a test count as settled at once."""
    monkeypatch.setattr(content_key, "SETTLED_NS", 0)


@pytest.fixture
def site(tmp_path):
    return S3Settings(cache=tmp_path / "cache", cache_mb=64)


@pytest.fixture
def reads(monkeypatch):
    """Names of the files whose content was read for their id."""
    found = []
    monkeypatch.setattr(kept_identity, "content_id", lambda one: found.append(one.address) or content_id(one))
    return found


def test_a_second_plan_has_the_same_id_and_reads_no_samples(image, site, settled, reads):
    whole = content_id(open_fits(image))
    plans = [plan_mosaic([image], s3=site) for _ in range(2)]
    assert len(reads) == 1
    assert plans[0].sources[0].product_id == plans[1].sources[0].product_id == whole
    assert plans[0].id == plans[1].id


def test_a_sample_that_changed_makes_another_id_though_size_and_time_are_the_same(image, site, settled, reads):
    before, facts = kept_content_id(open_fits(image), s3=site), image.stat()
    with image.open("r+b") as stream:
        stream.seek(-SIDE * SIDE * 2, os.SEEK_END)
        stream.write(np.float32(7.0).tobytes())
    os.utime(image, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    after = kept_content_id(open_fits(image), s3=site)
    assert len(reads) == 2
    assert after == content_id(open_fits(image)) != before


def test_a_file_that_is_written_while_it_is_read_is_not_kept(image, site, settled, monkeypatch):
    def written_meanwhile(one):
        found = content_id(one)
        os.utime(image)
        return found

    monkeypatch.setattr(kept_identity, "content_id", written_meanwhile)
    kept_content_id(open_fits(image), s3=site)
    assert not site.cache.exists()


@pytest.mark.parametrize("settings", [{"cache_mb": 0}, {"cache_mb": 64}], ids=["no cache", "written just now"])
def test_it_is_taken_anew_where_nothing_can_be_kept(image, tmp_path, reads, settings):
    site = S3Settings(cache=tmp_path / "cache", **settings)
    os.utime(image)
    for _ in range(2):
        assert kept_content_id(open_fits(image), s3=site) == content_id(open_fits(image))
    assert len(reads) == 2
    assert not (tmp_path / "cache").exists()
