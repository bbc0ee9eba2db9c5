"""Products that lie anywhere: entered by what they say, with records as those of a flow, and made again from them."""

import json
import os
import shutil

import boto3
import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

import jwstpipe
from jwstpipe.catalog.catalog import open_catalog
from jwstpipe.cli.main import main
from jwstpipe.errors import ConflictError, DataError, NotFoundError, UsageError
from jwstpipe.images.open import open_image
from jwstpipe.operations.convert import CONVERT, ConvertRecipe
from jwstpipe.operations.export import EXPORT
from jwstpipe.operations.make.make_products import Order, make_products
from jwstpipe.operations.mosaic import MOSAIC, MosaicRecipe
from jwstpipe.operations.products.enter_files import enter_files
from jwstpipe.requests import MosaicOptions
from jwstpipe.settings import S3Settings, Settings
from jwstpipe.storage import path_digest
from tests.operations.conftest import archive_files


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Files of one's own, and what was made of them; no store, no catalogue."""
    folder = tmp_path_factory.mktemp("own files")  # with a blank, as people have it
    files = archive_files(folder)
    jwstpipe.convert(files[0], folder / "i.zarr")
    jwstpipe.mosaic(files[:1], folder / "m.zarr", fits=folder / "m.fits")
    jwstpipe.composite([folder / "m.zarr", files[1]], folder / "p.png", size=48)
    jwstpipe.composite(files, folder / "p.fits", size=48, title="Mine")
    jwstpipe.thumbnail(folder / "m.zarr", folder / "t.jpg", size=32)
    return folder


@pytest.fixture
def site(made, tmp_path):
    """A copy of the files, and a catalogue that knows nothing."""
    shutil.copytree(made, tmp_path / "own files")
    return tmp_path / "own files", Settings(home=tmp_path / "home")


def entered(settings, *files):
    with open_catalog(settings.catalog_address) as catalog:
        return enter_files(catalog, files, store_root=settings.store_root)


def test_a_record_holds_what_a_flow_would_have_written(site, made):
    folder, settings = site
    pixels, header = fits.getdata(folder / "m.fits", "SCI", header=True)
    with fits.open(folder / "m.fits") as opened:
        rows, columns = opened["SCI"].data.shape
        middle = WCS(opened["SCI"].header).pixel_to_world((columns - 1) / 2, (rows - 1) / 2)
    (mosaic, picture) = (one.record for one in entered(settings, folder / "m.zarr", folder / "p.png"))
    info = mosaic.image_info
    assert (mosaic.kind, mosaic.status, mosaic.operation) == ("mosaic", "published", "mosaic")
    assert (info.instrument, info.filter, info.target_name) == ("NIRCam", "F090W", "Wave")
    assert (info.height, info.width, info.units) == (rows, columns, header["BUNIT"])
    assert (mosaic.program, mosaic.processing_level) == (1234, "L3")
    assert mosaic.ra == pytest.approx(middle.ra.deg, abs=1e-6)
    assert mosaic.dec == pytest.approx(middle.dec.deg, abs=1e-6)
    assert mosaic.uri == (folder / "m.zarr").as_uri()
    assert mosaic.storage_key is None
    assert (picture.image_info.height, picture.image_info.width) == (43, 48)
    assert (picture.ra, picture.dec) == (pytest.approx(mosaic.ra, abs=1e-4), pytest.approx(mosaic.dec, abs=1e-4))
    assert picture.digest == path_digest(folder / "p.png")
    assert pixels.size
    found = jwstpipe.find_records(settings=settings)
    assert {record.product_id for record in found} == {mosaic.product_id, picture.product_id}
    assert len(jwstpipe.lineage(str(folder / "p.png"), settings=settings).branches[0].branches) == 1


