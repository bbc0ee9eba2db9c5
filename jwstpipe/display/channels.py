"""Which look each image of a picture has: those of a request and of its preset, matched by name, id or filter."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jwstpipe.display.presets.load import load_preset
from jwstpipe.errors import UsageError
from jwstpipe.requests import ChannelLook, CompositeRequest, joined_options

__all__ = ["ImageNames", "image_looks", "settled_request"]


@dataclass(frozen=True)
class ImageNames:
    """What an image may be called by."""

    address: str
    product_id: str
    filter: str | None = None
    name: str | None = None
    """File name of its record, where that is another than the end of its address."""

    def answers_to(self, word: str) -> bool:
        """Tell whether a word is its address, its file name or its product id."""
        place = self.address.rstrip("/")
        return word.rstrip("/") in (place, place.rsplit("/", 1)[-1], self.product_id, self.name)

    def is_of_filter(self, word: str) -> bool:
        """Tell whether a word is its filter, in any case."""
        return self.filter is not None and self.filter.upper() == word.strip().upper()


def image_looks(options: CompositeRequest, images: Sequence[ImageNames]) -> tuple[ChannelLook, ...]:
    """Give the look of every image.

    Parameters
    ----------
    options
        Its `channels`, which go before those of its preset, value by value.
    images
        Those of the picture.

    Returns
    -------
    tuple of ChannelLook
        In the order of `images`, each named by its product id. Without a wish it is the plain look.

    Raises
    ------
    UsageError
        A channel of the request that is none of the images; the message says what there is.
    """
    for look in options.channels:
        if not any(names.answers_to(look.image) or names.is_of_filter(look.image) for names in images):
            known = ", ".join(dict.fromkeys(names.filter or names.address for names in images))
            raise UsageError(f"channel {look.image}: none of the images has this name or filter; they are {known}")
    brought = load_preset(options.preset).options.channels
    return tuple(_look(index, images, (brought, options.channels)) for index in range(len(images)))


def settled_request(
    options: CompositeRequest, images: Sequence[ImageNames], luminance: ImageNames | None = None
) -> CompositeRequest:
    """Name every image of a request by its product id, so that the same options on the same images are one request.

    Addresses and filters in `channels` become the ids of the images that they mean, in the order of `images`; channels
    that say nothing and those that are not visible fall away, and `luminance` is an id too. Settling twice changes
    nothing.
    """
    looks = [_look(index, images, (options.channels,)) for index in range(len(images))]
    stated = tuple(look for look in looks if look.visible and look != ChannelLook(image=look.image))
    return options.model_copy(
        update={"channels": stated, "luminance": None if luminance is None else luminance.product_id}
    )


def _look(index: int, images: Sequence[ImageNames], layers: Sequence[Sequence[ChannelLook]]) -> ChannelLook:
    """Join the looks that mean an image: later layers go before earlier ones, its own name before its filter."""
    names = images[index]
    joined: dict[str, Any] = {}
    for layer in layers:
        named = [look for look in layer if names.answers_to(look.image)]
        of_filter = [
            look
            for look in layer
            if names.is_of_filter(look.image) and not any(other.answers_to(look.image) for other in images)
        ]
        for look in (*of_filter, *named):
            joined = joined_options(joined, look.model_dump(exclude_defaults=True))
    return ChannelLook.model_validate({**joined, "image": names.product_id})
