"""The sampled gwcs against gwcs itself, over the whole detector and in both directions."""

import io
import pickle
import subprocess
import sys

import asdf
import numpy as np
import pytest
from astropy.io import fits

from jwstpipe import convert, open_image
from jwstpipe.errors import TransformError
from jwstpipe.sky.box import Box
from jwstpipe.sky.celestial import CelestialWcs
from jwstpipe.sky.grid import SkyGrid
from jwstpipe.sky.pixelmap import pixel_map
from jwstpipe.sky.wcs.image_wcs import ImageWcs
from jwstpipe.sky.wcs.sampled_wcs import WcsNodes
from tests.sky.gwcs_files import approximate_header, asdf_hdu, imaging_gwcs, write_gwcs_cal

CASES = {
    "NIRCam-like": ((2048, 2048), {}),
    "on the pole": ((2048, 2048), {"dec": 89.99}),
    "across RA 0": ((1024, 1032), {"ra": 0.0, "dec": -60.0, "scale": 0.11, "strength": 2.0}),
    "a subarray": ((64, 2048), {"angle": 200.0}),
    "tiny": ((20, 31), {"strength": 30.0}),
}


def detector(shape, samples=83):
    y, x = np.meshgrid(*(np.linspace(-0.5, side - 0.5, samples) for side in shape), indexing="ij")
    return x.ravel(), y.ravel()


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("stored", [False, True])
def test_both_directions_agree_with_gwcs_over_the_whole_detector(tmp_path, case, stored):
    shape, place = CASES[case]
    truth = imaging_gwcs(shape, **place)
    keep = {key: place[key] for key in ("ra", "dec", "angle", "scale") if key in place}
    path = write_gwcs_cal(tmp_path / "cal.fits", shape, truth, header=approximate_header(shape, **keep))
    if stored:
        convert(path, tmp_path / "cal.zarr")
        path = tmp_path / "cal.zarr"
    wcs = open_image(path).wcs
    assert wcs.origin == "gwcs"
    sampled = wcs.exact(name="cal")
    x, y = detector(shape)
    lon, lat = truth(x, y, with_bounding_box=False)
    seen_lon, seen_lat = sampled.to_sky(x, y)
    away = np.hypot((seen_lon - lon + 180) % 360 - 180, 0) * np.cos(np.radians(lat))
    assert np.hypot(away, seen_lat - lat).max() * 3600 / sampled.scale_arcsec < 1e-4
    back_x, back_y = sampled.to_pixel(lon, lat)
    assert np.hypot(back_x - x, back_y - y).max() < 1e-4
    header = CelestialWcs.from_cards(wcs.cards, name="header")
    off_x, off_y = header.to_pixel(lon, lat)
    assert wcs.header_offset_px == pytest.approx(np.hypot(off_x - x, off_y - y).max(), rel=0.1)


def test_a_pixel_map_follows_the_gwcs_and_not_the_header(tmp_path):
    shape = (1024, 1024)
    truth = imaging_gwcs(shape)
    image = open_image(write_gwcs_cal(tmp_path / "cal.fits", shape, truth))
    grid = SkyGrid.north_up(187.7, 12.39, 0.03)
    box = Box(-600, -600, 600, 600)
    found = pixel_map(grid, image.wcs.exact(name="cal"), box)
    assert found.step > 1
    x, y = found.positions()
    lon, lat = truth(x[::29, ::31], y[::29, ::31], with_bounding_box=False)
    columns, rows = grid.wcs(Box(0, 0, 1, 1)).wcs_world2pix(lon.ravel(), lat.ravel(), 0)
    i, j = np.meshgrid(
        np.arange(found.box.x0, found.box.x1)[::31], np.arange(found.box.y0, found.box.y1)[::29], indexing="xy"
    )
    assert np.hypot(columns - i.ravel(), rows - j.ravel()).max() < 1e-3
    assert image.wcs.header_offset_px > 1.0


def test_official_files_agree_with_gwcs_itself(shared_data):
    for path in sorted((shared_data / "official-models").glob("*.fits")):
        wcs = open_image(path).wcs
        sampled = wcs.exact(name=path.name)
        with fits.open(path) as opened, asdf.open(io.BytesIO(opened["ASDF"].data["ASDF_METADATA"].tobytes())) as tree:
            truth = tree["meta"]["wcs"]
            x, y = detector((384, 384))
            lon, lat = truth(x, y, with_bounding_box=False)
            back_x, back_y = truth.invert(lon, lat, with_bounding_box=False)
        seen_x, seen_y = sampled.to_pixel(lon, lat)
        assert np.hypot(seen_x - back_x, seen_y - back_y).max() < 1e-6
        assert 1e-4 < wcs.header_offset_px < 1e-2


def test_a_header_that_says_the_same_is_used_and_the_difference_recorded(shared_data, tmp_path):
    path = next(shared_data.glob("jwst/*_04101_00001_mirimage_i2d.fits"))
    convert(path, tmp_path / "i2d.zarr", planes=("sci",))
    for image in (open_image(path), open_image(tmp_path / "i2d.zarr")):
        assert (image.wcs.origin, image.wcs.nodes) == ("fits", None)
        assert image.wcs.header_offset_px < 1e-6


