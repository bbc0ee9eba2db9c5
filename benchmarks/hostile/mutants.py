"""Thousands of damaged inputs of every kind: each is read, or refused with one line within bounds.

    python benchmarks/hostile/mutants.py [MUTANTS] [SEED] [--alone]

Kinds: FITS files, image stores, grids (.hdr), presets, association files, record imports, catalogues (ECSV, VOTable,
Parquet, FITS, CSV), regions (DS9, CRTF), annotations, pictures (PNG, JPEG, TIFF). A finding is an error that is no
`JwstPipeError`, a message of more than one line, more than 20 s, or more than 1 GB of new memory. With --alone each is
read by its command in a process of its own (see `alone.py`).
"""

import random
import resource
import shutil
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.table import Table
from seeds import ASSOCIATION, CRTF, DS9, NOTES, PRESET, RECORD, damaged, sky_image

from jwstpipe.analysis.catalogues.files import read_catalogue, write_catalogue
from jwstpipe.analysis.pixels.regions import regions_of
from jwstpipe.catalog.lineage.archive_links import association_members
from jwstpipe.catalog.lineage.carried import carried_provenance
from jwstpipe.catalog.maintenance.record_import import read_lines, text_lines
from jwstpipe.display.presets.load import load_preset
from jwstpipe.errors import JwstPipeError, NotFoundError
from jwstpipe.images.convert import convert
from jwstpipe.images.export import export
from jwstpipe.images.open import find_image
from jwstpipe.mosaicking.output_grid import read_grid
from jwstpipe.mosaicking.planning import plan_mosaic
from jwstpipe.render.files.picture import open_picture
from jwstpipe.render.files.whole import check_picture_file
from jwstpipe.render.overlay.annotations import read_annotations
from jwstpipe.requests import MosaicOptions
from jwstpipe.sky.box import Box
from jwstpipe.sky.position_table import positions_of

MOST_SECONDS = 20.0
MOST_BYTES = 1 << 30
SEED = 20


def use_image(path: Path) -> None:
    """Do with an image what commands do before they write: place, read, plan."""
    image = find_image(path)
    box = Box(0, 0, min(3, image.shape[0]), min(4, image.shape[1]))
    for plane in image.planes:
        image.read(plane, box)
    wcs = image.wcs.exact(name=str(path))
    wcs.to_pixel(*wcs.to_sky(np.array([0.0, 5.0]), np.array([0.0, 5.0])))
    plan_mosaic([path], options=MosaicOptions(mix=True))


@dataclass(frozen=True)
class Kind:
    """Inputs of one kind."""

    name: str
    make: Callable[[], Path]
    """Writes a mutant."""

    use: Callable[[Path], object]
    """Does with it what commands do."""

    words: Callable[[Path], list[str]]
    """The command that reads it, to run in a process of its own."""


