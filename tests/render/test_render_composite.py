"""Whole composites: neutral, in register, the same from any band; and what is refused."""

import colorsys
import hashlib
import json

import numpy as np
import pytest
from astropy.io.fits import Header
from astropy.wcs import WCS
from PIL import Image

from jwstpipe.display.colour.names import Colour, parse_colour
from jwstpipe.display.colour.srgb import srgb_decoded
from jwstpipe.display.preset_resolution import resolve_look
from jwstpipe.errors import DataError, NoCoverageError, UsageError
from jwstpipe.render.composite import Channel, composite
from jwstpipe.render.cores.holes import CoreLimits
from jwstpipe.render.layers import resolve_layers
from jwstpipe.render.pixels.finish import with_lightness
from jwstpipe.render.rendering import Scene, render_window
from jwstpipe.requests import CompositeRequest
from jwstpipe.sky.box import Box
from tests.render.render_images import MemoryImage, primary, starfield, tan_header
from tests.render.test_render_avm import AVM, DC, OURS, read_packet
from tests.render.test_render_picture import png_samples

FILTERS = ("F090W", "F200W", "F444W")


def images(fields, *, filters=FILTERS, **policies):
    return [
        MemoryImage(field, address=f"{name.lower()}.fits", primary=primary(name), **policies)
        for name, field in zip(filters, fields, strict=True)
    ]


def seen(path):
    with Image.open(path) as image:
        return np.asarray(image)


def hostile_fields(shape=(230, 310)):
    """Three channels with saturated cores, gaps, a ragged border and a corner of sky seen by one only."""
    fields = []
    y, x = np.indices(shape)
    for number, colour in enumerate((0.6, 1.0, 1.7)):
        field = starfield(shape, colour=colour, sky=5.0 * number)
        field[field > 200 + 100 * number] = np.nan
        field[(x + 2 * y < 90 + 10 * number) | (x > 290 - 5 * number)] = np.nan
        field[100 + number : 103 + number, 40:200] = np.nan
        fields.append(field)
    return fields


def test_flat_spectrum_is_grey(tmp_path):
    """Channels that differ by gain and sky level only: R = G = B within 1/255 in every pixel."""
    field = starfield(noise=0.5).astype(float)
    fields = [(gain * field + sky).astype(np.float32) for gain, sky in ((1, 0), (3, 50), (0.2, 7))]
    composite([Channel(image) for image in images(fields)], tmp_path / "a.png")
    pixels = seen(tmp_path / "a.png").astype(int)
    assert np.ptp(pixels, axis=2).max() <= 1
    assert pixels.max() == 255


def test_sky_is_dark_faint_light_is_seen_and_stars_are_white(tmp_path):
    fields = [starfield((400, 400), colour=colour) for colour in (0.8, 1.0, 1.2)]
    for field in fields:
        field[100:200, 100:200] += 5.0  # nebulosity at five times the noise
    composite([Channel(image) for image in images(fields)], tmp_path / "a.png")
    pixels = seen(tmp_path / "a.png")[::-1].mean(axis=2)
    sky, nebula = np.median(pixels[250:]), np.median(pixels[100:200, 100:200])
    assert 10 <= sky <= 60
    assert nebula > sky + 25
    assert pixels.max() > 245
    assert (pixels > 250).mean() < 0.01


def test_wavelength_orders_the_colours(tmp_path):
    """The longest wavelength is red whatever the order of the arguments, and so are its sources."""
    fields = [starfield(), starfield(), starfield()]
    fields[2] = fields[2].copy()
    fields[2][140:160, 190:210] += 3000
    picture = composite([Channel(image) for image in images(fields)[::-1]], tmp_path / "a.png")
    assert [(one.filter, one.colour) for one in picture.channels] == [
        ("F090W", "#0000ff"),
        ("F200W", "#00ff00"),
        ("F444W", "#ff0000"),
    ]
    red, green, blue = seen(tmp_path / "a.png")[300 - 150, 200]
    assert red == 255
    assert max(green, blue) < 100


