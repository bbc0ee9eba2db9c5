"""Overlays: positions against astropy's WCS, lengths against the scale, labels by hand."""

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io.fits import Header
from astropy.table import Table
from astropy.wcs import WCS
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont

from jwstpipe.display.colour.names import WHITE
from jwstpipe.errors import DataError, NotFoundError, UsageError
from jwstpipe.render.geometry.frame import Frame
from jwstpipe.render.geometry.placement import place_on_sky
from jwstpipe.render.overlay.grid import sexagesimal
from jwstpipe.render.overlay.label import Label
from jwstpipe.render.overlay.marks import Circle, Line, Text, draw_band
from jwstpipe.render.overlay.plan import overlay_marks
from jwstpipe.requests import CompositeRequest
from jwstpipe.sky.box import Box
from tests.render.render_images import MemoryImage, starfield, tan_header

SHAPE = (600, 800)


def placement(**policies):
    image = MemoryImage(np.broadcast_to(np.float32(0), SHAPE), header=tan_header(SHAPE, **policies))
    return place_on_sky(image, Frame(0, Box.of_shape(SHAPE), SHAPE))


def marks(kinds, place, **policies):
    return overlay_marks(CompositeRequest(overlays=kinds, **policies), place, SHAPE, labels=())


@pytest.mark.parametrize("rotation", [0.0, 40.0, 200.0])
@pytest.mark.parametrize("mirrored", [False, True])
def test_compass_points_where_the_wcs_says(rotation, mirrored):
    place = placement(rotation=rotation, mirrored=mirrored)
    drawn = marks(["compass"], place)
    wcs = WCS(Header.fromstring(place.cards))
    lon, lat = wcs.wcs_pix2world(400, 300, 0)
    arrows = [mark for mark in drawn if isinstance(mark, Line)]
    for arrow, (dlon, dlat) in ((arrows[0], (0, 1e-5)), (arrows[3], (1e-5 / np.cos(np.radians(lat)), 0))):
        (x0, y0), (x1, y1) = arrow.points
        x, y = wcs.wcs_world2pix(lon + dlon, lat + dlat, 0)
        wanted = np.array([x - 400, -(y - 300)])
        drawn_vector = np.array([x1 - x0, y1 - y0])
        cosine = wanted @ drawn_vector / np.linalg.norm(wanted) / np.linalg.norm(drawn_vector)
        assert cosine > 0.9999


@pytest.mark.parametrize("scale", [4e-7, 8.6e-6, 3e-4, 0.01])
def test_scale_bar_is_as_long_as_it_says(scale):
    drawn = marks(["scalebar"], placement(scale=scale))
    (label,) = [mark.text for mark in drawn if isinstance(mark, Text)]
    unit = {'"': 1 / 3600, "'": 1 / 60, "°": 1.0}[label[-1]]
    (x0, _), (x1, _) = drawn[0].points
    assert (x1 - x0) * scale == pytest.approx(float(label[:-1]) * unit)
    assert 20 <= x1 - x0 <= 150


@pytest.mark.parametrize(
    ("crval", "scale"),
    [((83.8, -5.4), 8.6e-6), ((359.9999, 20.0), 1e-5), ((10.0, 89.999), 1e-5), ((200.0, 45.0), 0.01)],
)
def test_grid_lines_lie_on_their_coordinates(crval, scale):
    """Every point of a line has the right ascension or the declination that all of the line has; wrap and pole too."""
    place = placement(crval=crval, scale=scale)
    drawn = marks(["grid"], place)
    lines = [mark for mark in drawn if isinstance(mark, Line)]
    assert 3 <= len(lines) <= 40
    wcs = WCS(Header.fromstring(place.cards))
    for line in lines:
        x, y = np.array(line.points).T
        lon, lat = wcs.wcs_pix2world(x, SHAPE[0] - 1 - y, 0)
        turn = np.abs((lon - lon[0] + 180) % 360 - 180) * np.cos(np.radians(lat))
        assert min(turn.max(), np.ptp(lat)) < 1e-6
    assert [mark for mark in drawn if isinstance(mark, Text)]