def test_what_travels_is_a_plain_value_and_needs_neither_asdf_nor_gwcs(tmp_path):
    shape = (256, 256)
    write_gwcs_cal(tmp_path / "cal.fits", shape, imaging_gwcs(shape))
    convert(tmp_path / "cal.fits", tmp_path / "cal.zarr")
    plain, stored = open_image(tmp_path / "cal.fits").wcs, open_image(tmp_path / "cal.zarr").wcs
    assert pickle.loads(pickle.dumps(stored)) == stored == plain
    assert hash(stored) == hash(plain)
    check = (
        "import sys\nsys.modules['asdf'] = sys.modules['gwcs'] = sys.modules['asdf_astropy'] = None\n"
        "from jwstpipe import open_image\n"
        f"wcs = open_image({str(tmp_path / 'cal.zarr')!r}).wcs\n"
        "print(wcs.origin, *map(float, wcs.exact(name='cal').to_sky(10.0, 20.0)))"
    )
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    origin, lon, lat = done.stdout.split()
    assert origin == "gwcs"
    assert (float(lon), float(lat)) == pytest.approx(imaging_gwcs(shape)(10.0, 20.0), abs=1e-10)


@pytest.mark.parametrize(
    ("tree", "says"),
    [
        ({"meta": {}, "note": "gwcs/wcs"}, "extensions of asdf"),
        ({"meta": {"wcs": "gwcs/wcs"}}, "extensions of asdf"),
    ],
)
def test_an_extension_without_a_usable_gwcs_leaves_the_header_and_says_why(tmp_path, tree, says):
    science = fits.ImageHDU(np.ones((9, 9), "f4"), approximate_header((9, 9)), name="SCI")
    fits.HDUList([fits.PrimaryHDU(), science, asdf_hdu(tree)]).writeto(tmp_path / "cal.fits")
    wcs = open_image(tmp_path / "cal.fits").wcs
    assert (wcs.origin, wcs.nodes) == ("fits", None)
    assert says in wcs.note


def test_without_the_libraries_the_header_places_the_image_and_the_result_says_so(tmp_path, monkeypatch):
    shape = (64, 64)
    write_gwcs_cal(tmp_path / "cal.fits", shape, imaging_gwcs(shape))
    monkeypatch.setattr("jwstpipe.fits.gwcs_sampling.find_spec", lambda name: None)
    convert(tmp_path / "cal.fits", tmp_path / "cal.zarr")
    for image in (open_image(tmp_path / "cal.fits"), open_image(tmp_path / "cal.zarr")):
        assert image.wcs.origin == "fits"
        assert "pip install asdf gwcs" in image.wcs.note


def test_nowhere_is_nan():
    shape = (256, 256)
    truth = imaging_gwcs(shape)
    columns, rows = np.meshgrid(np.arange(-128.0, 385.0, 64.0), np.arange(-128.0, 385.0, 64.0))
    lon, lat = (np.radians(angle) for angle in truth(columns, rows, with_bounding_box=False))
    vectors = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)
    sampled = ImageWcs("", WcsNodes.of(vectors, origin=(-128.0, -128.0), step=64.0, error_px=0.0)).exact(name="cal")
    x, y = sampled.to_pixel(np.array([187.7, 7.7, 187.7, np.nan]), np.array([12.39, -12.39, 40.0, 0.0]))
    assert np.isfinite([x[0], y[0]]).all()
    assert np.isnan(x[1:]).all()
    assert np.isnan(sampled.to_sky(np.array([1000.0]), np.array([0.0]))[0]).all()
    assert sampled.parity == 1
    assert sampled.scale_arcsec == pytest.approx(0.0312, rel=0.01)
    broken = WcsNodes.of(-vectors * np.sign(columns - 100.0)[..., None], origin=(0.0, 0.0), step=64.0, error_px=0.0)
    with pytest.raises(TransformError, match="cal"):
        ImageWcs("", broken).exact(name="cal").to_sky(np.array([0.0]), np.array([0.0]))


@pytest.mark.parametrize("kind", ["aliases", "nesting"])
def test_a_tree_that_unfolds_without_bounds_is_not_unfolded(kind):
    from jwstpipe.fits.gwcs_sampling import image_wcs

    start = b"#ASDF 1.0.0\n#ASDF_STANDARD 1.5.0\n%YAML 1.1\n%TAG ! tag:stsci.edu:asdf/\n--- !core/asdf-1.1.0\n"
    lines = [b"note: gwcs/wcs", b"a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    if kind == "aliases":
        lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]".encode() for n in range(1, 12)]
    else:
        lines.append(b"meta: {wcs: " + b"[" * 20_000 + b"]" * 20_000 + b"}")
    wcs = image_wcs("", start + b"\n".join(lines) + b"\n...\n", (10, 10), name="bomb")
    assert wcs.nodes is None
    assert "unfolds to more than" in wcs.note or "nested more than" in wcs.note
