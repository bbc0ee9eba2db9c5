"""What holds for every operation of the registry: made, deleted and made again it is the same; it tells no paths.

An operation that is added is made with its default options, of converted images. One that needs more has an entry in
`wanted`: a request, and of the products of which operation.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from jwstpipe.catalog.leases import holders
from jwstpipe.catalog.query import RecordQuery
from jwstpipe.errors import DataError
from jwstpipe.identity import derived_product_id
from jwstpipe.images.zarr.layout import LAYOUT, sealed
from jwstpipe.operations.composite import PictureRecipe
from jwstpipe.operations.convert import ConvertRecipe
from jwstpipe.operations.make.make_products import Order, make_products
from jwstpipe.operations.mosaic import MosaicRecipe
from jwstpipe.operations.products.reproduce import reproduce
from jwstpipe.operations.registry import REGISTRY
from jwstpipe.operations.sources.photometry import PhotometryRecipe
from jwstpipe.requests import ContactSheetOptions, MosaicOptions, ThumbnailOptions
from jwstpipe.requests.analysis.background import BackgroundRequest
from jwstpipe.requests.analysis.cubes import CubeMapRequest, CubePictureRequest, CubeSpectrumRequest
from jwstpipe.requests.analysis.detect import DetectRequest
from jwstpipe.requests.analysis.filters import FilterRequest
from jwstpipe.requests.analysis.match import AstrometryRequest, MatchRequest
from jwstpipe.requests.analysis.psf_match import MatchPsfRequest
from jwstpipe.requests.analysis.spectra import LinesRequest, SpectrumRequest
from jwstpipe.requests.analysis.tables import TableRequest
from jwstpipe.storage import tree_digest
from tests.operations.conftest import Site


@dataclass(frozen=True)
class Wanted:
    """One product of an operation: of the products of which other operations, and how."""

    of: str
    """``archive`` (images), ``cubes`` or ``spectra`` (of the archive), or the operation that makes its inputs."""

    request: Any
    name: str


def wanted(name, folder):
    """Say how an operation is tried; the files that a request names are written into `folder`."""
    operation = REGISTRY[name]
    chosen = _chosen(folder)
    return chosen[name] if name in chosen else Wanted("convert", operation.request(), f"a{operation.forms[0]}")


@cache
def _chosen(folder):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "look.toml").write_text('title = "Mine"\nmethod = "auto"\nsaturation = 1.3\n[channel]\nstretch = "log"\n')
    (folder / "notes.toml").write_text("[[circle]]\nat = [150.0, 2.0]\nradius = 1.0\n")
    (folder / "stars.csv").write_text("name,ra,dec\none,150.0001,2.0001\ntwo,149.9999,1.9999\n")
    (folder / "disc.reg").write_text("image\ncircle(6, 7, 3)\n")
    picture = PictureRecipe(
        preset=str(folder / "look.toml"), annotations=str(folder / "notes.toml"), sources=str(folder / "stars.csv"),
        overlays=("sources", "labels"), size=64, title="Wave", coverage="any",
    )  # fmt: skip
    align = MosaicOptions(background="level", align="none", kernel="drizzle")
    photometry = PhotometryRecipe(mesh=16, aperture=("2px",), annulus=("4px", "8px"))
    for word, sigma in (("own", 1.0), ("wide", 1.6)):
        y, x = np.mgrid[-12:13, -12:13]
        light = np.exp(-(x**2 + y**2) / (2 * sigma**2))
        fits.writeto(folder / f"{word}.fits", (light / light.sum()).astype("f4"), overwrite=True)
    psfs = MatchPsfRequest(to=str(folder / "wide.fits"), own_psf=str(folder / "own.fits"), kernel_half=5)
    return {
        "match-psf": Wanted("convert", psfs, "a.zarr"),
        "convert": Wanted("archive", ConvertRecipe(), "a.zarr"),
        "mosaic": Wanted("convert", MosaicRecipe(options=align), "nircam_f090w_mosaic.zarr"),
        "composite": Wanted("convert", picture, "wave.png"),
        "thumbnail": Wanted("convert", ThumbnailOptions(size=32), "a.png"),
        "contact-sheet": Wanted("convert", ContactSheetOptions(size=48), "images-contact-sheet.png"),
        "detect": Wanted("convert", DetectRequest(mesh=16), "sources.parquet"),
        "segmentation": Wanted("convert", DetectRequest(mesh=16), "labels.fits"),
        "match": Wanted("detect", MatchRequest(within=1.0), "both.parquet"),
        "astrometry": Wanted("detect", AstrometryRequest(reference=str(folder / "stars.csv"), within=5.0), "p.parquet"),
        "photometry": Wanted("convert", photometry, "fluxes.parquet"),
        "background": Wanted("convert", BackgroundRequest(mesh=16), "flat.zarr"),
        "convert-cube": Wanted("cubes", REGISTRY["convert-cube"].request(), "a.zarr"),
        "cube": Wanted("convert-cube", CubeMapRequest(line="5.34", velocities=(-400, 400), sides=(450, 900)), "m.zarr"),
        "cube-spectrum": Wanted("convert-cube", CubeSpectrumRequest(region=(str(folder / "disc.reg"),)), "s.ecsv"),
        "cube-picture": Wanted("cubes", CubePictureRequest(lines=("5.34", "5.37"), continuum=False), "rgb.png"),
        "spectrum": Wanted("spectra", SpectrumRequest(redshift="auto", continuum="median"), "s.svg"),
        "table": Wanted("spectra", TableRequest(columns=("WAVE*", "FLUX"), where="FLUX > 1e-3"), "t.ecsv"),
        "lines": Wanted("spectra", LinesRequest(redshift="0.02"), "lines.ecsv"),
        "filter": Wanted("convert", FilterRequest(method="repair"), "repaired.zarr"),
    }


def inputs_of(operation, parents):
    """Take all products where one is made of several; the two are of different filters, which no mosaic mixes."""
    return tuple(parents if operation.several and operation.name != "mosaic" else parents[:1])


def parents_of(name, site, catalog, folder, run):
    """Make the products of an operation of which others are made, one of each of its own inputs."""
    if name in ("archive", "cubes", "spectra"):
        keys = getattr(site, name)
        known = catalog.get_many(keys)
        return [known[key] for key in keys]
    entry = wanted(name, folder)
    own = parents_of(entry.of, site, catalog, folder, run)
    orders = [Order(entry.request, (one,), f"{one.file_name}.{entry.name.rpartition('.')[2]}") for one in own]
    return [one.record for one in make_products(site.run(catalog, run), REGISTRY[name], orders)]


def made_by(name, site, catalog, folder, *, run="run"):
    """Make the product of an operation, and of those that it is made of; gives its record."""
    entry, operation = wanted(name, folder), REGISTRY[name]
    parents = parents_of(entry.of, site, catalog, folder, run)
    order = Order(entry.request, inputs_of(operation, parents), entry.name)
    (done,) = make_products(site.run(catalog, run), operation, [order])
    return done.record


@pytest.mark.parametrize("name", REGISTRY)
def test_made_deleted_and_made_again_it_is_the_same(name, site, tmp_path):
    files = tmp_path / "files"
    with site.opened() as catalog:
        record = made_by(name, site, catalog, files)
        for path in files.iterdir():
            path.unlink()  # what decided stands in the record
        before = tree_digest(site.store, record.storage_key)
        if record.digest is not None:
            assert record.digest == before
        stood = reproduce(record.product_id, catalog=catalog, store=site.store)
        assert (stood.product_id, stood.digest, stood.same) == (record.product_id, before, True)
        site.store.delete(record.storage_key)
        again = reproduce(record.product_id, catalog=catalog, store=site.store)
        assert (again.product_id, again.digest, again.same) == (record.product_id, before, True)
        assert tree_digest(site.store, record.storage_key) == before
        assert catalog.count(RecordQuery(status=("staged",))) == 0
        assert holders(catalog) == []


def test_a_store_of_an_older_layout_is_compared_by_its_samples(site, tmp_path):
    with site.opened() as catalog:
        record = made_by("background", site, catalog, tmp_path / "files")
        root = Path(site.store.url(record.storage_key), "zarr.json")
        written = json.loads(root.read_text())
        ours = {key: value for key, value in written["attributes"]["jwstpipe"].items() if key != "digest"}
        written["attributes"]["jwstpipe"] = sealed({**ours, "layout": LAYOUT - 1})
        root.write_text(json.dumps(written))
        stood = reproduce(record.product_id, catalog=catalog, store=site.store)
        assert (stood.same, stood.compared) == (True, "all samples with the digest of the record")
        site.store.delete(record.storage_key)
        assert reproduce(record.product_id, catalog=catalog, store=site.store).same


@pytest.mark.parametrize("name", REGISTRY)
def test_its_id_follows_from_its_record(name, site, tmp_path):
    operation = REGISTRY[name]
    with site.opened() as catalog:
        record = made_by(name, site, catalog, tmp_path / "files")
        assert record.operation == name
        assert record.algorithm_version == operation.version
        assert operation.request_of(record.parameters)
        wanted_id = derived_product_id(name, operation.version, record.parameters, record.parents)
        assert record.product_id == wanted_id
        assert made_by(name, site, catalog, tmp_path / "elsewhere", run="other").run_id == record.run_id


@pytest.mark.parametrize("name", REGISTRY)
def test_in_another_folder_it_has_the_same_id_and_bytes_and_tells_no_path(name, site, tmp_path):
    other = Site(tmp_path / "another")
    other.archive = other.fill()
    other.cubes = other.fill_cube()
    other.spectra = other.fill_spectra()
    assert (other.archive, other.cubes, other.spectra) == (site.archive, site.cubes, site.spectra)
    with site.opened() as catalog:
        here = made_by(name, site, catalog, tmp_path / "files")
    with other.opened() as catalog:
        there = made_by(name, other, catalog, tmp_path / "moved" / "files")
    assert here.product_id == there.product_id
    assert tree_digest(site.store, here.storage_key) == tree_digest(other.store, there.storage_key)
    for root in (str(site.root), str(tmp_path)):
        for key in other.store.list(there.storage_key):
            assert root.encode() not in other.store.read_bytes(key), key
        assert root not in there.model_dump_json()


def test_a_record_that_was_edited_is_refused(site, tmp_path):
    with site.opened() as catalog:
        record = made_by("thumbnail", site, catalog, tmp_path)
        edited = record.model_copy(update={"parameters": {"size": 16, "stretch": "zscale"}})
        catalog.publish(edited)
        with pytest.raises(DataError, match="was it edited"):
            reproduce(record.product_id, catalog=catalog, store=site.store)
        catalog.publish(record)
