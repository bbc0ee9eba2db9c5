"""The spectra of the demo: fetched, made into a picture of lines and measured, as anybody would."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from jwstpipe.errors import NotFoundError
from jwstpipe.settings import Settings
from jwstpipe.storage import aside

if TYPE_CHECKING:
    from jwstpipe.operations.make.make_missing import OperationRun

__all__ = ["demo_spectra"]

LINES = ("[Fe II] 5.34", "H2 0-0 S(7)", "[Mg V] 5.61")


def demo_spectra(settings: Settings, out: Path, *, target: str) -> list[Path]:
    """Ingest the spectra of the demo, make their products, and copy two pictures beside that of the mosaics.

    Returns
    -------
    list of Path
        The picture of three lines, and the plot of a spectrum with its lines.

    Raises
    ------
    JwstPipeError
        As `jwstpipe.ingestion.ingest_products` and the operations.
    """
    from jwstpipe.ingestion import choose, ingest_products
    from jwstpipe.operations.make.make_products import Order, make_products
    from jwstpipe.operations.registry import REGISTRY
    from jwstpipe.requests import SearchRequest
    from jwstpipe.requests.analysis.cubes import CubePictureRequest
    from jwstpipe.requests.analysis.spectra import SpectrumRequest
    from jwstpipe.requests.pictures import ThumbnailOptions
    from jwstpipe.simulate.spectroscopy import REDSHIFT

    wanted = choose(SearchRequest(target=target, level=(3,), spectra=True), settings=settings.archive).products
    wanted = tuple(one for one in wanted if one.file_name.endswith(("_s3d.fits", "_x1d.fits")))
    found = {one.record.file_name: one.record for one in ingest_products(wanted, settings=settings).require_all()}
    cube = next((one for name, one in found.items() if name.endswith("_s3d.fits")), None)
    spectrum = next((one for name, one in found.items() if name.endswith("_x1d.fits")), None)
    if cube is None or spectrum is None:
        raise NotFoundError(f"{target}: the archive of the demo lists no spectra")
    picture = CubePictureRequest(lines=LINES, redshift=REDSHIFT)
    measured = SpectrumRequest(redshift="auto", fit_lines=True)
    with _run(settings) as run:
        convert = REGISTRY["convert-cube"]
        (stored,) = make_products(run, convert, [Order(convert.request(), (cube,), "cube.zarr")])
        orders = [Order(ThumbnailOptions(), (one,), "small.png") for one in (stored.record, spectrum)]
        small = make_products(run, REGISTRY["thumbnail"], orders)
        run.catalog.set_thumbnails({one.record.parents[0]: str(one.record.storage_key) for one in small})
        made = [
            *make_products(run, REGISTRY["cube-picture"], [Order(picture, (stored.record,), "lines.png")]),
            *make_products(run, REGISTRY["spectrum"], [Order(measured, (spectrum,), "spectrum.png")]),
        ]
        return [_copied(run.store.read_bytes(str(one.record.storage_key)), out / one.record.file_name) for one in made]


@contextmanager
def _run(settings: Settings) -> Iterator["OperationRun"]:
    from jwstpipe.catalog.catalog import open_catalog
    from jwstpipe.execution.workers import ThreadWorkers
    from jwstpipe.operations.make.make_missing import OperationRun
    from jwstpipe.storage import open_store

    store = open_store(settings.store_root, s3=settings.s3)
    with open_catalog(settings.catalog_address) as catalog:
        yield OperationRun(catalog, store, ThreadWorkers(2), f"demo-{uuid4().hex[:8]}", uuid4().hex[:12])


def _copied(content: bytes, target: Path) -> Path:
    with aside(target) as partial:
        partial.write_bytes(content)
    return target