@pytest.mark.parametrize(
    ("value", "units", "step", "text"),
    [
        (5.5966667, "hms", 1 / 3600, "05h35m48s"),
        (-5.4, "dms", 10 / 3600, "-05°24'00\""),
        (0.9999999, "hms", 1.0, "01h"),
        (12.5, "dms", 0.5, "+12°30'"),
        (5.0, "hms", 0.1 / 3600, "05h00m00.0s"),
    ],
)
def test_labels(value, units, step, text):
    assert sexagesimal(value, units, step).startswith(text[: len(text)])


def test_sources_are_circled_where_they_are(tmp_path):
    place = placement(rotation=30.0, mirrored=True)
    wcs = WCS(Header.fromstring(place.cards))
    x, y = np.array([100.0, 700.0, 5000.0]), np.array([50.0, 400.0, 10.0])
    lon, lat = wcs.wcs_pix2world(x, y, 0)
    Table({"RA": lon, "Dec": lat}).write(tmp_path / "cat.ecsv")
    drawn = marks(["sources"], place, sources=str(tmp_path / "cat.ecsv"))
    assert [(round(mark.x), round(mark.y)) for mark in drawn] == [(100, 549), (700, 199)]
    assert all(isinstance(mark, Circle) for mark in drawn)
    with pytest.raises(UsageError, match="--sources FILE"):
        marks(["sources"], place)
    with pytest.raises(NotFoundError, match="no such file"):
        marks(["sources"], place, sources=str(tmp_path / "none.csv"))
    Table({"a": [1], "b": [2]}).write(tmp_path / "bad.csv")
    with pytest.raises(DataError, match=r"needs columns ra and dec in degrees; it has a, b"):
        marks(["sources"], place, sources=str(tmp_path / "bad.csv"))
    with pytest.raises(DataError, match="no WCS, so grid cannot be drawn"):
        marks(["grid"], None)


@pytest.mark.parametrize("dtype", [np.uint8, pytest.param(np.uint16, marks=pytest.mark.exhaustive)])
def test_marks_do_not_depend_on_the_bands(dtype):
    drawn = [
        *marks(["grid", "scalebar", "compass"], placement(rotation=20.0)),
        Text(30, 40, "NGC 3132", 20),
    ]
    most = np.iinfo(dtype).max
    picture = (starfield((*SHAPE,))[..., None] % 1.0 * [most // 2] * np.ones(3)).astype(dtype)
    whole = draw_band(picture, 0, drawn)
    assert (whole != picture).any()
    for rows in (1, 77):
        parts = [draw_band(picture[top : top + rows], top, drawn) for top in range(0, SHAPE[0], rows)]
        assert np.array_equal(np.concatenate(parts), whole)


ANNOTATIONS = """
[[text]]
at = ["05:35:12.0", "-05:24:00"]
text = "here"
colour = "yellow"
[[arrow]]
at = [83.8, -5.4]
from = [83.8005, -5.3995]
text = "proplyd"
[[circle]]
at = [83.8, -5.4]
radius = 5.0
text = "5 arcsec"
[[box]]
at = [83.8, -5.4]
width = 6.0
height = 2.0
angle = 30.0
[[text]]
at = [83.8, 5.4]
text = "not in this picture"
"""


@pytest.mark.parametrize("policies", [{}, {"rotation": 77.0}, {"mirrored": True}])
def test_annotations_lie_where_the_sky_says(tmp_path, policies):
    (tmp_path / "marks.toml").write_text(ANNOTATIONS)
    place = placement(**policies)
    drawn = marks((), place, annotations=str(tmp_path / "marks.toml"))
    texts = {mark.text: mark for mark in drawn if isinstance(mark, Text)}
    assert set(texts) == {"here", "proplyd", "5 arcsec"}
    wcs = WCS(Header.fromstring(place.cards))
    centre = SkyCoord(83.8, -5.4, unit="deg")
    x, y = wcs.world_to_pixel(centre)
    assert (texts["here"].x, SHAPE[0] - 1 - texts["here"].y) == pytest.approx((float(x), float(y)), abs=1e-3)
    shaft, _, _, circle, box = (mark for mark in drawn if isinstance(mark, Line))
    tail, tip = (wcs.pixel_to_world(px, SHAPE[0] - 1 - py) for px, py in shaft.points)
    assert tip.separation(centre).arcsec < 1e-3
    assert tail.separation(SkyCoord(83.8005, -5.3995, unit="deg")).arcsec < 1e-3
    ring = wcs.pixel_to_world(*np.array([(px, SHAPE[0] - 1 - py) for px, py in circle.points]).T)
    assert ring.separation(centre).arcsec == pytest.approx(5.0, abs=1e-6)
    corners = wcs.pixel_to_world(*np.array([(px, SHAPE[0] - 1 - py) for px, py in box.points]).T)
    east, north = (np.array(part.arcsec) for part in centre.spherical_offsets_to(corners))
    turn = np.radians(30.0)
    along, up = east * np.cos(turn) - north * np.sin(turn), east * np.sin(turn) + north * np.cos(turn)
    assert (np.abs(along).max(), np.abs(up).max()) == pytest.approx((3.0, 1.0), abs=1e-4)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[circle]]\nat = [1, 2]\n", "circle.0.radius: Field required"),
        ("[[text]]\nat = [1, 95]\ntext = 'a'\n", "declination lies between"),
        ("[[text]]\nat = ['1x', 2]\ntext = 'a'\n", "not an angle: '1x'"),
        ("[[text]]\nat = [1, 2]\ntext = 'a'\ncolour = 'reddish'\n", "not a colour: 'reddish'"),
        ("[[star]]\nat = [1, 2]\n", r"star.*\[\[arrow\]\]"),
        ("at =", "not a TOML file"),
    ],
)
def test_annotations_with_a_fault_are_refused_by_name(tmp_path, text, message):
    (tmp_path / "marks.toml").write_text(text)
    with pytest.raises(DataError, match=rf"marks\.toml: .*{message}"):
        marks((), placement(), annotations=str(tmp_path / "marks.toml"))
    with pytest.raises(NotFoundError, match="no such file of annotations"):
        marks((), placement(), annotations=str(tmp_path / "none.toml"))


