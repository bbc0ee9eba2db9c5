"""What a recipe costs: bytes, pixels, memory, and time from the rates that were measured at this site."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from jwstpipe.discovery.recipes.fields import Band
from jwstpipe.display.colour.resolution import pixel_arcsec
from jwstpipe.mosaicking.cost import work
from jwstpipe.requests import ProcessTargetRequest

__all__ = ["Cost", "Rates", "cost_of", "measured_rates", "scale_of"]

LAST_RUNS = 20
"""Runs whose median is believed."""

_BYTES_PER_PIXEL = {2: 37, 3: 28}
"""Planes of an exposure (SCI, ERR, DQ, AREA, VAR_*, WAVELENGTH) and of a combined image (SCI, ERR, CON, WHT, VAR_*)."""

_PLANES = {2: ("sci", "err", "wht", "n", "dq"), 3: ("sci", "err", "wht", "n")}


@dataclass(frozen=True)
class Rates:
    """How fast this site is; where nothing was measured, what the benchmarks gave on two shared cores."""

    bytes_per_s: float = 20e6
    convert_s_per_megapixel: float = 0.11
    picture_s_per_megapixel: float = 0.35
    mosaic_factor: float = 1.0
    """Measured time of mosaics over `jwstpipe.mosaicking.cost`'s estimate."""

    runs: int = 0
    """Runs that were measured."""

    @property
    def told(self) -> str:
        """Say what times are estimated from."""
        return f"the last {self.runs} runs here" if self.runs else "benchmarks on two cores; no run was measured here"


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


def measured_rates(reports: Iterable[Mapping[str, Any]], pixels: Mapping[str, int]) -> Rates:
    """Measure rates from the reports of finished runs, the newest first.

    Parameters
    ----------
    reports
        Reports of runs as JSON has them: ``seconds`` by step, ``bytes_moved``, ``products``.
    pixels
        Pixels of products, by id: of images, mosaics and pictures.
    """
    found: dict[str, list[float]] = {"transfer": [], "convert": [], "composite": []}
    runs = 0
    for report in reports:
        seconds = report.get("seconds") or {}
        made = [one for one in report.get("products") or () if not one.get("reused")]
        mosaics = sum(pixels.get(one.get("product_id"), 0) for one in made if one.get("kind") == "mosaic")
        moved, files = report.get("bytes_moved") or 0, report.get("files") or 0
        if not mosaics or runs == LAST_RUNS:
            continue
        runs += 1
        if moved > 1e6 and seconds.get("transfer", 0.0) > 0.0:
            found["transfer"].append(moved / seconds["transfer"])
        images = sum(pixels.get(one.get("product_id"), 0) for one in made if one.get("kind") == "image")
        if (images or files) and seconds.get("convert", 0.0) > 0.0:
            found["convert"].append(seconds["convert"] / max(images or mosaics, 1) * 1e6)
        pictures = [one for one in made if one.get("kind") == "picture"]
        if pictures and seconds.get("composite", 0.0) > 0.0:
            found["composite"].append(seconds["composite"] / mosaics * 1e6)
    usual = Rates()
    return Rates(
        bytes_per_s=median(found["transfer"] or [usual.bytes_per_s]),
        convert_s_per_megapixel=median(found["convert"] or [usual.convert_s_per_megapixel]),
        picture_s_per_megapixel=median(found["composite"] or [usual.picture_s_per_megapixel]),
        runs=runs,
    )


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
            tiles=max(1, width * height // 2048**2), deepest=len(band.rows), planes=_PLANES[request.level],
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
