"""Whatever is made, wherever: killed at any step, one whole product stands, the old or the new, and a rerun makes it.

Every step is tried (see `tests.kill_points`), but where there are many, and neighbours leave the same behind: there of
each kind of step some (see `TRIED`). ``JWSTPIPE_EVERY_STEP=1 pytest tests/operations/test_kill_matrix.py`` tries all. A
few steps are killed by SIGKILL, in processes of their own.
"""

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest
import zarr
from astropy.io import fits
from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends

from jwstpipe.api.images import export, thumbnail
from jwstpipe.display.presets.save import save_preset
from jwstpipe.images.convert import convert
from jwstpipe.images.virtual import write_references
from jwstpipe.images.zarr.image_store import open_image_store
from jwstpipe.mosaicking.build import mosaic
from jwstpipe.render.files.picture import open_picture
from jwstpipe.requests import CompositeRequest
from jwstpipe.settings import S3Settings
from jwstpipe.storage import leftovers, open_store, zarr_store
from tests.kill_points import KilledError, points

__all__ = ["points"]

SHAPE = (40, 50)
SIGKILLS = 5
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """Two images that differ, and their stores."""
    folder = tmp_path_factory.mktemp("sources")
    for number in (1, 2):
        header = fits.Header()
        header["CTYPE1"], header["CTYPE2"] = "RA---TAN", "DEC--TAN"
        header["CRVAL1"], header["CRVAL2"] = 10.0 + number / 1000, 20.0
        header["CRPIX1"], header["CRPIX2"] = 25.0, 20.0
        header["CDELT1"], header["CDELT2"] = -1e-5, 1e-5
        header["BUNIT"] = "MJy/sr"
        values = np.random.default_rng(number).normal(number, 0.1, SHAPE).astype("f4")
        content = [fits.PrimaryHDU(), fits.ImageHDU(values, header, name="SCI")]
        fits.HDUList(content).writeto(folder / f"{number}.fits")
        convert(folder / f"{number}.fits", folder / f"{number}.zarr")
    return folder


def make_store(sources, number, out, s3):
    convert(sources / f"{number}.fits", out, overwrite=True, s3=s3)


def make_mosaic(sources, number, out, s3):
    mosaic([sources / f"{number}.zarr"], out, overwrite=True, s3=s3)


def make_fits(sources, number, out, s3):
    export(sources / f"{number}.zarr", out, overwrite=True, s3=s3)


def make_references(sources, number, out, s3):
    write_references(sources / f"{number}.fits", out, overwrite=True, s3=s3)


def make_thumbnail(sources, number, out, s3):
    """Write where it is asked for, or through the store, as a flow does."""
    folder, _, name = str(out).rpartition("/")
    with open_store(folder, s3=s3).file_for(name) as path:
        thumbnail(sources / f"{number}.zarr", path, size=32, overwrite=True)


def make_picture(sources, number, out, s3):
    rows = np.full((8, 9, 3), 40 * number, np.uint8)
    with open_picture(out, (8, 9)) as to:
        to.write(rows)


def make_preset(sources, number, out, s3):
    save_preset(CompositeRequest(saturation=number / 2), out)


def make_bytes(sources, number, out, s3):
    folder, _, name = str(out).rpartition("/")
    open_store(folder, s3=s3).write_bytes(name, b"0123456789" * number)


FORMS = {
    "store": ("out.zarr", make_store, "local s3"),
    "mosaic": ("out.zarr", make_mosaic, "local s3"),
    "fits": ("out.fits", make_fits, "local s3"),
    "references": ("out.json", make_references, "local s3"),
    "thumbnail": ("out.png", make_thumbnail, "local s3"),
    "jpeg": ("out.jpg", make_picture, "local"),
    "tiff": ("out.tif", make_picture, "local"),
    "cube": ("out.fits", make_picture, "local"),
    "picture store": ("out.zarr", make_picture, "local"),
    "preset": ("out.toml", make_preset, "local"),
    "object": ("out.bin", make_bytes, "local s3"),
}
SOME = (0.0, 0.5, 1.0)
TRIED = {
    ("store", "s3"): SOME, ("mosaic", "s3"): (1.0,), ("mosaic", "local"): SOME, ("store", "local"): SOME,
    ("picture store", "local"): SOME,
}  # fmt: skip
"""Where not all steps are tried: first, middle or last of each kind; mosaics go the same way as stores."""

