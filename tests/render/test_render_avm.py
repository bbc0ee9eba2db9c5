"""AVM: the packet read back as XML, and positions rebuilt from its keywords alone."""

import json
import warnings
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from astropy.io.fits import Header
from astropy.wcs import WCS

from jwstpipe.render.files.avm import AvmRecord, SpectralEntry, avm_packet
from jwstpipe.render.geometry.frame import Frame
from jwstpipe.render.geometry.placement import place_on_sky
from jwstpipe.sky.box import Box
from tests.render.render_images import MemoryImage, starfield, tan_header

RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
AVM = "{http://www.communicatingastronomy.org/avm/1.0/}"
DC = "{http://purl.org/dc/elements/1.1/}"
OURS = "{urn:jwstpipe:xmp:1.0#}"


def read_packet(packet):
    """Properties of a packet: text, or list of texts."""
    root = ET.fromstring(packet.decode("utf-8-sig"))
    (about,) = root.iter(f"{RDF}Description")
    result = {}
    for entry in about:
        items = [item.text for item in entry.iter(f"{RDF}li")]
        result[entry.tag] = items or entry.text
    return result


def wcs_from_keywords(found, *, matrix):
    """Rebuild the WCS as the AVM standard says: FITS convention, CROTA2 = Rotation."""

    def numbers(name):
        return [float(value) for value in found[AVM + "Spatial." + name]]

    wcs = WCS(naxis=2)
    code = found[AVM + "Spatial.CoordsystemProjection"]
    wcs.wcs.ctype = [f"RA---{code}", f"DEC--{code}"]
    wcs.wcs.radesys = found[AVM + "Spatial.CoordinateFrame"]
    wcs.wcs.crval = numbers("ReferenceValue")
    wcs.wcs.crpix = numbers("ReferencePixel")
    if matrix:
        wcs.wcs.cd = np.reshape(numbers("CDMatrix"), (2, 2))
    else:
        angle = np.radians(float(found[AVM + "Spatial.Rotation"]))
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        wcs.wcs.cd = turn @ np.diag(numbers("Scale"))
    wcs.wcs.set()
    return wcs


def offset_px(rebuilt, header, frame):
    """Largest miss, picture pixels, of the corners and centre of the picture."""
    rows, columns = frame.shape
    x = np.array([0, columns - 1, 0, columns - 1, columns / 2])
    y = np.array([0, 0, rows - 1, rows - 1, rows / 2])
    size = 2.0**frame.level
    true_x = (frame.box.x0 + (x + 0.5) * frame.box.shape[1] / columns) * size - 0.5
    true_y = (frame.box.y0 + (y + 0.5) * frame.box.shape[0] / rows) * size - 0.5
    lon, lat = WCS(header).pixel_to_world_values(true_x, true_y)
    back_x, back_y = rebuilt.world_to_pixel_values(lon, lat)
    return np.hypot(back_x - x, back_y - y).max()


