"""Instruments, detectors, filters and the optical elements that file names, headers and archive rows speak of."""

import re
from collections.abc import Iterable
from typing import Literal

__all__ = [
    "DETECTORS",
    "FILTER_WAVELENGTHS",
    "INSTRUMENTS",
    "Instrument",
    "canonical_instrument",
    "effective_filter",
    "filter_wavelength",
    "imaging_filters",
    "observing_mode",
    "split_optics",
]

Instrument = Literal["NIRCam", "MIRI", "NIRSpec", "NIRISS", "FGS"]

INSTRUMENTS: dict[str, Instrument] = {
    "nircam": "NIRCam",
    "miri": "MIRI",
    "nirspec": "NIRSpec",
    "niriss": "NIRISS",
    "fgs": "FGS",
}
"""Canonical spelling by lower-case name."""

DETECTORS: dict[str, Instrument] = {
    **{f"nrc{module}{chip}": "NIRCam" for module in "ab" for chip in ("1", "2", "3", "4", "5", "long")},
    **dict.fromkeys(("mirimage", "mirim", "mirifushort", "mirifulong"), "MIRI"),
    **dict.fromkeys(("nrs1", "nrs2"), "NIRSpec"),
    "nis": "NIRISS",
    **dict.fromkeys(("guider1", "guider2"), "FGS"),
}
"""Instrument by the detector token of a file name; nrca5, nrcb5 and mirim stand in old or simulated files."""

FILTER_WAVELENGTHS: dict[str, float] = {
    "F070W": 0.704,
    "F090W": 0.901,
    "F115W": 1.154,
    "F140M": 1.404,
    "F150W": 1.501,
    "F158M": 1.58,
    "F162M": 1.626,
    "F164N": 1.644,
    "F150W2": 1.659,
    "F182M": 1.845,
    "F187N": 1.874,
    "F200W": 1.989,
    "F210M": 2.093,
    "F212N": 2.120,
    "F250M": 2.503,
    "F277W": 2.762,
    "F300M": 2.989,
    "F322W2": 3.232,
    "F323N": 3.237,
    "F335M": 3.362,
    "F356W": 3.568,
    "F360M": 3.624,
    "F380M": 3.83,
    "F405N": 4.052,
    "F410M": 4.082,
    "F430M": 4.280,
    "F444W": 4.421,
    "F460M": 4.624,
    "F466N": 4.654,
    "F470N": 4.707,
    "F480M": 4.817,
    "F560W": 5.6,
    "F770W": 7.7,
    "F1000W": 10.0,
    "F1065C": 10.6,
    "F1130W": 11.3,
    "F1140C": 11.3,
    "F1280W": 12.8,
    "F1500W": 15.0,
    "F1550C": 15.5,
    "F1800W": 18.0,
    "F2100W": 21.0,
    "F2300C": 22.75,
    "F2550W": 25.5,
}
"""Wavelength of each imaging filter, micrometres."""

_PUPIL_WHEEL = frozenset({"F162M", "F164N", "F323N", "F405N", "F466N", "F470N"})
"""NIRCam filters that sit in the pupil wheel behind a wide one: of such a pair they set the wavelength."""

_IMAGING_FILTER = re.compile(r"F[0-9]{3,4}(?:W2|WR|W|M|N|C|X)")

_ELEMENT = re.compile(
    r"f[0-9]{3,4}(?:w2|wr|w|m|n|c|x|lp)|fnd|fls|flens"
    r"|clearp?|opaque|mirror|prism|p750l|nrm|cdp|pinholes"
    r"|g(?:140|235|395)[mh]|gr150[rc]|gr700xd|grism[rc]"
    r"|mask(?:bar|rnd|ipr)|gdhs[0-9]{0,2}|wl[pm][0-9]{1,2}"
    r"|s(?:200a[12]|200b1|400a1|1600a1)|ifu"
    r"|ch[1-4]|[1-4]|(?:short|medium|long){1,3}"
)
"""Filters, pupils, dispersers, slits, and the channels and bands of the MIRI spectrometer."""


def canonical_instrument(text: str | None) -> Instrument | None:
    """Spell an instrument as the project does: ``NIRCAM/IMAGE``, ``nircam`` and ``NIRCAM`` are NIRCam."""
    return INSTRUMENTS.get((text or "").partition("/")[0].strip().lower())


def observing_mode(text: str | None) -> str | None:
    """Give the mode of an archive row's instrument, as ``IMAGE`` of ``NIRCAM/IMAGE``."""
    return (text or "").partition("/")[2].strip().upper() or None


def imaging_filters(names: str | Iterable[str]) -> tuple[str, ...]:
    """Pick the imaging filters out of optical elements, the one that sets the wavelength first.

    Parameters
    ----------
    names
        Elements, or one string of them joined with ``;``, ``/``, ``,``, ``-``, ``_`` or blanks, in any case
        (``F444W;F405N``, ``f405n-f444w``).

    Returns
    -------
    tuple of str
        Upper case; empty when light passes no imaging filter (``CLEAR``, gratings, grisms).
    """
    words = re.split(r"[;/,\s_-]+", names) if isinstance(names, str) else names
    found = dict.fromkeys(word.strip().upper() for word in words)
    filters = [name for name in found if _IMAGING_FILTER.fullmatch(name)]
    return tuple(sorted(filters, key=lambda name: name not in _PUPIL_WHEEL))


def effective_filter(names: str | Iterable[str]) -> str | None:
    """Give the filter that sets the wavelength (F405N of ``F444W;F405N``), or None where there is none."""
    return next(iter(imaging_filters(names)), None)


def filter_wavelength(name: str, *, em_min: float | None = None, em_max: float | None = None) -> float | None:
    """Give the wavelength of a filter or a compound of filters, micrometres.

    Parameters
    ----------
    name
        As ``F200W`` or ``F444W;F405N``.
    em_min, em_max
        Limits of the band as the archive gives them, nanometres: their geometric middle answers for an unknown filter.

    Returns
    -------
    float or None
        None where nothing is known.
    """
    known = FILTER_WAVELENGTHS.get(effective_filter(name) or "")
    if known is None and em_min and em_max and em_min > 0 and em_max > 0:
        return float((em_min * em_max) ** 0.5 / 1000.0)
    return known


def split_optics(text: str) -> tuple[tuple[str, ...], str | None] | None:
    """Split ``clear-f090w-sub64p`` to optical elements and subarray.

    Elements are a known vocabulary, subarrays are not: what follows the elements behind a hyphen is the subarray. An
    underscore may stand in for a hyphen between elements (``gr150r_f150w``).

    Returns
    -------
    tuple or None
        Elements and subarray, lower case; None where the text is something else.
    """
    words = re.split(r"[-_]", text)
    elements = []
    for word in words:
        if not _ELEMENT.fullmatch(word):
            break
        elements.append(word)
    rest = words[len(elements) :]
    if not elements or len(rest) > 1:
        return None
    if not rest:
        return tuple(elements), None
    named = re.fullmatch(r"[a-z0-9]+", rest[0]) and text.endswith(f"-{rest[0]}")
    return (tuple(elements), rest[0]) if named else None