EXHAUSTIVE = {
    ("store", "s3", "overwrite"), ("mosaic", "local", "fresh"), ("mosaic", "local", "overwrite"),
    ("mosaic", "s3", "fresh"), ("mosaic", "s3", "overwrite"), ("picture store", "local", "overwrite"),
}  # fmt: skip
"""Cells that cost most: stores are replaced on disk, and written on S3, and files replaced on S3, in others."""

CELLS = [
    pytest.param(form, place, mode, marks=pytest.mark.exhaustive if (form, place, mode) in EXHAUSTIVE else ())
    for form, (_, _, places) in FORMS.items()
    for place in places.split()
    for mode in ("fresh", "overwrite")
]


class Local:
    """A folder."""

    def __init__(self, folder):
        self.folder, self.s3 = folder, None
        folder.mkdir()

    def address(self, name):
        return str(self.folder / name)

    def files(self):
        found = [path for path in self.folder.rglob("*") if path.is_file()]
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in found}

    def fill(self, files):
        for name, content in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


class Bucket:
    """A prefix of a bucket."""

    def __init__(self, endpoint):
        self.s3, self.folder = S3Settings(endpoint=endpoint), Path("/nowhere")
        self.bucket = f"kill-{os.urandom(4).hex()}"
        self.held = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
        """What the server keeps in its memory: read and written past all that is tested, and past HTTP."""

        self.held.create_bucket(self.bucket, "us-east-1")

    def address(self, name):
        return f"s3://{self.bucket}/made/{name}"

    def files(self):
        return {key.removeprefix("made/"): held.value for key, held in self.held.head_bucket(self.bucket).keys.items()}

    def fill(self, files):
        for name, content in files.items():
            self.held.put_object(self.bucket, f"made/{name}", content)


