"""Artefacts into the planes of an exposure, and the truth of them into a file beside it."""

from dataclasses import dataclass, field
from enum import IntFlag
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from jwstpipe.simulate.artefacts.amounts import Artefacts
from jwstpipe.simulate.artefacts.events import draw_events, event_flags, event_light
from jwstpipe.simulate.artefacts.stray_light import WISPY, claws, wisp_strength, wisps
from jwstpipe.simulate.artefacts.stripes import stripes, tree_rings
from jwstpipe.simulate.plan import Exposure
from jwstpipe.simulate.write import write_fits

__all__ = ["Added", "Cause", "add_artefacts", "read_truth", "readout_cards", "truth_path", "write_truth"]

Float32Image = NDArray[np.float32]
Flags = NDArray[np.uint32]
Mask = NDArray[np.bool_]

NOTICEABLE = 0.5
"""Light of an event that counts as its own, in units of the noise of a pixel."""

HOT_LIGHT = 30.0
"""Mean light of a hot pixel, in units of the noise of a pixel."""

DEAD_SHARE = 0.3
"""Of the light that a dead pixel still sees."""


class Cause(IntFlag):
    """What is wrong with a pixel: bits of the CAUSE plane of a truth file."""

    SNOWBALL = 1
    SHOWER = 2
    PERSISTENCE = 4
    HOT = 8
    DEAD = 16


@dataclass(frozen=True, eq=False)
class Added:
    """What was added to an exposure."""

    light: dict[str, Float32Image] = field(default_factory=dict)
    """By kind, MJy/sr, (y, x)."""

    cause: Flags | None = None
    """Bits of `Cause`, (y, x)."""

    facts: dict[str, float | int] = field(default_factory=dict)
    """Keywords of the truth file: noise of a pixel (MJy/sr), strength of the wisps, number of events."""


def add_artefacts(
    sci: Float32Image, dq: Flags, sigma: float, exposure: Exposure, amounts: Artefacts, before: Mask | None = None
) -> Added:
    """Add artefacts to an exposure, in place.

    Parameters
    ----------
    sci
        float32, (y, x), MJy/sr; NaN stays NaN.
    dq
        uint32, (y, x): gains the flags of large events.
    sigma
        Noise of a pixel of faint sky, MJy/sr.
    exposure
        Of which detector and visit.
    amounts
        What is wanted.
    before
        Pixels that were saturated in the exposure before.
    """
    added = Added({}, np.zeros(sci.shape, np.uint32), {"SIGMA": sigma})
    sees = _generator(amounts, exposure)
    scale = np.float32(sigma)
    rows = stripes(sci.shape, amounts, sees("stripes"), along_rows=True)
    added.light["STRIPES"] = rows * scale
    _stray_light(added, sci.shape, exposure, amounts, scale)
    _events(added, dq, amounts, sees("events"), scale)
    _pixels(added, sci, amounts, exposure, scale)
    if amounts.persistence and before is not None:
        added.light["PERSIST"] = np.where(before, scale * np.float32(amounts.persistence), np.float32(0.0))
        _cause(added, before, Cause.PERSISTENCE)
    for light in added.light.values():
        sci += light
    return added


def _generator(amounts: Artefacts, exposure: Exposure) -> Any:
    """Give a generator for each kind of artefact of an exposure, or of what it shares with others."""

    def drawn(kind: str, *, shared: str | None = None) -> np.random.Generator:
        name = exposure.obs_id if shared is None else shared
        return np.random.default_rng([amounts.seed, *kind.encode(), 0, *name.encode()])

    return drawn