def test_its_slot_is_that_of_the_same_product_of_a_flow(tmp_path):
    from tests.operations.conftest import Site

    flow = Site(tmp_path / "flow")
    flow.archive = flow.fill()
    with flow.opened() as catalog:
        files = tuple(catalog.get_many(flow.archive).values())[:1]
        parents = tuple(
            one.record for one in make_products(flow.run(catalog), CONVERT, [Order(ConvertRecipe(), files, "i.zarr")])
        )
        order = Order(MosaicRecipe(options=MosaicOptions()), parents, "m.zarr")
        (done,) = make_products(flow.run(catalog), MOSAIC, [order])
        recorded = done.record
        (export,) = make_products(flow.run(catalog), EXPORT, [Order(EXPORT.request(), (recorded,), "m.fits")])
        assert export.record.slot == EXPORT.slot({}, [recorded.slot])
        catalog.delete(export.record.product_id)
        catalog.delete(recorded.product_id)
        (again,) = enter_files(catalog, [flow.store.url(recorded.storage_key)], store_root=flow.store.root)
        other = {"created", "run_id", "execution", "file_name", "processing_results", "software", "ra", "dec", "status"}
        assert again.record.model_dump(exclude=other) == recorded.model_dump(exclude=other)
        assert recorded.ra is None  # the archive had told no position
        assert again.record.ra == pytest.approx(150.0, abs=1e-3)
        assert again.record.processing_results[0].results == recorded.processing_results[0].results


@pytest.mark.parametrize("name", ["m.zarr", "m.fits", "p.png", "p.fits", "i.zarr", "t.jpg"])
def test_what_is_gone_is_put_back_where_it_was(site, made, name, monkeypatch, tmp_path):
    folder, settings = site
    monkeypatch.chdir(tmp_path)
    before = path_digest(folder / name)
    (one,) = entered(settings, folder / name)
    stood = jwstpipe.reproduce(one.record.product_id, settings=settings)
    assert (stood.same, stood.restored, stood.digest) == (True, False, before)
    shutil.rmtree(folder / name) if name.endswith(".zarr") else (folder / name).unlink()
    back = jwstpipe.reproduce(one.record.product_id, settings=settings)
    assert (back.same, back.restored, back.address) == (True, True, str(folder / name))
    assert path_digest(folder / name) == before


def test_it_goes_elsewhere_where_that_is_said(site, tmp_path):
    folder, settings = site
    (one,) = entered(settings, folder / "p.png")
    key = one.record.product_id
    made = jwstpipe.reproduce(key, out=tmp_path / "q.png", settings=settings)
    assert (made.address, made.restored) == (str(tmp_path / "q.png"), False)
    assert (tmp_path / "q.png").read_bytes() == (folder / "p.png").read_bytes()
    with pytest.raises(ConflictError, match="--overwrite"):
        jwstpipe.reproduce(key, out=tmp_path / "q.png", settings=settings)
    with pytest.raises(UsageError, match=r"is a \.png"):
        jwstpipe.reproduce(key, out=tmp_path / "q.jpg", settings=settings)


def test_inputs_that_lie_elsewhere_are_named_and_others_are_not_taken_for_them(site, tmp_path, monkeypatch):
    folder, settings = site
    monkeypatch.chdir(tmp_path)
    (one,) = entered(settings, folder / "m.zarr")
    source = next(folder.glob("*02101*_cal.fits"))
    other = next(folder.glob("*02103*_cal.fits"))
    (tmp_path / "far").mkdir()
    source.rename(tmp_path / "far" / "moved.fits")
    shutil.copy(other, source)  # another file under its name
    with pytest.raises(NotFoundError, match=r"its input jw01234001001_02101.*give it with --input FILE"):
        jwstpipe.reproduce(one.record.product_id, settings=settings)
    again = jwstpipe.reproduce(one.record.product_id, inputs=[tmp_path / "far" / "moved.fits"], settings=settings)
    assert again.same


