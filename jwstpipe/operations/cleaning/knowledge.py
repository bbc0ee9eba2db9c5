"""What exposures in files are cleaned with: the mosaic of all, what stays on each detector, what was taken before.

The first mosaic still has the stripes of all exposures, thinned by their number; so the exposures are cleaned with it
and combined again. What stays on a detector is found beside the first one, and is in the next no more.
"""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from jwstpipe.cleaning.pattern.order import Taken, before_each, by_detector
from jwstpipe.execution.workers import Workers
from jwstpipe.images.open import open_image
from jwstpipe.operations.cleaning.detector_pattern import (
    DETECTOR_PATTERN,
    pattern_wanted,
    patterned,
    with_templates,
)
from jwstpipe.operations.cleaning.scene import PLANES, SCENE
from jwstpipe.operations.cleaning.taken import taken_of
from jwstpipe.operations.cleaning.templates import Template, filter_of, templates_for
from jwstpipe.operations.make.make_file import make_file
from jwstpipe.operations.mosaic import MOSAIC, MosaicRecipe
from jwstpipe.progress import Reporter
from jwstpipe.requests.clean import CleanOptions, PatternOptions
from jwstpipe.settings import S3Settings

__all__ = ["Known", "Means", "known_of"]


@dataclass(frozen=True)
class Known:
    """What tells of the exposures of one filter."""

    scene: str | None = None
    """Mosaic that tells what is sky."""

    patterns: Mapping[str, str] = field(default_factory=dict)
    """What stays on its detector, by exposure; only where there is something."""

    before: Mapping[str, str] = field(default_factory=dict)
    """What its detector took before, by exposure; only where it saturated."""

    templates: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """That its pattern was found with, by exposure; only where they are several."""

    def beside(self, image: str) -> tuple[str, ...]:
        """Give the other inputs of a cleaned exposure."""
        more = self.templates.get(image, ()) if image in self.patterns else ()
        found = (self.scene, self.patterns.get(image), self.before.get(image), *more)
        return tuple(one for one in found if one is not None)


@dataclass(frozen=True)
class Means:
    """Where and how the work is done."""

    folder: Path
    request: CleanOptions
    workers: Workers
    s3: S3Settings
    report: Reporter


def known_of(
    key: str, group: Sequence[str], means: Means, *, given: str | None, passes: int, templates: Sequence[Template],
    clean: Callable[[Sequence[str], Path, Known], list[str]],
) -> Known:  # fmt: skip
    """Find out what tells of the exposures of one filter.

    Parameters
    ----------
    key
        Of the filter, for file names.
    group
        The exposures.
    means
        Folder, options, workers.
    given
        A mosaic that is there; None = made of the exposures.
    passes
        Mosaics that are made one after the other.
    templates
        Light that stays on detectors.
    clean
        Cleans the exposures into a folder, and gives the addresses.
    """
    taken = taken_of(group, means.s3, workers=means.workers, report=means.report)
    own = {
        image: tuple(one.address for one in templates_for(templates, by.detector, _band(image, means)))
        for image, by in zip(group, taken, strict=True)
    }
    several = {image: addresses for image, addresses in own.items() if len(addresses) > 1}
    with TemporaryDirectory(prefix=".jwstpipe-", dir=means.folder) as name:
        scratch = Path(name)
        if given is None and (len(group) < 2 or not passes):
            return Known(None, _alone(group, means, own, scratch), templates=several)
        scene = given or _scene(group, scratch / "scene0.zarr", means)
        patterns = _patterns(key, group, scene, taken, means, own, scratch)
        known = Known(scene, patterns, _before(group, taken, means), several)
        for number in range(1, passes if given is None else 0):
            current = clean(group, scratch / f"pass{number}", known)
            known = replace(known, scene=_scene(current, scratch / f"scene{number}.zarr", means))
        if given is None:
            known = replace(known, scene=_moved(str(known.scene), means.folder / f"scene-{key}.zarr"))
    return known


def _before(group: Sequence[str], taken: Sequence[Taken], means: Means) -> dict[str, str]:
    """Find what each detector took before."""
    if means.request.bad_pixels == "none":
        return {}
    numbers = zip(group, before_each(taken), strict=True)
    return {image: group[number] for image, number in numbers if number is not None}


def _scene(images: Sequence[str], out: Path, means: Means) -> str:
    make_file(
        MOSAIC, images, out, MosaicRecipe(options=SCENE, planes=PLANES), s3=means.s3, workers=means.workers,
        report=means.report,
    )  # fmt: skip
    return str(out)


def _alone(
    group: Sequence[str], means: Means, templates: Mapping[str, Sequence[str]], scratch: Path
) -> dict[str, str]:  # fmt: skip
    """Find the wisps of exposures by themselves, where there are templates."""
    found = {}
    for number, image in enumerate(group):
        if own := templates[image]:
            out = scratch / f"{number}.zarr"
            if _found([image, *own], out, means, with_templates(len(own))):
                found[image] = _moved(str(out), means.folder / f"pattern-{open_image(image, s3=means.s3).name}.zarr")
    return found


def _patterns(
    key: str, group: Sequence[str], scene: str, taken: Sequence[Taken], means: Means,
    templates: Mapping[str, Sequence[str]], scratch: Path,
) -> dict[str, str]:  # fmt: skip
    """Find what stays on each detector, by exposure."""
    found: dict[str, str] = {}
    for members in by_detector(taken):
        detector = taken[members[0]].detector
        own = templates[group[members[0]]]
        options = pattern_wanted(detector, len(members), means.request, templates=len(own))
        if options is None:
            continue
        out = scratch / f"{detector.lower()}.zarr"
        inputs = [*(group[k] for k in members), scene, *own]
        if _found(inputs, out, means, options):
            kept = _moved(str(out), means.folder / f"pattern-{key}-{detector.lower()}.zarr")
            found |= dict.fromkeys((group[k] for k in members), kept)
    return found


def _band(image: str, means: Means) -> str | None:
    return filter_of(open_image(image, s3=means.s3).primary)


def _found(inputs: Sequence[str], out: Path, means: Means, options: PatternOptions) -> bool:
    made = make_file(
        DETECTOR_PATTERN, inputs, out, options, s3=means.s3, workers=means.workers, report=means.report
    )  # fmt: skip
    return patterned(made.results, means.request)


def _moved(made: str, to: Path) -> str:
    """Put what was made in its place, instead of what an earlier run left there."""
    shutil.rmtree(to, ignore_errors=True)
    shutil.move(made, to)
    return str(to)
