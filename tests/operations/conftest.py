"""A small site in a folder: a store with two archive files of two filters, and a catalogue that knows them."""

import hashlib
from datetime import UTC, datetime
from functools import cached_property

import numpy as np
import pytest

from jwstpipe.catalog.catalog import open_catalog
from jwstpipe.catalog.records.archive_record import record_from_archive
from jwstpipe.execution.workers import ThreadWorkers
from jwstpipe.operations.make.make_missing import OperationRun
from jwstpipe.simulate.spectra import SpectrumScene, simulated_samples, write_x1d
from jwstpipe.simulate.spectral_cube import CubeScene, SimulatedLine, simulate_cube
from jwstpipe.storage import open_store
from tests.mosaicking import scenes

SHAPE = (64, 72)
NOW = datetime(2026, 1, 2, tzinfo=UTC)
FILES = {"F090W": "jw01234001001_02101_00001_nrca1_cal.fits", "F200W": "jw01234001001_02103_00001_nrca1_cal.fits"}
SPECTRUM = "jw01234-o001_s00001_nirspec_f170lp-g235m_x1d.fits"
CUBE = "jw01234-o001_t001_miri_ch1-short_s3d.fits"


def archive_files(folder):
    """Write the files of the archive; the same bytes wherever they are written."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, (band, name) in enumerate(FILES.items()):
        sky = scenes.header(shape=SHAPE)
        noise = np.random.default_rng(number).normal(0, 0.02, SHAPE)
        pixels = scenes.wave(sky, SHAPE, period=2.0 + number) + noise
        pixels[30:34, 40:44] += 50
        path = scenes.write(
            folder / name, pixels, sky, err=np.full(SHAPE, 0.02), var_rnoise=np.full(SHAPE, 4e-4),
            dq=np.zeros(SHAPE), exposure=100.0,
        )  # fmt: skip
        with scenes.fits.open(path, mode="update") as opened:
            opened[0].header.update({"TELESCOP": "JWST", "INSTRUME": "NIRCAM", "FILTER": band, "TARGPROP": "Wave"})
    return [folder / name for name in FILES.values()]


class Site:
    """Store and catalogue under one folder."""

    def __init__(self, root):
        self.root = root
        self.store = open_store(root / "store")
        self.address = str(root / "catalog.sqlite")

    def opened(self):
        return open_catalog(self.address)

    def run(self, catalog, name="run"):
        return OperationRun(catalog, self.store, ThreadWorkers(1), name)

    def fill(self):
        """Register the archive's images."""
        return self.register(archive_files(self.root / "incoming"))

    @cached_property
    def cubes(self):
        return self.fill_cube()

    @cached_property
    def spectra(self):
        return self.fill_spectra()

    def fill_cube(self):
        """Register a spectral cube of the archive."""
        path = self.root / "incoming" / CUBE
        scene = CubeScene(lines=(SimulatedLine(5.34, 4e-7), SimulatedLine(5.37, 2e-7)))
        simulate_cube(path, np.linspace(5.31, 5.40, 90), shape=(14, 12), scene=scene)
        return self.register([path])

    def fill_spectra(self):
        """Register an extracted spectrum of the archive."""
        waves = np.linspace(1.7, 3.1, 300)
        scene = SpectrumScene(((1.8756, 4e-18), (2.1661, 2e-18)), redshift=0.02, sigma_kms=250.0)
        return self.register(
            [write_x1d(self.root / "incoming" / SPECTRUM, [(waves, *simulated_samples(waves, scene))])]
        )

    def register(self, paths):
        records = []
        for path in paths:
            content = path.read_bytes()
            key = f"mast/{path.name.rpartition('_')[0]}/{path.name}"
            self.store.write_bytes(key, content)
            header = scenes.fits.getheader(path)
            fields = {
                "dataURI": f"mast:JWST/product/{path.name}",
                "obs_id": key.split("/")[1],
                "productFilename": path.name,
            }
            digest = hashlib.sha256(content).hexdigest()
            record = record_from_archive(
                fields, dict(header), storage_key=key, digest=digest, file_size=len(content), imported=NOW
            )
            records.append(record)
        with self.opened() as catalog:
            catalog.publish_many(records)
        return [record.product_id for record in records]


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    made = Site(tmp_path_factory.mktemp("site"))
    made.archive = made.fill()
    return made
