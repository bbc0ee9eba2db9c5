"""`jwstpipe verify`: whatever is lost, cut or one bit wrong is exit 6 with the user's name of it, wherever it lies."""

import bz2
import gzip
import hashlib
import os
import shutil
from datetime import UTC, datetime

import boto3
import numpy as np
import pytest
import tifffile
from astropy.io import fits
from PIL import Image

from jwstpipe import convert
from jwstpipe.catalog.catalog import open_catalog
from jwstpipe.catalog.records.models import ProductRecord
from jwstpipe.render.files.picture import open_picture
from tests.images.fits_files import sky_keywords


def write_sci(path, number=2, *, sums=True):
    """Several science extensions, with sums of astropy."""
    random = np.random.default_rng(4)
    images = []
    for version in range(1, number + 1):
        image = fits.ImageHDU(random.normal(1, 0.1, (50, 80)).astype("f4"), name="SCI", ver=version)
        sky_keywords(image.header, (50, 80))
        images.append(image)
    fits.HDUList([fits.PrimaryHDU(), *images]).writeto(path, checksum=sums)
    return path


def fpacked(path):
    image = fits.CompImageHDU(
        np.random.default_rng(1).integers(0, 99, (50, 80)).astype("i2"), name="SCI", compression_type="RICE_1"
    )
    sky_keywords(image.header, (50, 80))
    fits.HDUList([fits.PrimaryHDU(), image]).writeto(path, checksum=False)
    return path


def picture(path):
    pixels = np.random.default_rng(3).integers(0, 256, (90, 120, 3)).astype("u1")
    if path.suffix == ".jpg":
        Image.fromarray(pixels).save(path, quality=95)
    else:
        with open_picture(path, (90, 120)) as sink:
            sink.write(pixels)
    return path


def wrong_bit(path, part=0.5):
    content = bytearray(path.read_bytes())
    content[int(len(content) * part)] ^= 4
    path.write_bytes(content)


def says(error):
    return " ".join(error.split())


def test_a_fits_file_is_verified_by_structure_and_checksums(command, tmp_path):
    path = write_sci(tmp_path / "x.fits", 1)
    whole = path.read_bytes()
    code, out, _ = command("verify", path)
    assert code == 0
    assert f"{path}: whole and undamaged: structure whole" in out
    damaged = bytearray(whole)
    damaged[len(whole) - 9000] ^= 4
    for content, fault in ((bytes(damaged), "DATASUM of SCI"), (whole[:-8000], "truncated")):
        path.write_bytes(content)
        code, out, error = command("verify", path)
        assert (code, out) == (6, "")
        assert str(path) in error.replace("\n", "")
        assert fault in says(error)
    assert command("verify", tmp_path / "none.fits")[0] == 3


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress])
def test_packed_files_are_verified_whatever_their_name(command, tmp_path, pack):
    whole = write_sci(tmp_path / "x.fits").read_bytes()
    damaged = bytearray(whole)
    damaged[len(whole) - 9000] ^= 4
    path = tmp_path / "packed.dat"
    path.write_bytes(pack(whole))
    assert command("verify", path)[0] == 0
    for content in (pack(bytes(damaged)), pack(whole)[:-20]):
        path.write_bytes(content)
        code, _, error = command("verify", path)
        assert code == 6
        assert f"jwstpipe: {path}: " in says(error)


def test_one_of_several_images_can_be_named(command, tmp_path):
    path = write_sci(tmp_path / "x.fits")
    assert command("verify", f"{path}[SCI,2]")[0] == 0
    code, _, error = command("verify", f"{path}[SCI,3]")
    assert (code, "[SCI], [SCI,2]" in says(error)) == (2, True)
    wrong_bit(path, 0.9)
    code, _, error = command("verify", f"{path}[SCI,2]")
    assert (code, f"{path}: DATASUM of SCI,2" in says(error)) == (6, True)


