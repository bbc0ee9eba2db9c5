"""Colours by name, hue and wavelength, and how channels mix."""

import colorsys

import numpy as np
import pytest

from jwstpipe.display.colour.mixing import mixing_matrix
from jwstpipe.display.colour.names import BLACK, WHITE, Colour, parse_channel_colour, parse_colour
from jwstpipe.display.colour.palette import chromatic_colours, chromatic_hues
from jwstpipe.display.colour.srgb import srgb_decoded, srgb_encoded
from jwstpipe.errors import UsageError


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("red", "#ff0000"),
        ("Green", "#00ff00"),
        ("orange", "#ff8000"),
        ("#12aBcD", "#12abcd"),
        ("240", "#0000ff"),
        ("60.0", "#ffff00"),
        ("360", "#ff0000"),
        ("teal", "#008080"),
        (" white ", "#ffffff"),
    ],
)
def test_colours_are_read(text, code):
    assert parse_colour(text).hex == code


@pytest.mark.parametrize("text", ["", "reddish", "#12345", "361", "-20", "nan", "rgb(1,2,3)"])
def test_no_colour_is_refused_with_the_way_out(text):
    with pytest.raises(UsageError, match="name as orange, #RRGGBB, or a hue"):
        parse_colour(text)


def test_channel_colour_with_weight():
    assert parse_channel_colour("orange*0.5").weight == 0.5
    assert parse_channel_colour("#ff0000").colour == Colour(1.0, 0.0, 0.0)
    assert parse_channel_colour("*2") == parse_channel_colour(" *2.0")
    assert parse_channel_colour("*2").colour is None
    for text in ("red*3", "red*-1", "red*x", "red*", "red*nan"):
        with pytest.raises(UsageError, match="weight of a channel"):
            parse_channel_colour(text)


@pytest.mark.parametrize(
    ("count", "hues"),
    [
        (1, (0,)),
        (2, (240, 0)),
        (3, (240, 120, 0)),
        (4, (240, 120, 30, 0)),
        (5, (240, 180, 120, 30, 0)),
        (6, (240, 180, 120, 60, 30, 0)),
        (7, (240, 210, 180, 120, 60, 30, 0)),
        (9, (240, 210, 180, 150, 120, 90, 60, 30, 0)),
    ],
)
def test_hue_table(count, hues):
    assert chromatic_hues(count) == hues


@pytest.mark.parametrize("count", range(2, 30))
def test_hues_fall_with_wavelength(count):
    hues = chromatic_hues(count)
    assert len(hues) == count
    assert (np.diff(hues) < 0).all()
    assert (hues[0], hues[-1]) == (240.0, 0.0)


def test_colours_follow_wavelength_and_equal_wavelengths_share_one():
    red, blue, green, also_red = chromatic_colours([4.4, 0.9, 2.0, 4.4])
    assert (blue.hex, green.hex, red.hex, also_red) == ("#0000ff", "#00ff00", "#ff0000", red)
    assert chromatic_colours([2.0]) == (WHITE,)


@pytest.mark.parametrize("count", range(1, 15))
def test_equal_channels_are_neutral_white(count):
    """Any number of filters, coloured by wavelength: equal brightness is grey, full brightness is white."""
    mix = mixing_matrix(chromatic_colours(range(1, count + 1)), [1.0] * count)
    assert (mix >= 0).all()
    assert mix.sum(axis=1) == pytest.approx([1.0, 1.0, 1.0], abs=1e-3)


@pytest.mark.parametrize("count", range(1, 15))
def test_source_in_one_channel_alone_has_that_channels_hue(count):
    """Gains dim a channel; they do not turn its colour."""
    colours = chromatic_colours(range(1, count + 1))
    mix = mixing_matrix(colours, [1.0] * count)
    for colour, light in zip(colours, mix.T, strict=True):
        shown = srgb_encoded((light / light.max()).astype(np.float32))
        wanted = colorsys.rgb_to_hsv(colour.red, colour.green, colour.blue)[0] * 360
        found = colorsys.rgb_to_hsv(*map(float, shown))[0] * 360
        assert abs((found - wanted + 180) % 360 - 180) < 0.1


@pytest.mark.parametrize("pair", [("#0080ff", "#ff8000"), ("red", "cyan"), ("blue", "yellow")])
def test_complementary_pair_is_neutral(pair):
    mix = mixing_matrix([parse_colour(name) for name in pair], [1.0, 1.0])
    assert mix.sum(axis=1) == pytest.approx([1.0, 1.0, 1.0], abs=1e-3)


def test_colours_that_cannot_make_white_stay_what_they_are():
    red, orange = parse_colour("red"), parse_colour("orange")
    mix = mixing_matrix([red, orange], [1.0, 1.0])
    assert mix[1, 0] == 0.0
    assert mix[:, 1] / mix[0, 1] == pytest.approx(orange.linear)


def test_weight_acts_and_clips_nothing():
    """A heavy channel is relatively brighter; the brightest sum is still 1."""
    colours = [parse_colour(name) for name in ("blue", "green", "red")]
    light = mixing_matrix(colours, [1.0, 1.0, 2.0]).sum(axis=1)
    assert light == pytest.approx([1.0, 0.5, 0.5], abs=1e-6)
    assert mixing_matrix(colours, [1.0, 0.0, 1.0])[:, 1] == pytest.approx([0, 0, 0])


def test_a_picture_of_nothing_is_refused():
    with pytest.raises(UsageError, match="weight 0"):
        mixing_matrix([WHITE], [0.0])
    with pytest.raises(UsageError, match="black shows nothing"):
        mixing_matrix([WHITE, BLACK], [1.0, 1.0])


def test_srgb_transfer():
    """IEC 61966-2-1: known points, and its inverse."""
    linear = np.linspace(0, 1, 1001, dtype=np.float32)
    encoded = srgb_encoded(linear)
    assert encoded[[0, 500, 1000]] == pytest.approx([0.0, 0.735357, 1.0], abs=1e-5)
    assert srgb_encoded(np.float32([0.002])) == pytest.approx(0.02584, abs=1e-6)
    assert np.abs(srgb_decoded(encoded.astype(float)) - linear).max() < 1e-6


@pytest.mark.parametrize(
    ("text", "name"),
    [("#ff8000", "Orange"), ("#808080", "Grayscale"), ("185", "Cyan"), ("350", "Red"), ("265", "Purple")],
)
def test_avm_colour_names(text, name):
    assert parse_colour(text).name == name
