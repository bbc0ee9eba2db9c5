"""Images on different grids are laid on one in a folder that goes again; the picture does not tell of it."""

import numpy as np
from PIL import Image

import jwstpipe
from jwstpipe.catalog.lineage.carried import carried_provenance
from jwstpipe.storage import path_digest
from tests.mosaicking import scenes

SHAPE = (60, 64)


def images_of(folder):
    """Two filters of one sky on grids that differ in scale and angle; the sharper one has a core that was lost."""
    folder.mkdir(parents=True)
    paths = []
    for name, band, scale, angle in (("a", "F090W", 0.1, 0.0), ("b", "F200W", 0.15, 20.0)):
        header = scenes.header(shape=SHAPE, scale=scale, angle=angle)
        flags = np.zeros(SHAPE, "u4")
        flags[30:32, 30:32] = 2 + 1  # saturated, do not use
        path = scenes.write(folder / f"{name}.fits", scenes.wave(header, SHAPE), header, dq=flags)
        with scenes.fits.open(path, mode="update") as opened:
            opened[0].header.update({"TELESCOP": "JWST", "INSTRUME": "NIRCAM", "FILTER": band})
        paths.append(path)
    return paths


def test_a_picture_of_images_on_different_grids_is_the_same_in_every_folder(tmp_path):
    made = []
    for place in (tmp_path / "here", tmp_path / "some where else" / "and deeper"):
        images = images_of(place)
        for form in ("png", "zarr", "fits"):
            jwstpipe.composite(images, place / f"p.{form}", size=48, coverage="any")
        made.append(place)
    here, there = made
    for name in ("p.png", "p.zarr", "p.fits"):
        assert path_digest(here / name) == path_digest(there / name), name
        parts = [here / name] if (here / name).is_file() else [one for one in (here / name).rglob("*") if one.is_file()]
        for part in parts:
            content = part.read_bytes()
            assert str(tmp_path).encode() not in content
            assert b"jwstpipe-aligned" not in content
    with Image.open(here / "p.png") as opened:
        assert np.asarray(opened).std() > 5  # a picture, not a blank page
    told = carried_provenance(here / "p.png")
    assert [link.file_name for link in told.inputs] == ["a.fits", "b.fits"]
