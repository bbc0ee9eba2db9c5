"""Contact sheets, HiPS, masks of cores, images that share no sky."""

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from PIL import Image

from jwstpipe.catalog.lineage.carried import carried_provenance
from jwstpipe.catalog.lineage.embedded_id import carried_id
from jwstpipe.catalog.lineage.file_cards import cards_of_file
from jwstpipe.display.preset_resolution import resolve_look
from jwstpipe.errors import DataError, UsageError
from jwstpipe.identity import provenance_document
from jwstpipe.operations.products.verify import verify
from jwstpipe.render.composite import Channel, composite
from jwstpipe.render.contact import contact_sheet
from jwstpipe.render.cores.holes import CoreLimits
from jwstpipe.requests import CompositeRequest
from tests.render.render_images import MemoryImage, primary, starfield, tan_header
from tests.render.test_render_composite import FILTERS, hostile_fields, images, seen


def test_sheet_has_a_place_for_each_image_and_says_which_failed(tmp_path):
    fields = [starfield((80, 120), seed=n) for n in range(4)]
    made = [MemoryImage(field, f"{n}.fits", primary()) for n, field in enumerate(fields)]
    made.append(MemoryImage(np.full((50, 50), np.nan, np.float32), "empty.fits", primary()))
    sheet = contact_sheet(made, tmp_path / "a.png", size=64, columns=3)
    assert (sheet.images, len(sheet.failed)) == (4, 1)
    assert "empty.fits: no pixel holds data" in sheet.failed[0]
    with Image.open(tmp_path / "a.png") as image:
        pixels = np.asarray(image).astype(float)
    assert pixels.shape == (sheet.height, sheet.width, 3)
    cell = sheet.width // 3
    for number in range(4):
        y, x = number // 3 * sheet.height // 2, number % 3 * cell
        assert pixels[y : y + 64, x : x + cell].std() > 15
    with pytest.raises(DataError, match="all 1 images"):
        contact_sheet(made[-1:], tmp_path / "b.png")
    with pytest.raises(UsageError, match="at least one image"):
        contact_sheet([], tmp_path / "b.png")
    with pytest.raises(UsageError, match="from 32 to 2048 px, not 5"):
        contact_sheet(made, tmp_path / "b.png", size=5)


def test_mask_of_cores_is_what_was_filled(tmp_path):
    made = [Channel(image) for image in images(hostile_fields())]
    picture = composite(
        made, tmp_path / "a.png", cores=CoreLimits(300, 20), cores_mask=tmp_path / "mask.fits",
        options=CompositeRequest(coverage="any"),
    )  # fmt: skip
    with fits.open(tmp_path / "mask.fits") as hdus:
        mask = hdus[0].data
        assert mask.shape == picture.box.shape
        corner = WCS(hdus[0].header).wcs_pix2world(0.0, 0.0, 0)
    wanted = WCS(made[0].image.header).wcs_pix2world(float(picture.box.x0), float(picture.box.y0), 0)
    assert np.array(corner) == pytest.approx(np.array(wanted), abs=1e-9)
    missing = np.isnan([channel.image.data[picture.box.slices] for channel in made])
    assert (mask[~missing.any(axis=0)] == 0).mean() > 0.999
    assert (mask == 1).sum() >= max(one.hole_pixels for one in picture.channels)
    with pytest.raises(UsageError, match=r"end its name in \.fits"):
        composite(made, tmp_path / "b.png", cores_mask=tmp_path / "mask.png")
    assert not (tmp_path / "b.png").exists()


def test_images_that_share_no_sky_keep_their_own_colours(tmp_path):
    left, right = starfield(), starfield()
    left[:, 200:] = np.nan
    right[:, :200] = np.nan
    composite([Channel(i) for i in images([left, right], filters=FILTERS[:2])], tmp_path / "a.png")
    pixels = seen(tmp_path / "a.png").astype(float)
    assert pixels[:, :200, 2].mean() > 3 * pixels[:, :200, 0].mean()
    assert pixels[:, 201:, 0].mean() > 3 * pixels[:, 201:, 2].mean()


def test_example_preset_of_the_site_folder_can_be_loaded():
    from pathlib import Path

    path = Path(__file__).parents[2] / "configs" / "preset-example.toml"
    look = resolve_look(CompositeRequest(preset=str(path), saturation=0.5))
    assert (look.saturation, look.miri.a, look.colours["F444W"]) == (0.5, 0.08, "#ff4000")


def test_hips_shows_the_picture_where_it_is(tmp_path):
    pytest.importorskip("pyavm")
    pytest.importorskip("reproject")
    header = tan_header((120, 160), scale=2e-4, rotation=30.0)
    made = [Channel(image) for image in images([starfield((120, 160), colour=c) for c in (1, 2, 3)], header=header)]
    picture = composite(made, tmp_path / "a.hips")
    assert picture.size_bytes > 0
    properties = (tmp_path / "a.hips" / "properties").read_text()
    assert "hips_tile_format     = png" in properties
    assert float(properties.split("hips_initial_ra      = ")[1].split()[0]) == pytest.approx(83.8, abs=0.02)
    tiles = [np.asarray(Image.open(path)) for path in (tmp_path / "a.hips").rglob("Npix*.png")]
    assert max(tile[..., :3].max() for tile in tiles) > 200
    told = provenance_document("f" * 32, kind="picture", operation="composite", algorithm_version="5", parameters={},
                               inputs=[{"product_id": "a", "file_name": "a.fits"}])  # fmt: skip
    composite(made, tmp_path / "c.hips", provenance=told)
    carried = carried_provenance(tmp_path / "c.hips")
    assert (carried.product_id, [link.file_name for link in carried.inputs]) == ("f" * 32, ["a.fits"])
    assert carried_id(tmp_path / "c.hips") == ("f" * 32, "metadata")
    cards = cards_of_file(tmp_path / "c.hips")
    assert (cards["NAXIS1"], cards["NAXIS2"]) == (160, 120)
    middle = WCS(fits.Header(cards)).pixel_to_world(79.5, 59.5)
    assert middle.separation(WCS(header).pixel_to_world(79.5, 59.5)).arcsec < 0.01
    whole = verify(tmp_path / "c.hips")
    assert whole.product_id == "f" * 32
    assert whole.bytes == sum(path.stat().st_size for path in (tmp_path / "c.hips").rglob("*")
                              if path.is_file() and path.name != "jwstpipe.files.json")  # fmt: skip
    tile = next((tmp_path / "c.hips").rglob("Npix*.png"))
    content = tile.read_bytes()
    for damage, said in (
        (lambda: tile.write_bytes(content[:-9] + bytes([content[-9] ^ 1]) + content[-8:]), "damaged"),
        (tile.unlink, "lost"),
        (lambda: (tile.write_bytes(content), (tmp_path / "c.hips" / "more.png").write_bytes(b"")), "does not belong"),
    ):
        damage()
        with pytest.raises(DataError, match=said):
            verify(tmp_path / "c.hips")
    with pytest.raises(UsageError, match="8 bits, not 16"):
        composite(made, tmp_path / "b.hips", options=CompositeRequest(bits=16))
