"""`Scene`: one seeded sky that every simulated exposure looks at.

Diffuse light lies on one raster of the tangent plane, stars are points; both are functions of the position on the
sky alone, so that detectors, dithers and filters agree with each other.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jwstpipe.simulate.bands import Band
from jwstpipe.simulate.plane import Plane
from jwstpipe.simulate.sky.catalogue import Stars, draw_stars, paint_galaxies
from jwstpipe.simulate.sky.clouds import View
from jwstpipe.simulate.sky.nebula import build_nebula

__all__ = ["Scene", "build_scene", "load_raster", "load_scene", "save_raster", "save_scene"]

Float32Image = NDArray[np.float32]

_MARGIN = 1.12
"""Half the side of the raster over half the side of the view: room for dithers, roll and the wings of the PSF."""


@dataclass(frozen=True, eq=False)
class Scene:
    """A sky before telescope and atmosphere: nothing is blurred, nothing is noisy."""

    target: str
    """Name of the target."""

    seed: int
    """What all of it follows from, together with size and filters."""

    plane: Plane
    """Raster of the diffuse light; its tangent point is the target."""

    diffuse: dict[str, Float32Image]
    """Nebula and galaxies by filter, MJy/sr: float32, (y, x), x to the east, y to the north."""

    stars: Stars
    """Points, with their flux in each filter."""


def build_scene(
    *, target: str, ra: float, dec: float, seed: int, bands: Sequence[Band], view_arcsec: float, step_arcsec: float
) -> Scene:
    """Make a sky around a position.

    Parameters
    ----------
    target
        Name.
    ra, dec
        Position, degrees ICRS.
    seed
        Decides everything; same seed, same sky.
    bands
        Filters for which it is computed.
    view_arcsec
        Side of the part that exposures look at.
    step_arcsec
        Side of a pixel of the raster of diffuse light.
    """
    half = 0.5 * view_arcsec * _MARGIN
    size = 2 * int(np.ceil(half / step_arcsec)) + 1
    plane = Plane(ra, dec, step_arcsec, size)
    clouds, points, galaxies = np.random.default_rng([seed, 0x5CE7E]).spawn(3)
    nebula = build_nebula(clouds, View(size, _MARGIN), bands)
    stars = draw_stars(points, plane, nebula.dust, bands, view_half=0.5 * view_arcsec)
    distant = paint_galaxies(galaxies, plane, nebula.dust, bands, view_half=0.5 * view_arcsec)
    diffuse = {band.name: nebula.light[band.name] + distant[band.name] for band in bands}
    return Scene(target, seed, plane, diffuse, stars)


def save_scene(scene: Scene, folder: Path) -> None:
    """Write a scene to a folder, for `load_scene` in another thread or process."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, image in scene.diffuse.items():
        save_raster(folder / f"diffuse-{name}.npy", image)
    np.save(folder / "stars.npy", np.stack([scene.stars.ra, scene.stars.dec, scene.stars.temperature]))
    np.save(folder / "fluxes.npy", np.stack(list(scene.stars.flux.values())))
    facts = {"target": scene.target, "seed": scene.seed, "plane": asdict(scene.plane), "filters": list(scene.diffuse)}
    (folder / "scene.json").write_text(json.dumps(facts), encoding="utf-8")


def save_raster(path: Path, image: Float32Image) -> None:
    """Write a raster for `load_raster`."""
    np.save(path, np.ascontiguousarray(image))


def load_raster(path: Path) -> Float32Image:
    """Open a raster; it stays on disk until it is read."""
    # copy-on-write rather than read-only: kernels compiled for the one kind of array serve the other too
    return np.asarray(np.load(path, mmap_mode="c"))


def load_scene(folder: Path) -> Scene:
    """Open a saved scene; rasters stay on disk until they are read."""
    facts = json.loads((folder / "scene.json").read_text(encoding="utf-8"))
    names = facts["filters"]
    diffuse = {name: load_raster(folder / f"diffuse-{name}.npy") for name in names}
    ra, dec, temperature = np.load(folder / "stars.npy")
    flux = dict(zip(names, np.load(folder / "fluxes.npy"), strict=True))
    stars = Stars(ra, dec, temperature, flux)
    return Scene(facts["target"], facts["seed"], Plane(**facts["plane"]), diffuse, stars)