@pytest.mark.parametrize("ratio", [0.2, 0.5, 1.0, 2.0])
def test_hue_of_a_source_in_two_colours(tmp_path, ratio):
    """Linear light of the picture mixes the two colours in proportion to the stretched brightnesses."""
    shape = (200, 200)
    first, second = (np.random.default_rng(s).normal(0, 1, shape).astype(np.float32) for s in (1, 2))
    for field, peak in ((first, 400.0), (second, 400.0 * ratio)):
        field[50:60, 50:60] += peak
        field[150:155, 150:155] += 1000.0
    channels = [
        Channel(image, Colour.from_hue(hue))
        for image, hue in zip(images([first, second], filters=FILTERS[:2]), (240, 0), strict=True)
    ]
    options = CompositeRequest(stretch="linear", bits=16)
    picture = composite(channels, tmp_path / "a.png", options=options)
    light = srgb_decoded(png_samples(tmp_path / "a.png")[::-1][50:60, 50:60].mean(axis=(0, 1)) / 65535)
    blue, red = (
        (peak - one.stretch.lo) / (one.stretch.hi - one.stretch.lo)
        for one, peak in zip(picture.channels, (400.0, 400.0 * ratio), strict=True)
    )
    wanted = colorsys.rgb_to_hsv(min(red, 1.0), 0.0, min(blue, 1.0))[0] * 360
    found = colorsys.rgb_to_hsv(*map(float, light))[0] * 360
    assert abs(found - wanted) < 2.0


def test_north_is_up_and_stars_are_where_the_wcs_says(tmp_path):
    """One bright star at a known position: found in the picture through the WCS of the receipt, in all colours."""
    shape = (240, 300)
    y, x = np.indices(shape)
    star = 5000 * np.exp(-((y - 200.0) ** 2 + (x - 60.0) ** 2) / 8)
    fields = [np.random.default_rng(s).normal(0, 1, shape) + star for s in range(3)]
    for field in fields:
        field[:30] = np.nan
        field[:, 280:] = np.nan
    made = images([field.astype(np.float32) for field in fields])
    lon, lat = WCS(made[0].header).pixel_to_world_values(60.0, 200.0)
    for size in (None, 150, 100, 333):
        picture = composite([Channel(image) for image in made], tmp_path / "a.png", options=CompositeRequest(size=size))
        column, row_up = WCS(Header.fromstring(picture.placement.cards)).world_to_pixel_values(lon, lat)
        pixels = np.clip(seen(tmp_path / "a.png").astype(float) - 128, 0, None)  # the star alone
        rows, columns = np.indices(pixels.shape[:2])
        for colour in range(3):
            weight = pixels[..., colour]
            assert (weight * columns).sum() / weight.sum() == pytest.approx(column, abs=0.15)
            assert (weight * rows).sum() / weight.sum() == pytest.approx(picture.height - 1 - row_up, abs=0.15)
        assert row_up > picture.height / 2


@pytest.mark.parametrize(
    ("bits", "size"),
    [(8, 173), *(pytest.param(*one, marks=pytest.mark.exhaustive) for one in ((16, None), (8, None), (16, 173)))],
)
def test_band_height_does_not_change_a_byte(tmp_path, size, bits):
    made = images(hostile_fields())
    digests = set()
    for rows in (1, 37, 512):
        picture = composite(
            [Channel(image) for image in made],
            tmp_path / f"{rows}.png",
            options=CompositeRequest(size=size, bits=bits),
            cores=CoreLimits(300, 20),
            band_rows=rows,
        )
        assert picture.sha256 == hashlib.sha256((tmp_path / f"{rows}.png").read_bytes()).hexdigest()
        digests.add((picture.sha256, tuple((one.holes, one.hole_pixels) for one in picture.channels)))
    assert len(digests) == 1
    assert all(one.holes > 3 for one in picture.channels)


def hostile_scene(**wishes):
    options = CompositeRequest(**wishes)
    look = resolve_look(options)
    channels = [Channel(image) for image in images(hostile_fields())]
    plan = resolve_layers(channels, luminance=None, look=look, options=options)
    return Scene(plan.layers, None, 0, look, plan.feather, CoreLimits(300, 20), parse_colour("#102030"), 1)


