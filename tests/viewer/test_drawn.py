"""What is drawn over a view, as the annotations of a picture."""

import numpy as np
import pytest
from astropy import units
from astropy.coordinates import SkyCoord
from PIL import Image

from jwstpipe.cli.main import main
from jwstpipe.errors import UsageError
from jwstpipe.render.overlay.annotations import read_annotations
from jwstpipe.requests import CompositeRequest
from jwstpipe.viewer.drawn import drawn_options
from jwstpipe.viewer.state import safe_wishes
from tests.viewer.scenes import SCALE


def test_regions_become_annotations_where_they_are():
    lines = [
        'icrs;circle(10.5,-2.25,5") # text={a "core"}', "circle(10:00:00,+02:00:00,0.01)",
        'icrs;box(10,20,4",2",30)', "icrs;polygon(1,2,1.1,2,1.1,2.1)", "icrs;point(3,4) # text={here}",
        'icrs;ellipse(40,50,10",4",25)', "image;circle(5,5,2)", "icrs;point(3,4)",
    ]  # fmt: skip
    found, notes = drawn_options((), lines)
    marks = read_annotations(found["annotations"])
    assert (marks.circle[0].at, marks.circle[0].radius, marks.circle[0].text) == ((10.5, -2.25), 5.0, 'a "core"')
    assert marks.circle[1].at == pytest.approx((150.0, 2.0))
    assert marks.circle[1].radius == pytest.approx(36.0)
    assert (marks.box[0].width, marks.box[0].height, marks.box[0].angle) == (4.0, 2.0, 30.0)
    assert marks.polygon[0].corners == ((1, 2), (1.1, 2), (1.1, 2.1))
    assert marks.text[0].text == "here"
    assert len(notes) == 2
    assert "image;circle(5,5,2)" in notes[0]
    middle = SkyCoord(40, 50, unit="deg")
    corners = SkyCoord(np.array(marks.polygon[1].corners), unit="deg")
    apart = middle.separation(corners).arcsec
    assert apart.max() == pytest.approx(10.0, rel=1e-3)
    assert apart.min() == pytest.approx(4.0, rel=1e-3)
    # from the west over the north, which is against the hands of a clock where east is to the left
    assert middle.position_angle(corners[0]).to_value(units.deg) == pytest.approx(270 + 25, abs=0.1)


def test_overlays_and_sources_are_those_of_a_picture():
    found, notes = drawn_options(["grid", "colourbar", "sources"], [], [(1.5, -2.0)])
    assert found == {"overlays": ("grid", "sources"), "sources": "ra,dec\n1.5,-2.0\n"}
    assert notes == ("a picture has no colourbar: left out",)
    request = CompositeRequest(**found)
    assert safe_wishes(request) == request
    assert drawn_options(["sources"], [])[0] == {}
    with pytest.raises(UsageError, match="at most"):
        drawn_options(["sources"], [], [(0.0, 0.0)] * 5000)
    with pytest.raises(ValueError, match="names no files"):
        safe_wishes(CompositeRequest(sources="/etc/passwd"))


def test_the_command_draws_what_a_link_has_drawn(mosaics, tmp_path, monkeypatch, ids):
    """A circle of the view stands in the picture; without the word it does not."""
    monkeypatch.setenv("JWSTPIPE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    link = "#v=1&" + "&".join(f"i={one}" for one in ids[:3]) + '&r=icrs;circle(83.8,-5.4,2")&o=compass'
    pictures = []
    for name, more in (("plain", []), ("drawn", ["--drawn"])):
        with pytest.raises(SystemExit) as ended:
            main(["composite", *map(str, mosaics), "--view", link, "-o", f"{name}.png", *more])
        assert ended.value.code == 0
        pictures.append(np.asarray(Image.open(f"{name}.png"), int))
    changed = np.abs(pictures[1] - pictures[0]).max(axis=2) > 25
    rows, columns = changed.shape
    y, x = np.mgrid[:rows, :columns]
    away = np.hypot(y - rows / 2, x - columns / 2) * SCALE * 3600
    assert changed[np.abs(away - 2.0) < 0.4].sum() > 150  # the ring, whose middle is near that of the picture
    assert changed[away < 1.4].mean() < 0.02
