"""The verb `composite`: images on one grid become one colour picture, whatever their size."""

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from jwstpipe.progress import Progress, Reporter, silent
from jwstpipe.render.colour.names import BLACK, Colour
from jwstpipe.render.cores import CoreLimits, Hole
from jwstpipe.render.files.avm import AvmRecord, SpectralEntry, avm_packet
from jwstpipe.render.files.picture import Pixels, check_picture, open_picture, quantised
from jwstpipe.render.geometry.frame import Frame, SkyPlacement, channels_to_show, choose_frame, place_on_sky
from jwstpipe.render.geometry.resize import resampled, taps
from jwstpipe.render.layers import Channel, Layer, resolve_layers
from jwstpipe.render.receipt import ChannelReceipt, Picture
from jwstpipe.render.rendering import RenderedWindow, render_window
from jwstpipe.requests import CompositeRequest
from jwstpipe.sky.box import Box

__all__ = ["Channel", "Picture", "composite"]

BAND_ROWS = 512
"""Rows that are rendered at once; memory grows with them, the picture does not depend on them."""


@dataclass(frozen=True)
class _Scene:
    """All that the bands share."""

    layers: tuple[Layer, ...]
    luminance: Layer | None
    frame: Frame
    cores: CoreLimits
    background: Colour
    least: int
    """Channels that have to cover a pixel for it to show."""

    @property
    def all_layers(self) -> tuple[Layer, ...]:
        return self.layers if self.luminance is None else (*self.layers, self.luminance)


def composite(
    channels: Sequence[Channel],
    out: Path | str,
    *,
    options: CompositeRequest | None = None,
    luminance: Channel | None = None,
    title: str | None = None,
    product_id: str | None = None,
    background: Colour = BLACK,
    cores: CoreLimits | None = None,
    band_rows: int = BAND_ROWS,
    report: Reporter = silent,
) -> Picture:
    """Make a colour picture.

    Parameters
    ----------
    channels
        Images on one grid, with colours and weights; without colour they take one by the order of wavelengths.
    out
        Local ``.png``, ``.jpg`` or ``.jpeg``; what stands there is replaced when the picture is whole.
    options
        Stretch, longest side, bits, quality; None = the defaults.
    luminance
        Image that brings the lightness (LRGB); its weight, up to 1, is its share.
    title, product_id
        Written into the picture; without title the target of the first image stands for it.
    background
        Where no channel has data.
    cores
        Largest enclosed hole that is filled for display; None = the defaults. ``CoreLimits(0, 0)`` fills none.
    band_rows
        Rows rendered at once.
    report
        Told after each band.

    Returns
    -------
    Picture
        Size, limits, colours, filled holes, place on the sky, digest.

    Raises
    ------
    UsageError
        A wish that cannot be met; the message says what can.
    DataError
        An image without data or on another grid.
    StorageError
        The file cannot be written.

    Notes
    -----
    Each channel is stretched between absolute limits that come from one level of it, so that any size and any window
    render alike; the brightnesses mix in linear light, normalised so that equal channels are neutral, and are encoded
    as sRGB once. North is where the grid has it: row 0 of the images is the bottom of the picture.
    """
    options = options or CompositeRequest()
    check_picture(out, (1, 1), bits=options.bits)
    layers, lightness, notes = resolve_layers(channels, luminance=luminance, kind=options.stretch)
    images = [layer.image for layer in layers]
    least, reason = channels_to_show(images, options.coverage)
    notes = (*notes, *filter(None, [reason]))
    frame = choose_frame(images, size=options.size, least=least)
    scene = _Scene(layers, lightness, frame, cores or CoreLimits(), background, least)
    path = check_picture(out, frame.shape, bits=options.bits)
    placement = place_on_sky(layers[0].image, frame)
    packet = avm_packet(_record(scene, placement, options, title, product_id))
    holes: list[set[Hole]] = [set() for _ in scene.all_layers]
    with open_picture(path, frame.shape, bits=options.bits, quality=options.quality, packet=packet) as sink:
        for done, rows in _bands(scene, band_rows, options.bits, holes):
            sink.write(rows)
            report(Progress("composite", done, frame.shape[0], "rows"))
    receipts = [_receipt(layer, found) for layer, found in zip(scene.all_layers, holes, strict=True)]
    return Picture(
        path=path,
        width=frame.shape[1],
        height=frame.shape[0],
        bits=options.bits,
        level=frame.level,
        box=frame.box,
        channels=tuple(receipts[: len(layers)]),
        luminance=receipts[-1] if lightness else None,
        background=background.hex,
        placement=placement,
        product_id=product_id,
        notes=notes,
        size_bytes=path.stat().st_size,
        sha256=_digest(path),
    )


