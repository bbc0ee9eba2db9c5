"""A product speaks for itself: what a file carries, in every format, is enough for its lineage and its record."""

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

import jwstpipe
from jwstpipe.catalog.catalog import open_catalog
from jwstpipe.catalog.lineage.carried import carried_provenance, carried_tree
from jwstpipe.catalog.lineage.formats import render_tree_text
from jwstpipe.errors import DataError, NotFoundError
from jwstpipe.operations.products.record_file import record_of_file
from jwstpipe.requests import CompositeRequest
from tests.operations.conftest import NOW, archive_files

FORMS = ("p.png", "p.jpg", "p.tif", "p.fits", "p.zarr", "m.zarr", "m.fits", "i.zarr", "t.png", "s.png")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    files = archive_files(folder)
    jwstpipe.convert(files[0], folder / "i.zarr")
    options = CompositeRequest(size=32)
    for name in FORMS[:5]:
        jwstpipe.composite(files, folder / name, options=options)
    jwstpipe.mosaic(files[:1], folder / "m.zarr", fits=folder / "m.fits")
    jwstpipe.thumbnail(files[0], folder / "t.png", size=32)
    jwstpipe.contact_sheet(files, folder / "s.png", size=32)
    return folder


@pytest.mark.parametrize("name", FORMS)
def test_every_form_tells_what_it_was_made_of_and_no_path(made, name):
    told = carried_provenance(made / name)
    told.require_true(name=name)
    assert told.operation in ("composite", "mosaic", "convert", "thumbnail", "contact-sheet")
    assert [link.file_name.startswith("jw01234001001_0210") for link in told.inputs] == [True] * len(told.inputs)
    whole = [made / name] if (made / name).is_file() else [part for part in (made / name).rglob("*") if part.is_file()]
    assert not any(str(made).encode() in part.read_bytes() for part in whole)


@pytest.mark.parametrize("name", FORMS)
def test_its_record_is_made_of_what_it_says(made, name, tmp_path):
    told = carried_provenance(made / name)
    with open_catalog(str(tmp_path / "c.sqlite")) as catalog:
        record = record_of_file(made / name, told, catalog, storage_key=None, created=NOW)
        text = render_tree_text(carried_tree(told, record, catalog))
        assert "not in the catalogue" in text
        catalog.publish(record)
        found = catalog.get(told.product_id)
    assert found.operation == told.operation
    assert found.parameters == told.parameters
    assert [link.file_name for link in found.inputs] == [link.file_name for link in told.inputs]


def test_a_file_that_was_edited_is_told(made, tmp_path):
    with Image.open(made / "t.png") as opened:
        packet = opened.info["xmp"]
        pixels = np.asarray(opened)
    assert b'"size":32' in packet
    info = PngImagePlugin.PngInfo()
    info.add_itxt("XML:com.adobe.xmp", packet.replace(b'"size":32', b'"size":33').decode())
    Image.fromarray(pixels).save(tmp_path / "x.png", pnginfo=info)
    with pytest.raises(DataError, match=r"x\.png: says that it is product .* edited"):
        carried_provenance(tmp_path / "x.png").require_true(name="x.png")


def test_a_file_of_others_says_nothing(made, tmp_path):
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(tmp_path / "y.png")
    for path in (tmp_path / "y.png", next(made.glob("*cal.fits"))):
        with pytest.raises(NotFoundError, match="says nothing of what it was made of"):
            carried_provenance(path)