@pytest.fixture
def spots(tmp_path, monkeypatch, request):
    """Give a new, empty place of a kind."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    numbers = iter(range(10_000))

    def spot(kind):
        if kind == "local":
            return Local(tmp_path / f"{next(numbers)}")
        return Bucket(request.getfixturevalue("s3_server"))

    return spot


def seen(spot, name):
    """Tell what a stranger finds under a name: nothing, or a digest of the whole."""
    files = spot.files()
    if name in files:
        return hashlib.sha256(files[name]).hexdigest()
    if f"{name}/zarr.json" not in files:
        return None
    group = zarr.open_group(zarr_store(spot.address(name), s3=spot.s3, read_only=True), mode="r")
    digest = hashlib.sha256(repr(sorted(group.attrs["jwstpipe"].items(), key=str)).encode())
    paths = ("0/sci", "header/primary", "header/sci") if group.attrs["jwstpipe"]["kind"] != "picture" else ("0",)
    for path in paths:
        digest.update(np.asarray(group[path][...]).tobytes())
    if len(paths) > 1:
        image = open_image_store(spot.address(name), s3=spot.s3)
        assert np.array_equal(image.read(), group["0/sci"][...], equal_nan=True)
        assert image.header_bytes("sci") == group["header/sci"][...].tobytes()
    return digest.hexdigest()


def steps_to_try(form, place, taken):
    """Choose from the steps of a whole run, numbered from 1."""
    numbers = range(1, len(taken) + 1)
    if (form, place) not in TRIED or os.environ.get("JWSTPIPE_EVERY_STEP"):
        return list(numbers)
    kinds = {}
    for number, kind in zip(numbers, kinds_of(place, taken), strict=True):
        kinds.setdefault(kind, []).append(number)
    return sorted({same[round(part * (len(same) - 1))] for same in kinds.values() for part in TRIED[form, place]})


def kinds_of(place, taken):
    """Give the kind of each step: on S3 a row of the same requests, on disk what is done to which sort of file."""
    if place == "s3":
        rows = groupby(what for what, _ in taken)
        return [row for row, (_, same) in enumerate(rows) for _ in same]
    return [(what, "dir" in what or re.sub(r"[0-9a-f]{12}", "", Path(where).name)) for what, where in taken]


@pytest.mark.parametrize(("form", "place", "mode"), CELLS)
def test_one_whole_product_stands_after_a_kill_at_any_step(sources, points, spots, record_property, form, place, mode):
    name, make, _ = FORMS[form]
    whole = {}
    for number in (1, 2):
        spot = spots(place)
        make(sources, number, spot.address(name), spot.s3)
        whole[number] = seen(spot, name), spot.files()
    assert whole[1][0] != whole[2][0]

    def start():
        spot = spots(place)
        if mode == "overwrite":
            spot.fill(whole[1][1])
        return spot

    spot = start()
    with points.watching(spot.folder):
        make(sources, 2, spot.address(name), spot.s3)
    assert spot.files() == whole[2][1]
    steps, killed, before = steps_to_try(form, place, points.taken), 0, None
    allowed = {whole[2][0], whole[1][0] if mode == "overwrite" else None}
    for step in steps:
        spot = start()
        with points.watching(spot.folder, step), suppress(KilledError):
            make(sources, 2, spot.address(name), spot.s3)
        killed += len(points.taken) >= step
        killed_at = points.taken[min(step, len(points.taken)) - 1]
        assert seen(spot, name) in allowed, killed_at
        if place == "s3" and killed_at[0] == before:  # of requests of one kind in a row the first stands for all
            continue
        before = killed_at[0]
        leftovers._settle.cache_clear()
        make(sources, 2, spot.address(name), spot.s3)
        assert spot.files() == whole[2][1], killed_at
    assert killed >= len(steps) - 2 > 0 or killed == len(steps)  # threads may take a step more or less
    record_property("steps", len(steps))


@pytest.mark.parametrize(
    ("form", "mode"), [("store", "fresh"), pytest.param("mosaic", "overwrite", marks=pytest.mark.exhaustive)]
)
def test_one_whole_product_stands_after_sigkill(sources, points, spots, tmp_path, form, mode):
    """No exception, no cleanup: the process is gone, at steps all over the work."""
    name, make, _ = FORMS[form]
    whole = {}
    for number in (1, 2):
        spot = spots("local")
        with points.watching(spot.folder):
            make(sources, number, spot.address(name), None)
        whole[number] = seen(spot, name), spot.files()
    count = len(points.taken)
    steps = sorted({1 + round(part * (count - 1) / (SIGKILLS - 1)) for part in range(SIGKILLS)})
    (tmp_path / "killed").mkdir()
    killed = {step: Local(tmp_path / "killed" / str(step)) for step in steps}
    if mode == "overwrite":
        for spot in killed.values():
            spot.fill(whole[1][1])
    words = (form, str(sources), str(tmp_path / "killed"), *map(str, steps))
    script = [sys.executable, "-m", "tests.operations.killed_children", *words]
    made = subprocess.run(script, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert made.returncode == 0, made.stderr
    signals = [json.loads(line)["signal"] for line in made.stdout.splitlines()]
    assert signals.count(signal.SIGKILL) >= len(steps) - 1, made.stdout  # what replaces has more or fewer steps
    for step, spot in killed.items():
        assert seen(spot, name) in {whole[2][0], whole[1][0] if mode == "overwrite" else None}, step
        leftovers._settle.cache_clear()
        make(sources, 2, spot.address(name), None)
        assert spot.files() == whole[2][1], step
