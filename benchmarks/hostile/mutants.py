"""Thousands of damaged inputs of every kind: each is read, or refused with one line within bounds.

    python benchmarks/hostile/mutants.py [MUTANTS] [SEED]

Kinds: FITS files, image stores, grids (.hdr), presets (.toml), association files and record imports. A finding is an
error that is no `JwstPipeError`, a message of more than one line, more than 20 s, or more than 1 GB of new memory.
"""

import json
import random
import resource
import shutil
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from astropy.io import fits

from jwstpipe.catalog.lineage.archive_links import association_members
from jwstpipe.catalog.maintenance.record_import import read_lines, text_lines
from jwstpipe.display.presets.load import load_preset
from jwstpipe.errors import JwstPipeError
from jwstpipe.images.convert import convert
from jwstpipe.images.export import export
from jwstpipe.images.open import find_image
from jwstpipe.mosaicking.output_grid import read_grid
from jwstpipe.mosaicking.planning import plan_mosaic
from jwstpipe.requests import MosaicOptions
from jwstpipe.sky.box import Box

MOST_SECONDS = 20.0
MOST_BYTES = 1 << 30
SEED = 20

WORDS = (
    "2000000000", "-1", "0", "99999999999999999999", "1E400", "NaN", "T", "'text'", "", "-32", "64", "null", "[]", "{}",
    "'RA---TAN'", "'RA---TAN-SIP'", "'RA---TNX'", "0.0", "1e-320", "inf", "-2147483648", '"\\u0000"', "1e308",
    "'LOOKUP'",
)  # fmt: skip
KEYWORDS = tuple(
    """
    NAXIS NAXIS1 NAXIS2 NAXIS3 BITPIX PCOUNT GCOUNT BSCALE BZERO BLANK EXTNAME EXTVER XTENSION CTYPE1 CTYPE2 CRVAL1
    CRVAL2 CRPIX1 CDELT1 CD1_1 A_ORDER WCSAXES RADESYS EQUINOX END BUNIT SIMPLE LONPOLE PV2_1 CUNIT1 CPDIS1 D2IMDIS1
    PS1_0 GROUPS FILTER EXP_TYPE DATAMODL PLTRAH WAT1_001
    """.split()  # noqa: SIM905 - a list of words reads better as words
)
TOKENS = ("[" * 5000, '{"a":' * 3000, "\x00", "9" * 5000, "\udc80", "\u2028", "-", "null", "true", '"', "1e999", "..")

PRESET = 'title = "x"\nmethod = "fixed"\n[channel]\nstretch = "asinh"\na = 0.1\ngamma = 1.2\n'
ASSOCIATION = json.dumps(
    {"products": [{"name": "jw1_i2d", "members": [{"expname": "jw1_cal.fits", "exptype": "science"}] * 3}]}, indent=1
)
RECORD = (
    json.dumps({"product_id": "a", "kind": "archive", "file_name": "jw02733001001_02103_00001_nrcb1_cal.fits"}) + "\n"
)


def sky_image(folder: Path) -> Path:
    """Write a small exposure with planes and SIP."""
    header = fits.Header()
    for key, value in {
        "CTYPE1": "RA---TAN-SIP", "CTYPE2": "DEC--TAN-SIP", "CRVAL1": 83.8, "CRVAL2": -5.4, "CRPIX1": 6.5,
        "CRPIX2": 6.0,
        "CD1_1": -1e-5, "CD1_2": 0.0, "CD2_1": 0.0, "CD2_2": 1e-5, "A_ORDER": 2, "A_2_0": 1e-4, "B_ORDER": 2,
        "B_0_2": 1e-4, "BUNIT": "MJy/sr", "RADESYS": "ICRS",
    }.items():  # fmt: skip
        header[key] = value
    data = np.arange(132, dtype="f4").reshape(11, 12)
    hdus = [fits.PrimaryHDU(), fits.ImageHDU(data, header, name="SCI"), fits.ImageHDU(data, name="ERR")]
    hdus += [fits.ImageHDU(np.zeros((11, 12), "u4"), name="DQ"), fits.ImageHDU(data + 1, name="VAR_RNOISE")]
    fits.HDUList(hdus).writeto(folder / "whole.fits")
    return folder / "whole.fits"


def damaged(content: bytes, chance: random.Random, *, cards: bool) -> bytes:
    """Damage bytes in one to four ways that hostile or broken writers know."""
    data = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        kind = chance.randrange(6)
        places = [at for at in range(0, len(data) - 80, 80) if data[at + 8 : at + 10] == b"= "] if cards else []
        if kind == 0 and places:
            at = chance.choice(places)
            data[at + 10 : at + 30] = chance.choice(WORDS).encode().rjust(20)[:20]
        elif kind == 1 and places:
            at = chance.choice(places)
            data[at : at + 8] = chance.choice(KEYWORDS).encode().ljust(8)
        elif kind == 2 and not cards:  # a token in the middle
            at = chance.randrange(len(data) + 1)
            data[at : at + chance.randint(0, 8)] = chance.choice(TOKENS).encode("utf-8", "surrogatepass")
        elif kind == 3:
            del data[chance.randrange(len(data) or 1) :]
        elif kind == 4 and not cards and b":" in data:  # a value of JSON or TOML
            at = chance.choice([place for place, byte in enumerate(data) if byte in b":="])
            data[at + 1 : at + 1 + chance.randint(1, 12)] = chance.choice(WORDS).encode()
        else:
            for _ in range(chance.randint(1, 12)):
                if data:
                    data[chance.randrange(len(data))] = chance.randrange(256)
    return bytes(data)


