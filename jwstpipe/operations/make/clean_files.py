"""Exposures of one field cleaned together, as files: each becomes an image store of its own name, with its lineage."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from astropy.io.fits import Header

from jwstpipe.cleaning.changed import changed, in_words
from jwstpipe.errors import UsageError
from jwstpipe.execution.workers import ThreadWorkers, Workers
from jwstpipe.images.open import open_image
from jwstpipe.operations.cleaning.clean import CLEAN
from jwstpipe.operations.cleaning.knowledge import Known, Means, known_of
from jwstpipe.operations.cleaning.templates import templates_of, unused
from jwstpipe.operations.inputs.changed_images import ImageMade, made_at
from jwstpipe.progress import Reporter, silent
from jwstpipe.requests.clean import CleanOptions
from jwstpipe.settings import S3Settings

__all__ = ["clean_files", "cleaned_or_as_they_are", "scene_key"]

_TOLD = ("INSTRUME", "FILTER", "PUPIL", "CHANNEL")


@dataclass(frozen=True)
class _Job:
    """One exposure to clean."""

    image: str
    out: str
    beside: tuple[str, ...]
    request: CleanOptions
    overwrite: bool
    s3: S3Settings


def scene_key(address: str | Path, s3: S3Settings | None) -> str:
    """Give what exposures must share to be of one mosaic, as a word for file names."""
    cards = open_image(address, s3=s3).primary
    words = [str(cards.get(key, "")).strip().lower() for key in _TOLD]
    return "-".join(word for word in words if word and word != "clear") or "images"


def clean_files(
    images: Sequence[str | Path],
    folder: Path,
    request: CleanOptions,
    *,
    mosaics: Sequence[str | Path] = (),
    passes: int = 2,
    wisp_templates: Sequence[str | Path] = (),
    overwrite: bool = False,
    s3: S3Settings | None = None,
    workers: Workers | None = None,
    report: Reporter = silent,
) -> list[ImageMade]:
    """Clean exposures into a folder, each as an image store of its own name.

    Parameters
    ----------
    images
        Exposures, FITS files or image stores.
    folder
        Where stores go, and the mosaics that tell what is sky (``scene-FILTER.zarr``).
    request
        What is to be taken.
    mosaics
        Of the field, one for each filter; none = they are made of the exposures, where a filter has two or more.
    passes
        Mosaics that are made one after the other; 0 = every exposure is cleaned by itself.
    wisp_templates
        Light that stays on detectors, pixel by pixel, one for each detector, or for each filter of it.
    overwrite, s3, workers, report
        Replace what stands there; endpoint of ``s3://`` addresses; where exposures are cleaned; told of each.

    Raises
    ------
    UsageError
        Two exposures of one name, or two mosaics of one filter.
    """
    means = Means(folder, request, workers or ThreadWorkers(2), s3 or S3Settings(), report)
    groups: dict[str, list[str]] = defaultdict(list)
    for image in images:
        groups[scene_key(image, s3)].append(str(image))
    outs = _outs([str(image) for image in images], folder)
    given = _given(mosaics, groups, s3)
    templates = templates_of(wisp_templates, s3)
    folder.mkdir(parents=True, exist_ok=True)
    made: dict[str, ImageMade] = {}
    for key, group in groups.items():

        def clean(members: Sequence[str], place: Path, known: Known) -> list[str]:
            own = _outs(members, place)
            _clean_all(members, own, known, means, overwrite=False)
            return [own[image] for image in members]

        known = known_of(
            key, group, means, given=given.get(key), passes=passes, templates=templates, clean=clean
        )  # fmt: skip
        made |= _clean_all(group, outs, known, means, overwrite=overwrite)
    return [made[str(image)] for image in images]


def _given(
    mosaics: Sequence[str | Path], groups: Mapping[str, Sequence[str]], s3: S3Settings | None
) -> dict[str, str]:  # fmt: skip
    """Tell of which filter each mosaic is that somebody gave."""
    given: dict[str, str] = {}
    for mosaic in mosaics:
        key = scene_key(mosaic, s3)
        if key in given:
            raise UsageError(f"{mosaic}: a second mosaic of {key}, beside {given[key]}; give one for each filter")
        given[key] = str(mosaic)
    if missing := [key for key in groups if given and key not in given]:
        raise UsageError(f"no mosaic of {missing[0]} is given; those given are of {', '.join(given)}")
    return given


def _clean_all(
    images: Sequence[str], outs: Mapping[str, str], known: Known, means: Means, *, overwrite: bool
) -> dict[str, ImageMade]:
    jobs = {
        image: _Job(image, outs[image], known.beside(image), means.request, overwrite, means.s3) for image in images
    }
    return means.workers.run(_clean, jobs, name="clean", report=means.report, unit="exposures")


def cleaned_or_as_they_are(
    images: Sequence[str | Path],
    folder: Path,
    request: CleanOptions,
    *,
    wisp_templates: Sequence[str | Path] = (),
    s3: S3Settings | None = None,
    workers: Workers | None = None,
    report: Reporter = silent,
) -> tuple[list[str], list[str]]:
    """Clean what can be and needs it of the images of a mosaic.

    Combined images, exposures that are alone in their filter, and those of a moving target stay as they are; so does
    an exposure of which nothing was taken. Other parameters are those of `clean_files`.

    Returns
    -------
    images, notes
        Addresses in the order of `images`; what was left as it is, and why; what was measured and taken of the others.
    """
    groups: dict[str, list[str]] = defaultdict(list)
    for image in images:
        groups[scene_key(image, s3)].append(str(image))
    fit: list[str] = []
    notes: list[str] = []
    notes += unused(templates_of(wisp_templates, s3), (open_image(image, s3=s3).primary for image in images))
    for key, group in groups.items():
        why = _why_not(group, s3)
        if why:
            notes.append(f"{key}: not cleaned: {why}")
        else:
            fit += group
    if not fit:
        return [str(image) for image in images], notes
    made = clean_files(fit, folder, request, wisp_templates=wisp_templates, s3=s3, workers=workers, report=report)
    best = {before: after.address for before, after in zip(fit, made, strict=True) if changed(after.results)}
    notes.append(f"{len(best)} of {len(fit)} exposures needed cleaning; what was made of them is in {folder}")
    for before, after in zip(fit, made, strict=True):
        if before in best:
            told = ", ".join(f"{word} {amount}" for word, amount in in_words(after.results).items())
            notes.append(f"{PurePosixPath(before).name}: {told}")
    return [best.get(str(image), str(image)) for image in images], notes


def _why_not(group: Sequence[str], s3: S3Settings | None) -> str:
    """Say why images are not to be compared with a mosaic of them; empty = they may be."""
    if len(group) < 2:
        return "one image alone does not tell the sky from the detector; jwstpipe clean takes it by itself"
    cards = [open_image(image, s3=s3).primary for image in group]
    if any(str(one.get("S_RESAMP", "")).strip().upper() == "COMPLETE" for one in cards):
        return "combined images stay as they are"
    if any(_moves(one) for one in cards):
        return "exposures that follow a moving target are not compared with a mosaic of the stars"
    return ""


def _moves(cards: Header) -> bool:
    return str(cards.get("TARGTYPE", "")).strip().upper() == "MOVING"


def _outs(images: Sequence[str], folder: Path) -> dict[str, str]:
    outs = {image: str(folder / f"{PurePosixPath(image.rstrip('/')).stem}.zarr") for image in images}
    if len(set(outs.values())) < len(images):
        raise UsageError("two exposures have the same name; clean them into folders of their own")
    return outs


def _clean(job: _Job) -> ImageMade:
    return made_at(
        CLEAN, job.request, job.image, job.out, beside=job.beside, overwrite=job.overwrite, s3=job.s3,
        workers=ThreadWorkers(1),
    )  # fmt: skip