@pytest.mark.parametrize(
    "wishes",
    [
        {},
        {"preset": "auto"},
        {"preset": "nasa-press", "hue": 7.0},
        {"combine": "lupton", "feather": 0.3},
        {"stretch": "histeq", "denoise": 3.0},
        {"stretch": "power", "sharpen": 2.0, "sharpen_radius": 4.0, "denoise": 2.0},
    ],
)
def test_crop_renders_as_the_whole(wishes):
    scene = hostile_scene(**wishes)
    whole = render_window(scene, Box(0, 0, 230, 310)).pixels
    for box in (Box(0, 0, 50, 310), Box(97, 33, 107, 210), Box(60, 80, 61, 81), Box(100, 200, 230, 310)):
        assert np.array_equal(render_window(scene, box).pixels, whole[box.slices])


def test_limits_do_not_depend_on_the_size(tmp_path):
    made = [Channel(image) for image in images([starfield((600, 600), colour=c) for c in (1, 2, 3)], levels=3)]
    large = composite(made, tmp_path / "a.png")
    small = composite(made, tmp_path / "b.png", options=CompositeRequest(size=150))
    assert [one.stretch for one in large.channels] == [one.stretch for one in small.channels]
    assert (large.level, small.level) == (0, 2)
    assert (small.width, small.height) == (150, 150)


def test_picture_is_cropped_to_what_enough_channels_cover(tmp_path):
    fields = [np.full((300, 400), np.nan, np.float32) for _ in range(3)]
    fields[0][50:200, 100:250] = starfield((150, 150))
    fields[1][60:210, 90:240] = starfield((150, 150), colour=2)
    fields[2][70:190, 110:260] = starfield((120, 150), colour=3)
    channels = [Channel(image) for image in images(fields)]
    for coverage, box in (
        ("any", Box(50, 90, 210, 260)), ("majority", Box(60, 100, 200, 250)), ("all", Box(70, 110, 190, 240))
    ):  # fmt: skip
        picture = composite(channels, tmp_path / "a.png", options=CompositeRequest(coverage=coverage))
        assert picture.box == box
        assert seen(tmp_path / "a.png").shape == (*box.shape, 3)
        assert picture.notes == ()


def test_a_minority_that_is_most_of_the_sky_is_shown_and_it_is_said(tmp_path):
    fields = [starfield(), starfield(colour=2), starfield(colour=3)]
    fields[1][:, 60:] = np.nan
    fields[2][:, 60:] = np.nan
    picture = composite([Channel(image) for image in images(fields)], tmp_path / "a.png")
    assert (picture.height, picture.width) == fields[0].shape
    assert picture.notes == ("2 of 3 filters cover only 15 % of the sky: all of it is shown",)


@pytest.mark.parametrize("levels", [1, 4])
def test_crop_is_exact_where_a_coarse_level_found_it(tmp_path, levels, monkeypatch):
    monkeypatch.setattr("jwstpipe.render.channel_samples.SURVEY_PIXELS", 3000)
    field = np.full((500, 700), np.nan, np.float32)
    field[123:397, 211:555] = starfield((274, 344))
    (image,) = images([field], filters=["F200W"], levels=levels)
    assert composite([Channel(image)], tmp_path / "a.png").box == Box(123, 211, 397, 555)


def test_size_is_the_longest_side(tmp_path):
    made = [Channel(image) for image in images([starfield((211, 300), colour=c) for c in (1, 2, 3)])]
    for size in (100, 150, 299, 300, 600):
        picture = composite(made, tmp_path / "a.png", options=CompositeRequest(size=size, enlarge=True))
        assert (picture.height, picture.width) == seen(tmp_path / "a.png").shape[:2]
        assert picture.width == size
        assert abs(picture.height - 211 * size / 300) < 1


def test_saturated_core_is_filled_and_the_outside_stays_black(tmp_path):
    fields = []
    y, x = np.indices((200, 260))
    for colour in (0.7, 1.0, 1.4):
        field = starfield((200, 260), colour=colour, stars=30)
        field += colour * 9000 / (1 + ((y - 100) ** 2 + (x - 120) ** 2) / 9)
        field[np.hypot(y - 100, x - 120) < 5 + 3 * colour] = np.nan
        field[x + y < 80] = np.nan
        fields.append(field.astype(np.float32))
    made = [Channel(image) for image in images(fields)]
    picture = composite(made, tmp_path / "a.png")
    pixels = seen(tmp_path / "a.png")[::-1]
    assert [one.holes for one in picture.channels] == [1, 1, 1]
    assert picture.channels[0].hole_pixels == (np.hypot(y - 100, x - 120) < 7.1).sum()
    assert pixels[95:106, 115:126].min() > 240
    assert (pixels[x + y < 80] == 0).all()
    assert (pixels[0, 100:] > 0).any()

    unfilled = composite(made, tmp_path / "b.png", cores=CoreLimits(0, 0))
    assert [one.holes for one in unfilled.channels] == [0, 0, 0]
    assert seen(tmp_path / "b.png")[::-1][98:103, 118:123].max() == 0

    composite(made, tmp_path / "c.png", background=parse_colour("#204060"))
    assert (seen(tmp_path / "c.png")[::-1][x + y < 80] == (0x20, 0x40, 0x60)).all()