def test_a_compressed_image_is_unpacked(command, tmp_path):
    path = fpacked(tmp_path / "x.fits.fz")
    code, out, _ = command("verify", path)
    assert (code, "unpack" in out) == (0, True)
    content = bytearray(path.read_bytes())
    with fits.open(path, disable_image_compression=True) as opened:
        data = opened[1].fileinfo()["datLoc"]
    content[data : data + 8] = b"\xff" * 8  # length and place of the first tile
    path.write_bytes(content)
    code, _, error = command("verify", path)
    assert (code, f"{path}: its compressed image cannot be unpacked" in says(error)) == (6, True)


@pytest.mark.parametrize("name", ["x.png", "x.tif", "x.jpg", "x.zarr", "cube.fits"])
def test_pictures_are_verified(command, tmp_path, name):
    path = picture(tmp_path / name)
    assert command("verify", path)[0] == 0
    if path.is_dir():
        shard = path / "0" / "c" / "0" / "0" / "0"
        wrong_bit(shard)
        code, _, error = command("verify", path)
        assert (code, f"{path}: damaged: 0/c/0/0/0: damaged" in says(error)) == (6, True)
        assert "make the picture again" in says(error)
        shard.unlink()
        code, _, error = command("verify", path)
        assert (code, "0/c/0/0/0: lost" in says(error)) == (6, True)
        return
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    code, _, error = command("verify", path)
    assert (code, f"{path}: " in says(error)) == (6, True)
    if path.suffix == ".png":  # the others carry no sums: only a record can tell
        path.write_bytes(whole)
        wrong_bit(path, 0.9)
        assert command("verify", path)[0] == 6


def test_a_tiff_packed_by_deflate_carries_sums(command, tmp_path):
    path = tmp_path / "x.tif"
    pixels = np.random.default_rng(3).integers(0, 9, (90, 120, 3)).astype("u1")
    Image.fromarray(pixels).save(path, compression="tiff_adobe_deflate")
    assert command("verify", path)[0] == 0
    with tifffile.TiffFile(path) as opened:
        page = opened.pages[0]
        middle = page.dataoffsets[0] + page.databytecounts[0] // 2
    wrong_bit(path, middle / path.stat().st_size)
    code, _, error = command("verify", path)
    assert (code, f"{path}: damaged: it cannot be decoded" in says(error)) == (6, True)


def test_a_picture_store_is_no_image_and_says_so(command, tmp_path):
    path = picture(tmp_path / "x.zarr")
    for words in (("info", path), ("export", path, "-o", "x.fits"), ("thumbnail", path, "-o", "x.png")):
        code, _, error = command(*words)
        assert (code, "a finished picture" in says(error)) == (6, True), words


@pytest.fixture
def home(tmp_path):
    """A catalogue that knows an archive file and a picture of the store, and gives their paths."""
    folder = tmp_path / "home"
    (folder / "store" / "mast" / "jw1").mkdir(parents=True)
    (folder / "store" / "pictures" / "ab12").mkdir(parents=True)
    known = {
        "arch": write_sci(folder / "store/mast/jw1/jw1_cal.fits", sums=False),
        "ab12": picture(folder / "store/pictures/ab12/x.jpg"),
    }
    with open_catalog(folder / "catalog.sqlite") as catalog:
        for product, path in known.items():
            catalog.publish(
                ProductRecord(
                    product_id=product, kind="archive" if product == "arch" else "picture", file_name=path.name,
                    storage_key=str(path.relative_to(folder / "store")), is_public=True, is_validated=True,
                    digest=hashlib.sha256(path.read_bytes()).hexdigest(), file_size=path.stat().st_size,
                    created=datetime.now(UTC),
                )
            )  # fmt: skip
    return folder, known


def test_files_are_compared_with_their_records(command, home, monkeypatch):
    folder, known = home
    monkeypatch.setenv("JWSTPIPE_HOME", str(folder))
    for product, path in known.items():
        for word in (path, product):
            code, out, _ = command("verify", word)
            assert code == 0
            assert f"the bytes that the record of {product} has" in out
        wrong_bit(path, 0.9)  # where no sum of the format stands
        code, out, error = command("verify", product)
        assert (code, out) == (6, "")
        assert f"is product {product}, but its sha256 is" in says(error)
        code, out, error = command("verify", path)  # a file of this name may be another version
        assert code == 0
        assert "the catalogue has a file of this name with another digest" in says(error)


