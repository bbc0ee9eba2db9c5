"""Looks that are saved: loading one gives the same picture, bit for bit."""

import numpy as np
import pytest
from PIL import Image

from jwstpipe.display.colour.names import parse_colour
from jwstpipe.display.presets.load import load_preset
from jwstpipe.display.presets.save import save_preset
from jwstpipe.errors import UsageError
from jwstpipe.operations.composite import PictureRecipe, with_contents
from jwstpipe.render.composite import Channel, composite
from jwstpipe.requests import CompositeRequest
from tests.render.render_images import MemoryImage, primary, starfield

FILTERS = ("F090W", "F200W", "F770W")


def images():
    return [
        MemoryImage(starfield(colour=colour), address=f"{name}.fits", primary=primary(name))
        for name, colour in zip(FILTERS, (0.6, 1.0, 1.5), strict=True)
    ]


def pixels(path, options, colours=None):
    colours = colours or [(None, 1.0)] * len(FILTERS)
    channels = [
        Channel(image, None if name is None else parse_colour(name), weight)
        for image, (name, weight) in zip(images(), colours, strict=True)
    ]
    composite(channels, path, options=options)
    with Image.open(path) as opened:
        return np.asarray(opened)


@pytest.mark.parametrize(
    "wishes",
    [
        {},
        {"preset": "auto", "hue": 7.0, "vibrancy": 0.5},
        {"preset": "nasa-press", "stretch": "power", "softening": 3.0, "sharpen": 0.9, "sharpen_radius": 3.0},
        {"preset": "balanced", "softening": 0.2, "gamma": 1.4, "curve": "0:0,0.3:0.2,1:1", "palette": "wavelength"},
        {"preset": "scientific", "low_percent": 1.0, "high_percent": 99.0, "denoise": 2.0, "combine": "lupton"},
        {"preset": "natural", "recipe": "NGC 3132", "low": 8.0, "high": 300.0, "neutralise": False, "feather": 0.3},
    ],
)
def test_saved_look_gives_the_same_picture(tmp_path, wishes):
    options = CompositeRequest(**wishes)
    first = pixels(tmp_path / "a.png", options)
    save_preset(options, tmp_path / "mine.toml")
    again = pixels(tmp_path / "b.png", CompositeRequest(preset=str(tmp_path / "mine.toml")))
    assert np.array_equal(first, again)
    assert first.std() > 5
    text = (tmp_path / "mine.toml").read_text()
    (tmp_path / "older.toml").write_text(text.replace("[options]", "[wishes]"))  # as they were written at first
    older = load_preset(str(tmp_path / "older.toml"))
    assert older == load_preset(str(tmp_path / "mine.toml"))
    assert ("[options]" in text) == bool(wishes)
    save_preset(CompositeRequest(preset=str(tmp_path / "mine.toml"), saturation=0.3), tmp_path / "pale.toml")
    pale = pixels(tmp_path / "c.png", CompositeRequest(preset=str(tmp_path / "pale.toml")))
    assert np.ptp(pale.astype(int), axis=2).mean() < np.ptp(first.astype(int), axis=2).mean()


def test_colours_given_by_hand_are_saved_by_filter_with_their_weights(tmp_path):
    colours = [("#2040ff", 0.5), ("lime", 1.0), ("#ff4000", 1.6)]
    first = pixels(tmp_path / "a.png", CompositeRequest(), colours)
    by_filter = {
        name: f"{parse_colour(colour).hex}*{weight:g}" for name, (colour, weight) in zip(FILTERS, colours, strict=True)
    }
    save_preset(CompositeRequest(), tmp_path / "mine.toml", colours=by_filter)
    assert np.array_equal(first, pixels(tmp_path / "b.png", CompositeRequest(preset=str(tmp_path / "mine.toml"))))


def test_other_names_are_refused(tmp_path):
    with pytest.raises(UsageError, match=r"mine\.txt: a preset is a TOML file"):
        save_preset(CompositeRequest(), tmp_path / "mine.txt")


def test_a_preset_file_with_other_contents_is_another_wish(tmp_path):
    save_preset(CompositeRequest(), tmp_path / "mine.toml")
    options = PictureRecipe(preset=str(tmp_path / "mine.toml"))
    first = with_contents(options)
    assert with_contents(first) == first
    assert str(tmp_path) not in first.model_dump_json()
    save_preset(CompositeRequest(hue=9.0), tmp_path / "mine.toml")
    assert with_contents(options) != first
    assert with_contents(PictureRecipe(preset="natural")) == PictureRecipe(preset="natural")