def test_science_arrays_are_not_changed(tmp_path):
    fields = hostile_fields()
    kept = [field.copy() for field in fields]
    composite([Channel(image) for image in images(fields)], tmp_path / "a.png")
    assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(fields, kept, strict=True))


def test_one_image_is_a_grey_picture_and_two_are_neutral(tmp_path):
    field = starfield(noise=0.3)
    (alone,) = images([field], filters=["F200W"])
    composite([Channel(alone)], tmp_path / "a.png")
    assert np.ptp(seen(tmp_path / "a.png").astype(int), axis=2).max() == 0
    pair = images([field, 2 * field], filters=["F090W", "F444W"])
    composite([Channel(image) for image in pair], tmp_path / "b.png")
    assert np.ptp(seen(tmp_path / "b.png").astype(int), axis=2).max() <= 1


def test_weight_is_relative(tmp_path):
    made = images([starfield(noise=0.3)] * 3)
    composite([Channel(made[0]), Channel(made[1]), Channel(made[2], weight=2.0)], tmp_path / "a.png")
    pixels = seen(tmp_path / "a.png").astype(int)
    bright = pixels[..., 0] > 60
    assert (pixels[bright][:, 0] > pixels[bright][:, 1]).all()
    assert pixels[..., 0].max() == 255


def test_luminance_brings_lightness_and_keeps_hue(tmp_path):
    light = np.random.default_rng(0).random((30, 40, 3)).astype(np.float32)
    wanted = np.random.default_rng(1).random((30, 40)).astype(np.float32)
    result = with_lightness(light, wanted, share=1.0)
    for old, new, level in zip(light.reshape(-1, 3), result.reshape(-1, 3), wanted.ravel(), strict=True):
        h, _, s = colorsys.rgb_to_hls(*map(float, old))
        assert new == pytest.approx(colorsys.hls_to_rgb(h, float(level), s), abs=1e-4)
    assert with_lightness(light, wanted, share=0.0) == pytest.approx(light, abs=1e-6)
    assert with_lightness(light, np.full_like(wanted, np.nan), share=1.0) == pytest.approx(light, abs=1e-6)

    made = images([starfield(noise=3.0, colour=c) for c in (1.0, 1.3, 1.6)])
    sharp = MemoryImage(starfield(noise=0.1), address="deep.fits", primary=primary("F322W2"))
    picture = composite([Channel(i) for i in made], tmp_path / "a.png", luminance=Channel(sharp, weight=0.8))
    assert picture.luminance.image == "deep.fits"
    assert picture.luminance.weight == 0.8
    assert composite([Channel(i) for i in made], tmp_path / "b.png").luminance is None
    composite([Channel(sharp)], tmp_path / "c.png")
    with_it, without, deep = (seen(tmp_path / name).mean(axis=2).ravel() for name in ("a.png", "b.png", "c.png"))
    assert np.corrcoef(with_it, deep)[0, 1] > 0.97 > np.corrcoef(without, deep)[0, 1]


