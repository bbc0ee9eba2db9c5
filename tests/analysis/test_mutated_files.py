"""Files that lie, break off, or were overwritten in places: each is read, or refused in a sentence."""

import random
import warnings

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table
from astropy.utils.exceptions import AstropyWarning

import jwstpipe
from jwstpipe.analysis.catalogues.files import write_catalogue
from jwstpipe.errors import JwstPipeError
from jwstpipe.simulate.spectra import SpectrumScene, simulated_samples, write_x1d
from jwstpipe.simulate.spectral_cube import simulate_cube

WAVES = np.linspace(1.7, 3.1, 120)
LIES = (
    "-1", "0", "2", "99999", "4294967296", "-9223372036854775808", "1e308", "1e999", "NaN", "T", "'999999999D'",
    "'PD(1)'", "'1QE(99999999999)'", "'3X'", "'-4J'", "'20A'", "'(0)'", "'(99999999,99999999)'", "'(-1,5)'",
    "'furlong'", "'m/s/s/('", "'10**-9 W'", "'WAVE-TAB'", "'VELO'", "'WCS-TABLE'", "'EXTRACT1D'", "'IMAGE'", "(1,2)",
)  # fmt: skip


def vectors(path):
    """Write a time series of the newer form, with arrays of variable length beside."""
    flux, error = simulated_samples(WAVES, SpectrumScene(()))
    count = 5
    columns = [fits.Column("INT_NUM", "J", array=np.arange(count) + 1),
               fits.Column("N_ALONGDISP", "J", array=np.full(count, WAVES.size)),
               fits.Column("WAVELENGTH", f"{WAVES.size}D", unit="um", array=np.tile(WAVES, (count, 1))),
               fits.Column("FLUX", f"{WAVES.size}D", unit="Jy", array=np.tile(flux, (count, 1))),
               fits.Column("FLUX_ERROR", "QD()", unit="Jy", array=np.array([error] * count, object))]  # fmt: skip
    fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU.from_columns(columns, name="EXTRACT1D")]).writeto(path)


def slit(path):
    rows = np.arange(15)[:, None]
    planes = {"SCI": np.exp(-0.5 * (rows - 7) ** 2) * np.full(WAVES.size, 100.0), "ERR": np.ones((15, WAVES.size)),
              "WAVELENGTH": np.tile(WAVES, (15, 1))}  # fmt: skip
    hdus = [fits.PrimaryHDU(), *(fits.ImageHDU(plane.astype("f4"), name=name) for name, plane in planes.items())]
    hdus[0].header["DATAMODL"], hdus[1].header["BUNIT"], hdus[1].header["PIXAR_SR"] = "SlitModel", "MJy/sr", 1e-12
    fits.HDUList(hdus).writeto(path)


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    folder = tmp_path_factory.mktemp("originals")
    write_x1d(folder / "a_x1d.fits", [(WAVES, *simulated_samples(WAVES, SpectrumScene(())))])
    vectors(folder / "a_x1dints.fits")
    slit(folder / "a_s2d.fits")
    simulate_cube(folder / "a_s3d.fits", np.linspace(5.3, 5.4, 40), shape=(8, 7))
    simulate_cube(folder / "b_s3d.fits", 1.004 ** np.arange(40), shape=(8, 7), tabulated=True)
    lines = [fits.ImageHDU(WAVES, name=name) for name in ("DATA", "ERR", "WAVELENGTH")]
    fits.HDUList([fits.PrimaryHDU(), *lines]).writeto(folder / "c_x1d.fits")
    table = Table({"WAVELENGTH": WAVES, "FLUX": WAVES, "ERROR": WAVES})
    for ending, form in ((".ecsv", "ascii.ecsv"), (".vot", "votable"), (".parquet", "parquet")):
        table.write(folder / f"a{ending}", format=form)
    return sorted(folder.iterdir())


def mutated(content, draw, *, text):
    """Break a file in one to three places."""
    found = bytearray(content)
    for _ in range(draw.choice((1, 1, 2, 3))):
        how = draw.choice(("cut", "bytes", "fill") if text else ("cut", "bytes", "fill", "card", "card", "card"))
        place = draw.randrange(len(found)) if found else 0
        if how == "cut":
            del found[place:]
        elif how == "bytes":
            for _ in range(min(20, len(found))):
                found[draw.randrange(len(found))] = draw.randrange(256)
        elif how == "fill":
            size = len(found[place : place + draw.randrange(1, 2880)])
            found[place : place + size] = bytes([draw.choice((0, 127, 255))]) * size
        else:
            cards = [at for at in range(0, len(found) - 80, 80) if found[at + 8 : at + 10] == b"= "]
            if cards:
                at = draw.choice(cards)
                word = bytes(found[at : at + 8]).decode("latin-1")
                found[at : at + 80] = f"{word}= {draw.choice(LIES):>20}".encode("latin-1").ljust(80)[:80]
    return bytes(found)


def ways(path):
    """Ways to look at a file."""
    yield lambda: jwstpipe.spectrum(path)
    yield lambda: jwstpipe.table(path, count=10)
    if "ints" in path.name:
        yield lambda: jwstpipe.table(path, light_curve="flux")
    if "s3d" in path.name:
        yield lambda: jwstpipe.cube_spectrum(path, place="3,4", circle="2px")


def outcome(look):
    """Give the sentence that something is refused with; empty = it was read. Any other error is one of ours."""
    try:
        look()
    except JwstPipeError as error:
        return str(error)
    return ""


def test_what_is_broken_is_read_or_refused_in_a_sentence(originals, tmp_path):
    draw = random.Random(20261128)
    sentences = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AstropyWarning)
        for number in range(160):
            original = originals[number % len(originals)]
            path = tmp_path / original.name
            path.write_bytes(mutated(original.read_bytes(), draw, text=original.suffix != ".fits"))
            sentences += [outcome(look) for look in ways(path)]
    said = [one for one in sentences if one]
    assert min(len(said), len(sentences) - len(said)) > 40
    assert all("\n" not in one and len(one) < 700 for one in said)


def test_numbers_beyond_all_measure_are_neither_believed_nor_fatal(originals, tmp_path):
    original = next(path for path in originals if path.name == "a_x1d.fits")
    with fits.open(original) as opened:
        opened[1].data["FLUX"][30:60] = 1e280
        opened[1].header["TZERO1"] = 0.0
        opened.writeto(tmp_path / "huge_x1d.fits")
    study = jwstpipe.spectrum(tmp_path / "huge_x1d.fits", redshift="0.02", fit_lines=True, continuum="median")
    assert all(np.isfinite(one.flux) or np.isfinite(one.limit) for one in study.lines)
    content = (tmp_path / "huge_x1d.fits").read_bytes()
    (tmp_path / "nan_x1d.fits").write_bytes(
        content.replace(b"TZERO1  =                  0.0", b"TZERO1  =                  NaN")
    )
    assert jwstpipe.table(tmp_path / "nan_x1d.fits", count=3)["WAVELENGTH"][0] == pytest.approx(WAVES[0])
    rows = Table({"mixed": np.array([1.0, "a", None], object)})
    with pytest.raises(JwstPipeError, match="cannot be written so"):
        write_catalogue(rows, tmp_path / "mixed.fits")