def _bands(scene: _Scene, band_rows: int, bits: int, holes: Sequence[set[Hole]]) -> Iterator[tuple[int, Pixels]]:
    """Render band by band from the top of the picture, and note what was filled.

    One thread renders the next band while the caller compresses this one.
    """
    height = scene.frame.shape[0]
    starts = range(0, height, band_rows)
    with ThreadPoolExecutor(1, thread_name_prefix="render") as pool:
        ahead = pool.submit(_band, scene, 0, min(band_rows, height), bits)
        for start in starts:
            done = min(start + band_rows, height)
            pixels, found = ahead.result()
            if done < height:
                ahead = pool.submit(_band, scene, done, min(done + band_rows, height), bits)
            for known, filled in zip(holes, found, strict=True):
                known.update(filled)
            yield done, pixels


def _band(scene: _Scene, start: int, stop: int, bits: int) -> tuple[Pixels, tuple[frozenset[Hole], ...]]:
    """Render rows ``[start, stop)`` of the picture, counted from its top."""
    frame = scene.frame
    height, width = frame.shape
    low, high = height - stop, height - start
    if frame.shape == frame.box.shape:
        window = _rendered(scene, low, high)
        return quantised(window.pixels[::-1], bits), window.holes
    rows, columns = taps(frame.box.shape[0], height), taps(frame.box.shape[1], width)
    window = _rendered(scene, *rows.span(low, high))
    return quantised(resampled(window.pixels, rows, columns, low, high)[::-1], bits), window.holes


def _rendered(scene: _Scene, first: int, last: int) -> RenderedWindow:
    box = scene.frame.box
    return render_window(
        scene.layers,
        scene.luminance,
        Box(box.y0 + first, box.x0, box.y0 + last, box.x1),
        level=scene.frame.level,
        cores=scene.cores,
        background=scene.background,
        least=scene.least,
    )


def _receipt(layer: Layer, holes: set[Hole]) -> ChannelReceipt:
    return ChannelReceipt(
        image=layer.image.address,
        product_id=_product_id(layer),
        facility=layer.band.facility,
        instrument=layer.band.instrument,
        filter=layer.band.filter,
        wavelength_um=layer.band.wavelength_um,
        colour=layer.colour.hex,
        weight=layer.weight,
        light=layer.light,
        stretch=layer.stretch,
        statistics=layer.statistics,
        holes=len(holes),
        hole_pixels=sum(hole.area for hole in holes),
    )


def _record(
    scene: _Scene,
    placement: SkyPlacement | None,
    options: CompositeRequest,
    title: str | None,
    product_id: str | None,
) -> AvmRecord:
    subject = _target(scene.layers[0])
    return AvmRecord(
        shape=scene.frame.shape,
        placement=placement,
        spectral=tuple(_spectral_entry(layer, layer.colour.name) for layer in scene.layers)
        + ((_spectral_entry(scene.luminance, "Luminosity"),) if scene.luminance else ()),
        title=title or subject,
        subject=subject,
        product_id=product_id,
        recipe={
            "operation": "composite",
            "options": options.model_dump(mode="json"),
            "level": scene.frame.level,
            "box": asdict(scene.frame.box),
            "channels": [_wish(layer) for layer in scene.layers],
            "luminance": _wish(scene.luminance) if scene.luminance else None,
            "background": scene.background.hex,
            "fill_holes_up_to": asdict(scene.cores),
        },
    )


def _wish(layer: Layer) -> dict[str, Any]:
    """Say how a channel was rendered; by product id or file name, for folders are nobody else's business."""
    return {
        "image": _product_id(layer) or layer.image.address.rstrip("/").rsplit("/", 1)[-1],
        "filter": layer.band.filter,
        "colour": layer.colour.hex,
        "weight": layer.weight,
        "stretch": asdict(layer.stretch),
    }


def _spectral_entry(layer: Layer, colour: str) -> SpectralEntry:
    band = layer.band
    wavelength = None if band.wavelength_um is None else round(band.wavelength_um * 1000.0, 3)
    return SpectralEntry(band.facility, band.instrument, band.filter, wavelength, colour)


def _product_id(layer: Layer) -> str | None:
    known = layer.image.provenance.get("product_id")
    return None if known is None else str(known)


def _target(layer: Layer) -> str | None:
    for keyword in ("TARGPROP", "TARGNAME", "OBJECT"):
        name = layer.image.primary.get(keyword)
        if isinstance(name, str) and name.strip() not in ("", "UNKNOWN"):
            return name.strip()
    return None


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