def test_metadata_say_how_it_was_made(tmp_path):
    made = images([starfield(colour=c) for c in (1, 2, 3)], provenance={"product_id": "abc123"})
    made[0].primary["TARGNAME"] = "NGC 3132"
    for name in ("a.png", "a.jpg"):
        picture = composite([Channel(i) for i in made], tmp_path / name, provenance={"product_id": "p" * 32})
        with Image.open(tmp_path / name) as image:
            found = read_packet(image.info["xmp"])
        assert found[DC + "title"] == ["NGC 3132"]
        assert found[AVM + "Spectral.Bandpass"] == list(FILTERS)
        assert found[AVM + "Spectral.CentralWavelength"] == ["901", "1989", "4421"]
        assert found[AVM + "Spectral.ColorAssignment"] == ["Blue", "Green", "Red"]
        assert found[AVM + "Spatial.ReferenceDimension"] == ["400", "300"]
        assert found[OURS + "ProductId"] == "p" * 32
        recipe = json.loads(found[OURS + "Recipe"])
        assert [one["image"] for one in recipe["channels"]] == ["abc123"] * 3
        assert recipe["channels"][1]["stretch"]["hi"] == picture.channels[1].stretch.hi
    receipt = json.loads(json.dumps(picture.as_dict()))
    assert receipt["path"] == str(tmp_path / "a.jpg")
    assert receipt["channels"][2]["filter"] == "F444W"


@pytest.mark.parametrize("name", ["a.png", "a.jpg"])
def test_pyavm_reads_the_file(tmp_path, name):
    """A reader that is not ours finds the packet and the place."""
    pyavm = pytest.importorskip("pyavm")
    made = images([starfield(colour=c) for c in (1, 2, 3)], header=tan_header((300, 400), rotation=33.0))
    composite([Channel(i) for i in made], tmp_path / name, options=CompositeRequest(size=200))
    found = pyavm.AVM.from_image(tmp_path / name)
    lon, lat = WCS(made[0].header).pixel_to_world_values(300.5, 40.5)
    assert found.to_wcs().world_to_pixel_values(lon, lat) == pytest.approx((150.0, 20.0), abs=0.01)
    assert list(found.Spectral.CentralWavelength) == [901, 1989, 4421]


def test_no_folder_name_enters_the_picture(tmp_path):
    made = images([starfield(colour=c) for c in (1, 2, 3)])
    for image in made:
        image.address = f"/home/somebody/secret/{image.address}"
    composite([Channel(i) for i in made], tmp_path / "a.png")
    assert b"somebody" not in (tmp_path / "a.png").read_bytes()


def test_progress_counts_rows(tmp_path):
    told = []
    composite([Channel(i) for i in images([starfield()] * 3)], tmp_path / "a.png", band_rows=128, report=told.append)
    assert [(one.done, one.total) for one in told] == [(44, 300), (172, 300), (300, 300)]


# What is refused, with the way out


def test_channel_without_data_is_named(tmp_path):
    made = images([starfield(), np.full((300, 400), np.nan, np.float32), starfield()])
    with pytest.raises(DataError, match=r"f200w\.fits: no pixel holds data.*leave it out"):
        composite([Channel(i) for i in made], tmp_path / "a.png")
    assert not list(tmp_path.iterdir())


def test_channels_that_do_not_overlap_stand_alone_and_it_is_said(tmp_path):
    left, right = starfield(), starfield()
    left[:, 200:] = np.nan
    right[:, :200] = np.nan
    made = images([left, right], filters=FILTERS[:2])
    picture = composite([Channel(i) for i in made], tmp_path / "a.png")
    assert picture.notes == ("no two images cover the same sky: each stands alone, in its own colour",)
    assert (picture.height, picture.width) == left.shape


def test_luminance_alone_is_refused(tmp_path):
    (image,) = images([starfield()], filters=["F200W"])
    with pytest.raises(UsageError, match="at least one colour image; the luminance image only brings lightness"):
        composite([], tmp_path / "a.png", luminance=Channel(image))
    with pytest.raises(UsageError, match=r"share of the luminance is from 0 to 1, not 1\.5"):
        composite([Channel(image)], tmp_path / "a.png", luminance=Channel(image, weight=1.5))


def test_unknown_filter_needs_a_colour(tmp_path):
    made = images([starfield(), starfield()], filters=["F200W", "F606W"])
    with pytest.raises(UsageError, match=r"F606W.*--channel f606w\.fits=COLOUR"):
        composite([Channel(i) for i in made], tmp_path / "a.png")
    picture = composite([Channel(made[0]), Channel(made[1], parse_colour("cyan"))], tmp_path / "a.png")
    assert [one.wavelength_um for one in picture.channels] == [1.989, None]


