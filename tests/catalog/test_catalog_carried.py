"""The product id that files carry, in every form that we write, and what it is when nobody gives one."""

import pytest
from astropy.io import fits

import jwstpipe
from jwstpipe.catalog.lineage.embedded_id import carried_id, find_product
from jwstpipe.errors import NotFoundError
from jwstpipe.requests import CompositeRequest
from tests.mosaicking.scenes import header, wave, write

SMALL = CompositeRequest(size=32)


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pair")
    names = []
    for band in ("F200W", "F444W"):
        where = header(shape=(60, 70))
        name = write(folder / f"{band}.fits", wave(where, (60, 70)), where)
        fits.setval(name, "FILTER", value=band)
        names.append(name)
    return names


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("p.png", "metadata"),
        ("p.jpg", "metadata"),
        ("p.tif", "metadata"),
        ("p.fits", "header"),
        ("p.zarr", "attributes"),
    ],
)
def test_a_picture_of_any_form_carries_its_id_and_is_found_by_it(pair, tmp_path, embedded, record, name, place):
    made = jwstpipe.composite(pair, tmp_path / name, options=SMALL)
    assert carried_id(tmp_path / name) == (made.product_id, place)
    with pytest.raises(NotFoundError, match="does not have"):
        find_product(embedded, str(tmp_path / name))
    embedded.publish(record(1, product_id=made.product_id, kind="picture"))
    found = find_product(embedded, str(tmp_path / name))
    assert (found.record.product_id, found.by) == (made.product_id, place)


def test_images_and_thumbnails_carry_theirs(pair, tmp_path):
    converted = jwstpipe.convert(pair[0], tmp_path / "i.zarr")
    made = jwstpipe.mosaic(pair[:1], tmp_path / "m.zarr", fits=tmp_path / "m.fits")
    jwstpipe.thumbnail(tmp_path / "m.zarr", tmp_path / "t.png", size=20)
    jwstpipe.thumbnail(pair[0], tmp_path / "u.png", size=20)
    assert carried_id(tmp_path / "i.zarr") == (converted.product_id, "attributes")
    assert carried_id(tmp_path / "m.zarr") == (made.product_id, "attributes")
    assert carried_id(tmp_path / "m.fits") == (made.product_id, "header")
    assert carried_id(tmp_path / "t.png") != carried_id(tmp_path / "u.png")
    assert carried_id(pair[0]) is None


def test_the_id_of_a_picture_follows_from_pixels_and_wishes_not_from_names(pair, tmp_path):
    def identity(images, name="a.png", **wishes):
        return jwstpipe.composite(images, tmp_path / name, options=SMALL, overwrite=True, **wishes).product_id

    first = identity(pair)
    copies = []
    for name in pair:
        copies.append(tmp_path / f"copy_{name.name}")
        copies[-1].write_bytes(name.read_bytes())
    assert identity(copies) == first
    others = {
        identity(pair[:1]),
        identity(pair, title="x"),
        identity(pair, name="a.jpg"),
        identity(pair, scale_arcsec=0.3),
    }
    with fits.open(copies[0], mode="update") as opened:
        opened["SCI"].data[9, 9] += 1
    others.add(identity(copies))
    assert len(others) == 5
    assert first not in others