def _stray_light(
    added: Added, shape: tuple[int, int], exposure: Exposure, amounts: Artefacts, scale: np.float32
) -> None:
    draw, detector = _generator(amounts, exposure), exposure.detector
    if amounts.wisps and detector.name in WISPY:
        strength = wisp_strength(draw("wisps"))
        added.light["WISPS"] = np.float32(amounts.wisps * strength) * scale * wisps(shape, detector.name)
        added.facts["WISPS"] = strength
    if amounts.claws and detector.instrument == "NIRCAM":
        where = draw("claws", shared=f"{exposure.visit}{detector.name}")
        added.light["CLAWS"] = np.float32(amounts.claws) * scale * claws(shape, where)
    if amounts.tree_rings and detector.instrument == "MIRI":
        rings = tree_rings(shape, draw("rings", shared=detector.name))
        added.light["RINGS"] = np.float32(amounts.tree_rings) * scale * rings


def _events(added: Added, dq: Flags, amounts: Artefacts, rng: np.random.Generator, scale: np.float32) -> None:
    events = draw_events(dq.shape, amounts, rng)
    if not events:
        return
    light = np.zeros(dq.shape, np.float32)
    for event in events:
        own = event_light(event, dq.shape)
        light += own
        dq |= event_flags(event, dq.shape)
        _cause(added, own > NOTICEABLE, Cause.SNOWBALL if event.core else Cause.SHOWER)
    added.light["EVENTS"] = light * scale
    added.facts["NBALLS"] = sum(event.core > 0 for event in events)
    added.facts["NSHOWERS"] = sum(event.core == 0 for event in events)


def _pixels(added: Added, sci: Float32Image, amounts: Artefacts, exposure: Exposure, scale: np.float32) -> None:
    """Add pixels that are wrong in all exposures of a detector."""
    rng = _generator(amounts, exposure)("pixels", shared=exposure.detector.name)
    draw = rng.random(sci.shape)
    hot, dead = draw < amounts.hot_pixels, draw > 1.0 - amounts.dead_pixels
    if amounts.hot_pixels:
        added.light["HOT"] = np.where(hot, scale * HOT_LIGHT * rng.uniform(0.3, 1.7, sci.shape), 0.0).astype(np.float32)
        _cause(added, hot, Cause.HOT)
    if amounts.dead_pixels:
        seen = np.where(np.isfinite(sci), sci, np.float32(0.0))
        added.light["DEAD"] = np.where(dead, np.float32(DEAD_SHARE - 1.0) * seen, np.float32(0.0))
        _cause(added, dead, Cause.DEAD)


def _cause(added: Added, where: Mask, bit: Cause) -> None:
    assert added.cause is not None
    added.cause[where] |= np.uint32(int(bit))


def readout_cards(amounts: Artefacts) -> list[tuple[str, int, str]]:
    """Give the cards that say how the detector is read: what stripes follow from."""
    return [
        ("NOUTPUTS", amounts.amplifiers, "Number of output amplifiers"),
        ("FASTAXIS", 1, "Fast readout axis direction"),
        ("SLOWAXIS", 2, "Slow readout axis direction"),
    ]


def truth_path(exposure_file: Path) -> Path:
    """Name the file with the truth about the artefacts of an exposure."""
    return exposure_file.with_name(exposure_file.name.replace("_cal.fits", "_truth.fits"))


def write_truth(path: Path, added: Added) -> None:
    """Write what was added: a plane for each kind of light, MJy/sr, and the bits of `Cause`."""
    primary = fits.Header()
    for key, value in added.facts.items():
        primary[key] = value
    assert added.cause is not None
    write_fits(path, primary, fits.Header(), {**added.light, "CAUSE": added.cause})


def read_truth(path: Path) -> Added:
    """Read what was added to an exposure."""
    with fits.open(path) as hdus:
        light = {hdu.name: np.asarray(hdu.data, np.float32) for hdu in hdus[1:] if hdu.name != "CAUSE"}
        facts = {key: hdus[0].header[key] for key in ("SIGMA", "WISPS", "NBALLS", "NSHOWERS") if key in hdus[0].header}
        return Added(light, np.asarray(hdus["CAUSE"].data, np.uint32), facts)