def test_other_grid_is_named(tmp_path):
    made = images([starfield(), starfield((300, 401)), starfield()])
    with pytest.raises(DataError, match=r"f200w\.fits has 300x401 pixels and f090w\.fits 300x400; align them"):
        composite([Channel(i) for i in made], tmp_path / "a.png")
    made = images([starfield()] * 3)
    made[2].header = tan_header((300, 400), crpix=(200.5, 153.0))
    with pytest.raises(DataError, match=r"f444w\.fits lies 2\.5 px off the grid of f090w\.fits; align"):
        composite([Channel(i) for i in made], tmp_path / "a.png")


@pytest.mark.parametrize(
    ("name", "options", "error", "message"),
    [
        ("a.gif", {}, UsageError, r"end the name in \.png"),
        ("a.jpg", {"bits": 16}, UsageError, r"write a \.png"),
    ],
)
def test_impossible_output_is_refused_before_any_read(tmp_path, name, options, error, message):
    made = images([starfield()] * 3)
    with pytest.raises(error, match=message):
        composite([Channel(i) for i in made], tmp_path / name, options=CompositeRequest(**options))
    assert not list(tmp_path.iterdir())
    assert not any(image.reads for image in made)


def test_channel_weight_out_of_range_is_refused():
    (image,) = images([starfield((20, 20))], filters=["F200W"])
    with pytest.raises(UsageError, match=r"weight of a channel is from 0 to 2, not 2\.5"):
        Channel(image, weight=2.5)


@pytest.mark.parametrize(
    ("size", "crop", "part_size", "place"),
    [
        (None, (37, 50, 170, 210), None, (37, 50)),
        (240, (96, 48, 336, 288), 120, (48, 24)),
        pytest.param(120, (0, 80, 400, 160), 100, (0, 20), marks=pytest.mark.exhaustive),
        pytest.param(960, (150, 120, 162, 130), 24, (300, 240), marks=pytest.mark.exhaustive),
    ],
)
def test_crop_of_any_size_is_the_part_of_the_whole_picture(tmp_path, size, crop, part_size, place):
    """At one scale the pixels are the same, bit for bit, whatever level they come from, resized or sharpened or not."""
    fields = hostile_fields((480, 480))
    fields[0][np.isnan(fields[0])] = 5.0
    fields[0][200:206, 100:104] = np.nan
    made = [Channel(image) for image in images(fields, levels=3)]
    wishes = {"preset": "nasa-press", "coverage": "any", "enlarge": True}
    whole = composite(made, tmp_path / "a.png", options=CompositeRequest(size=size, **wishes))
    part = composite(made, tmp_path / "b.png", options=CompositeRequest(size=part_size, crop=crop, **wishes))
    assert part.level == whole.level
    assert max(part.width, part.height) == (part_size or 160)
    rows, columns = slice(place[1], place[1] + part.height), slice(place[0], place[0] + part.width)
    assert np.array_equal(seen(tmp_path / "a.png")[::-1][rows, columns], seen(tmp_path / "b.png")[::-1])
    corner = WCS(Header.fromstring(part.placement.cards)).pixel_to_world_values(0.0, 0.0)
    there = WCS(Header.fromstring(whole.placement.cards)).world_to_pixel_values(*corner)
    assert there == pytest.approx(place, abs=1e-6)


def test_crop_beyond_what_is_covered_is_background_and_one_without_data_is_refused(tmp_path):
    fields = [np.pad(starfield((100, 120), colour=colour), 50, constant_values=np.nan) for colour in (1, 2, 3)]
    made = [Channel(image) for image in images(fields)]
    whole = composite(made, tmp_path / "a.png")
    part = composite(made, tmp_path / "b.png", options=CompositeRequest(crop=(20, 30, 80, 90)))
    assert (part.width, part.height, whole.box) == (60, 60, Box(50, 50, 150, 170))
    pixels = seen(tmp_path / "b.png")[::-1]
    assert np.array_equal(pixels[20:, 30:], seen(tmp_path / "a.png")[::-1][:40, :30])
    assert not pixels[:20].any()
    assert not pixels[:, :30].any()
    with pytest.raises(NoCoverageError, match="crop shows nothing"):
        composite(made, tmp_path / "c.png", options=CompositeRequest(crop=(0, 0, 20, 20)))
