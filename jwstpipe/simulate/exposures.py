"""A whole observing programme of a simulated sky, as JWST files.

One seed gives one sky, one set of pointings, one noise: the same programme twice is the same bytes twice.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from jwstpipe.errors import UsageError
from jwstpipe.execution.workers import ThreadWorkers
from jwstpipe.notebook import Shown
from jwstpipe.progress import Reporter, silent
from jwstpipe.simulate.artefacts.amounts import Artefacts
from jwstpipe.simulate.bands import bands_named
from jwstpipe.simulate.combined import combined_name
from jwstpipe.simulate.detector.psf import diffraction
from jwstpipe.simulate.files import (
    PATTERN,
    BandJob,
    CombinedJob,
    ExposureJob,
    Product,
    SimulatedFile,
    prepare_band,
    write_combined,
    write_exposure,
)
from jwstpipe.simulate.plan import LAYOUTS, Exposure, Layout, Size, Target, plan_exposures
from jwstpipe.simulate.planet import Planet
from jwstpipe.simulate.sky.scene import Scene, build_scene, save_raster, save_scene
from jwstpipe.storage import writing_errors

__all__ = ["Programme", "SimulatedFile", "simulate_programme"]

_LONGEST_SPIKE_ARCSEC = 8.0


@dataclass(frozen=True, eq=False, repr=False)
class Programme(Shown):
    """A simulated programme: its files, and the sky that they show."""

    target: Target
    scene: Scene
    exposures: tuple[Exposure, ...]
    """The plan, in the order of time."""

    files: tuple[SimulatedFile, ...]
    """In the order of `exposures`, then the combined images."""

    def facts(self) -> dict[str, object]:
        """Give what a person wants to know first."""
        return {
            "target": self.target.name,
            "filters": tuple(dict.fromkeys(file.filter for file in self.files)),
            "exposures": len(self.exposures),
            "files": len(self.files),
        }


def simulate_programme(
    folder: Path,
    *,
    size: Size = "small",
    seed: int = 1,
    target: str = "JWSTPIPE DEMO",
    ra: float = 83.8,
    dec: float = -5.4,
    filters: Sequence[str] | None = None,
    dithers: int | None = None,
    tiles: int | None = None,
    products: Sequence[Product] = ("cal", "i2d"),
    residual_cosmic_rays: float = 0.0,
    planet: Planet | None = None,
    artefacts: Artefacts | None = None,
    pixels: int | None = None,
    detectors: Sequence[str] | None = None,
    nebula: float = 1.0,
    workers: int = 1,
    report: Reporter = silent,
) -> Programme:
    """Observe a seeded sky and write the files.

    Parameters
    ----------
    folder
        Where files go; made when missing. Files of the same names are replaced.
    size
        ``tiny`` for tests (two filters, seconds), ``small`` (six filters, a field of 50 arcsec), ``large`` (detectors
        of the real size).
    seed
        Decides sky, pointings and noise.
    target, ra, dec
        Name and position (degrees ICRS) of the target.
    filters
        Filters instead of those of the size (see `jwstpipe.simulate.bands.BANDS`).
    dithers, tiles
        Exposures a visit, and visits side by side, instead of those of the size.
    products
        Kinds of files: exposures, combined images, or both.
    residual_cosmic_rays
        Fraction of the pixels of an exposure with a cosmic ray that nothing flags.
    planet
        What the telescope follows, from the position of the target on: exposures only. The diffuse sky is drawn as it
        lies in the middle of an exposure, stars with the trail that they leave.
    artefacts
        What electronics and stray light add to exposures; its true amount goes into a file ``_truth.fits`` beside each.
        None = nothing, and no such files.
    pixels
        Side of all detectors, pixels, instead of those of the size.
    detectors
        Names of the detectors that take part; None = all that see through a filter.
    nebula
        Brightness of nebula and galaxies relative to the usual; 0 leaves stars on an even sky.
    workers
        Threads that make files.
    report
        Told after each file.

    Raises
    ------
    UsageError
        An unknown size, filter or product, or a number out of range.
    StorageError
        The folder cannot be written.
    """
    layout = _layout(size, filters=filters, dithers=dithers, tiles=tiles)
    if pixels is not None:
        layout = replace(layout, short=pixels, long=pixels, miri=pixels)
    _check(target, products, residual_cosmic_rays, workers, pixels)
    if planet is not None and "i2d" in products:
        raise UsageError("the combined images of a simulated programme are of fixed targets; ask for products=('cal',)")
    bands, aim = bands_named(layout.filters), Target(target, ra, dec, planet)
    exposures = _of_detectors(plan_exposures(layout, bands, aim, seed=seed), detectors)
    view = layout.view_arcsec + _path_arcsec(exposures)
    scene = build_scene(
        target=target, ra=ra, dec=dec, seed=seed, bands=bands, view_arcsec=view, step_arcsec=layout.step
    )
    if nebula != 1.0:
        scene = replace(scene, diffuse={name: light * np.float32(nebula) for name, light in scene.diffuse.items()})
    extent = min(_LONGEST_SPIKE_ARCSEC, 0.25 * layout.view_arcsec)
    with _stage(folder, scene) as stage:
        shared = {b.name: BandJob(stage, b, layout.detectors(b)[0].scale, extent, "i2d" in products) for b in bands}
        jobs = {
            e.obs_id: ExposureJob(stage, folder, e, seed, residual_cosmic_rays, artefacts, _before(e, exposures))
            for e in exposures
            if "cal" in products
        }
        groups = _by_product(exposures) if "i2d" in products else []
        deep = {key: CombinedJob(stage, folder, group, seed) for key, group in groups}
        made = _written(shared, jobs, deep, ThreadWorkers(workers), report)
    return Programme(aim, scene, exposures, made)


@contextmanager
def _stage(folder: Path, scene: Scene) -> Iterator[Path]:
    """Lay the sky down where all jobs find it, beside the files, for as long as they are made."""
    with writing_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        scratch = tempfile.TemporaryDirectory(prefix=".scene-", dir=folder)
    with scratch as name:
        save_scene(scene, Path(name))
        save_raster(Path(name) / PATTERN, diffraction())
        yield Path(name)


def _written(
    shared: Mapping[str, BandJob], exposures: Mapping[str, ExposureJob], combined: Mapping[str, CombinedJob],
    pool: ThreadWorkers, report: Reporter,
) -> tuple[SimulatedFile, ...]:  # fmt: skip
    """Write the files: what exposures of a filter share first, then exposures, then combined images."""
    pool.run(prepare_band, shared, name="simulate bands", report=report, unit="bands")
    made: list[SimulatedFile] = []
    if exposures:
        made += pool.run(write_exposure, exposures, name="simulate exposures", report=report, unit="files").values()
    if combined:
        made += pool.run(write_combined, combined, name="simulate mosaics", report=report, unit="files").values()
    return tuple(made)


def _of_detectors(exposures: Sequence[Exposure], names: Sequence[str] | None) -> tuple[Exposure, ...]:
    """Take the exposures of the detectors that take part."""
    present = sorted({one.detector.name for one in exposures})
    unknown = [name for name in names or () if name not in present]
    if unknown or (names is not None and not names):
        said = f"no detector {unknown[0]!r} sees" if unknown else "name at least one detector that sees"
        raise UsageError(f"{said} through these filters; there are {', '.join(present)}")
    return tuple(one for one in exposures if names is None or one.detector.name in names)


def _path_arcsec(exposures: Sequence[Exposure]) -> float:
    """Give by how much the sky that is seen grows because the target moves: twice its way."""
    planet = exposures[0].target.planet
    if planet is None:
        return 0.0
    return 2.0 * float(np.hypot(*planet.moved(exposures[-1].end_mjd - exposures[0].start_mjd)))


def _layout(size: str, *, filters: Sequence[str] | None, dithers: int | None, tiles: int | None) -> Layout:
    if size not in LAYOUTS:
        raise UsageError(f"unknown size {size!r} of a simulated programme; choose from {', '.join(LAYOUTS)}")
    layout = LAYOUTS[size]
    layout = replace(
        layout,
        filters=layout.filters if filters is None else tuple(filters),
        dithers=layout.dithers if dithers is None else dithers,
        tiles=layout.tiles if tiles is None else tiles,
    )
    if not layout.filters:
        raise UsageError("a simulated programme needs at least one filter")
    if not (1 <= layout.dithers <= 99 and 1 <= layout.tiles <= 99):
        raise UsageError(f"dithers and tiles go from 1 to 99, not {layout.dithers} and {layout.tiles}")
    return layout


def _check(target: str, products: Sequence[str], residual_cosmic_rays: float, workers: int, pixels: int | None) -> None:
    if not (target.isascii() and target.isprintable() and target.strip()):
        raise UsageError(f"a target's name stands in FITS headers: printable ASCII, not {target!r}")
    unknown = [name for name in products if name not in ("cal", "i2d")]
    if unknown:
        raise UsageError(f"a simulated programme has no product {unknown[0]!r}; choose from cal, i2d")
    if not 0.0 <= residual_cosmic_rays <= 0.1:
        raise UsageError(f"residual cosmic rays hit 0 to 0.1 of the pixels, not {residual_cosmic_rays}")
    if pixels is not None and not 64 <= pixels <= 2048:
        raise UsageError(f"simulated detectors have 64 to 2048 pixels a side, not {pixels}")
    if workers < 1:
        raise UsageError(f"at least one worker makes files, not {workers}")


def _before(exposure: Exposure, exposures: Sequence[Exposure]) -> Exposure | None:
    """Find what the same detector looked at before, through any filter."""
    earlier = [one for one in exposures if one.detector == exposure.detector and one.start_mjd < exposure.start_mjd]
    return max(earlier, key=lambda one: one.start_mjd, default=None)


def _by_product(exposures: Sequence[Exposure]) -> list[tuple[str, tuple[Exposure, ...]]]:
    names = list(dict.fromkeys(combined_name(exposure) for exposure in exposures))
    return [(name, tuple(e for e in exposures if combined_name(e) == name)) for name in names]
