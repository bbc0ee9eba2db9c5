"""The command `info`: what images are, and where their pixels lie."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import typer

from jwstpipe.cli.arguments import Images, Json
from jwstpipe.cli.context import choices_of, settings_of
from jwstpipe.cli.output import data, json_data
from jwstpipe.cli.request_options import request_options
from jwstpipe.cli.tables import aligned, rows
from jwstpipe.requests.analysis.places import InfoRequest

if TYPE_CHECKING:
    from jwstpipe.images.facts import ImageFacts, SkyPlace

__all__ = ["info"]


@request_options(InfoRequest)
def info(context: typer.Context, images: Images, *, request: InfoRequest, as_json: Json = False) -> None:
    """Tell what images are: planes, size, place on the sky, origin.

    With -v a gwcs is evaluated, and compared with the FITS header. Examples: jwstpipe info x_i2d.fits;
    jwstpipe info mosaic.zarr --sky 210.80,54.35 --json
    """
    from jwstpipe.images.facts import image_facts

    asked: dict[str, Any] = {
        "pixels": request.pixel, "places": request.sky, "exact": choices_of(context).verbose > 0,
        "s3": settings_of(context).s3,
    }  # fmt: skip
    count = 0
    for address in images:
        first = image_facts(address, **asked)
        parts = (image_facts(part, **asked) for part in first.siblings)  # all of them are told of
        for facts in parts if first.siblings else (first,):
            if as_json:
                json_data(facts.as_dict())
                continue
            if count:
                data()
            count += 1
            rows(_rows(facts))
            for line in aligned([*_positions(facts)], right=range(4)) if facts.positions else ():
                data(line)


def _rows(facts: "ImageFacts") -> Iterator[tuple[str, str]]:
    """Write a row for each thing that there is to say, what matters most first."""
    known = {key: text for key, value in facts.keywords.items() if (text := (value or "").strip())}
    yield "image", facts.address
    cube = f" x {facts.slices} slices" if facts.slices > 1 else ""
    levels = f", {facts.levels} resolutions" if facts.levels > 1 else ""
    yield "size", f"{facts.width} x {facts.height} px{cube}, {' '.join(facts.planes)}, {facts.format}{levels}"
    if "TARGNAME" in known:
        yield "target", known["TARGNAME"]
    optics = [known[key] for key in ("TELESCOP", "INSTRUME", "DETECTOR", "FILTER", "PUPIL") if key in known]
    if optics:
        yield "made with", " ".join(dict.fromkeys(optics))
    yield "unit", facts.unit or "none"
    if facts.place is None:
        yield "place", f"none: {facts.fault}"
    else:
        yield from _place_rows(facts.place, facts)
    if facts.product_id:
        yield "product", facts.product_id


def _place_rows(place: "SkyPlace", facts: "ImageFacts") -> Iterator[tuple[str, str]]:
    from jwstpipe.sky.sexagesimal import position_text

    yield "centre", f"RA {place.ra:.6f}  Dec {place.dec:+.6f} deg ICRS  ({position_text(place.ra, place.dec)})"
    yield "pixels", f"{place.scale_arcsec:.4g} arcsec, {_field(facts.width, facts.height, place.scale_arcsec)} in all"
    source = place.source
    words = [f"{'gwcs' if source['origin'] == 'gwcs' else 'FITS header'} ({place.projection or 'no'} projection)"]
    if "header_offset_px" in source:
        words.append(f"header and gwcs differ by {source['header_offset_px']:.1g} px")
    if "note" in source:
        words.append(str(source["note"]))
    words += map(str, source.get("repairs", ()))
    yield "placed by", "; ".join(words)


def _field(width: int, height: int, scale_arcsec: float) -> str:
    """Write the sides of a field in the unit that suits its size."""
    longest = max(width, height) * scale_arcsec
    unit, size = ("deg", 3600.0) if longest >= 3600.0 else ("arcmin", 60.0) if longest >= 60.0 else ("arcsec", 1.0)
    return f"{width * scale_arcsec / size:.3g} x {height * scale_arcsec / size:.3g} {unit}"


def _positions(facts: "ImageFacts") -> Iterator[list[str]]:
    """Write a table of pixels and places."""
    yield ["x (from 0)", "y", "RA (deg ICRS)", "Dec"]
    for one in facts.positions:
        x, y = ("outside" if value is None else f"{value:.4f}" for value in (one.x, one.y))
        ra, dec = (
            "none" if value is None else f"{value:{form}}" for value, form in ((one.ra, ".7f"), (one.dec, "+.7f"))
        )
        yield [x, y, ra, dec]