def test_files_are_entered_inputs_first_and_all_or_none(site, tmp_path):
    folder, settings = site
    with pytest.raises(NotFoundError, match="says nothing"):
        entered(settings, folder / "m.zarr", next(folder.glob("*_cal.fits")))
    assert jwstpipe.find_records(settings=settings) == []
    done = entered(settings, folder / "p.png", folder / "m.zarr", folder / "m.fits")
    assert [one.was_known for one in done] == [False, False, True]  # the FITS file is the same product
    picture, mosaic, _ = (one.record for one in done)
    assert picture.inputs[0].product_id == mosaic.product_id
    assert all(one.was_known for one in entered(settings, folder / "p.png", folder / "m.zarr"))
    shutil.rmtree(folder / "m.zarr")
    (folder / "p.png").unlink()
    assert jwstpipe.reproduce(picture.product_id, settings=settings).same  # its mosaic is made again, too
    assert open_image(folder / "m.zarr").shape == (mosaic.image_info.height, mosaic.image_info.width)


def test_a_jpeg_without_room_for_its_preset_is_said_to_be_no_recipe(site, tmp_path):
    folder, settings = site
    look = 'title = "Mine"\nmethod = "auto"\n' + "# about it\n" * 4000
    (tmp_path / "look.toml").write_text(look)
    jwstpipe.composite(folder / "m.zarr", folder / "s.jpg", preset=str(tmp_path / "look.toml"), size=32)
    (one,) = entered(settings, folder / "s.jpg")
    assert "no room" in one.record.warnings[0]
    with pytest.raises(DataError, match="no room for all"):
        jwstpipe.reproduce(one.record.product_id, settings=settings)


def test_commands_say_it_in_words_and_in_json(site, capsys, monkeypatch):
    folder, settings = site
    monkeypatch.setenv("JWSTPIPE_HOME", str(settings.home))

    def command(*words):
        with pytest.raises(SystemExit) as end:
            main([str(word) for word in words])
        return end.value.code, *capsys.readouterr()

    code, out, error = command("catalog", "add", folder / "m.zarr", folder / "p.png", "--json")
    told = [json.loads(line) for line in out.splitlines()]
    assert (code, [one["kind"] for one in told], [one["was_known"] for one in told]) == (
        0,
        ["mosaic", "picture"],
        [False] * 2,
    )
    assert told[1]["uri"] == (folder / "p.png").as_uri()
    assert "2 records entered, 0 were known" in error
    (folder / "p.png").unlink()
    code, out, _ = command("reproduce", told[1]["product_id"], "--json")
    assert (code, json.loads(out)["restored"], json.loads(out)["same"]) == (0, True, True)
    code, out, _ = command("reproduce", told[1]["product_id"], "-o", folder / "q.png")
    assert code == 0
    assert f"made again, in {folder / 'q.png'}" in out


def test_products_in_a_bucket(site, s3_server, monkeypatch):
    folder, settings = site
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    client = boto3.client("s3", endpoint_url=s3_server, region_name="us-east-1")
    bucket = f"own-{os.urandom(4).hex()}"
    client.create_bucket(Bucket=bucket)
    remote = settings.model_copy(update={"s3": S3Settings(endpoint=s3_server)})
    names = ("m.zarr", "m.fits", "p.png")
    for name in names:
        parts = [part for part in (folder / name).rglob("*") if part.is_file()] or [folder / name]
        for part in parts:
            client.upload_file(str(part), bucket, f"own/{part.relative_to(folder)}")
    done = jwstpipe.add_files([f"s3://{bucket}/own/{name}" for name in names], settings=remote)
    assert [record.kind for record in done] == ["mosaic", "mosaic", "picture"]
    assert done[0].uri == f"s3://{bucket}/own/m.zarr"
    assert done[0].image_info.filter == "F090W"
    assert done[2].image_info.width == 48
    source, other = sorted(folder.glob("*_cal.fits"))
    for key, given in ((done[0].product_id, [source]), (done[2].product_id, [other])):
        again = jwstpipe.reproduce(key, inputs=given, settings=remote)
        assert (again.same, again.restored) == (True, False), again
    client.delete_object(Bucket=bucket, Key="own/p.png")
    assert jwstpipe.reproduce(done[2].product_id, inputs=[other], settings=remote).restored
    assert client.get_object(Bucket=bucket, Key="own/p.png")["Body"].read() == (folder / "p.png").read_bytes()
    assert np.isfinite(open_image(f"s3://{bucket}/own/m.zarr", s3=remote.s3).read()).any()
