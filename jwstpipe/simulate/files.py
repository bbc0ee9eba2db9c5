"""Jobs that make the files of a simulated programme; they share a folder of rasters and nothing else."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from jwstpipe.simulate.artefacts.add import readout_cards, truth_path, write_truth
from jwstpipe.simulate.artefacts.amounts import Artefacts
from jwstpipe.simulate.bands import Band
from jwstpipe.simulate.cards import add_cards, exposure_primary, exposure_science, region
from jwstpipe.simulate.combined import combine, combined_name, combined_primary, combined_science, combined_sky
from jwstpipe.simulate.coverage import GRID_ROLL, corners, grid_corners, grid_over
from jwstpipe.simulate.detector.psf import load_psf, pixel_psf, save_psf
from jwstpipe.simulate.observe import Before, blurred, expose
from jwstpipe.simulate.plan import ROLL, Exposure
from jwstpipe.simulate.sky.scene import load_raster, load_scene, save_raster
from jwstpipe.simulate.write import write_fits

__all__ = [
    "PATTERN",
    "BandJob",
    "CombinedJob",
    "ExposureJob",
    "Product",
    "SimulatedFile",
    "prepare_band",
    "write_combined",
    "write_exposure",
]

Product = Literal["cal", "i2d"]

PATTERN = "pattern.npy"
"""Raster of a stage: the diffraction pattern of the mirror, which all bands share."""


@dataclass(frozen=True)
class SimulatedFile:
    """One file of a programme, and what is true of it."""

    path: Path
    obs_id: str
    """File name without suffix, as MAST names observations."""

    suffix: Product
    level: Literal[2, 3]
    """Calibration level as MAST counts."""

    instrument: str
    """As in INSTRUME."""

    filter: str
    detector: str
    """As in DETECTOR; MULTIPLE for a combined image of several."""

    sky: float
    """Level under the scene, MJy/sr."""

    sky_offset: float
    """Part of `sky` above the mean level of the band, MJy/sr."""

    exposure_s: float
    """Effective exposure time, seconds."""

    start_mjd: float
    shape: tuple[int, int]
    """Rows and columns."""


@dataclass(frozen=True)
class BandJob:
    """Prepare what all files of a band share: PSF and blurred sky."""

    stage: Path
    """Folder with the scene and the pattern; receives the rasters."""

    band: Band
    scale: float
    """Side of a detector pixel, arcsec."""

    extent: float
    """Half-width of the PSF, arcsec."""

    combined: bool
    """Prepare the PSF of combined images too."""


@dataclass(frozen=True)
class ExposureJob:
    """Make one `_cal` file."""

    stage: Path
    """Folder of prepared bands."""

    folder: Path
    """Where the file goes."""

    exposure: Exposure
    seed: int
    residual_cosmic_rays: float
    artefacts: Artefacts | None = None
    before: Exposure | None = None
    """What the same detector looked at before."""


@dataclass(frozen=True)
class CombinedJob:
    """Make one `_i2d` file."""

    stage: Path
    """Folder of prepared bands."""

    folder: Path
    """Where the file goes."""

    exposures: tuple[Exposure, ...]
    seed: int


def prepare_band(job: BandJob) -> str:
    """Prepare a band and return its name."""
    scene = load_scene(job.stage)
    pattern = load_raster(job.stage / PATTERN)
    psf = pixel_psf(pattern, job.band, scale=job.scale, extent=job.extent)
    if job.combined:
        turned = pixel_psf(pattern, job.band, scale=job.scale, extent=job.extent, turn=ROLL - GRID_ROLL)
        save_psf(turned, job.stage / f"psf-turned-{job.band.name}.npz")
    save_psf(psf, job.stage / f"psf-{job.band.name}.npz")
    blur = blurred(scene.diffuse[job.band.name], scene.plane, psf, scale=job.scale)
    save_raster(job.stage / f"blurred-{job.band.name}.npy", blur)
    return job.band.name


def write_exposure(job: ExposureJob) -> SimulatedFile:
    """Make one `_cal` file."""
    exposure = job.exposure
    scene, name = load_scene(job.stage), exposure.band.name
    science = exposure_science(exposure)
    planes = expose(
        exposure,
        science,
        load_raster(job.stage / f"blurred-{name}.npy"),
        scene.plane,
        scene.stars,
        load_psf(job.stage / f"psf-{name}.npz"),
        seed=job.seed,
        residual_cosmic_rays=job.residual_cosmic_rays,
        artefacts=job.artefacts,
        before=None if job.before is None else Before(job.before, exposure_science(job.before)),
    )
    add_cards(science, "", [("S_REGION", region(*corners(exposure)), "spatial extent of the observation")])
    path = job.folder / f"{exposure.obs_id}_cal.fits"
    images = {
        "SCI": planes.sci,
        "ERR": planes.err,
        "DQ": planes.dq,
        "AREA": planes.area,
        "VAR_POISSON": planes.var_poisson,
        "VAR_RNOISE": planes.var_rnoise,
        "VAR_FLAT": planes.var_flat,
    }
    primary = exposure_primary(exposure)
    if job.artefacts is not None and planes.added is not None:
        for card in reversed(readout_cards(job.artefacts)):
            primary.insert("SUBARRAY", card, after=True)
        write_truth(truth_path(path), planes.added)
    write_fits(path, primary, science, images)
    return SimulatedFile(
        path=path,
        obs_id=exposure.obs_id,
        suffix="cal",
        level=2,
        instrument=exposure.band.instrument,
        filter=name,
        detector=exposure.detector.name,
        sky=exposure.sky,
        sky_offset=exposure.sky_offset,
        exposure_s=exposure.seconds,
        start_mjd=exposure.start_mjd,
        shape=(exposure.detector.size, exposure.detector.size),
    )


def write_combined(job: CombinedJob) -> SimulatedFile:
    """Make one `_i2d` file."""
    first = job.exposures[0]
    scene, band = load_scene(job.stage), first.band
    grid = grid_over(job.exposures)
    psf = load_psf(job.stage / f"psf-turned-{band.name}.npz")
    blur = load_raster(job.stage / f"blurred-{band.name}.npy")
    planes = combine(job.exposures, grid, blur, scene.plane, scene.stars, psf, seed=job.seed)
    primary, science = combined_primary(job.exposures), combined_science(job.exposures, grid)
    add_cards(science, "", [("S_REGION", region(*grid_corners(grid)), "spatial extent of the observation")])
    path = job.folder / f"{combined_name(first)}_i2d.fits"
    images = {
        "SCI": planes.sci,
        "ERR": planes.err,
        "CON": planes.con,
        "WHT": planes.wht,
        "VAR_POISSON": planes.var_poisson,
        "VAR_RNOISE": planes.var_rnoise,
        "VAR_FLAT": planes.var_flat,
    }
    write_fits(path, primary, science, images)
    sky = combined_sky(job.exposures)
    return SimulatedFile(
        path=path,
        obs_id=combined_name(first),
        suffix="i2d",
        level=3,
        instrument=band.instrument,
        filter=band.name,
        detector=primary["DETECTOR"],
        sky=sky,
        sky_offset=sky - band.sky,
        exposure_s=primary["EFFEXPTM"],
        start_mjd=first.start_mjd,
        shape=grid.shape,
    )
