"""Texts of regions in the languages of DS9 and CASA, bounded and read strictly.

The parser of `regions` leaves out what it does not know, takes a region to be cut out for one to be measured, and a
position in degrees without a frame for pixels. Here each of these is refused.
"""

import re
import warnings
from typing import Any

import numpy as np

from jwstpipe.errors import DataError, JwstPipeError, NotFoundError, UsageError
from jwstpipe.storage.bounded import read_document

__all__ = ["FORMS", "MOST_CORNERS", "MOST_SHAPES", "regions_in"]

MOST_SHAPES = 10_000
"""A file of more regions is refused: measure sources with photometry instead."""

MOST_CORNERS = 10_000
MOST_LETTERS = 4 << 20
"""Of a text of regions."""

FORMS = (
    "X0,Y0,X1,Y1 (pixels, 0-based, the last ones not included), a DS9 line as 'icrs;circle(10.1,-2.3,5\")', a .reg or"
    " .crtf file, an S_REGION, or label:N@SEGMENTATION"
)

_ENDS = (".reg", ".crtf", ".ds9")
_SHAPE = re.compile(r"[A-Za-z]+\s*(?:\(|\[\s*\[)")
_COMPOSITE = re.compile(r"\)\s*\|\|")
_SKY_IN_CRTF = re.compile(r"\[\[[^\]]*(?:deg|arcmin|arcsec|rad|\d[hd:]\d)", re.IGNORECASE)


def regions_in(word: str) -> list[Any]:
    """Read a line of regions, or a file of them.

    Parameters
    ----------
    word
        DS9 or CRTF, or the path of a ``.reg``, ``.ds9`` or ``.crtf`` file.

    Returns
    -------
    list
        Regions of the package `regions`; all that stand there.

    Raises
    ------
    UsageError
        A line that is none, or that holds something that cannot be measured.
    DataError
        A file of which that is true.
    NotFoundError
        No such file.
    """
    if "(" in word or "[" in word:
        return _checked(word, _shortened(word), UsageError)
    if not word.lower().endswith(_ENDS):
        raise UsageError(f"region {_shortened(word)}: give {FORMS}")
    try:
        content = read_document(word, most=MOST_LETTERS).decode("utf-8", errors="replace")
    except NotFoundError:
        raise NotFoundError(f"region file {word}: no such file") from None
    return _checked(content, f"region file {word}", DataError)


def _shortened(word: str) -> str:
    return repr(word if len(word) <= 60 else word[:57] + "...")


def _checked(content: str, name: str, fault: type[JwstPipeError]) -> list[Any]:
    shapes = sum(1 for _ in _SHAPE.finditer(content))
    if shapes > MOST_SHAPES:
        raise fault(f"{name}: holds {shapes:,} regions, at most {MOST_SHAPES:,} are measured at once")
    commas = max((line.count(",") for line in re.split(r"[\n;]", content)), default=0)
    if commas > 2 * MOST_CORNERS + 100 or len(content) > MOST_LETTERS:
        raise fault(f"{name}: has a region of about {commas // 2:,} corners, at most {MOST_CORNERS:,}")
    if _COMPOSITE.search(content):
        raise fault(f"{name}: shapes joined by || are not combined; give each by itself, or an annulus")
    crtf = content.lstrip().startswith("#CRTF") or "[[" in content
    found = _parsed(content, name, fault, crtf=crtf)
    if not found:
        raise fault(f"{name}: no region in it; give {FORMS}")
    if crtf and sum(bool(_SKY_IN_CRTF.search(line)) for line in content.splitlines()) > sum(map(_on_sky, found)):
        raise fault(f"{name}: a position on the sky without a frame; write coord=J2000 or coord=ICRS behind it")
    for region in found:
        _check(region, name, fault)
    return found


def _parsed(content: str, name: str, fault: type[JwstPipeError], *, crtf: bool) -> list[Any]:
    from regions import Regions  # noqa: PLC0415 - a second to load

    if crtf and not content.lstrip().startswith("#CRTF"):
        content = f"#CRTFv0\n{content}"
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            found = list(Regions.parse(content, format="crtf" if crtf else "ds9"))
        except Exception as error:  # noqa: BLE001 - whatever the parser stumbles over, the text is at fault
            why = _plain(str(error))[:160]
            raise fault(f"{name}: cannot be read as regions ({why}); give {FORMS}") from None
    for warning in told:
        text = _plain(str(warning.message))
        if "skipping" in text and not text.startswith('"tile"'):
            why = text[:200].replace(", skipping", "").rstrip(".")
            raise fault(f"{name}: a part of it cannot be read ({why}); mend it or take it out")
    return found


def _plain(text: str) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def _on_sky(region: Any) -> bool:
    return type(region).__name__.endswith("SkyRegion")


def _check(region: Any, name: str, fault: type[JwstPipeError]) -> None:
    """Refuse what is to be cut out, and numbers that are none."""
    called = _plain(str(region.meta.get("text") or region.meta.get("label") or ""))[:60]
    called = called or type(region).__name__.removesuffix("Region")
    if not region.meta.get("include", True):
        raise fault(
            f"{name}: {called} is to be cut out (-), and each region is measured by itself; take it out, or give an"
            " annulus"
        )
    if region.meta.get("type") == "ann":
        raise fault(f"{name}: {called} is an annotation (ann), which is drawn and not measured; take it out")
    for part in ("center", "vertices"):
        place = getattr(region, part, None)
        if place is None:
            continue
        values = (place.spherical.lon, place.spherical.lat) if _on_sky(region) else (place.x, place.y)
        if not all(np.isfinite(np.asarray(value, float)).all() for value in values):
            raise fault(f"{name}: {called} lies at a position that is no number")
        if part == "vertices" and np.size(values[0]) < 3:
            raise fault(f"{name}: {called} has {np.size(values[0])} corners; an area has three or more")
    for part in ("radius", "width", "height", "angle", "inner_radius", "outer_radius", "inner_width", "outer_width"):
        value = getattr(region, part, None)
        if value is not None and not np.isfinite(float(getattr(value, "value", value))):
            raise fault(f"{name}: the {part.replace('_', ' ')} of {called} is no number")
