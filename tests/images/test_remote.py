"""Images on S3: the same samples, and requests counted at the server."""

import hashlib
import os
import tempfile
from collections import Counter

import boto3
import numpy as np
import pytest
from astropy.io import fits

from jwstpipe import convert, cube_spectrum, export, open_image
from jwstpipe.errors import NotFoundError, StorageError
from jwstpipe.fits.readers.block_cache import BLOCK_BYTES, KeptFile, ReadCache
from jwstpipe.fits.readers.byte_readers import open_bytes
from jwstpipe.fits.readers.local_reader import LocalReader
from jwstpipe.images.headers import kept_identity
from jwstpipe.images.headers.content_id import content_id
from jwstpipe.settings import S3Settings
from jwstpipe.simulate.spectral_cube import simulate_cube
from jwstpipe.sky.box import Box
from tests.images.fits_files import sky_keywords, write_cal
from tests.s3_server import forget_buckets, serving_s3


@pytest.fixture(scope="module")
def counted():
    """Run an S3 server that writes down what it is asked for."""
    asked = []

    def count(environ):
        asked.append((environ["REQUEST_METHOD"], environ["PATH_INFO"], environ.get("HTTP_RANGE", "")))

    with serving_s3(count) as address:
        yield address, asked


@pytest.fixture
def site(counted, monkeypatch, tmp_path):
    """Give settings, an empty prefix, and the list of requests."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    endpoint, asked = counted
    s3 = S3Settings(endpoint=endpoint, cache=tmp_path / "cache")
    bucket = f"bucket-{os.urandom(4).hex()}"
    client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1")
    client.create_bucket(Bucket=bucket)
    yield s3, f"s3://{bucket}/prefix", asked, client
    forget_buckets()


WIDE = (2100, 2100)
"""Two bands of two shards: what a conversion spools. The server holds files in the memory of this process."""

BAND = (1000, 2100)
"""One band of two shards."""

SMALL = (1300, 1000)


def write_wide(path, shape=SMALL, *, planes=("SCI", "ERR", "DQ")):
    random = np.random.default_rng(3)
    block = random.normal(1, 0.1, (210, 100)).astype("f4")  # what repeats is packed sooner
    values = {name: np.tile(block + number, (10, 21))[: shape[0], : shape[1]] for number, name in enumerate(planes)}
    if "DQ" in values:
        values["DQ"] = (100 * values["DQ"]).astype("u4")
    planes = [fits.ImageHDU(given, name=name) for name, given in values.items()]
    sky_keywords(planes[0].header, shape)
    fits.HDUList([fits.PrimaryHDU(), *planes]).writeto(path)
    return path


def moved(asked, key):
    """Add up the byte ranges that were asked of an object."""
    spans = [found[2].removeprefix("bytes=").split("-") for found in asked if found[1].endswith(key)]
    return sum(int(last) - int(first) + 1 for first, last in spans)


def put(client, path, address):
    bucket, key = address.removeprefix("s3://").split("/", 1)
    client.upload_file(str(path), bucket, key)


def test_a_window_of_a_store_takes_two_requests_a_plane(site, tmp_path):
    s3, prefix, asked, _ = site
    path = write_wide(tmp_path / "wide.fits", WIDE, planes=("SCI", "DQ"))
    convert(path, f"{prefix}/wide.zarr", s3=s3)
    assert not [key for method, key, _ in asked if method == "GET" and "wide.zarr" in key]  # its levels come of memory
    convert(path, tmp_path / "wide.zarr")
    local = open_image(tmp_path / "wide.zarr")
    for corner in ((400, 400), (0, 1700), (1500, 900)):
        box = Box.of_shape((256, 256), corner)
        image = open_image(f"{prefix}/wide.zarr", s3=s3)
        for plane in ("sci", "dq"):
            del asked[:]
            values = image.read(plane, box)
            assert len(asked) <= 2, asked
            assert values.tobytes() == local.read(plane, box).tobytes()
            del asked[:]
            inner = Box(box.y0 + 3, box.x0 + 5, box.y1 - 7, box.x1)
            assert image.read(plane, inner).tobytes() == local.read(plane, inner).tobytes()
            assert asked == []  # its chunks are here
    for box in (Box(1900, 1900, *WIDE), Box(0, 0, *WIDE)):
        assert image.read("sci", box).tobytes() == local.read("sci", box).tobytes()
    assert image.read("sci", level=1).tobytes() == local.read("sci", level=1).tobytes()


def test_a_window_of_a_fits_file_in_place_moves_only_its_rows(site, tmp_path):
    s3, prefix, asked, client = site
    path = write_wide(tmp_path / "wide.fits")
    put(client, path, f"{prefix}/wide.fits")
    del asked[:]
    image = open_image(f"{prefix}/wide.fits", s3=s3)
    assert len(asked) <= 4  # the start of the file, and the headers behind each plane
    box = Box.of_shape((256, 256), (1000, 700))
    with fits.open(path) as truth:
        for plane in ("sci", "err", "dq"):
            del asked[:]
            assert np.array_equal(image.read(plane, box), truth[plane.upper()].data[box.slices])
            assert len(asked) <= 2, asked
    del asked[:]
    image.read("sci", box)
    assert asked == []  # now in the read cache


def test_the_cache_forgets_a_file_that_changed(site, tmp_path, monkeypatch):
    s3, prefix, _, client = site
    taken = []
    monkeypatch.setattr(kept_identity, "content_id", lambda image: taken.append(image) or content_id(image))
    first, second = write_cal(tmp_path / "a.fits"), write_cal(tmp_path / "b.fits", seed=2)
    put(client, first, f"{prefix}/x.fits")
    before = open_image(f"{prefix}/x.fits", s3=s3)
    held = before.read("sci")
    known = [kept_identity.kept_content_id(image, s3=s3) for image in (before, open_image(f"{prefix}/x.fits", s3=s3))]
    assert known == 2 * [content_id(open_image(first))]
    assert len(taken) == 1
    put(client, second, f"{prefix}/x.fits")
    after = open_image(f"{prefix}/x.fits", s3=s3)
    assert np.array_equal(after.read("sci"), open_image(second).read("sci"), equal_nan=True)
    assert np.array_equal(held, open_image(first).read("sci"), equal_nan=True)
    assert kept_identity.kept_content_id(after, s3=s3) == content_id(open_image(second)) != known[0]


def test_a_file_that_is_replaced_while_it_is_read_is_noticed(site, tmp_path):
    s3, prefix, _, client = site
    path = write_wide(tmp_path / "wide.fits")
    put(client, path, f"{prefix}/x.fits")
    reader = open_bytes(f"{prefix}/x.fits", s3=s3)
    client.put_object(Bucket=prefix.split("/")[2], Key="prefix/x.fits", Body=path.read_bytes()[:-1] + b"x")
    with pytest.raises(StorageError, match=r"x\.fits: was replaced"):
        reader.read(10 << 20, 5000)
    with pytest.raises(NotFoundError):
        open_bytes(f"{prefix}/none.fits", s3=s3)


def test_the_cache_is_bounded_and_keeps_what_was_used_last(tmp_path):
    cache = ReadCache(tmp_path / "cache", 20 * 4096)
    block = memoryview(b"x" * 3000)
    files = [cache.file(f"s3://b/{number}", "etag", 3000) for number in range(30)]
    for number, kept in enumerate(files):
        cache.put(kept, 0, block)
        os.utime(kept.content.descriptor, ns=(number, number))
        assert files[0].lacking(0, 1) == [], number  # it was used just now
    assert sum(path.stat().st_blocks * 512 for path in (tmp_path / "cache").glob("*/*")) <= 20 * 4096
    gone = [kept.gone for kept in files]
    assert gone == [False, *sorted(gone[1:], reverse=True)]  # the others in their order
    assert gone[5]
    assert not gone[29]
    assert files[5].content.read(0, 3000) == block  # who has it open reads on
    assert cache.file("s3://b/5", "etag", 3000).lacking(0, 1) == [0]
    assert cache.file("s3://b/29", "other", 3000).lacking(0, 1) == [0]


def test_a_block_that_is_damaged_or_half_written_is_none(tmp_path):
    cache = ReadCache(tmp_path / "cache", 1 << 30)
    content = bytes(range(256)) * (BLOCK_BYTES // 128)
    kept = cache.file("s3://b/k", "etag", len(content))
    for number in (0, 1):
        cache.put(kept, number, memoryview(content)[number * BLOCK_BYTES : (number + 1) * BLOCK_BYTES])
    assert cache.file("s3://b/k", "etag", len(content)) is kept  # threads know of each other's blocks
    path = next((tmp_path / "cache").glob("*/*"))
    for damage, lacking in ((b"", []), (b"?", [1])):
        with path.open("r+b") as stream:
            stream.seek(BLOCK_BYTES + 7)
            stream.write(damage)
        another = KeptFile(path, len(content), "as another process opens it")
        assert another.lacking(0, 2) == lacking


def test_conversion_and_export_on_s3_are_exact(site, tmp_path):
    s3, prefix, _, client = site
    path = write_cal(tmp_path / "cal.fits")
    put(client, path, f"{prefix}/cal.fits")
    convert(f"{prefix}/cal.fits", f"{prefix}/cal.zarr", s3=s3)
    assert export(f"{prefix}/cal.zarr", f"{prefix}/again.fits", s3=s3).identical
    again = client.get_object(Bucket=prefix.split("/")[2], Key="prefix/again.fits")["Body"].read()
    assert again == path.read_bytes()


def test_a_small_file_is_asked_for_once_and_each_object_goes_in_one(site, tmp_path):
    s3, prefix, asked, client = site
    path = write_cal(tmp_path / "cal.fits")
    put(client, path, f"{prefix}/cal.fits")
    del asked[:]
    convert(f"{prefix}/cal.fits", f"{prefix}/cal.zarr", s3=s3)
    assert sum(key.endswith("cal.fits") for _, key, _ in asked) == 1
    written = [key for method, key, _ in asked if method == "PUT"]
    assert len(written) == len(set(written)) > 10
    assert written[-1].endswith("cal.zarr/zarr.json")
    assert Counter(method for method, key, _ in asked if "cal.zarr" in key) == {"PUT": len(written)}


def test_conversion_from_s3_moves_a_file_once_and_never_holds_all_of_it(site, tmp_path, monkeypatch):
    s3, prefix, asked, client = site
    path = write_wide(tmp_path / "wide.fits", WIDE, planes=("SCI",))
    put(client, path, f"{prefix}/wide.fits")
    spools = []

    def spool(**options):
        spools.append(made(**options))
        return spools[-1]

    made = tempfile.TemporaryFile
    monkeypatch.setattr(tempfile, "TemporaryFile", spool)
    sizes = []
    monkeypatch.setattr(
        "jwstpipe.fits.readers.band_reader.LocalReader",
        lambda stream, name: sizes.append(os.fstat(stream.fileno()).st_size) or LocalReader(stream, name),
    )
    del asked[:]
    done = convert(f"{prefix}/wide.fits", tmp_path / "far.zarr", s3=s3)
    size = path.stat().st_size
    assert size <= moved(asked, "wide.fits") < 1.05 * size + (8 << 20)
    assert done.source_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert len(spools) == len(sizes) == 2
    assert max(sizes) == 2048 * WIDE[1] * 4
    assert all(spooled.closed for spooled in spools)
    assert export(tmp_path / "far.zarr", tmp_path / "again.fits").identical
    assert (tmp_path / "again.fits").read_bytes() == path.read_bytes()


def test_weights_are_fetched_ahead_and_the_rest_once(site, tmp_path):
    s3, prefix, asked, client = site
    random = np.random.default_rng(8)
    weight = np.where(random.random(BAND) < 0.1, 0, 2).astype("f4")
    data = {"SCI": random.normal(1, 0.1, BAND).astype("f4") * (weight > 0), "ERR": weight, "WHT": weight}
    planes = [fits.ImageHDU(values, name=name) for name, values in data.items()]
    sky_keywords(planes[0].header, BAND)
    path = tmp_path / "i2d.fits"
    fits.HDUList([fits.PrimaryHDU(), *planes]).writeto(path)
    lost = (weight == 0).sum()
    del weight, data, planes  # the server holds the file in memory, too
    put(client, path, f"{prefix}/i2d.fits")
    del asked[:]
    done = convert(f"{prefix}/i2d.fits", tmp_path / "far.zarr", s3=s3)
    size, plane = path.stat().st_size, BAND[0] * BAND[1] * 4
    assert size <= moved(asked, "i2d.fits") < 1.05 * (size + plane) + (8 << 20)
    assert done.source_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert np.isnan(open_image(tmp_path / "far.zarr").read("sci")).sum() == lost
    assert export(tmp_path / "far.zarr", tmp_path / "again.fits").identical


def test_a_full_disk_under_the_bands_is_one_sentence_and_leaves_nothing(site, tmp_path, monkeypatch):
    s3, prefix, _, client = site
    path = write_wide(tmp_path / "wide.fits", BAND, planes=("SCI",))
    put(client, path, f"{prefix}/wide.fits")
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: open("/dev/full", "w+b", buffering=0))  # noqa: PTH123, SIM115
    with pytest.raises(StorageError, match=r"wide\.fits: /.*: no space left on device; free some space or set TMPDIR"):
        convert(f"{prefix}/wide.fits", tmp_path / "far.zarr", s3=s3)
    assert [found.name for found in tmp_path.iterdir()] == ["wide.fits"]


def test_a_spectrum_of_a_cube_takes_its_chunks_and_no_more(site, tmp_path):
    s3, prefix, asked, client = site
    truth = simulate_cube(tmp_path / "x_s3d.fits", np.linspace(5.2, 5.6, 300), shape=(40, 40))
    bucket, _, key = prefix.removeprefix("s3://").partition("/")
    client.upload_file(str(truth.path), bucket, f"{key}/x_s3d.fits")
    made = convert(f"{prefix}/x_s3d.fits", f"{prefix}/x.zarr", s3=s3)
    asked.clear()
    found = cube_spectrum(made.address, place="35,4", s3=s3)
    reads = Counter(path.rpartition("/x.zarr/")[2] for _, path, _ in asked)
    assert all(reads[f"0/{plane}/c/{z}/0/0"] == (9 if z == 0 else 3) for plane in ("sci", "err") for z in (0, 1))
    np.testing.assert_array_equal(found.flux, cube_spectrum(truth.path, place="35,4").flux)
    np.testing.assert_array_equal(found.flux, cube_spectrum(f"{prefix}/x_s3d.fits", place="35,4", s3=s3).flux)