class Mutants:
    """Whole seeds in a folder, and mutants of them."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        self.folder, self.chance = folder, chance
        self.whole = sky_image(folder)
        self.store = folder / "whole.zarr"
        convert(self.whole, self.store)
        self.parts = sorted(path for path in self.store.rglob("*") if path.is_file())
        self.tables = self._tables()
        self.pictures = self._pictures()
        self.image = find_image(self.whole)

    def kinds(self) -> tuple[Kind, ...]:
        """Give the kinds, in the order in which they are tried."""
        whole, out = str(self.whole), str(self.folder)
        grid, fits_file = _lines(self._grid()), self.whole.read_bytes()
        composite = ["composite", whole, "-o", f"{out}/p.png", "--overwrite"]

        def of(name: str, *seeds: bytes, cards: bool = False) -> Callable[[], Path]:
            return lambda: self._file(name, self.chance.choice(seeds), cards=cards)

        return (
            Kind("fits", of("mutant.fits", fits_file, cards=True), use_image,
                 lambda p: ["convert", str(p), f"{out}/again.zarr", "--overwrite"]),
            Kind("store", self._store, self._use_store,
                 lambda p: ["export", str(p), f"{out}/again.fits", "--overwrite"]),
            Kind("grid", lambda: self._file("mutant.hdr", grid, cards=self.chance.random() < 0.5),
                 lambda p: plan_mosaic([self.whole], grid=read_grid(p)),
                 lambda p: ["mosaic", whole, "--grid", str(p), "-o", f"{out}/m.zarr", "--overwrite", "--dry-run"]),
            Kind("preset", of("mutant.toml", PRESET.encode()), lambda p: load_preset(str(p)),
                 lambda p: [*composite, "--preset", str(p)]),
            Kind("association", of("mutant.json", ASSOCIATION.encode()),
                 lambda p: association_members(p.read_bytes(), name=str(p)), lambda p: ["names", str(p)]),
            Kind("import", of("mutant.jsonl", RECORD.encode() * 3), _use_import,
                 lambda p: ["catalog", "import", str(p), "--home", f"{out}/home"]),
            Kind("table", self._table, _use_table, lambda p: ["sources", str(p), "--json"]),
            Kind("regions", self._regions,
                 lambda p: regions_of(str(p), self.image), lambda p: ["stats", whole, "--region", str(p)]),
            Kind("annotations", of("mutant.toml", NOTES), lambda p: read_annotations(str(p)),
                 lambda p: [*composite, "--annotations", str(p)]),
            Kind("picture", self._picture, _use_picture, lambda p: ["verify", str(p)]),
        )  # fmt: skip

    def _file(self, name: str, seed: bytes, *, cards: bool = False) -> Path:
        path = self.folder / name
        path.write_bytes(damaged(seed, self.chance, cards=cards))
        return path

    def _store(self) -> Path:
        mutant, parts = self.folder / "mutant.zarr", self.parts
        shutil.rmtree(mutant, ignore_errors=True)
        shutil.copytree(self.store, mutant)
        part = self.chance.choice([parts[0], *[p for p in parts if p.name == "zarr.json"], *parts,
                                   self.store / "zarr.json"])  # fmt: skip
        path = mutant / part.relative_to(self.store)
        if self.chance.randrange(8) == 0:
            path.unlink()
        else:
            path.write_bytes(damaged(part.read_bytes(), self.chance, cards=False))
        return mutant

    def _use_store(self, mutant: Path) -> object:
        use_image(mutant)
        (self.folder / "again.fits").unlink(missing_ok=True)
        return export(mutant, self.folder / "again.fits")

    def _grid(self) -> str:
        header = fits.getheader(self.whole, 1)
        for key in [key for key in header if key.startswith(("A_", "B_", "XTENSION", "EXTNAME"))]:
            del header[key]
        header["CTYPE1"], header["CTYPE2"] = "RA---TAN", "DEC--TAN"
        text: str = header.tostring(endcard=False, padding=False)
        return text

    def _tables(self) -> dict[str, bytes]:
        table = Table({"id": [1, 2], "ra": [83.8, 83.81], "dec": [-5.4, -5.41], "name": ["a", "b"]})
        table.meta["jwstpipe"] = {"product_id": "x", "inputs": []}
        ends = ("ecsv", "vot", "parquet", "fits", "csv")
        return {end: write_catalogue(table, self.folder / f"table.{end}").read_bytes() for end in ends}

    def _regions(self) -> Path:
        return self._file(*self.chance.choice((("mutant.reg", DS9), ("mutant.crtf", CRTF))))

    def _table(self) -> Path:
        end = self.chance.choice(sorted(self.tables))
        return self._file(f"mutant.{end}", self.tables[end], cards=end == "fits" and self.chance.random() < 0.7)

    def _pictures(self) -> dict[str, bytes]:
        rows, found = np.random.default_rng(1).integers(0, 255, (40, 30, 3), np.uint8), {}
        for end in ("png", "jpg", "tif"):
            with open_picture(self.folder / f"picture.{end}", (40, 30)) as to:
                to.write(rows)
            found[end] = (self.folder / f"picture.{end}").read_bytes()
        return found

    def _picture(self) -> Path:
        end = self.chance.choice(sorted(self.pictures))
        return self._file(f"mutant.{end}", self.pictures[end])


def _lines(cards: str) -> bytes:
    return "\n".join(cards[start : start + 80] for start in range(0, len(cards), 80)).encode()


def _use_import(path: Path) -> object:
    with path.open("rb") as stream:
        return list(read_lines(text_lines(stream, name=str(path)), name=str(path)))


def _use_table(path: Path) -> object:
    table = read_catalogue(path)
    for name in table.colnames:
        str(table[name][:1])
    with suppress(NotFoundError):
        carried_provenance(path)
    return positions_of(table, name=str(path))


def _use_picture(path: Path) -> object:
    with suppress(NotFoundError):
        carried_provenance(path)
    return check_picture_file(path, name=str(path))


def run(mutants: int, seed: int, folder: Path) -> list[str]:
    """Try mutants and give what was found, one line each."""
    chance, findings = random.Random(seed), []
    kinds = Mutants(folder, chance).kinds()
    for number in range(mutants):
        kind = kinds[number % len(kinds)]
        path = kind.make()
        started, before = time.perf_counter(), _peak()
        try:
            kind.use(path)
        except JwstPipeError as error:
            if "\n" in str(error) or "\x1b" in str(error):
                findings.append(f"{number} {kind.name}: a message of several lines: {str(error)!r:.200}")
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            findings.append(f"{number} {kind.name}: {type(error).__name__}: {str(error)!r:.200}")
        if time.perf_counter() - started > MOST_SECONDS:
            findings.append(f"{number} {kind.name}: took {time.perf_counter() - started:.0f} s")
        if _peak() - before > MOST_BYTES:
            findings.append(f"{number} {kind.name}: took {(_peak() - before) >> 20} MB")
    return findings


def run_alone(mutants: int, seed: int, folder: Path) -> list[str]:
    """Try mutants by the command that reads them, each in a process of its own; give what was found."""
    from alone import Ending, alone, load

    load()
    chance, findings = random.Random(seed), []
    kinds, worst = Mutants(folder, chance).kinds(), Ending(0, 0.0, 0, "")
    for number in range(mutants):
        kind = kinds[number % len(kinds)]
        ending = alone(kind.words(kind.make()), str(folder))
        if ending.finding:
            findings.append(f"{number} {kind.name}: {ending.finding}")
        worst = Ending(0, max(worst.seconds, ending.seconds), max(worst.megabytes, ending.megabytes), "")
    print(f"worst: {worst.seconds:.1f} s, {worst.megabytes} MB")
    return findings


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    words = [word for word in sys.argv[1:] if word != "--alone"]
    many = int(words[0]) if words else 3000
    first = int(words[1]) if len(words) > 1 else SEED
    with tempfile.TemporaryDirectory() as place:
        begun = time.perf_counter()
        found = (run_alone if "--alone" in sys.argv else run)(many, first, Path(place))
        print(f"{many} mutants, seed {first}: {len(found)} findings in {time.perf_counter() - begun:.0f} s")
        print("\n".join(found))
