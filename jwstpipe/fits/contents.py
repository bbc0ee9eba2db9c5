"""What a FITS file holds instead of an image on the sky, named as its users name it."""

from collections.abc import Sequence

from astropy.io.fits import Header

from jwstpipe.fits.hdus import Hdu

__all__ = ["INTERLEAVED", "dispersed", "not_an_image"]

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

_DISPERSED = ("_LRS", "_MRS", "_WFSS", "_GRISM", "_SOSS", "_TSGRISM", "NRS_FIXEDSLIT", "NRS_MSASPEC", "NRS_IFU")
_DISPERSED_TOO = ("NRS_BRIGHTOBJ", "NRS_AUTOFLAT", "NRS_LAMP")


def dispersed(primary: Header, science: Header) -> str:
    """Name the kind of spectrum that a science plane holds; empty for images."""
    known = _MODELS.get(str(primary.get("DATAMODL", "")).strip())
    if known:
        return known
    mode = str(primary.get("EXP_TYPE", "")).strip().upper()
    celestial = any(str(science.get(f"CTYPE{axis}", "")).upper().startswith(("RA-", "GLON")) for axis in (1, 2))
    if not celestial and (any(word in mode for word in _DISPERSED) or mode in _DISPERSED_TOO):
        return f"a dispersed exposure ({mode})"
    return ""


def not_an_image(hdus: Sequence[Hdu], primary: Header) -> str:
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
    if 0 in sides:
        return f"its data have the shape {sides}, without a single pixel"
    if not hdu.whole:
        return "its data are random groups or have a heap, as interferometers write them"
    if len(sides) == 3:
        planes = f"its data are a cube of shape {sides} with {sides[2]} planes in the fastest axis"
        return f"{planes}; bring that axis to the front first"
    return f"its data have {len(sides)} axes {sides}, as ramps do; calibrate it to images first"
