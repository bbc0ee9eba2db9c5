"""What a FITS file holds instead of an image on the sky, named as its users name it."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from jwstpipe.fits.hdus import Hdu

__all__ = ["INTERLEAVED", "dispersed", "exposure_kind", "imaging_mode", "not_an_image", "ramp"]

INTERLEAVED = 4
"""Planes that picture formats put into the fastest axis: red, green, blue, alpha."""

_MODELS = {
    "SlitModel": "a rectified 2-D spectrum of one slit (s2d)",
    "MultiSlitModel": "2-D spectra of several slits",
    "SpecModel": "an extracted spectrum (x1d)",
    "MultiSpecModel": "extracted spectra (x1d)",
    "TSOMultiSpecModel": "extracted spectra of a time series (x1dints)",
    "WFSSMultiSpecModel": "extracted spectra of a wide field (x1d)",
    "MRSSpecModel": "an extracted spectrum (x1d)",
    "MRSMultiSpecModel": "extracted spectra (x1d)",
    "CombinedSpecModel": "a combined spectrum (c1d)",
    "MultiCombinedSpecModel": "combined spectra (c1d)",
}
"""DATAMODL of products that are spectra."""

_TABLES = {
    "EXTRACT1D": "extracted spectra (x1d)",
    "COMBINE1D": "a combined spectrum (c1d)",
    "PHOTOM": "a photometric reference table",
}
"""EXTNAME of tables that are known by name."""

_RAMPS = frozenset({"Level1bModel", "RampModel", "SuperstripeRampModel"})
_RAMP_SUFFIX = re.compile(r"_(uncal|ramp)(\.|\[|$)", re.IGNORECASE)

_SPECTRAL_SUFFIX = re.compile(r"_(x1d|x1dints|c1d|s2d|s3d|bsub|extract1d)(\.|\[|$)", re.IGNORECASE)

_BESIDE = re.compile(
    r"([._-](wht|weight|wt|unc|[mb]unc|[mb]?cov|mask|[bri]?msk|[bird]mask|rms|err|var|ivar|flag|flg|dqm?|ctx)(map)?"
    r"|^c4d_\d+_\d+_o[a-z][dw]_[^.]*)\.fits?(\.fz|\.gz|\.bz2)?(\[.*)?$",
    re.IGNORECASE,
)
"""Files that stand beside an image and are none: of HST (_wht), Spitzer (_munc, _bmask), PS1 (.mask), DECam (_ood_)."""

_SPECTRAL_MODELS = {"IFUImageModel": "an IFU exposure", "IFUCubeModel": "a spectral cube (s3d)"}

_DISPERSERS = re.compile(r"^(GRISM[RC]?|GR150[RC]|GR700XD|P750L|G\d{3}[LMH]|PRISM|PR\d+L?)$")
"""Filters and pupils that spread light; G280, G141 and the like of HST have three digits (L = low resolution)."""

_HST_GRISMS = frozenset({"G280", "G102", "G141", "G800L", "G206", "G096"})

_NO_SKY = re.compile(r"_(DARK|DARKALL|DARKIMG|DARKMRS|FLAT|FLATIMAGE|FLATMRS|LED|LAMP|INTERNAL|BIAS)(_|$|-)")
"""Parts of EXP_TYPE of exposures of something else than the sky."""

_DISPERSED = ("_LRS", "_MRS", "_WFSS", "_GRISM", "_SOSS", "_TSGRISM", "NRS_FIXEDSLIT", "NRS_MSASPEC", "NRS_IFU")
_DISPERSED_TOO = ("NRS_BRIGHTOBJ", "NRS_AUTOFLAT", "NRS_LAMP")


_MODES = {
    re.compile(r"CORON|LYOT|4QPM"): "behind a coronagraph",
    re.compile(r"TACQ|TACONFIRM|TASLIT|WATA|MSATA|_CONFIRM|ACQ\d"): "of a target acquisition",
    re.compile(r"FOCUS|MIMF|FINEGUIDE|TRACK|ID-IMAGE|ID-STACK|_WFSC"): "of focus or guiding",
    re.compile(r"_AMI$"): "behind an aperture mask",
}
"""Parts of EXP_TYPE of images whose light did not come the usual way."""


def ramp(primary: Mapping[str, str], shape: Sequence[int], name: str) -> bool:
    """Tell whether data are groups of a ramp, not yet fitted: by model, by suffix, or by the axes of a raw exposure.

    Axes of length one say nothing: a ramp of one group in one integration has the shape of an image.
    """
    if str(primary.get("DATAMODL", "")).strip() in _RAMPS or _RAMP_SUFFIX.search(name):
        return True
    jwst = str(primary.get("TELESCOP", "")).strip().upper() == "JWST"
    return jwst and len(shape) == 4 and "EXP_TYPE" in primary


def exposure_kind(primary: Mapping[str, Any], name: str) -> str:
    """Name what an exposure shows where that is not an image of the sky; empty for images.

    EXP_TYPE, DATAMODL, the optics and the suffix of the name are asked together: pipeline versions differ in which of
    them they write, and grism exposures carry the celestial WCS of their pointing.

    Parameters
    ----------
    primary
        EXP_TYPE, DATAMODL, FILTER, PUPIL, TELESCOP as far as there are any.
    name
        Name of the file.
    """
    mode, model, telescope, *optics = (
        str(primary.get(key) or "").strip() for key in ("EXP_TYPE", "DATAMODL", "TELESCOP", "FILTER", "PUPIL")
    )
    mode = mode.upper()
    if model in _SPECTRAL_MODELS or model in _MODELS:
        return _SPECTRAL_MODELS.get(model) or _MODELS[model]
    if model in _RAMPS or _RAMP_SUFFIX.search(name):
        return "a ramp that is not fitted yet"
    if any(word in mode for word in _DISPERSED) or mode.startswith(_DISPERSED_TOO):
        return f"a dispersed exposure ({mode})"
    if _NO_SKY.search(mode):
        return f"an exposure of no sky ({mode})"
    for optic in optics:
        word = optic.upper()
        if _DISPERSERS.match(word) or (word in _HST_GRISMS and telescope.upper() == "HST"):
            return f"a dispersed exposure ({word})"
    return _by_name(name)


def _by_name(name: str) -> str:
    if _SPECTRAL_SUFFIX.search(name):
        return "a spectrum"
    return "a map of weights, errors or flags, by its name" if _BESIDE.search(name) else ""


def imaging_mode(mode: str) -> str:
    """Say how an image was taken where that is no usual exposure of the sky; empty for those.

    Parameters
    ----------
    mode
        EXP_TYPE.

    Examples
    --------
    >>> imaging_mode("NRC_CORON"), imaging_mode("NRC_IMAGE")
    ('behind a coronagraph', '')
    """
    word = mode.strip().upper()
    return next((said for known, said in _MODES.items() if known.search(word)), "")


def dispersed(primary: Mapping[str, str], science: Mapping[str, str]) -> str:
    """Name the kind of spectrum that a science plane holds; empty for images."""
    known = _MODELS.get(str(primary.get("DATAMODL", "")).strip())
    if known:
        return known
    mode = str(primary.get("EXP_TYPE", "")).strip().upper()
    if str(science.get("CTYPE3", "")).upper().startswith("WAVE"):
        return ""  # a cube, with or without a place on the sky
    celestial = any(str(science.get(f"CTYPE{axis}", "")).upper().startswith(("RA-", "GLON")) for axis in (1, 2))
    if not celestial and (any(word in mode for word in _DISPERSED) or mode in _DISPERSED_TOO):
        return f"a dispersed exposure ({mode})"
    return ""


def not_an_image(hdus: Sequence[Hdu], primary: Mapping[str, str]) -> str:
    """Say what a file without an image holds, as the end of a sentence."""
    shapes = [hdu for hdu in hdus if hdu.kind in ("PRIMARY", "IMAGE") and hdu.shape]
    if shapes:
        return _another_shape(shapes[0])
    tables = [hdu for hdu in hdus if "TABLE" in hdu.kind]
    if not tables:
        return "it holds headers only, no image"
    labels = ", ".join(hdu.label or "without a name" for hdu in tables[:5]) + (", ..." if len(tables) > 5 else "")
    known = _MODELS.get(str(primary.get("DATAMODL", "")).strip()) or next(
        (_TABLES[hdu.name] for hdu in tables if hdu.name in _TABLES), "a catalogue or other table"
    )
    return f"it holds {known}, only tables ({labels}) and no image"


def _another_shape(hdu: Hdu) -> str:
    sides = hdu.shape
    if len(sides) == 1:
        return f"it holds a spectrum or another row of {sides[0]:,} numbers, no image"
    if 0 in sides and hdu.whole:
        return f"its data have the shape {sides}, without a single pixel"
    if not hdu.whole:
        return "its data are random groups or have a heap, as interferometers write them"
    if len(sides) == 3:
        planes = f"its data are a cube of shape {sides} with {sides[2]} planes in the fastest axis"
        return f"{planes}; bring that axis to the front first"
    return f"its data have {len(sides)} axes {sides}, as ramps do; calibrate it to images first"
