"""Damage that every part of a product would pass alone: shards that changed places, bits of tables, rows cut off."""

import shutil

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from jwstpipe.analysis.catalogues.files import read_catalogue, write_catalogue
from jwstpipe.analysis.tables.source import open_table
from jwstpipe.catalog.lineage.table_provenance import table_provenance
from jwstpipe.errors import DataError, StoreError
from jwstpipe.images.convert import convert
from jwstpipe.images.export import export
from jwstpipe.images.open import open_image
from jwstpipe.operations.products.verify import verify
from jwstpipe.operations.spectra.inputs import file_input


@pytest.fixture
def table():
    rng = np.random.default_rng(7)
    made = Table({"ra": rng.uniform(0, 360, 500), "dec": rng.uniform(-90, 90, 500), "flux": rng.normal(size=500)})
    made["flux"].unit = "Jy"
    return made


def as_catalogue(path):
    return dict(read_catalogue(path).columns)


def column_by_column(path):
    opened = open_table(path)
    return {facts.name: opened.read(facts.name) for facts in opened.columns}


@pytest.mark.parametrize("read", [as_catalogue, column_by_column])
def test_a_flipped_bit_of_a_catalogue_in_parquet_gives_no_other_number(table, tmp_path, read):
    path = write_catalogue(table, tmp_path / "a.parquet")
    truth, content, refused = Table.read(path, format="parquet"), path.read_bytes(), 0
    pages = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    for place in np.random.default_rng(8).integers(4, pages, 40):
        damaged = bytearray(content)
        damaged[place] ^= 1 << int(place) % 8
        path.write_bytes(damaged)
        try:
            for name, values in read(path).items():
                np.testing.assert_array_equal(values, truth[name])
        except DataError:
            refused += 1
    assert refused > 30


@pytest.mark.parametrize("read", [as_catalogue, column_by_column])
def test_a_unit_that_changed_in_a_catalogue_in_parquet_is_refused(table, tmp_path, read):
    path = write_catalogue(table, tmp_path / "a.parquet")
    content = path.read_bytes()
    assert content.count(b"unit: Jy") == 1
    path.write_bytes(content.replace(b"unit: Jy", b"unit: Ky"))
    with pytest.raises(DataError, match=r"^\S*a\.parquet: its header is not the one that was written"):
        read(path)


def test_a_table_is_verified_to_its_last_row(table, tmp_path):
    whole, cut = write_catalogue(table, tmp_path / "a.parquet"), write_catalogue(table, tmp_path / "a.ecsv")
    assert "500 rows" in verify(whole).by
    assert "500 rows" in verify(cut).by
    content = cut.read_bytes()
    cut.write_bytes(content[: content.rindex(b" ")])
    with pytest.raises(DataError, match=r"a\.ecsv: cannot be read"):
        verify(cut)


def test_an_empty_table_tells_nothing_and_a_folder_is_no_table(tmp_path):
    (tmp_path / "a.ecsv").touch()
    assert table_provenance(tmp_path / "a.ecsv") is None
    with pytest.raises(DataError, match="a folder"):
        file_input(tmp_path)


@pytest.fixture
def store(tmp_path):
    rng = np.random.default_rng(9)
    header = fits.Header({"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CDELT1": -1e-5, "CDELT2": 1e-5})
    planes = [fits.ImageHDU(rng.normal(size=(20, 30)).astype("f4"), header, name=name) for name in ("SCI", "ERR")]
    fits.HDUList([fits.PrimaryHDU(), *planes]).writeto(tmp_path / "a.fits")
    convert(tmp_path / "a.fits", tmp_path / "a.zarr")
    return tmp_path / "a.zarr"


def test_a_shard_of_another_plane_is_not_exported(store, tmp_path):
    shutil.copyfile(store / "0/sci/c/0/0", store / "0/err/c/0/0")
    with pytest.raises(StoreError, match=r"0/err/c/0/0: damaged .*convert the file again with --overwrite"):
        export(store, tmp_path / "again.fits")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.fits", "a.zarr"]


def test_the_way_out_is_said_once(store):
    content = bytearray((store / "manifest/c/0").read_bytes())
    content[20] ^= 1
    (store / "manifest/c/0").write_bytes(content)
    (store / "0/sci/c/0/0").unlink()
    image = open_image(store)
    with pytest.raises(StoreError, match=r"manifest/c/0: damaged") as caught:
        image.read("sci", image.window)
    assert str(caught.value).count("convert the file again") == 1


def test_flags_beyond_the_32nd_are_spoken_of(tmp_path):
    flags = np.full((8, 8), 2**33 + 1, ">i8")
    sci, dq = fits.ImageHDU(np.ones((8, 8), "f4"), name="SCI"), fits.ImageHDU(flags, name="DQ")
    fits.HDUList([fits.PrimaryHDU(), sci, dq]).writeto(tmp_path / "wide.fits")
    image = open_image(tmp_path / "wide.fits")
    assert any("64 bits" in note for note in image.notes)
    assert (image.read("dq") == 1).all()
