"""Files that are not what they claim: one clear sentence with the name, never a crash or a huge allocation."""

import gzip
import os

import numpy as np
import pytest
from astropy.io import fits

from jwstpipe import convert, open_image
from jwstpipe.errors import DataError, FitsError, NotFoundError, TransformError
from jwstpipe.images.verify import verify_conversion
from tests.images.fits_files import sky_keywords, write_cal


def refused(path, error=FitsError):
    with pytest.raises(error) as caught:
        convert(path, path.with_suffix(".zarr"))
    message = str(caught.value)
    assert path.name in message
    assert "\n" not in message
    assert not path.with_suffix(".zarr").exists()
    return message


@pytest.mark.parametrize("keep", [0, 5, 2879, 2880, 9000, 30_000, -4000])
def test_a_truncated_file(tmp_path, keep):
    content = write_cal(tmp_path / "whole.fits").read_bytes()
    (tmp_path / "short.fits").write_bytes(content[:keep])
    assert "truncated" in refused(tmp_path / "short.fits") or keep in (0, 5)


def test_a_truncated_gzip_stream(tmp_path):
    content = gzip.compress(write_cal(tmp_path / "whole.fits").read_bytes())
    (tmp_path / "short.fits").write_bytes(content[: len(content) // 2])
    assert "compressed stream" in refused(tmp_path / "short.fits")


def test_a_gzip_bomb_is_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr("jwstpipe.fits.readers.byte_readers.MOST_EXPANSION", 50)
    (tmp_path / "bomb.fits").write_bytes(gzip.compress(b"SIMPLE  =" + b"\0" * 50_000_000))
    assert "unpacks to more than" in refused(tmp_path / "bomb.fits")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"<!DOCTYPE html><html>404</html>", "web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1234\n", "Git LFS"),
        (b'{"error": "not found"}', "JSON"),
        (b"\x89PNG\r\n\x1a\n" + b"0" * 3000, "not a FITS file"),
        (b"", "empty"),
    ],
)
def test_what_is_not_fits_at_all(tmp_path, content, says):
    (tmp_path / "file.fits").write_bytes(content)
    assert says in refused(tmp_path / "file.fits")


@pytest.mark.parametrize(
    ("keyword", "value", "says"),
    [
        ("NAXIS1", "2000000000", "truncated"),
        ("NAXIS1", "-5", "negative"),
        ("NAXIS", "999", "axes"),
        ("BITPIX", "-33", "BITPIX"),
        ("NAXIS2", "'abc'", "whole number"),
    ],
)
def test_absurd_headers(tmp_path, keyword, value, says):
    content = bytearray(write_cal(tmp_path / "whole.fits").read_bytes())
    at = content.index(f"{keyword:8s}= ".encode(), 2880)
    content[at + 10 : at + 30] = value.rjust(20).encode()
    (tmp_path / "absurd.fits").write_bytes(content)
    assert says in refused(tmp_path / "absurd.fits")


def test_a_header_without_end(tmp_path):
    content = write_cal(tmp_path / "whole.fits").read_bytes()[:2880].replace(b"END", b"XND")
    (tmp_path / "endless.fits").write_bytes(content + b" " * 2880 * 5000)
    assert "no END" in refused(tmp_path / "endless.fits")


def test_a_file_of_headers_is_named_for_what_it_is(tmp_path):
    fits.PrimaryHDU().writeto(tmp_path / "empty.fits")
    assert "holds headers only, no image" in refused(tmp_path / "empty.fits")


def test_an_image_that_nothing_places_on_the_sky(tmp_path, shared_data):
    with pytest.raises(TransformError, match="no celestial WCS"):
        convert(shared_data / "hostile" / "mirimage_i2d_without_wcs.fits", tmp_path / "out.zarr")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_file(tmp_path):
    with pytest.raises(NotFoundError, match=r"nowhere\.fits"):
        convert(tmp_path / "nowhere.fits", tmp_path / "out.zarr")


def test_errors_are_data_errors_and_value_errors():
    assert issubclass(FitsError, DataError)
    assert issubclass(FitsError, ValueError)


def test_thousands_of_hdus_are_refused_before_anything_is_made(tmp_path):
    card = "XTENSION= 'IMAGE   '", "BITPIX  =                    8", "NAXIS   =                    0", "END"
    extension = "".join(line.ljust(80) for line in card).ljust(2880).encode()
    primary = fits.PrimaryHDU().header.tostring().encode()
    (tmp_path / "many.fits").write_bytes(primary + extension * 5000)
    assert "more than 4096 HDUs" in refused(tmp_path / "many.fits")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_nothing_but_nan_or_infinities_is_an_image_too(tmp_path, value):
    hdu = fits.PrimaryHDU(np.full((1500, 40), value, "f4"))
    sky_keywords(hdu.header, (1500, 40))
    hdu.writeto(tmp_path / "void.fits")
    made = convert(tmp_path / "void.fits", tmp_path / "void.zarr")
    assert made.levels == 2
    verify_conversion(tmp_path / "void.fits", tmp_path / "void.zarr")
    assert np.isnan(open_image(tmp_path / "void.zarr").read("sci", level=1)).all()


def test_a_wcs_that_maps_to_nothing(tmp_path):
    hdu = fits.PrimaryHDU(np.ones((9, 9), "f4"))
    sky_keywords(hdu.header, (9, 9))
    hdu.header["CDELT1"] = 0.0
    hdu.writeto(tmp_path / "flat.fits")
    refused(tmp_path / "flat.fits", TransformError)


def test_a_pipe_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe.fits")
    assert "device or pipe" in refused(tmp_path / "pipe.fits")
