"""What is written into a picture about it: AVM record, recipe, labels."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from jwstpipe.display.colour.names import WHITE
from jwstpipe.display.presets.model import Preset
from jwstpipe.images.headers.keywords import primary_keywords
from jwstpipe.render.files.avm import AvmRecord, SpectralEntry
from jwstpipe.render.geometry.canvas import Canvas
from jwstpipe.render.geometry.placement import SkyPlacement
from jwstpipe.render.layers import PlannedChannel
from jwstpipe.render.overlay.label import Label
from jwstpipe.render.rendering import Scene
from jwstpipe.requests import CompositeRequest

__all__ = ["picture_labels", "picture_record", "product_id_of"]


_CONTENT = {"preset", "sources", "annotations"}
"""Options that name a file or hold the content of one: the look below, and the provenance, say what came of them."""


def picture_record(
    scene: Scene,
    canvas: Canvas,
    placement: SkyPlacement | None,
    options: CompositeRequest,
    title: str | None,
    provenance: Mapping[str, Any] | None,
) -> AvmRecord:
    """Write down where a picture lies and how it was made."""
    subject = _target(scene.layers[0])
    return AvmRecord(
        shape=canvas.shape,
        placement=placement,
        spectral=tuple(_spectral_entry(layer, layer.colour.name) for layer in scene.layers)
        + ((_spectral_entry(scene.luminance, "Luminosity"),) if scene.luminance else ()),
        title=title or subject,
        subject=subject,
        product_id=None if provenance is None else str(provenance["product_id"]),
        provenance=provenance,
        recipe={
            "operation": "composite",
            "options": options.model_dump(mode="json", exclude_defaults=True, exclude=_CONTENT),
            "look": _look_facts(scene.look),
            "level": canvas.frame.level,
            "box": asdict(canvas.frame.source),
            "screen": asdict(scene.screen),
            "channels": [_channel_facts(layer) for layer in scene.layers],
            "luminance": _channel_facts(scene.luminance) if scene.luminance else None,
            "background": scene.background.hex,
            "fill_holes_up_to": asdict(scene.cores),
        },
    )


def _look_facts(look: Preset) -> dict[str, Any]:
    """Give a look as plain values; its options keep their older name, for these are bytes of the picture."""
    facts = look.model_dump(mode="json", exclude_defaults=True)
    return {{"options": "wishes"}.get(name, name): value for name, value in facts.items()}


def picture_labels(scene: Scene, title: str | None) -> list[Label]:
    """Name the object and the filters, each in its colour."""
    subject = title or _target(scene.layers[0])
    lines = [Label(subject, WHITE)] if subject else []
    names = [" ".join(filter(None, [layer.band.instrument, layer.label])) for layer in scene.layers]
    return [*lines, *(Label(name, layer.colour) for name, layer in zip(names[::-1], scene.layers[::-1], strict=True))]


def _channel_facts(layer: PlannedChannel) -> dict[str, Any]:
    """Say how a channel was rendered; by product id or file name, for folders are nobody else's business."""
    return {
        "image": product_id_of(layer) or layer.image.address.rstrip("/").rsplit("/", 1)[-1],
        "filter": layer.band.filter,
        "colour": layer.colour.hex,
        "weight": layer.weight,
        "stretch": layer.stretch.as_dict(),
    }


def _spectral_entry(layer: PlannedChannel, colour: str) -> SpectralEntry:
    band = layer.band
    wavelength = None if band.wavelength_um is None else round(band.wavelength_um * 1000.0, 3)
    return SpectralEntry(band.facility, band.instrument, band.filter, wavelength, colour)


def product_id_of(layer: PlannedChannel) -> str | None:
    """Give the product id of the image of a layer, where it knows one."""
    known = layer.image.provenance.get("product_id")
    return None if known is None else str(known)


def _target(layer: PlannedChannel) -> str | None:
    for keyword in ("TARGPROP", "TARGNAME", "OBJECT"):
        name = primary_keywords(layer.image).get(keyword)
        if isinstance(name, str) and name.strip() not in ("", "UNKNOWN"):
            return name.strip()
    return None