@pytest.mark.parametrize("seed", range(20))
def test_positions_come_back_from_the_keywords(seed):
    """Random pole distance, scale, rotation, parity, reference pixel, level, crop and size."""
    rng = np.random.default_rng(seed)
    shape = tuple(int(n) for n in rng.integers(300, 3000, 2))
    header = tan_header(
        shape,
        crval=(rng.uniform(0, 360), np.degrees(np.arcsin(rng.uniform(-1, 1)))),
        scale=rng.uniform(0.03, 2.0) / 3600,
        rotation=rng.uniform(-180, 180),
        mirrored=bool(seed % 3 == 0),
        crpix=tuple(map(float, rng.uniform(-500, 3500, 2))),
    )
    level = int(rng.integers(0, 4))
    height, width = (n >> level for n in shape)
    y0, x0 = int(rng.integers(0, height // 2)), int(rng.integers(0, width // 2))
    box = Box(y0, x0, y0 + int(rng.integers(10, height // 2)), x0 + int(rng.integers(10, width // 2)))
    frame = Frame(level, box, tuple(int(n) for n in rng.integers(20, 900, 2)))
    image = MemoryImage(np.broadcast_to(np.float32(0), shape), header=header)
    placement = place_on_sky(image, frame)
    found = read_packet(avm_packet(AvmRecord(frame.shape, placement)))
    assert found[AVM + "Spatial.ReferenceDimension"] == [str(frame.shape[1]), str(frame.shape[0])]
    assert found[AVM + "Spatial.Quality"] == "Full"
    assert offset_px(wcs_from_keywords(found, matrix=False), header, frame) < 0.01
    if seed % 3 == 0:
        assert float(found[AVM + "Spatial.Scale"][0]) > 0
        assert offset_px(wcs_from_keywords(found, matrix=True), header, frame) < 0.01
    else:
        assert float(found[AVM + "Spatial.Scale"][0]) < 0
        assert AVM + "Spatial.CDMatrix" not in found
    assert offset_px(WCS(Header.fromstring(placement.cards)), header, frame) < 0.01


@pytest.mark.parametrize("rotation", [0.0, 77.0, -120.0])
@pytest.mark.parametrize("mirrored", [False, True])
def test_pyavm_places_the_picture(tmp_path, rotation, mirrored):
    """A reader that is not ours, with all its habits of parity."""
    pyavm = pytest.importorskip("pyavm")
    header = tan_header((400, 500), rotation=rotation, mirrored=mirrored)
    frame = Frame(1, Box(10, 20, 150, 220), (90, 131))
    placement = place_on_sky(MemoryImage(starfield((400, 500)), header=header), frame)
    body = avm_packet(AvmRecord(frame.shape, placement, title="M 42"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of CDMatrix as deprecated
        read = pyavm.AVM.from_xml(body)
        rebuilt = read.to_wcs()
    assert offset_px(rebuilt, header, frame) < 0.05
    assert read.Title == "M 42"


def test_sheared_matrix_is_written_whole():
    header = tan_header((300, 300))
    header["CD1_2"] = 3e-6
    frame = Frame(0, Box(0, 0, 300, 300), (300, 300))
    placement = place_on_sky(MemoryImage(starfield((300, 300)), header=header), frame)
    found = read_packet(avm_packet(AvmRecord(frame.shape, placement)))
    assert offset_px(wcs_from_keywords(found, matrix=True), header, frame) < 0.01


def test_distorted_image_is_marked_as_placed_by_position_only():
    header = tan_header((300, 300))
    header["CTYPE1"], header["CTYPE2"] = "RA---TAN-SIP", "DEC--TAN-SIP"
    header["A_ORDER"], header["A_2_0"], header["B_ORDER"], header["B_0_2"] = 2, 1e-3, 2, 1e-3
    placement = place_on_sky(
        MemoryImage(starfield((300, 300)), header=header), Frame(0, Box(0, 0, 300, 300), (300, 300))
    )
    assert not placement.exact
    assert placement.projection == "TAN"
    assert "A_2_0" not in Header.fromstring(placement.cards)
    assert read_packet(avm_packet(AvmRecord((300, 300), placement)))[AVM + "Spatial.Quality"] == "Position"


def test_latitude_first_and_galactic_frame():
    header = tan_header((100, 100))
    header["CTYPE1"], header["CTYPE2"] = "GLAT-CAR", "GLON-CAR"
    header["CRVAL1"], header["CRVAL2"] = 0.0, 30.0
    header["CD1_1"], header["CD1_2"], header["CD2_1"], header["CD2_2"] = 0.0, 1e-5, -1e-5, 0.0
    image = MemoryImage(starfield((100, 100)), header=header)
    placement = place_on_sky(image, Frame(0, Box(0, 0, 100, 100), (100, 100)))
    assert (placement.frame, placement.projection, placement.crval) == ("GAL", "CAR", (30.0, 0.0))
    assert placement.cd == ((-1e-5, 0.0), (0.0, 1e-5))


def test_image_without_wcs_has_no_spatial_keywords():
    image = MemoryImage(starfield((50, 50)), header=Header())
    assert place_on_sky(image, Frame(0, Box(0, 0, 50, 50), (50, 50))) is None
    found = read_packet(avm_packet(AvmRecord((50, 50), None)))
    assert not [name for name in found if "Spatial" in name]


def test_spectral_lists_are_parallel():
    entries = (
        SpectralEntry("JWST", "NIRCAM", "F090W", 901.0, "Blue"),
        SpectralEntry(None, None, None, None, "Red"),
    )
    found = read_packet(avm_packet(AvmRecord((9, 9), None, entries)))
    assert found[AVM + "Facility"] == ["JWST", "-"]
    assert found[AVM + "Instrument"] == ["NIRCAM", "-"]
    assert found[AVM + "Spectral.Band"] == ["Infrared", "-"]
    assert found[AVM + "Spectral.Bandpass"] == ["F090W", "-"]
    assert found[AVM + "Spectral.CentralWavelength"] == ["901", "-"]
    assert found[AVM + "Spectral.ColorAssignment"] == ["Blue", "Red"]


def test_text_of_any_kind_survives():
    """Markup, quotes, other scripts; control characters, which XML cannot hold, are dropped."""
    title = "η Car <b>&amp; \"]]>' 銀河 \U0001f30c"
    recipe = {"options": {"stretch": "asinh"}, "note": "a<b\u0007"}
    packet = avm_packet(AvmRecord((9, 9), None, title=title + "\x00\x1b", product_id="abc", recipe=recipe))
    assert packet.startswith('<?xpacket begin="\ufeff" id='.encode())
    found = read_packet(packet)
    assert found[DC + "title"] == [title]
    assert json.loads(found[OURS + "Recipe"]) == recipe
    assert found[OURS + "ProductId"] == "abc"
