"""What a recipe costs: bytes, pixels, memory, and time from the rates that were measured at this site."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from jwstpipe.discovery.recipes.fields import Band
from jwstpipe.discovery.recipes.rates import PLANES, Rates
from jwstpipe.display.colour.resolution import pixel_arcsec
from jwstpipe.mosaicking.cost import work
from jwstpipe.requests import ProcessTargetRequest

__all__ = ["Cost", "cost_of", "scale_of"]

_BYTES_PER_PIXEL = {2: 37, 3: 28}
"""Planes of an exposure (SCI, ERR, DQ, AREA, VAR_*, WAVELENGTH) and of a combined image (SCI, ERR, CON, WHT, VAR_*)."""


@dataclass(frozen=True)
class Cost:
    """What it takes to make a picture."""

    width: int
    height: int
    scale_arcsec: float
    bytes_to_fetch: int
    bytes_from: str
    memory_bytes: int
    seconds: tuple[float, float]
    """From half to twice the estimate."""


def scale_of(bands: Sequence[Band]) -> float:
    """Give the finest pixel among bands, arcseconds."""
    return min(pixel_arcsec(band.instrument, band.wavelength_um) for band in bands)


def cost_of(
    bands: Sequence[Band], request: ProcessTargetRequest, *, sizes: Mapping[str, int], here: Iterable[str],
    rates: Rates, threads: int,
) -> Cost:  # fmt: skip
    """Estimate a picture of bands on one grid, as `jwstpipe mosaic --dry-run` estimates its mosaics.

    Parameters
    ----------
    bands
        Its filters.
    request
        How mosaics are made.
    sizes
        Bytes by observation id, as far as the archive told them.
    here
        Observations that need no fetching.
    rates, threads
        Of this site.
    """
    scale = scale_of(bands)
    x0, y0, x1, y1 = _bounds(bands)
    width, height = (max(1, math.ceil(side * 60.0 / scale)) for side in (x1 - x0, y1 - y0))
    known, guessed, held = 0, 0, set(here)
    pixels = mosaic_s = 0.0
    memory = 0
    for band in bands:
        own = pixel_arcsec(band.instrument, band.wavelength_um)
        options = request.mosaic_options(depth=len(band.rows))
        samples = 0.0
        for row, shape in zip(band.rows, band.shapes, strict=True):
            area = shape.area * 3600.0
            samples += area / own**2
            if row.obs_id in held:
                continue
            told = sizes.get(row.obs_id)
            known += told or 0
            guessed += 0 if told else int(area / own**2 * _BYTES_PER_PIXEL[row.level])
        made = work(
            samples=int(samples), pixels=int(band.area * 3600.0 / scale**2),
            tiles=max(1, width * height // 2048**2), deepest=len(band.rows), planes=PLANES[request.level],
            weights="ivm", options=options, threads=threads,
        )  # fmt: skip
        pixels, mosaic_s, memory = pixels + samples, mosaic_s + made["seconds"], max(memory, made["memory_bytes"])
    seconds = (
        (known + guessed) / rates.bytes_per_s
        + pixels / 1e6 * rates.convert_s_per_megapixel
        + mosaic_s * rates.mosaic_factor
        + width * height * len(bands) / 1e6 * rates.picture_s_per_megapixel
    )
    told_from = "the archive's sizes" if not guessed else "estimated from areas" if not known else "partly estimated"
    return Cost(
        width, height, scale, known + guessed, told_from, memory, (round(seconds * 0.5, 1), round(seconds * 2.0, 1))
    )


def _bounds(bands: Sequence[Band]) -> tuple[float, float, float, float]:
    sides = [band.union.bounds for band in bands]
    return min(s[0] for s in sides), min(s[1] for s in sides), max(s[2] for s in sides), max(s[3] for s in sides)
