"""`Look`: wishes on a set of images, settled to colours and stretches; its scene is made when it is needed."""

import hashlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.display.channels import image_looks, settled_request
from jwstpipe.display.colour.names import parse_colour
from jwstpipe.display.preset_resolution import resolve_look, with_preset_options
from jwstpipe.display.presets.model import Preset
from jwstpipe.display.tone.stretch import Stretch
from jwstpipe.errors import NotFoundError, UsageError
from jwstpipe.identity import canonical_json
from jwstpipe.render.layers import Channel, PlannedChannel, TonePlan, toned_layers
from jwstpipe.render.overview import screen_levels
from jwstpipe.render.rendering import Scene
from jwstpipe.render.scene_plan import ScenePlan, plan_scene
from jwstpipe.requests import ChannelLook, CompositeRequest
from jwstpipe.viewer.companding import tone_table
from jwstpipe.viewer.viewed import ViewedSet

__all__ = ["Finish", "Look", "look_of", "table_key"]


@dataclass(frozen=True, eq=False)
class Finish:
    """What takes longer: how edges blend, and the levels of the finished picture."""

    plan: ScenePlan
    scene: Scene
    """With its screen levels, at level 0."""


@dataclass(frozen=True, eq=False)
class Look:
    """How a set of images is shown."""

    id: str
    """Follows from the images and the wishes."""

    images: ViewedSet
    wishes: CompositeRequest
    """As they were made, channels by product id."""

    options: CompositeRequest
    """With those of the preset."""

    preset: Preset
    tones: TonePlan
    looks: tuple[ChannelLook, ...]
    """Of every image, also of those that are not shown."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _finish: list[Finish] = field(default_factory=list)

    @property
    def finish(self) -> Finish:
        """Blending and levels, made once."""
        with self._lock:
            if not self._finish:
                plan = plan_scene(self.tones, look=self.preset, options=self.options)
                self._finish.append(Finish(plan, replace(plan.scene, screen=screen_levels(plan.scene))))
            return self._finish[0]

    def number(self, layer: PlannedChannel) -> int:
        """Give the place of the image of a layer among those of the set."""
        return next(n for n, image in enumerate(self.images.images) if image is layer.image)

    def table(self, number: int | None) -> NDArray[np.float32]:
        """Tabulate the stretch of an image, or of the luminance (None), over the samples of its tiles.

        Returns
        -------
        ndarray of float32
            (65536,), little-endian.

        Raises
        ------
        NotFoundError
            It is not shown in this look.
        """
        layers = filter(None, [self.tones.luminance]) if number is None else self.tones.layers
        for layer in layers:
            place = self.number(layer)
            if number in (None, place):
                return tone_table(layer.stretch, self.images.values[place]).astype("<f4", copy=False)
        raise NotFoundError("this is not shown in this look")

    def as_dict(self) -> dict[str, Any]:
        """Say what the page needs to draw it."""
        layers = {self.number(layer): layer for layer in self.tones.layers}
        light = self.tones.luminance
        return {
            "id": self.id,
            "set": self.images.id,
            "channels": [self._channel(n, layers.get(n)) for n in range(len(self.images.images))],
            "order": [self.number(layer) for layer in self.tones.layers],
            "luminance": None
            if light is None
            else {"image": self.number(light), "share": light.weight, "table": table_key(light.stretch)},
            "hue": self.preset.hue,
            "saturation": self.preset.saturation,
            "vibrancy": self.preset.vibrancy,
            "mixing": self.preset.mixing,
            "softened": bool(self.preset.sharpen.amount or self.preset.denoise or self.options.match_resolution),
            "title": self.preset.title,
            "gamma": self.preset.overall.gamma,
            "plain_levels": (self.preset.overall.black, self.preset.overall.white) == (0.0, 1.0),
            "notes": [*self.images.notes, *self.tones.notes, *self.tones.fallbacks],
        }

    def _channel(self, number: int, layer: PlannedChannel | None) -> dict[str, Any]:
        wish = self.looks[number].model_dump(exclude_defaults=True, exclude={"image"})
        if layer is None:
            return {"visible": False, "wish": wish}
        return {
            "visible": True,
            "wish": wish,
            "colour": layer.colour.hex,
            "weight": layer.weight,
            "light": layer.light,
            "stretch": layer.stretch.as_dict(),
            "table": table_key(layer.stretch),
            "wavelength": layer.band.wavelength_um,
        }


def table_key(stretch: Stretch) -> str:
    """Give a short name of a stretch: equal ones have equal tables."""
    return hashlib.blake2b(canonical_json(stretch.as_dict()), digest_size=8).hexdigest()


def look_of(images: ViewedSet, wishes: CompositeRequest) -> Look:
    """Settle wishes on images, as the operation `composite` does.

    Raises
    ------
    UsageError
        A wish that cannot be met, or no channel that is visible.
    """
    names = images.names
    looks = image_looks(wishes, names)
    shown = [number for number, look in enumerate(looks) if look.visible]
    if not shown:
        raise UsageError("all channels are hidden; show one")
    light = None if wishes.luminance is None else _luminance(wishes.luminance, images)
    settled = settled_request(wishes, names, None if light is None else names[light])
    text = canonical_json({"set": images.id, "shown": shown, "wishes": settled.model_dump(mode="json")})
    own = image_looks(settled, [names[number] for number in shown])
    options = with_preset_options(settled)
    preset = resolve_look(options)
    channels = [_channel(images, number, look) for number, look in zip(shown, own, strict=True)]
    bright = None
    if light is not None:
        bright = Channel(
            images.images[light], None, settled.luminance_share, images.repaired[light], band=images.bands[light]
        )
    tones = toned_layers(channels, luminance=bright, look=preset, options=options, measure=images.measure)
    identity = hashlib.blake2b(text, digest_size=10).hexdigest()
    return Look(identity, images, settled, options, preset, tones, looks)


def _channel(images: ViewedSet, number: int, look: ChannelLook) -> Channel:
    colour = None if look.colour is None else parse_colour(look.colour)
    return Channel(images.images[number], colour, look.weight, images.repaired[number], look, images.bands[number])


def _luminance(word: str, images: ViewedSet) -> int:
    """Find the image that brings the lightness; a page names no addresses."""
    found = _matching(word, images)
    if not found:
        known = ", ".join(names.filter or names.product_id for names in images.names)
        raise UsageError(f"luminance {word[:80]!r}: none of the images of the view; they are {known}")
    return found[0]


def _matching(word: str, images: ViewedSet) -> Sequence[int]:
    exact = [n for n, names in enumerate(images.names) if names.answers_to(word)]
    return exact or [n for n, names in enumerate(images.names) if names.is_of_filter(word)]
