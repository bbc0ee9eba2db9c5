import base64
import gzip
import hashlib
import io

import numpy as np
import pytest
from astropy.io import fits

from jwstpipe.archive.transfer import checksums
from jwstpipe.archive.transfer.checksums import CHECKSUM_KINDS, checksum_of
from jwstpipe.archive.transfer.verify import FileReader, check_digests, check_file, sha256_of
from jwstpipe.errors import DataError, FitsError
from tests.archive.archive_helpers import fits_bytes


@pytest.fixture
def check(tmp_path):
    def run(content, name="a_i2d.fits"):
        path = tmp_path / "part"
        path.write_bytes(content)
        with FileReader(path) as reader:
            check_file(reader, name=name)

    return run


def table_bytes():
    table = fits.BinTableHDU.from_columns(
        [
            fits.Column("x", "J", array=np.arange(1000)),
            fits.Column("v", "PJ()", array=np.array([np.arange(n % 7, dtype=np.int32) for n in range(1000)], object)),
        ],
        name="CAT",
    )
    image = fits.CompImageHDU(np.arange(10000, dtype=np.int32).reshape(100, 100), name="SQUEEZED")
    stream = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), table, image]).writeto(stream, checksum=True)
    return stream.getvalue()


def test_whole_files_pass_with_and_without_checksums(check):
    check(fits_bytes())
    check(fits_bytes(checksum=False))
    check(table_bytes())
    check(gzip.compress(fits_bytes()), name="a.fits.gz")
    check(gzip.compress(fits_bytes()))


def test_a_cut_within_an_hdu_is_found(check):
    content = table_bytes()
    for cut in (1, 80, 2879, 2880, 5000, len(content) // 2, len(content) - 2881):
        with pytest.raises(FitsError):
            check(content[:-cut])


def test_a_changed_bit_is_found_wherever_it_is(check):
    content = fits_bytes(side=64)
    rng = np.random.default_rng(3)
    for place in rng.integers(0, len(content), 60):
        damaged = bytearray(content)
        damaged[place] ^= 1 << rng.integers(8)
        with pytest.raises(FitsError):
            check(bytes(damaged))


def test_the_sums_are_those_of_astropy(check):
    """An extension whose words overflow 32 bits many times, summed by astropy."""
    data = np.full((500, 700), np.iinfo(np.uint32).max - 7, np.uint32)
    stream = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(data)]).writeto(stream, checksum=True)
    check(stream.getvalue())
    stream = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(data)]).writeto(stream, checksum="datasum")
    check(stream.getvalue())


NOT_THE_FILE = {
    "nothing": (b"", "empty"),
    "a page": (b"<!DOCTYPE html><html>", "web page"),
    "an answer": (b'{"status": 404}', "JSON"),
    "zeros": (bytes(28800), "not a FITS file"),
    "a cut gzip stream": (gzip.compress(fits_bytes())[:-100], "truncated"),
    "a gzip stream of another sum": (gzip.compress(fits_bytes())[:-8] + bytes(8), "damaged"),
    "a packed page": (gzip.compress(b"<html>"), "web page"),
    "more than the file": (fits_bytes() + b"garbage " * 360, "XTENSION"),
}


@pytest.mark.parametrize("kind", NOT_THE_FILE)
def test_what_is_not_the_file_is_named(check, kind):
    content, says = NOT_THE_FILE[kind]
    with pytest.raises(FitsError, match=says):
        check(content)


def test_real_files_pass(shared_data):
    paths = [*sorted((shared_data / "jwst").glob("*.fits")), *sorted((shared_data / "official-models").glob("*.fits"))]
    assert paths
    for path in paths:
        with FileReader(path) as reader:
            check_file(reader, name=path.name)


def test_the_digest_is_sha256(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"jwst" * 100_000)
    with FileReader(path) as reader:
        assert sha256_of(reader) == hashlib.sha256(b"jwst" * 100_000).hexdigest()


OTHER_KINDS = {
    "a_asn.json": (b'{"products": []}', b'{"products": '),
    "a_i2d.jpg": (b"\xff\xd8 picture \xff\xd9", b"\xff\xd8 picture"),
    "a_x1d.png": (b"\x89PNG\r\n\x1a\n picture", b"<html>"),
    "a_cat.ecsv": (b"# %ECSV 1.0\n", bytes(12)),
}


@pytest.mark.parametrize("name", OTHER_KINDS)
def test_other_kinds_of_files_are_what_their_names_say(check, name):
    good, bad = OTHER_KINDS[name]
    check(good, name=name)
    with pytest.raises(DataError, match="fetch it again"):
        check(bad, name=name)


CHECKED = b"123456789"
CHECK_VALUES = {  # the published check value of each algorithm
    "crc32": "cbf43926",
    "crc32c": "e3069283",
    "crc64nvme": "ae8b14860a799888",
    "sha1": hashlib.sha1(CHECKED).hexdigest(),
    "sha256": hashlib.sha256(CHECKED).hexdigest(),
}


@pytest.mark.parametrize("kind", CHECKSUM_KINDS)
def test_checksums_of_the_source_are_compared(tmp_path, kind):
    path = tmp_path / "x"
    path.write_bytes(CHECKED)
    given = base64.b64encode(bytes.fromhex(CHECK_VALUES[kind])).decode()
    with FileReader(path) as reader:
        assert check_digests(reader, {kind: given}, name="x") == hashlib.sha256(CHECKED).hexdigest()
        with pytest.raises(DataError, match=kind):
            check_digests(reader, {kind: "AAAA"}, name="x")


@pytest.mark.parametrize("kind", CHECKSUM_KINDS)
def test_a_checksum_is_carried_over_pieces(tmp_path, kind, monkeypatch):
    path = tmp_path / "x"
    path.write_bytes(bytes(range(256)) * 5)
    with FileReader(path) as reader:
        at_once = checksum_of(kind, reader)
        monkeypatch.setattr(checksums, "PIECE", 100)
        assert checksum_of(kind, reader) == at_once
