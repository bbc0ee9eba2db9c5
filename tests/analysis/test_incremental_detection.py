"""A catalogue that is made anew after an image changed: only what changed is searched, and nothing shows of it."""

import numpy as np
import pytest

from jwstpipe.analysis.sources.kept import KeptTiles
from jwstpipe.api.sources import detect_to_file
from jwstpipe.errors import UsageError
from jwstpipe.images.convert import convert
from tests.analysis.fields import star_field
from tests.mosaicking.scenes import header, write

WIDTH = 8300  # five tiles of 2048


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    """Two images that differ in the last of five tiles only."""
    folder, rng = tmp_path_factory.mktemp("changing"), np.random.default_rng(1)
    before = np.tile(star_field(200, snr=(20, 300)).image, (1, 42))[:, :WIDTH] + rng.normal(0, 1, (200, WIDTH))
    after = before.copy()
    after[:, 8200:] += rng.normal(0, 3, (200, WIDTH - 8200))
    found = []
    for name, image in (("before", before), ("after", after)):
        fits = write(folder / f"{name}.fits", image.astype("f4"), header(shape=image.shape))
        found.append(convert(fits, folder / f"{name}.zarr").address)
    return found


def test_only_what_changed_is_searched_again(stores, tmp_path):
    out, anew = tmp_path / "out.parquet", tmp_path / "anew.parquet"
    assert detect_to_file(stores[0], out).tiles_reused == 0
    again = detect_to_file(stores[1], out, update=True)
    assert again.tiles_reused == 3  # the fourth looks over its edge
    made = detect_to_file(stores[1], anew)
    assert made.tiles_reused == 0
    assert out.read_bytes() == anew.read_bytes()
    assert detect_to_file(stores[1], out, update=True).tiles_reused == 5
    assert detect_to_file(stores[1], out, update=True, threshold=6.0).tiles_reused == 0


def test_other_forms_hold_nothing_of_it(stores, tmp_path):
    with pytest.raises(UsageError, match="only Parquet"):
        detect_to_file(stores[0], tmp_path / "out.ecsv", update=True)


def test_what_cannot_be_read_is_made_again():
    assert not KeptTiles.unpacked("no such thing").earlier
    kept = KeptTiles()
    assert not KeptTiles.unpacked(kept.packed()).earlier
