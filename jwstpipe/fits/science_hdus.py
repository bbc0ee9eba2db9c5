"""Which HDUs of a file are images of the sky: all of them, and neither masks nor previews."""

import re
from collections.abc import Mapping, Sequence

from jwstpipe.errors import FitsError, UsageError
from jwstpipe.fits.contents import INTERLEAVED, dispersed, not_an_image, ramp
from jwstpipe.fits.hdus import Hdu

__all__ = ["chosen_hdu", "science_hdus", "sides_of"]

_NOT_SCIENCE = re.compile(
    r"^(.*(MASK|PREVIEW|THUMB|QUICKLOOK|QUALITY|WEIGHT|VARIANCE|COVERAGE|BACKGROUND|BADPIX|CONFIDENCE).*|ERR(OR|ORS)?"
    r"|DQ|WHT|WGT|WT|IVAR|I?VAR(_.*)?|UNC(ERT(AINTY)?)?|SIGMA|STD|STDDEV|RMS|NOISE|CON|CTX|CONTEXT|COV|EXP(TIME|MAP|OSURE)?"
    r"|FLAGS?|FLG|BPM|TIME|SAMP|AREA|FLAT|DARK|BKG|SKY|PSF|SEG(MENTATION|MAP)?|WCSDVARR|D2IMARR|CHI2|NSAMP.*|NEXP|HITS"
    r"|MDRIZ.*|PIXVAR|REFFRAME|ZEROFRAME|GROUPDQ|PIXELDQ|DETECTION.*|MODEL|RESID.*)$"
)
"""Names of extensions that go with an image and are none themselves."""


def science_hdus(hdus: Sequence[Hdu], name: str) -> list[Hdu]:
    """Find the images of a file, the first one first.

    All extensions named SCI; in files that name none so: all images with a place on the sky that are no masks,
    errors, weights or previews; else the first image.

    Raises
    ------
    FitsError
        There is none; the message says what the file holds.
    """
    primary = hdus[0].words
    images = [hdu for hdu in hdus if hdu.kind in ("PRIMARY", "IMAGE") and len(hdu.shape) >= 2]
    if any(ramp(primary, hdu.shape, name) for hdu in images if hdu.name in ("SCI", "PRIMARY", "")):
        raise FitsError(f"{name}: it holds a ramp that is not fitted yet (uncal, ramp); calibrate it to images first")
    named = [hdu for hdu in images if hdu.name == "SCI"]
    usable = [hdu for hdu in named or images if _is_plane(hdu)]
    groups = not named and hdus[0].shape[-1:] == (0,) and not hdus[0].whole
    if not usable or groups:
        raise FitsError(f"{name}: {not_an_image(hdus, primary)}")
    found = usable if named else _on_the_sky(usable) or usable[:1]
    kind = dispersed(primary, found[0].words)
    if kind:
        raise FitsError(f"{name}: it holds {kind}, not an image of the sky; jwstpipe spectrum reads it")
    return found


def chosen_hdu(hdus: Sequence[Hdu], choice: tuple[str, int | None], name: str) -> Hdu:
    """Find the HDU that ``[SCI,2]``, ``[2]`` or ``[NAME]`` names.

    Raises
    ------
    UsageError
        There is none such, or it is no image; the message lists what can be chosen.
    """
    wanted, version = choice
    number = int(wanted) if wanted.isdecimal() and version is None else None
    for hdu in hdus:
        by_name = hdu.name == wanted.upper() and version in (None, hdu.version)
        if (hdu.index == number or by_name) and hdu.kind in ("PRIMARY", "IMAGE") and _is_plane(hdu):
            return hdu
    images = [hdu for hdu in hdus if hdu.kind in ("PRIMARY", "IMAGE") and len(hdu.shape) >= 2 and _is_plane(hdu)]
    listed = ", ".join(f"[{hdu.label}]" if hdu.name else f"[{hdu.index}]" for hdu in images[:8]) or "none"
    raise UsageError(f"{name}: has no such image; its images are {listed}")


def sides_of(hdu: Hdu) -> tuple[int, ...]:
    """Give the shape without leading axes of length one."""
    shape = hdu.shape
    while len(shape) > 2 and shape[0] == 1:
        shape = shape[1:]
    return shape


def _is_plane(hdu: Hdu) -> bool:
    sides = sides_of(hdu)
    interleaved = len(sides) == 3 and sides[2] <= INTERLEAVED < min(sides[:2])
    return hdu.whole and 2 <= len(sides) <= 3 and 0 not in sides and not interleaved


def _on_the_sky(images: Sequence[Hdu]) -> list[Hdu]:
    placed = [hdu for hdu in images if _celestial(hdu.words) and not _goes_with_an_image(hdu.name)]
    real = [hdu for hdu in placed if hdu.bitpix != 8]
    return real or placed


def _goes_with_an_image(name: str) -> bool:
    """Tell it from the whole name, or from its last part: Euclid names the errors of a quadrant ``CCDID 1-1.RMS``."""
    return any(_NOT_SCIENCE.match(word) for word in (name, re.split(r"[.\s]", name)[-1]))


def _celestial(words: Mapping[str, str]) -> bool:
    kinds = [words.get(f"CTYPE{axis}", "").upper() for axis in (1, 2)]
    return any(kind.startswith(("RA-", "GLON")) for kind in kinds) or "AMDX1" in words
