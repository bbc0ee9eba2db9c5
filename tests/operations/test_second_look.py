"""A second look at the same images: the very same picture from what was kept, and nothing kept of what has changed."""

import os
import time

import numpy as np
import pytest
from astropy.io import fits

import jwstpipe
from jwstpipe.images.fits_image import FitsImage, open_fits
from jwstpipe.images.headers import content_key as keys
from jwstpipe.images.headers.content_key import content_key
from jwstpipe.images.zarr.image_store import ImageStore
from jwstpipe.operations.inputs.laid import lay
from jwstpipe.render import channel_samples
from jwstpipe.settings import S3Settings
from jwstpipe.storage.kept_arrays import KeptArrays

OLD = time.time() - 3600


def written(folder, name, seed, *, turn=0.0):
    """Write a field of 720 x 600 pixels with stars and an edge without data, an hour ago."""
    random = np.random.default_rng(seed)
    data = random.normal(1.0, 0.1, (720, 600)).astype("f4")
    y, x = np.indices(data.shape)
    for row, column in random.uniform(30, 570, (8, 2)):
        data += (20 * np.exp(-((y - row) ** 2 + (x - column) ** 2) / 40)).astype("f4")
    data[:6] = np.nan
    scale, angle = 3e-5, np.radians(turn)
    header = fits.Header({"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 10.0, "CRVAL2": 20.0, "CRPIX1": 40.5,
                          "CRPIX2": 48.5, "CD1_1": -scale * np.cos(angle), "CD1_2": scale * np.sin(angle),
                          "CD2_1": scale * np.sin(angle), "CD2_2": scale * np.cos(angle)})  # fmt: skip
    primary = fits.PrimaryHDU()
    primary.header.update(TELESCOP="JWST", INSTRUME="NIRCAM", FILTER=name, PUPIL="CLEAR")
    path = folder / f"{name.lower()}.fits"
    flags = fits.ImageHDU(np.zeros(data.shape, "u4"), name="DQ")
    fits.HDUList([primary, fits.ImageHDU(data, header, name="SCI"), flags]).writeto(path, overwrite=True)
    os.utime(path, (OLD, OLD))
    return path


@pytest.fixture
def settled(monkeypatch):
    """The clock of changes cannot be set back: files of a test count as settled at once."""
    monkeypatch.setattr(keys, "SETTLED_NS", 0)


@pytest.fixture
def site(tmp_path):
    return S3Settings(cache=tmp_path / "cache", cache_mb=64)


def picture(images, out, s3, **options):
    jwstpipe.composite(images, out, overwrite=True, s3=s3, **options)
    return out.read_bytes()


@pytest.mark.parametrize("turn", [0.0, 10.0])
def test_a_second_look_is_the_same_picture_and_reads_no_pixel(tmp_path, site, settled, monkeypatch, turn):
    monkeypatch.setattr(channel_samples, "SURVEY_PIXELS", 1 << 16)  # so the edges are found at full resolution
    images = [written(tmp_path, "F200W", 1), written(tmp_path, "F444W", 2, turn=turn)]
    looks = ({"size": 300}, {"size": 300, "preset": "nasa-press"}, {"size": 300, "hue": 30.0})
    plain = [picture(images, tmp_path / "p.png", S3Settings(cache_mb=0), **look) for look in looks]
    first = picture(images, tmp_path / "p.png", site, **looks[0])
    read = []
    monkeypatch.setattr(FitsImage, "read", lambda *args, **named: read.append(args))
    for name in ("header", "primary"):  # they are astropy's, which takes half a second to load
        monkeypatch.setattr(FitsImage, name, property(read.append))
    monkeypatch.setattr(
        lay, "lying_together", lambda *args, **named: read.append(args)
    )  # loads what mosaics are made with
    assert [first, *(picture(images, tmp_path / "p.png", site, **look) for look in looks[1:])] == plain
    assert read == []
    assert len(set(plain)) == len(looks)


