"""One exposure, cleaned: what is left, what was taken, which pixels are masked and why."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.cleaning.amount import taken_apart
from jwstpipe.cleaning.blot import Under, blotted
from jwstpipe.cleaning.destripe import destripe
from jwstpipe.cleaning.events import Events, flagged_events, trusted, unflagged_events
from jwstpipe.cleaning.frame import UNUSED, Frame, read_frame
from jwstpipe.cleaning.pattern.persistence import PERSISTENCE, lingering
from jwstpipe.cleaning.pattern.staying import staying
from jwstpipe.cleaning.readout import Axis, Readout, readout_of
from jwstpipe.fits.dq import dq_mask
from jwstpipe.images.image import SkyImage
from jwstpipe.requests.clean import CleanOptions

__all__ = ["Cleaned", "clean_exposure"]

Float32Image = NDArray[np.float32]

EVENT_BITS = ("JUMP_DET", "DO_NOT_USE")
"""What flags a pixel that a large event spoils."""


@dataclass(frozen=True, eq=False)
class Cleaned:
    """An exposure after cleaning."""

    original: Float32Image
    """(y, x): the samples that were there."""

    model: Float32Image
    """(y, x): what is to be taken of them."""

    dq: NDArray[np.uint32]
    """(y, x), with more flags than before."""

    facts: dict[str, Any]
    """What was found and done, as plain JSON values: the same for every machine and number of workers."""

    notes: tuple[str, ...]
    """For people."""

    def parts(self) -> tuple[Float32Image, NDArray[np.float64]]:
        """Give what is left, and what was taken: ``float32(left + taken)`` are the samples that were there."""
        return taken_apart(self.original, self.model)


def clean_exposure(
    exposure: SkyImage,
    mosaic: SkyImage | None,
    options: CleanOptions,
    *,
    pattern: SkyImage | None = None,
    templates: Sequence[SkyImage] = (),
    before: SkyImage | None = None,
) -> Cleaned:
    """Clean an exposure.

    Parameters
    ----------
    exposure
        A ``cal``, ``rate`` or like file: one detector, not combined.
    mosaic
        Of all exposures of the field in this filter; None = only this one tells of the sky.
    options
        What is to be taken.
    pattern
        What stays on its detector (`jwstpipe.cleaning.pattern`), where that is known.
    templates
        That the pattern was found with, where they are several.
    before
        The exposure that its detector took before, for what lives on of it.

    Raises
    ------
    DataError
        No exposure, no data, or a mosaic that does not fit it.
    """
    frame, readout = read_frame(exposure), readout_of(exposure, amplifiers=options.amplifiers)
    under = None if mosaic is None else blotted(exposure, mosaic)
    original, flags = frame.sci, np.array(frame.dq)
    facts: dict[str, Any] = {"sky": "exposure" if under is None else "mosaic"}
    if under is not None:
        facts["overlapping"] = under.inputs
    model = np.zeros(original.shape, np.float32)
    if pattern is not None:
        stays = staying(exposure, pattern, pixels=options.bad_pixels == "auto", templates=templates)
        facts |= stays.facts(frame.dq)
        model += stays.light
        flags |= stays.flags
        frame = replace(frame.without(stays.flags != 0), sci=original - stays.light)
    spoiled = flagged_events(frame.dq) if options.snowballs == "auto" else None
    if spoiled is not None:
        frame = frame.without(spoiled.mask) if spoiled.mask.any() else frame
    axes, forced = _axes(options, readout)
    if axes:
        found = destripe(
            frame,
            under,
            axes,
            amplifiers=readout.amplifiers,
            odd_even=readout.odd_even,
            forced=forced,
        )
        facts["stripes"] = found.facts
        if any(one["taken"] for one in found.facts.values()):
            model += found.model
            frame = replace(frame, sci=frame.sci - found.model)
    rest = None if under is None or (spoiled is None and before is None) else _rest(frame, under)
    if spoiled is not None:
        spoilt, facts["events"] = _masked(frame, under, rest, spoiled)
        flags |= spoilt
    if before is not None and rest is not None and options.bad_pixels == "auto":
        lives, facts["persistence"] = _lingering(frame, rest, before)
        flags |= lives
    facts["noise"] = _usual_noise(frame)
    facts["taken_rms"] = float(np.std(model[frame.weights > 0], dtype=np.float64)) if model.any() else 0.0
    return Cleaned(original, model, flags, facts, _notes(facts))


@dataclass(frozen=True, eq=False)
class _Rest:
    """What a frame has more than the mosaic."""

    samples: Float32Image
    known: NDArray[np.bool_]
    """The sample means something, and the mosaic is good enough there."""


def _rest(frame: Frame, under: Under) -> _Rest:
    known = trusted(under.samples, frame.noise, under.counts, frame.weights)
    return _Rest(frame.sci - under.samples, known)


def _lingering(frame: Frame, rest: _Rest, before: SkyImage) -> tuple[NDArray[np.uint32], dict[str, int]]:
    """Flag what lives on from the exposure before."""
    if "dq" not in before.planes or before.shape != frame.sci.shape:
        return np.zeros(frame.dq.shape, np.uint32), {"masked": 0}
    lives = lingering(rest.samples, frame.noise, rest.known, np.asarray(before.read("dq"), np.uint32))
    usable = (frame.dq & np.uint32(dq_mask(UNUSED))) == 0
    masked = int(np.count_nonzero(lives & usable))
    return np.where(lives, PERSISTENCE, np.uint32(0)).astype(np.uint32), {"masked": masked}


def _masked(
    frame: Frame, under: Under | None, rest: _Rest | None, flagged: Events
) -> tuple[NDArray[np.uint32], dict[str, Any]]:
    """Flag what large events spoil: those whose middle is flagged, and those that stand out of the mosaic."""
    mask = flagged.mask
    facts: dict[str, Any] = {"flagged": flagged.snowballs, "unflagged": 0, "showers": 0}
    if under is not None and rest is not None and under.inputs > 1:
        seen = unflagged_events(rest.samples, frame.noise, rest.known, under.samples, under.counts)
        mask = mask | seen.mask
        facts |= {"unflagged": seen.snowballs, "showers": seen.showers}
        if seen.note:
            facts["why"] = seen.note
    usable = (frame.dq & np.uint32(dq_mask(UNUSED))) == 0
    facts["masked"] = int(np.count_nonzero(mask & usable))
    return np.where(mask, np.uint32(dq_mask(EVENT_BITS)), np.uint32(0)).astype(np.uint32), facts


def _axes(options: CleanOptions, readout: Readout) -> tuple[tuple[Axis, ...], bool]:
    wanted: dict[str, tuple[Axis, ...]] = {
        "none": (), "rows": ("rows",), "columns": ("columns",), "both": ("rows", "columns"),
    }  # fmt: skip
    if options.stripes == "auto":
        return readout.stripes, False
    return wanted[options.stripes], True


def _usual_noise(frame: Frame) -> float:
    used = frame.weights > 0
    return float(np.median(frame.noise[used]))


def _notes(facts: dict[str, Any]) -> tuple[str, ...]:
    """Say in sentences what was done, and what was not."""
    notes = []
    for axis, one in facts.get("stripes", {}).items():
        if "why" in one:
            notes.append(f"stripes along {axis} not measured: {one['why']}")
        elif one["taken"]:
            notes.append(
                f"stripes along {axis}: {one['before']:.2f} times the floor of white noise before,"
                f" {one['after']:.2f} after; rms taken {one['rms']:.3g}"
            )
        else:
            notes.append(f"no stripes along {axis}: {one['before']:.2f} times the floor of white noise")
    if events := facts.get("events"):
        notes.append(
            f"large events: {events['flagged']} flagged, {events['unflagged']} that nothing flagged,"
            f" {events['showers']} showers; {events['masked']:,} more pixels masked"
        )
        notes += [events["why"]] if "why" in events else []
    if wisps := facts.get("wisps"):
        several = isinstance(wisps["strength"], list)
        strengths, errors = (wisps[word] if several else [wisps[word]] for word in ("strength", "error"))
        amount = f"rms taken {wisps['rms']:.3g}" if any(strengths) else "nothing is sure, and nothing taken"
        times = ", ".join(
            f"{value:.4g} times {f'template {number}' if several else 'the template'}"
            f" ({'an unknown error' if error is None else f'+- {error:.3g}'})"
            for number, (value, error) in enumerate(zip(strengths, errors, strict=True), 1)
        )
        notes.append(f"wisps: {times}; {amount}")
    if pixels := facts.get("pixels"):
        notes.append(
            f"{pixels['hot']:,} hot and {pixels['dead']:,} dead pixels, {pixels['stray']:,} with stray light;"
            f" {pixels['masked']:,} more pixels masked"
        )
    if (facts.get("persistence") or {}).get("masked"):
        notes.append(f"{facts['persistence']['masked']:,} pixels masked in which the exposure before lives on")
    if facts["sky"] == "exposure" and facts.get("stripes"):
        notes.append("the sky was told from this exposure alone; with --mosaic slow stripes and nebulae are kept apart")
    return tuple(notes)
