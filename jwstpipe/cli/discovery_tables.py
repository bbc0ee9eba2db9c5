"""What discovery found, as aligned tables for people and as lines of JSON."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from jwstpipe.cli.catalog.format import size_text
from jwstpipe.cli.output import data, json_data, remark
from jwstpipe.cli.tables import aligned as table
from jwstpipe.cli.tables import aligned_rows, duration

if TYPE_CHECKING:
    from jwstpipe.discovery.discover import Discovery
    from jwstpipe.discovery.find import Found
    from jwstpipe.discovery.recipes.recipe import Recipe
    from jwstpipe.discovery.releases import Release, Releases

__all__ = ["ago", "show_discovery", "show_featured", "show_found", "show_releases"]


def ago(seconds: float) -> str:
    """Say how long ago, in the unit that suits."""
    for name, length in (("days", 86400.0), ("hours", 3600.0), ("minutes", 60.0)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {name} ago"
    return f"{seconds:.0f} seconds ago" if seconds >= 1.0 else "just now"


def show_discovery(found: "Discovery", recipes: Sequence["Recipe"], *, as_json: bool) -> None:
    """Write the pictures of a target: the best first, and where all this comes from."""
    if as_json:
        for recipe in recipes:
            json_data(
                {**recipe.model_dump(mode="json"), "answer_age_s": found.age_s, "answer_from": found.gathered.source}
            )
        _tell(found)
        return
    place = "moves" if found.place.ra is None else f"{found.place.ra:.4f} {found.place.dec:+.4f}"
    bands = {(band.instrument, band.filter) for own in found.fields for band in own.bands}
    fields = f"{len(found.fields)} field{'s' if len(found.fields) != 1 else ''}"
    data(f"{found.place.title}  {place} ({found.place.resolver})  {len(bands)} filters in {fields}")
    if found.place.target is not None:
        data(f"{', '.join(found.place.target.kinds)}: {found.place.target.says}")
    if recipes:
        data()
        head = ["#", "picture", "colours", "filters", "shared", "depth", "here", "to fetch", "time"]
        rows = [head, *(_recipe_row(number, one) for number, one in enumerate(recipes, start=1))]
        for line in table(rows, right=(0, 4, 5, 6, 7, 8)):
            data(line)
        data()
        for number, one in enumerate(recipes, start=1):
            for told in one.warnings:
                data(f"{number}: {told}")
        best = recipes[0]
        data(f"the first: {best.reasons}; possible since {best.possible_since}; times from {best.seconds_from}")
        data(f"make it:   {best.command}")
    _tell(found)
    hidden = len(found.recipes) - len(recipes)
    if hidden:
        remark(f"{hidden} more pictures (all data, other fields) with --all")


def _recipe_row(number: int, one: "Recipe") -> list[str]:
    low, high = one.seconds
    return [
        str(number), one.name, one.tag, " ".join(one.filters), f"{one.common_area_arcmin2:.1f}'^2",
        duration(one.depth_s), f"{one.here}/{one.inputs}",
        f"{'~' if 'estimated' in one.bytes_from else ''}{size_text(one.bytes_to_fetch)}" if one.files_to_fetch else "-",
        f"{duration(low)} - {duration(high)}",
    ]  # fmt: skip


def _tell(found: "Discovery") -> None:
    for note in found.gathered.notes:
        remark(note)
    if found.dropped:
        remark(f"left out: {', '.join(str(one) for one in found.dropped)}")
    if found.gathered.rows:
        _tell_age(found.gathered.source, found.age_s)


def _tell_age(source: str, age_s: float | None) -> None:
    if source == "library" or age_s is None:
        remark("from the library on this machine")
    elif source != "archive" or age_s >= 1.0:
        remark(f"the archive answered {ago(age_s)}{'' if source == 'archive' else ' (kept on disk)'}")


def show_featured(found: Sequence["Discovery"], *, as_json: bool) -> None:
    """Write what the featured targets hold."""
    rows = [["target", "class", "archive", "filters", "here", "mosaics", "pictures", "first choice", "answer"]]
    for one in found:
        bands = [band for own in one.fields for band in own.bands]
        best = one.recipes[0] if one.recipes else None
        inputs = sum(len(band.rows) for band in bands)
        source = "library" if one.age_s is None else ago(one.age_s)
        if as_json:
            target = one.place.target
            json_data({
                "target": one.place.name, "title": one.place.title, "ra": one.place.ra, "dec": one.place.dec,
                "kinds": target.kinds if target else (), "observations": inputs, "filters": len(bands),
                "here": len(one.held.ids), "mosaics": one.held.mosaics, "pictures": one.held.pictures,
                "first_choice": None if best is None else best.model_dump(mode="json"),
                "answer_from": one.gathered.source, "answer_age_s": one.age_s,
            })  # fmt: skip
        kinds = one.place.target.kinds[0] if one.place.target else "-"
        rows.append([
            one.place.title, kinds, str(inputs), str(len(bands)), str(len(one.held.ids)), str(one.held.mosaics),
            str(one.held.pictures), best.name if best else "-", source,
        ])  # fmt: skip
    if not as_json:
        for line in table(rows, right=(2, 3, 4, 5, 6)):
            data(line)
        data()
        data('more of one: jwstpipe discover "NGC 3132"      what is new: jwstpipe discover --recent 30d')
    for note in dict.fromkeys(note for one in found for note in one.gathered.notes):
        remark(note)


def show_releases(found: "Releases", before: float | None, *, as_json: bool) -> None:
    """Write what was released, the newest first, and what it makes possible."""
    if as_json:
        for one in found.releases:
            json_data(_release_json(one, found, before))
    else:
        new = found.newer_than(before)
        told = "never looked before" if before is None else f"{new} since your last look, {ago(time.time() - before)}"
        data(f"{len(found.releases)} targets with releases since {found.since} ({told})")
        rows = [["released", "programme", "target", "filters", "area", "exposure", "here", "PI", "title"]]
        rows += [_release_row(one, before) for one in found.releases]
        if found.releases:
            data()
        for line in table(rows, right=(4, 5, 6)) if found.releases else ():
            data(line)
        for one in found.releases:
            for recipe in one.recipes[:3]:
                data(f"now possible: {one.target.title if one.target else one.name}: {recipe.name}, {recipe.reasons}")
                data(f"              {recipe.command}")
    for note in found.notes:
        remark(note)
    _tell_age(found.source, found.age_s)


def _release_json(one: "Release", found: "Releases", before: float | None) -> dict[str, Any]:
    return {
        "program": one.program, "target": one.name, "known_as": one.target.title if one.target else None,
        "title": one.title, "pi": one.pi, "ra": one.ra, "dec": one.dec, "filters": one.filters,
        "observations": one.observations, "exposure_s": one.exposure_s, "area_arcmin2": one.area_arcmin2,
        "first": one.first, "last": one.last, "here": one.here, "held_there": one.held_there,
        "new": one.is_newer_than(before), "recipes": [recipe.model_dump(mode="json") for recipe in one.recipes],
        "answer_from": found.source, "answer_age_s": found.age_s,
    }  # fmt: skip


def _release_row(one: "Release", before: float | None) -> list[str]:
    mark = "*" if before is not None and one.is_newer_than(before) else ""
    names = " ".join(dict.fromkeys(name.partition(" ")[2] for name in one.filters))
    here = f"{one.here}/{one.observations}" + (f" (+{one.held_there - one.here})" if one.held_there > one.here else "")
    name = f"{one.name} = {one.target.title}" if one.target else one.name
    return [
        f"{one.last}{mark}", str(one.program or "-"), name[:48], names[:48], f"{one.area_arcmin2:.1f}'^2",
        duration(one.exposure_s), here, one.pi[:24], one.title[:60],
    ]  # fmt: skip


def show_found(found: "Found", *, reasons: bool, as_json: bool) -> None:
    """Write what fits some words, the best first, and what of the words was understood."""
    if as_json:
        for hit in found.hits:
            json_data(hit.model_dump(mode="json"))
        return
    rows = [["#", "target", "instrument", "filter", "level", "exposure", "observed", "programme", "records", "file"]]
    for number, hit in enumerate(found.hits, start=1):
        name = hit.known_as or hit.target or "-"
        exposed = "-" if hit.exposure_s is None else duration(hit.exposure_s)
        rows.append([
            str(number), name[:32], hit.instrument or "-", hit.filter or "-",
            hit.level if hit.kind == "archive" else hit.kind, exposed,
            hit.observed or "-", str(hit.program or "-"), str(hit.records), hit.file_name,
        ])  # fmt: skip
    for number, lines in enumerate(aligned_rows(rows, right=(0, 5, 7, 8)) if found.hits else ()):
        for line in lines:
            data(line)
        if reasons and number:
            data(f"      {'; '.join(found.hits[number - 1].why)}")
    for was, taken in found.query.corrected.items():
        remark(f"{was!r} is not known here; {taken!r} was taken for it")
    understood = [f"{'not ' if one.negated else ''}{one.label}" for one in found.query.conditions]
    if understood:
        remark(f"understood: {', '.join(dict.fromkeys(understood))} (what is not meant: --without LABEL)")
    if found.query.refused:
        remark(f"not meant: {', '.join(one.label for one in found.query.refused)}")