def test_a_second_look_at_stores_reads_neither_samples_nor_headers_of_them(tmp_path, site, settled, monkeypatch):
    stores = [tmp_path / f"{name}.zarr" for name in ("a", "b")]
    for number, store in enumerate(stores):
        file = written(tmp_path, ("F200W", "F444W")[number], number)
        with fits.open(file, mode="update") as opened:
            opened["SCI"].data[300:304, 280:284] = np.nan  # a hole to fill
        jwstpipe.convert(file, store)
    looks = ({"hue": 20.0}, {"sharpen": 1.0, "crop": (200, 250, 500, 420)})  # a window of its own, and its surroundings
    plain = [picture(stores, tmp_path / "p.png", S3Settings(cache_mb=0), **look) for look in looks]
    picture(stores, tmp_path / "p.png", site)
    monkeypatch.setattr(ImageStore, "read", None)
    monkeypatch.setattr(ImageStore, "chunk", None)
    assert [picture(stores, tmp_path / "p.png", site, **look) for look in looks] == plain


def test_what_was_filled_of_lost_cores_is_told_by_a_second_look_too(tmp_path, site, settled):
    images = [written(tmp_path, "F200W", 1), written(tmp_path, "F444W", 2, turn=10.0)]
    for path in images:
        with fits.open(path, mode="update") as file:
            y, x = np.indices(file["SCI"].data.shape)
            away = (y - 300.0) ** 2 + (x - 280.0) ** 2
            file["SCI"].data += (900.0 * np.exp(-away / 60.0)).astype("f4")
            file["SCI"].data[away < 9.5] = np.nan
        os.utime(path, (OLD, OLD))

    def told(s3):
        made = jwstpipe.composite(images, tmp_path / "p.png", overwrite=True, size=300, s3=s3)
        return [one.repaired_before for one in made.channels], made.sha256

    plain = told(S3Settings(cache_mb=0))
    assert min(plain[0]) > 0
    assert [told(site), told(site)] == [plain, plain]


def test_a_changed_image_is_looked_at_again(tmp_path, site, settled):
    images = [written(tmp_path, "F200W", 1), written(tmp_path, "F444W", 2)]
    before = picture(images, tmp_path / "p.png", site, size=300)
    written(tmp_path, "F444W", 3)  # of the same size, with the same time of writing
    after = picture(images, tmp_path / "p.png", site, size=300)
    assert after != before
    assert after == picture(images, tmp_path / "p.png", S3Settings(cache_mb=0), size=300)


def test_one_changed_sample_is_another_content_and_a_fresh_file_has_none(tmp_path, settled, monkeypatch):
    path = written(tmp_path, "F200W", 1)
    known = content_key(open_fits(path))
    assert known == content_key(open_fits(path))
    with path.open("r+b") as file:
        file.seek(-2880, os.SEEK_END)
        file.write(b"\x01")
    os.utime(path, (OLD, OLD))
    assert content_key(open_fits(path)) not in {known, None}
    monkeypatch.setattr(keys, "SETTLED_NS", 3600 * 10**9)
    assert content_key(open_fits(path)) is None


def test_what_is_kept_is_bounded_checked_and_private(tmp_path):
    kept = KeptArrays(tmp_path / "kept", 100_000)
    values = np.arange(2000.0)
    kept.put({"n": 0}, facts={"a": float("nan")}, arrays=[values, values.astype("f4").reshape(40, 50)])
    entry = kept.get({"n": 0})
    assert np.array_equal(entry.arrays[0], values)
    assert (entry.arrays[1].shape, np.isnan(entry.facts["a"])) == ((40, 50), True)
    with pytest.raises(ValueError, match="read-only"):
        entry.arrays[0][0] = 1.0
    kept.put({"n": "large"}, facts={}, arrays=[np.zeros(9000)])
    assert kept.get({"n": "large"}) is None
    for number in range(1, 9):
        kept.put({"n": number}, facts={}, arrays=[values])
    assert kept.get({"n": 0}) is None
    assert kept.get({"n": 8}) is not None
    assert sum(path.stat().st_size for path in kept.folder.iterdir()) <= 100_000
    newest = max(kept.folder.iterdir(), key=lambda path: path.stat().st_mtime_ns)
    content = newest.read_bytes()
    newest.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert kept.get({"n": 8}) is None
    kept.folder.chmod(0o777)
    assert kept.get({"n": 7}) is None
