"""Plots of spectra: what is drawn lies where it should, gaps stay gaps, and the same plot is the same bytes."""

from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from jwstpipe.errors import DataError
from jwstpipe.render.plots.spectra.axes import PlotAxis, tick_words
from jwstpipe.render.plots.spectra.contents import LineMark, SpectrumCurve, SpectrumPlot, limits, pleasant_unit
from jwstpipe.render.plots.spectra.plot import draw_spectra

SVG = "{http://www.w3.org/2000/svg}"


def curve(n=200, **changes):
    wave = np.linspace(1.0, 2.0, n)
    values = {"flux": np.full(n, 2e-3), "error": np.full(n, 1e-4), "valid": np.ones(n, bool)} | changes
    return SpectrumCurve(wave, values["flux"], values["error"], values["valid"])


def lines_of(path):
    root = ET.parse(path).getroot()
    blue = [one for one in root.findall(f".//{SVG}g//{SVG}polyline") if one.get("stroke") == "#1b4f8a"]
    return root, [np.array([pair.split(",") for pair in one.get("points").split()], float) for one in blue]


def test_samples_lie_where_their_axes_say_and_what_does_not_count_is_a_gap(tmp_path):
    flux = np.full(200, 2e-3)
    flux[60] = 5e-3  # a single wild sample, with a wild error
    error = np.where(flux > 4e-3, 4e-3, 1e-4)
    valid = np.ones(200, bool)
    valid[100:120] = False
    plot = SpectrumPlot([curve(flux=flux, error=error, valid=valid)], "Jy", "T <&>")
    root, lines = lines_of(draw_spectra(tmp_path / "a.svg", plot))
    assert len(lines) == 2  # before and behind the gap
    assert root.find(f"{SVG}title").text == "T <&>"
    (first, last), (low, high) = limits(plot)
    assert high < 3e-3  # the wild sample sets no end
    across = PlotAxis(first, last, *_frame(root)[:2])
    assert lines[0][:, 0].min() == pytest.approx(across.place(1.0 - 0.5 / 199), abs=1.0)
    assert lines[1][:, 0].min() == pytest.approx(across.place(1.0 + 119.5 / 199), abs=1.0)
    up = PlotAxis(low, high, *_frame(root)[:1:-1])
    assert np.median(lines[0][:, 1]) == pytest.approx(up.place(2e-3), abs=0.1)


def _frame(root):
    clip = root.find(f".//{SVG}clipPath/{SVG}rect")
    x, y, w, h = (float(clip.get(key)) for key in ("x", "y", "width", "height"))
    return x, x + w, y, y + h


def test_pictures_are_the_same_bytes_and_carry_what_they_are(tmp_path):
    plot = SpectrumPlot([curve()], "Jy", marks=[LineMark(1.4, "Pa\u03b1"), LineMark(1.401, "H\u2082")], redshift=0.1)
    told = {"product_id": "a" * 32, "kind": "spectrum"}
    for end in (".png", ".svg", ".html"):
        first, second = (draw_spectra(tmp_path / f"{k}{end}", plot, provenance=told) for k in "ab")
        assert first.read_bytes() == second.read_bytes()
        assert b"a" * 32 in first.read_bytes()
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.size == (1600, 900)
        colours = {colour for _, colour in picture.convert("RGB").getcolors(1 << 16)}
    assert (27, 79, 138) in colours


def test_nothing_to_draw_is_said(tmp_path):
    with pytest.raises(DataError, match="no valid sample to draw"):
        draw_spectra(tmp_path / "a.png", SpectrumPlot([curve(valid=np.zeros(200, bool))], "Jy"))
    with pytest.raises(DataError, match="at these wavelengths"):
        draw_spectra(tmp_path / "a.png", SpectrumPlot([curve()], "Jy", wavelengths=(5.0, 6.0)))


@pytest.mark.parametrize(
    ("unit", "size", "expected"),
    [("Jy", 2e-3, (1e-3, "mJy")), ("uJy", 0.5, (1e-3, "nJy")), ("MJy/sr", 4.0, (1.0, "MJy\u2009sr\u207b\u00b9")),
     ("DN/s", 4.0, (1.0, "DN/s"))],
)  # fmt: skip
def test_units_have_short_numbers(unit, size, expected):
    factor, words = pleasant_unit(unit, size)
    assert (factor, words) == (pytest.approx(expected[0]), expected[1])


def test_ticks_are_round_and_written_with_a_true_minus():
    great, small = PlotAxis(-0.31, 0.52, 0.0, 800.0).ticks()
    assert tick_words(great) == ["\u22120.3", "\u22120.2", "\u22120.1", "0.0", "0.1", "0.2", "0.3", "0.4", "0.5"]
    assert len(small) > 2 * len(great)
    great, _ = PlotAxis(4.9, 28.0, 0.0, 1000.0, log=False).ticks()
    assert tick_words(great)[0] == "6" or tick_words(great)[0] == "5"