def use_image(path: Path) -> None:
    """Do with an image what commands do before they write: place, read, plan."""
    image = find_image(path)
    box = Box(0, 0, min(3, image.shape[0]), min(4, image.shape[1]))
    for plane in image.planes:
        image.read(plane, box)
    wcs = image.wcs.exact(name=str(path))
    wcs.to_pixel(*wcs.to_sky(np.array([0.0, 5.0]), np.array([0.0, 5.0])))
    plan_mosaic([path], options=MosaicOptions(mix=True))


def cases(folder: Path, chance: random.Random) -> Callable[[int], tuple[str, Callable[[], object]]]:
    """Make the seeds; give a function from a number to the kind of a mutant and what to do with it."""
    whole = sky_image(folder)
    content, store = whole.read_bytes(), folder / "whole.zarr"
    convert(whole, store)
    header = fits.getheader(whole, 1)
    for key in [key for key in header if key.startswith(("A_", "B_", "XTENSION", "EXTNAME"))]:
        del header[key]
    header["CTYPE1"], header["CTYPE2"] = "RA---TAN", "DEC--TAN"
    grid = header.tostring(endcard=False, padding=False)
    parts = sorted(path for path in store.rglob("*") if path.is_file())

    def store_mutant() -> object:
        mutant = folder / "mutant.zarr"
        shutil.rmtree(mutant, ignore_errors=True)
        shutil.copytree(store, mutant)
        part = chance.choice([parts[0], *[p for p in parts if p.name == "zarr.json"], *parts, store / "zarr.json"])
        path = mutant / part.relative_to(store)
        if chance.randrange(8) == 0:
            path.unlink()
        else:
            path.write_bytes(damaged(part.read_bytes(), chance, cards=False))
        use_image(mutant)
        (folder / "again.fits").unlink(missing_ok=True)
        return export(mutant, folder / "again.fits")

    def file_mutant(name: str, seed: bytes, use: Callable[[Path], object], *, cards: bool) -> object:
        path = folder / name
        path.write_bytes(damaged(seed, chance, cards=cards))
        return use(path)

    kinds: tuple[tuple[str, Callable[[], object]], ...] = (
        ("fits", lambda: file_mutant("mutant.fits", content, use_image, cards=True)),
        ("store", store_mutant),
        ("grid", lambda: file_mutant("mutant.hdr", _lines(grid), _use_grid(whole), cards=chance.random() < 0.5)),
        ("preset", lambda: file_mutant("mutant.toml", PRESET.encode(), lambda p: load_preset(str(p)), cards=False)),
        ("association", lambda: file_mutant(
            "mutant.json", ASSOCIATION.encode(), lambda p: association_members(p.read_bytes(), name=str(p)), cards=False
        )),
        ("import", lambda: file_mutant("mutant.jsonl", RECORD.encode() * 3, _use_import, cards=False)),
    )  # fmt: skip
    return lambda number: kinds[number % len(kinds)]


def _lines(cards: str) -> bytes:
    return "\n".join(cards[start : start + 80] for start in range(0, len(cards), 80)).encode()


def _use_grid(whole: Path) -> Callable[[Path], object]:
    return lambda path: plan_mosaic([whole], grid=read_grid(path))


def _use_import(path: Path) -> object:
    with path.open("rb") as stream:
        return list(read_lines(text_lines(stream, name=str(path)), name=str(path)))


def run(mutants: int, seed: int, folder: Path) -> list[str]:
    """Try mutants and give what was found, one line each."""
    chance, findings = random.Random(seed), []
    case = cases(folder, chance)
    for number in range(mutants):
        kind, attempt = case(number)
        started, before = time.perf_counter(), _peak()
        try:
            attempt()
        except JwstPipeError as error:
            if "\n" in str(error) or "\x1b" in str(error):
                findings.append(f"{number} {kind}: a message of several lines: {str(error)!r:.200}")
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            findings.append(f"{number} {kind}: {type(error).__name__}: {str(error)!r:.200}")
        if time.perf_counter() - started > MOST_SECONDS:
            findings.append(f"{number} {kind}: took {time.perf_counter() - started:.0f} s")
        if _peak() - before > MOST_BYTES:
            findings.append(f"{number} {kind}: took {(_peak() - before) >> 20} MB")
    return findings


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    many = int(sys.argv[1]) if len(sys.argv) > 1 else 3000
    first = int(sys.argv[2]) if len(sys.argv) > 2 else SEED
    with tempfile.TemporaryDirectory() as place:
        begun = time.perf_counter()
        found = run(many, first, Path(place))
        print(f"{many} mutants, seed {first}: {len(found)} findings in {time.perf_counter() - begun:.0f} s")
        print("\n".join(found))