def test_one_that_fails_does_not_keep_the_others_from_being_read(command, tmp_path):
    good, bad = write_sci(tmp_path / "good.fits"), write_sci(tmp_path / "bad.fits")
    wrong_bit(bad, 0.9)
    code, out, error = command("verify", bad, good)
    assert code == 6
    assert f"{good}: whole" in out
    assert f"1 of 2 are not whole, first {bad}: DATASUM" in says(error)
    assert not list(tmp_path.glob("*.sqlite"))  # no catalogue is made for a look


@pytest.fixture
def bucket(s3_server, monkeypatch):
    for name, value in {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("JWSTPIPE_S3__ENDPOINT", s3_server)
    client = boto3.client("s3", endpoint_url=s3_server, region_name="us-east-1")
    name = f"verify-{os.urandom(4).hex()}"
    client.create_bucket(Bucket=name)
    return client, name


def test_files_on_s3_are_verified_like_local_ones(command, bucket, tmp_path):
    client, name = bucket
    made = [write_sci(tmp_path / "x.fits"), fpacked(tmp_path / "x.fits.fz"), picture(tmp_path / "x.png")]
    (tmp_path / "x.fits.gz").write_bytes(gzip.compress(made[0].read_bytes()))
    for path in (*made, tmp_path / "x.fits.gz"):
        address = f"s3://{name}/{path.name}"
        client.upload_file(str(path), name, path.name)
        code, out, _ = command("verify", address)
        assert (code, out.startswith(f"{address}: whole")) == (0, True)
        content = path.read_bytes()
        client.put_object(Bucket=name, Key=path.name, Body=content[: len(content) // 2])
        code, _, error = command("verify", address)
        assert (code, f"{address}: " in says(error)) == (6, True)
        assert "/tmp" not in error.replace(str(tmp_path), "")
    client.upload_file(str(made[0]), name, "x.fits")
    assert command("verify", f"s3://{name}/x.fits[SCI,2]")[0] == 0
    assert command("verify", f"s3://{name}/none.fits")[0] == 3


def damaged_copies(store, folder):
    """A store that lost a shard, and one with a wrong bit in it."""
    lost, damaged = (shutil.copytree(store, folder / f"{kind}.zarr") for kind in ("lost", "damaged"))
    (lost / "0/sci/c/0/0").unlink()
    wrong_bit(damaged / "0/sci/c/0/0", 0.3)
    return {"lost": lost, "damaged": damaged}


@pytest.mark.parametrize("place", ["local", "s3"])
@pytest.mark.parametrize("kind", ["lost", "damaged"])
def test_every_way_to_read_a_store_names_the_shard_and_the_way_out(command, bucket, tmp_path, place, kind):
    client, name = bucket
    convert(write_sci(tmp_path / "x.fits", 1), tmp_path / "x.zarr")
    store = str(damaged_copies(tmp_path / "x.zarr", tmp_path)[kind])
    if place == "s3":
        for path in (tmp_path / f"{kind}.zarr").rglob("*"):
            if path.is_file():
                client.upload_file(str(path), name, str(path.relative_to(tmp_path)))
        store = f"s3://{name}/{kind}.zarr"
    out = tmp_path / "out"
    out.mkdir()
    for words in (
        ("verify", store),
        ("mosaic", store, "-o", out / "m.zarr"),
        ("composite", store, "-o", out / "p.png"),
        ("thumbnail", store, "-o", out / "t.png"),
        ("export", store, "-o", out / "b.fits"),
        ("stats", store),
        ("pixels", store, "--at", "20,20"),
    ):
        code, _, error = command(*words)
        assert code == 6, (words, error)
        assert f"{store}: " in says(error), words
        assert f"0/sci/c/0/0: {kind}" in says(error), words
        assert "convert the file again with --overwrite, or use jwstpipe reproduce" in says(error), words
    assert not list(out.iterdir())
