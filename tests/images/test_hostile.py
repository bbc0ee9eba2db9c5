"""Files that are not what they claim: one clear sentence with the name, never a crash or a huge allocation."""

import bz2
import gzip
import os
import re
import tempfile
from contextlib import contextmanager

import numpy as np
import pytest
from astropy.io import fits

from jwstpipe import convert, export, open_image
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


@pytest.fixture
def spooled(monkeypatch):
    """Give the sizes of the temporary files that were filled, as they are when they are closed or given up."""
    sizes, made = [], tempfile.TemporaryFile

    @contextmanager
    def watched():
        with made() as stream:
            try:
                yield stream
            finally:
                sizes.append(os.fstat(stream.fileno()).st_size)

    monkeypatch.setattr("jwstpipe.fits.readers.byte_readers.tempfile.TemporaryFile", watched)
    return sizes


def headers(*shapes):
    """Write the headers of images alone: what they promise, and nothing of it."""
    content = b""
    for number, sides in enumerate(shapes):
        image = (fits.ImageHDU if number else fits.PrimaryHDU)()
        image.header["BITPIX"] = 8
        image.header["NAXIS"] = len(sides)
        for axis, side in enumerate(sides, 1):
            image.header.insert("NAXIS" if axis == 1 else f"NAXIS{axis - 1}", (f"NAXIS{axis}", side), after=True)
        content += image.header.tostring().encode()
    return content


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress])
@pytest.mark.parametrize(
    ("beginning", "says", "most"),
    [
        (b"", "not a FITS file", 0),
        (b"SIMPLE  =", "not a FITS file|no END", 12 << 20),
        (headers(()), "more than the 2,880 bytes that its headers promise", 18 << 20),
        (headers((2880, 10)), "more than the 31,680 bytes that its headers promise", 18 << 20),
        (headers((10**5, 10**6)), "its headers promise 100,000,00.,... bytes", 1 << 20),
        (headers((), (10**6, 10**6)), "its headers promise 1,000,000,00.,... bytes", 1 << 20),
    ],
)
def test_what_unpacks_to_more_than_its_headers_promise_is_stopped(tmp_path, spooled, pack, beginning, says, most):
    path = tmp_path / "bomb.fits"
    path.write_bytes(pack(beginning + bytes(48 << 20), 1))
    assert path.stat().st_size < 1 << 20
    assert re.search(says, refused(path))
    assert spooled
    assert max(spooled) <= most


def test_a_packed_file_may_have_a_tail_and_many_headers(tmp_path):
    whole = write_cal(tmp_path / "whole.fits").read_bytes() + bytes(2880 * 3) + b"#" * 2880
    (tmp_path / "tail.fits").write_bytes(gzip.compress(whole))
    convert(tmp_path / "tail.fits", tmp_path / "tail.zarr")
    assert export(tmp_path / "tail.zarr", tmp_path / "back.fits").unpacked
    assert (tmp_path / "back.fits").read_bytes() == whole


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
