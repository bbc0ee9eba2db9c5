"""A catalogue that is made anew after an image changed: only what changed is searched, and nothing shows of it."""

import struct

import numpy as np
import pandas as pd
import pytest
from astropy.table import Table

from jwstpipe.analysis.catalogues.parquet_file import kept_in
from jwstpipe.analysis.sources.kept_archive import Archive
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


def test_other_readers_see_only_the_rows(stores, tmp_path):
    """What tiles gave lies between the rows and the footer: no reader loads it, and it is not in the metadata."""
    out = tmp_path / "out.parquet"
    made = detect_to_file(stores[0], out)
    read = Table.read(out)
    assert len(read) == made.sources == len(pd.read_parquet(out))
    start, length = kept_in(out)
    (footer,) = struct.unpack("<I", out.read_bytes()[-8:-4])
    assert start + length == out.stat().st_size - footer - 8
    assert footer < 100_000 < length


def test_what_cannot_be_read_is_made_again(stores, tmp_path):
    out = tmp_path / "out.parquet"
    detect_to_file(stores[0], out)
    start, length = kept_in(out)
    whole = out.read_bytes()
    assert len(Archive.opened(whole, start, length).places) == 10
    for wrong in ((start + 7, length), (start, length - 1), (0, 4), (start, 0), (-5, 3), (len(whole) + 9, 80)):
        assert not Archive.opened(whole, *wrong).places
    damaged = bytearray(whole)
    damaged[start : start + length - 4000] = bytes(length - 4000)
    out.write_bytes(damaged)
    assert detect_to_file(stores[0], out, update=True).tiles_reused == 0
    assert out.read_bytes() == whole
