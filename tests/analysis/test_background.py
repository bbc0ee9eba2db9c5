"""The sky of an image against a known one, and the same bytes for every cutting."""

import numpy as np
import pytest
from astropy.io import fits

import jwstpipe
from jwstpipe.errors import DataError
from jwstpipe.images.zarr.verify_store import verify_store
from tests.mosaicking.scenes import header, write

SHAPE = (2080, 330)
Y, X = np.ogrid[: SHAPE[0], : SHAPE[1]]
NOISE = 0.05


def true_sky(model):
    if model == "level":
        return np.full(SHAPE, 3.0)
    if model == "plane":
        return 3.0 + 2e-4 * (Y - 1039.5) - 1e-3 * (X - 164.5)
    return 3.0 + 0.4 * np.sin(Y / 300.0) * np.cos(X / 250.0)


def field(model):
    """A known sky with noise, stars and a hole."""
    rng = np.random.default_rng(2)
    values = true_sky(model) + rng.normal(0.0, NOISE, SHAPE)
    for y, x in rng.uniform((5, 5), (SHAPE[0] - 5, SHAPE[1] - 5), (150, 2)):
        rows, columns = slice(int(y) - 5, int(y) + 6), slice(int(x) - 5, int(x) + 6)
        values[rows, columns] += 20.0 * np.exp(-0.5 * ((Y[rows] - y) ** 2 + (X[:, columns] - x) ** 2) / 1.3**2)
    values[300:420, 100:260] = np.nan
    return values.astype("f4")


@pytest.mark.parametrize(("model", "most"), [("level", 0.004), ("plane", 0.004), ("mesh", 0.02)])
def test_the_sky_is_found(tmp_path, model, most):
    """A box of 64 x 64 pixels knows its level to 0.05 / 64 = 0.0008; clipped wings of stars add to it."""
    values = field(model)
    image = write(tmp_path / "a.fits", values, header(shape=SHAPE), err=np.full(SHAPE, NOISE), dq=np.zeros(SHAPE))
    sky = jwstpipe.background(values, model=model, result="sky").sci
    kept = np.isfinite(values)
    assert np.array_equal(np.isfinite(sky), kept)
    assert np.sqrt(np.mean((sky - true_sky(model))[kept] ** 2)) < most
    made = jwstpipe.background_to_store(image, tmp_path / "flat.zarr", model=model)
    verify_store(tmp_path / "flat.zarr")
    assert made.planes == ("sci", "err", "dq")
    flat = jwstpipe.open_image(tmp_path / "flat.zarr")
    whole = jwstpipe.background(values, model=model).sci
    assert flat.read().tobytes() == whole.tobytes()  # the file was cut into two shards
    assert np.allclose(whole + sky, values, atol=1e-5, equal_nan=True)


def test_a_fits_file_and_a_sentence(command, tmp_path):
    image = write(tmp_path / "a.fits", field("plane"), header(shape=SHAPE))
    code, told, _ = command("background", image, "-o", tmp_path / "sky.fits", "--model", "plane", "--result", "sky")
    assert code == 0
    slope = float(told.rpartition("slope x ")[2].partition(",")[0])
    assert slope == pytest.approx(-1e-3, rel=0.01)
    with fits.open(tmp_path / "sky.fits") as found:
        assert found["SCI"].data[10, 300] == pytest.approx(true_sky("plane")[10, 300], abs=0.01)
    empty = write(tmp_path / "empty.fits", np.full((70, 70), np.nan), header(shape=(70, 70)))
    code, _, said = command("background", empty, "-o", tmp_path / "b.zarr")
    assert code == 6
    assert "no sky can be measured" in said
    assert not (tmp_path / "b.zarr").exists()
    with pytest.raises(DataError, match="smaller --mesh"):
        jwstpipe.background(np.ones((40, 40)))
