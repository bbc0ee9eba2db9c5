"""Bounds on what comes from outside: documents, links, devices; and a slice of the mutation fuzz."""

import importlib
import os
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from jwstpipe.display.presets.load import load_preset
from jwstpipe.errors import DataError, JwstPipeError
from jwstpipe.images.convert import convert
from jwstpipe.images.open import find_image
from jwstpipe.mosaicking.output_grid import read_grid
from jwstpipe.storage.bounded import parse_json, read_document

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "hostile" / "mutants.py"


@pytest.fixture(scope="module")
def mutants():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(SCRIPT.parent)
        return importlib.import_module("mutants")


@pytest.mark.filterwarnings("ignore")
def test_mutants_are_read_or_refused(mutants, tmp_path):
    assert mutants.run(200, 7, tmp_path) == []


@pytest.fixture
def store(mutants, tmp_path):
    convert(mutants.sky_image(tmp_path), tmp_path / "a.zarr")
    return tmp_path / "a.zarr"


def test_links_and_pipes_inside_a_store_are_refused(store):
    shard = next(path for path in (store / "0" / "sci").rglob("*") if path.is_file() and path.name != "zarr.json")
    shard.rename(store.parent / "elsewhere")
    shard.symlink_to(store.parent / "elsewhere")
    with pytest.raises(DataError, match="a link, device or pipe inside a store"):
        find_image(store)
    shard.unlink()
    os.mkfifo(shard)
    with pytest.raises(DataError, match="a link, device or pipe inside a store"):
        find_image(store)


@pytest.mark.parametrize("content", [b"[" * 100_000, b'{"a":' * 100_000, b"NaN", b"9" * 5000, b"\xff\xfe", b""])
def test_json_is_bounded(content):
    with pytest.raises(DataError):
        parse_json(content, name="x.json")


def test_documents_are_bounded_and_regular(tmp_path):
    with (tmp_path / "long.toml").open("wb") as stream:
        stream.truncate(1 << 34)
    with pytest.raises(DataError, match="refused above"):
        load_preset(str(tmp_path / "long.toml"))
    os.mkfifo(tmp_path / "pipe.hdr")
    for path in (tmp_path / "pipe.hdr", Path("/dev/zero"), tmp_path):
        with pytest.raises(DataError, match=r"device or pipe|folder"):
            read_document(path)
    (tmp_path / "text.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match="UTF-8"):
        load_preset(str(tmp_path / "text.toml"))


@pytest.mark.parametrize(
    ("card", "said"),
    [
        ("CDELT1  =                  0.0", "[Ss]ingular|maps all pixels to a line"),
        ("CRVAL1  =                  NaN", "is not a number"),
        ("CRVAL2  =                120.0", "no positions|cannot be used|cannot serve"),
        ("NAXIS1  =           9999999999", "NAXIS1 is missing or not a size"),
        ("NAXIS2  =                   \u00e9", "NAXIS2 is missing or not a size"),
    ],
)
def test_grids_are_checked(tmp_path, card, said):
    good = fits.Header()
    good["NAXIS1"], good["NAXIS2"], good["CTYPE1"], good["CTYPE2"] = 10, 12, "RA---TAN", "DEC--TAN"
    good["CRVAL1"], good["CRVAL2"], good["CDELT1"], good["CDELT2"] = 10.0, 20.0, -1e-4, 1e-4
    cards = [str(one) for one in good.cards]
    path = tmp_path / "grid.hdr"
    path.write_text("\n".join(cards))
    assert read_grid(path)[1].shape == (12, 10)
    path.write_text("".join(one.ljust(80) for one in cards))
    assert read_grid(path)[1].shape == (12, 10)
    path.write_text("\n".join(card if one[:8] == card[:8] else one for one in cards))
    with pytest.raises(JwstPipeError, match=said):
        read_grid(path)


@pytest.mark.parametrize(("key", "value"), [("shape", [1 << 40, 4]), ("shape", "x"), ("planes", ["../../etc"]),
                                            ("levels", 10**9), ("slices", -1), ("fits", []), ("wcs", 3)])  # fmt: skip
def test_the_root_of_a_store_is_checked(key, value):
    from jwstpipe.images.zarr.checked_root import checked_root

    good = {"layout": 2, "shape": [4, 5], "planes": ["sci"], "levels": 1, "name": "a", "fits": {"hdus": []}}
    assert checked_root(good, name="a.zarr") is good
    with pytest.raises(DataError, match=f"damaged .{key}"):
        checked_root(good | {key: value}, name="a.zarr")


def test_numbers_of_a_store_are_those_of_its_file(store):
    assert np.array_equal(find_image(store).read(), np.arange(132, dtype="f4").reshape(11, 12))


ATTACK = Path(__file__).parents[3] / "shared" / "cases" / "attack"
NAMED = {
    "zarr": ("JSONDecodeError", "RuntimeError", "UnicodeDecodeError", "ValueError"),
    "hdr": ("SingularMatrixError", "UnicodeEncodeError", "VerifyError"),
}
READ_PAST = ("JSONDecodeError", "UnicodeDecodeError")
"""Damaged is the document of one array, which the root describes too: our readers do not need it."""


@pytest.mark.parametrize(("form", "name"), [(form, name) for form, names in NAMED.items() for name in names])
@pytest.mark.filterwarnings("ignore")
def test_stores_and_grids_that_ended_in_a_crash_are_one_sentence(form, name):
    """Each is named after the error that nobody had foreseen in it."""
    path = ATTACK / form / f"{name}.{form}"
    if not path.exists():
        pytest.skip("the cases are not at hand (shared/cases/attack beside the project)")

    def use():
        if form == "hdr":
            read_grid(str(path))
            return
        image = find_image(path)
        for plane in image.planes:
            image.read(plane)
        image.wcs.exact(name=str(path))

    if name in READ_PAST:
        use()
        return
    with pytest.raises(JwstPipeError) as caught:
        use()
    assert caught.value.exit_code == 6
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
