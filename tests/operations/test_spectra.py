"""Products of spectra: plots, tables and thumbnails as files, with what they were made of."""

import numpy as np
import pytest
from astropy.table import Table
from PIL import Image

import jwstpipe
from jwstpipe.catalog.lineage.carried import carried_provenance
from jwstpipe.catalog.lineage.embedded_id import carried_id
from jwstpipe.errors import ConflictError, DataError, UsageError
from jwstpipe.operations.spectra.make import make_of_files
from jwstpipe.operations.thumbnail import THUMBNAIL
from jwstpipe.requests import ThumbnailOptions
from jwstpipe.simulate.spectra import SpectrumScene, simulated_samples, write_x1d


@pytest.fixture(scope="module")
def x1d(tmp_path_factory):
    waves = np.linspace(1.7, 3.1, 1000)
    scene = SpectrumScene(((1.875613, 4e-18), (2.166120, 2e-18)), redshift=0.02, sigma_kms=200.0)
    path = tmp_path_factory.mktemp("spectra") / "jw01234-o001_s00001_nirspec_f170lp-g235m_x1d.fits"
    return write_x1d(path, [(waves, *simulated_samples(waves, scene))])


def test_a_table_of_a_spectrum_has_all_that_was_found_and_is_read_again(x1d, tmp_path):
    made = jwstpipe.spectrum_to_file(x1d, tmp_path / "a.ecsv", redshift="0.02", fit_lines=True, continuum="median")
    table = Table.read(tmp_path / "a.ecsv", format="ascii.ecsv")
    assert table["FLUX"].unit == "Jy"
    assert table.meta["jwstpipe"]["product_id"] == made.product_id
    found = {row["line"]: row for row in table.meta["lines"]}
    assert found["Pa alpha"]["flux"] == pytest.approx(4e-18, abs=4 * found["Pa alpha"]["flux_err"])
    again = jwstpipe.spectrum(tmp_path / "a.ecsv")
    assert again.spectra[0].flux == pytest.approx(jwstpipe.spectrum(x1d).spectra[0].flux)
    assert again.spectra[0].origin.grating == "G235M"
    with pytest.raises(ConflictError):
        jwstpipe.spectrum_to_file(x1d, tmp_path / "a.ecsv")


def test_lines_are_a_table_with_units_and_sources(x1d, tmp_path):
    made = jwstpipe.lines(x1d, tmp_path / "lines.ecsv", redshift="auto", lines=("Pa alpha", "2.16612"))
    table = Table.read(tmp_path / "lines.ecsv", format="ascii.ecsv")
    assert table["line"].tolist() == ["Pa alpha", "Br gamma"]
    assert str(table["flux"].unit) == "W / m2"
    assert all(table["source"])
    assert made.results["redshift"] == pytest.approx(0.02, abs=1e-4)
    assert table["velocity"] == pytest.approx(0.02 * 299792.458, abs=15.0)


def test_plots_carry_their_id(x1d, tmp_path):
    made = jwstpipe.spectrum_to_file(x1d, tmp_path / "a.png", redshift="0.02")
    assert carried_id(tmp_path / "a.png")[0] == made.product_id
    again = jwstpipe.spectrum_to_file(x1d, tmp_path / "b.html", redshift="0.02")
    assert again.product_id == made.product_id
    assert carried_id(tmp_path / "b.html") == (made.product_id, "metadata")
    jwstpipe.spectrum_to_file(x1d, tmp_path / "c.ecsv", redshift="0.02")
    assert carried_id(tmp_path / "c.ecsv") == (made.product_id, "header")
    for name in ("a.png", "b.html", "c.ecsv"):
        told = carried_provenance(tmp_path / name)
        told.require_true(name=name)
        assert told.inputs[0].file_name == x1d.name
    with pytest.raises(UsageError, match="a spectrum is written as"):
        jwstpipe.spectrum_to_file(x1d, tmp_path / "a.docx")


def test_a_thumbnail_of_a_spectrum_is_a_small_plot(x1d, tmp_path):
    made = make_of_files(THUMBNAIL, [x1d], tmp_path / "small.png", ThumbnailOptions(size=128))
    assert made.shape == (80, 128)
    with Image.open(tmp_path / "small.png") as picture:
        colours = {colour for _, colour in picture.convert("RGB").getcolors(1 << 16)}
    assert (27, 79, 138) in colours
    waves = np.linspace(1.0, 2.0, 30)
    empty = write_x1d(tmp_path / "empty_x1d.fits", [(waves, np.full(30, np.nan), np.ones(30))])
    assert make_of_files(THUMBNAIL, [empty], tmp_path / "none.png", ThumbnailOptions(size=128)).shape == (80, 128)
    with pytest.raises(DataError, match="no valid sample"):
        jwstpipe.spectrum(empty)
