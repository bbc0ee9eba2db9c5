"""How fast a site is: rates of its finished runs, or those of benchmarks where nothing was measured."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from jwstpipe.errors import JwstPipeError
from jwstpipe.mosaicking.cost import work
from jwstpipe.requests import ProcessTargetRequest, validated

__all__ = ["LAST_RUNS", "PLANES", "Measured", "Rates", "measured_rates"]

LAST_RUNS = 20
"""Runs whose median is believed."""

LEAST_PIXELS = 1_000_000
"""A run that made fewer pixels of mosaics tells how long things take to start, not how fast they are."""

PLANES = {2: ("sci", "err", "wht", "n", "dq"), 3: ("sci", "err", "wht", "n")}
"""Planes of a mosaic of exposures, and of one of combined images."""


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
class Measured:
    """What the catalogue knows of the products that reports name."""

    pixels: Mapping[str, int]
    """Of images, mosaics and pictures, by id."""

    parents: Mapping[str, Sequence[str]]
    """Images of each mosaic, by id."""

    threads: int = 2
    """That compute mosaics here."""

    def samples(self, mosaic: str) -> int:
        """Count the pixels of the images of a mosaic."""
        return sum(self.pixels.get(one, 0) for one in self.parents.get(mosaic, ()))


def measured_rates(reports: Iterable[Mapping[str, Any]], known: Measured) -> Rates:
    """Measure rates from the reports of finished runs, the newest first.

    Parameters
    ----------
    reports
        Reports of runs as JSON has them: ``request``, ``seconds`` by step, ``bytes_moved``, ``products``.
    known
        Sizes of their products.
    """
    found: dict[str, list[float]] = {"transfer": [], "convert": [], "mosaic": [], "composite": []}
    runs = 0
    for report in reports:
        seconds = report.get("seconds") or {}
        made = [one for one in report.get("products") or () if not one.get("reused")]
        mosaics = [one for one in made if one.get("kind") == "mosaic"]
        pixels = sum(known.pixels.get(one.get("product_id"), 0) for one in mosaics)
        if pixels < LEAST_PIXELS or runs == LAST_RUNS:
            continue
        runs += 1
        samples = sum(known.samples(str(one.get("product_id"))) for one in mosaics) or pixels
        moved = report.get("bytes_moved") or 0
        if moved > 1e6 and seconds.get("transfer", 0.0) > 0.0:
            found["transfer"].append(moved / seconds["transfer"])
        if moved and seconds.get("convert", 0.0) > 0.0:  # what was here is converted already
            found["convert"].append(seconds["convert"] / samples * 1e6)
        if any(one.get("kind") == "picture" for one in made) and seconds.get("composite", 0.0) > 0.0:
            found["composite"].append(seconds["composite"] / pixels * 1e6)
        if factor := _mosaic_factor(report, mosaics, known):
            found["mosaic"].append(factor)
    usual = Rates()
    return Rates(
        bytes_per_s=median(found["transfer"] or [usual.bytes_per_s]),
        convert_s_per_megapixel=median(found["convert"] or [usual.convert_s_per_megapixel]),
        picture_s_per_megapixel=median(found["composite"] or [usual.picture_s_per_megapixel]),
        mosaic_factor=median(found["mosaic"] or [usual.mosaic_factor]),
        runs=runs,
    )


def _mosaic_factor(
    report: Mapping[str, Any], mosaics: Sequence[Mapping[str, Any]], known: Measured
) -> float | None:  # fmt: skip
    """Compare the time that the mosaics of a run took with what `work` says of them; None where a report cannot say."""
    values = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in (report.get("request") or {}).items()
        if name in ProcessTargetRequest.model_fields
    }
    try:
        request = validated(ProcessTargetRequest, **values)
    except JwstPipeError:
        return None  # of another version, or of another kind of run
    took = sum((report.get("seconds") or {}).get(f"mosaic {one.get('filter')}", 0.0) for one in mosaics)
    expected = 0.0
    for one in mosaics:
        name = str(one.get("product_id"))
        pixels, depth = known.pixels.get(name, 0), len(known.parents.get(name, ()))
        expected += work(
            samples=known.samples(name), pixels=pixels, tiles=max(1, pixels // 2048**2), deepest=depth,
            planes=PLANES[request.level], weights=request.weights, options=request.mosaic_options(depth=depth),
            threads=known.threads,
        )["seconds"]  # fmt: skip
    return took / expected if took > 0.0 and expected > 0.0 else None