def ink(mark, shape, around=300):
    """Draw a text with its halo, by Pillow alone, on a sheet that is larger than the picture."""
    sheet = PillowImage.new("L", (shape[1] + 2 * around, shape[0] + 2 * around))
    font = ImageFont.load_default(mark.size)
    place = (round(mark.x) + around, round(mark.y) + around)
    ImageDraw.Draw(sheet).text(
        place, mark.text, fill=255, font=font, anchor=mark.anchor, stroke_width=max(1, mark.size // 8)
    )
    return np.asarray(sheet) > 0


@pytest.mark.parametrize("shape", [(70, 120), (300, 220), (600, 800)])
def test_no_text_is_cut_and_none_touches_another(tmp_path, shape):
    image = MemoryImage(np.broadcast_to(np.float32(0), shape), header=tan_header(shape, rotation=25.0))
    place = place_on_sky(image, Frame(0, Box.of_shape(shape), shape))
    wcs = WCS(Header.fromstring(place.cards))
    corners = [(1, 1), (shape[1] - 2, shape[0] - 2), (shape[1] / 2, shape[0] / 2), (shape[1] / 2 + 2, shape[0] / 2 + 1)]
    texts = [
        f'[[text]]\nat = [{ra}, {dec}]\ntext = "A name of some length {n}"'
        for n, (ra, dec) in enumerate(wcs.wcs_pix2world(corners, 0).tolist())
    ]
    (tmp_path / "a.toml").write_text("\n".join(texts))
    options = CompositeRequest(overlays=("grid", "scalebar", "compass", "labels"), annotations=str(tmp_path / "a.toml"))
    words = ["The Southern Ring Nebula, a planetary nebula in Vela, NGC 3132", "F090W", "F187N", "F212N"]
    drawn = overlay_marks(options, place, shape, labels=[Label(word, WHITE) for word in words])
    found = [mark for mark in drawn if isinstance(mark, Text)]
    assert sum(mark.text.startswith("F") for mark in found) == 3
    covered = np.zeros((shape[0] + 600, shape[1] + 600), int)
    for mark in found:
        covered += ink(mark, shape)
    assert covered.max() == 1
    assert covered.sum() == covered[300:-300, 300:-300].sum() > 100
