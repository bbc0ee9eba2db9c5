"""The verb `composite`: images on one grid become one colour picture, whatever their size."""

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from jwstpipe.progress import Progress, Reporter, silent
from jwstpipe.render.colour.names import BLACK, WHITE, Colour
from jwstpipe.render.cores.holes import CoreLimits, Hole
from jwstpipe.render.files.avm import AvmRecord, SpectralEntry, avm_packet
from jwstpipe.render.files.picture import Pixels, check_picture, open_picture, quantised
from jwstpipe.render.geometry.canvas import Canvas, lay_out
from jwstpipe.render.geometry.frame import Frame, SkyPlacement, channels_to_show, choose_frame, place_on_sky
from jwstpipe.render.geometry.resize import resampled, taps
from jwstpipe.render.layers import Channel, Layer, resolve_layers
from jwstpipe.render.look import resolve_look
from jwstpipe.render.overlay.marks import draw_band
from jwstpipe.render.overlay.plan import Label, overlay_marks
from jwstpipe.render.receipt import ChannelReceipt, Picture
from jwstpipe.render.rendering import RenderedWindow, Scene, render_window
from jwstpipe.render.survey import survey_picture
from jwstpipe.requests import CompositeRequest
from jwstpipe.sky.box import Box

__all__ = ["Channel", "Picture", "composite"]

BAND_ROWS = 512
"""Rows that are rendered at once; memory grows with them, the picture does not depend on them."""

TILE_COLUMNS = 2048
"""Columns that one thread renders at once."""

THREADS = 2


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
        Local ``.png``, ``.jpg`` or ``.tif``; what stands there is replaced when the picture is whole.
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
    look = resolve_look(options)
    plan = resolve_layers(channels, luminance=luminance, look=look, options=options)
    images = [layer.image for layer in plan.layers]
    least, reason = channels_to_show(images, options.coverage)
    size = max(options.canvas) if options.canvas else options.size
    frame = choose_frame(images, size=size, least=least, window=options.crop)
    canvas = lay_out(frame, options.canvas)
    frame = canvas.frame
    scene = Scene(
        plan.layers, plan.luminance, frame.level, look, plan.feather, cores or CoreLimits(), background, least
    )
    survey = survey_picture(scene, frame)
    scene = replace(scene, screen=survey.screen)
    path = check_picture(out, canvas.shape, bits=options.bits)
    placement = canvas.placed(place_on_sky(plan.layers[0].image, frame))
    marks = overlay_marks(
        options.overlays, placement, canvas.shape, labels=_labels(scene, title), sources=options.sources
    )
    packet = avm_packet(_record(scene, canvas, placement, options, title, product_id))
    holes: list[set[Hole]] = [set() for _ in scene.all_layers]
    with open_picture(
        path, canvas.shape, bits=options.bits, quality=options.quality, packet=packet,
        cards="" if placement is None else placement.cards, product_id=product_id,
    ) as sink:  # fmt: skip
        top = 0
        for rows in canvas.filled(_bands(scene, frame, band_rows, options.bits, holes), background, options.bits):
            sink.write(draw_band(rows, top, marks))
            top += len(rows)
            report(Progress("composite", top, canvas.shape[0], "rows"))
    receipts = [_receipt(layer, found) for layer, found in zip(scene.all_layers, holes, strict=True)]
    return Picture(
        path=path,
        width=canvas.shape[1],
        height=canvas.shape[0],
        bits=options.bits,
        level=frame.level,
        box=frame.box,
        look=look.title,
        channels=tuple(receipts[: len(plan.layers)]),
        luminance=receipts[-1] if plan.luminance else None,
        background=background.hex,
        placement=placement,
        product_id=product_id,
        quality=survey.quality,
        notes=(*plan.notes, *filter(None, [reason])),
        stretch_fallbacks=plan.fallbacks,
        size_bytes=_size(path),
        sha256=_digest(path),
    )


def _bands(scene: Scene, frame: Frame, band_rows: int, bits: int, holes: Sequence[set[Hole]]) -> Iterator[Pixels]:
    """Render band by band from the top of the picture, and note what was filled.

    Threads render the tiles of the next band while the caller compresses this one.
    """
    spans = _spans(frame, band_rows)
    with ThreadPoolExecutor(THREADS, thread_name_prefix="render") as pool:
        ahead = _submitted(pool, scene, frame, spans[0], bits)
        for number, span in enumerate(spans):
            tiles = [future.result() for future in ahead]
            if number + 1 < len(spans):
                ahead = _submitted(pool, scene, frame, spans[number + 1], bits)
            for window in tiles:
                for known, filled in zip(holes, window.holes, strict=True):
                    known.update(filled)
            yield _joined(tiles, frame, span, bits)


def _spans(frame: Frame, band_rows: int) -> list[tuple[int, int]]:
    """Cut the picture into half-open spans of rows, counted from the bottom, the topmost first.

    At full size the cuts fall on multiples of `band_rows` of the images, where their chunks meet: each is read once.
    """
    height = frame.shape[0]
    first = frame.box.y0 if frame.shape == frame.box.shape else 0
    cuts = [cut - first for cut in range(first - first % band_rows + band_rows, first + height, band_rows)]
    edges = [0, *cuts, height]
    return list(pairwise(edges))[::-1]


@dataclass(frozen=True, eq=False)
class _Tile:
    """Part of a band: samples of the picture, or screen values that are still to be resized."""

    pixels: Any
    holes: tuple[frozenset[Hole], ...]


def _submitted(
    pool: ThreadPoolExecutor, scene: Scene, frame: Frame, span: tuple[int, int], bits: int
) -> list["Future[_Tile]"]:
    box = frame.box
    exact = frame.shape == box.shape
    low, high = span if exact else taps(box.shape[0], frame.shape[0]).span(*span)
    edges = [box.x0, *range(box.x0 - box.x0 % TILE_COLUMNS + TILE_COLUMNS, box.x1, TILE_COLUMNS), box.x1]
    return [
        pool.submit(_tile, scene, Box(box.y0 + low, x0, box.y0 + high, x1), bits if exact else 0)
        for x0, x1 in pairwise(edges)
    ]


def _tile(scene: Scene, box: Box, bits: int) -> _Tile:
    window: RenderedWindow = render_window(scene, box)
    return _Tile(quantised(window.pixels, bits) if bits else window.pixels, window.holes)


def _joined(tiles: Sequence[_Tile], frame: Frame, span: tuple[int, int], bits: int) -> Pixels:
    """Put the tiles of a band side by side, top row first; resized where the picture has another size."""
    whole = tiles[0].pixels if len(tiles) == 1 else np.concatenate([tile.pixels for tile in tiles], axis=1)
    if frame.shape != frame.box.shape:
        rows, columns = taps(frame.box.shape[0], frame.shape[0]), taps(frame.box.shape[1], frame.shape[1])
        whole = quantised(resampled(whole, rows, columns, *span), bits)
    return np.asarray(whole[::-1])


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
        repaired_before=layer.repaired,
        blur_px=layer.blur,
    )


def _record(
    scene: Scene,
    canvas: Canvas,
    placement: SkyPlacement | None,
    options: CompositeRequest,
    title: str | None,
    product_id: str | None,
) -> AvmRecord:
    subject = _target(scene.layers[0])
    return AvmRecord(
        shape=canvas.shape,
        placement=placement,
        spectral=tuple(_spectral_entry(layer, layer.colour.name) for layer in scene.layers)
        + ((_spectral_entry(scene.luminance, "Luminosity"),) if scene.luminance else ()),
        title=title or subject,
        subject=subject,
        product_id=product_id,
        recipe={
            "operation": "composite",
            "options": options.model_dump(mode="json", exclude_defaults=True),
            "look": scene.look.model_dump(mode="json", exclude_defaults=True),
            "level": canvas.frame.level,
            "box": asdict(canvas.frame.box),
            "screen": asdict(scene.screen),
            "channels": [_wish(layer) for layer in scene.layers],
            "luminance": _wish(scene.luminance) if scene.luminance else None,
            "background": scene.background.hex,
            "fill_holes_up_to": asdict(scene.cores),
        },
    )


def _labels(scene: Scene, title: str | None) -> list[Label]:
    """Name the object and the filters, each in its colour."""
    subject = title or _target(scene.layers[0])
    lines = [Label(subject, WHITE)] if subject else []
    names = [" ".join(filter(None, [layer.band.instrument, layer.label])) for layer in scene.layers]
    return [*lines, *(Label(name, layer.colour) for name, layer in zip(names[::-1], scene.layers[::-1], strict=True))]


def _wish(layer: Layer) -> dict[str, Any]:
    """Say how a channel was rendered; by product id or file name, for folders are nobody else's business."""
    return {
        "image": _product_id(layer) or layer.image.address.rstrip("/").rsplit("/", 1)[-1],
        "filter": layer.band.filter,
        "colour": layer.colour.hex,
        "weight": layer.weight,
        "stretch": layer.stretch.as_dict(),
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
    """Give the digest of a file; of a store that of its files, in the order of their names."""
    if not path.is_dir():
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    total = hashlib.sha256()
    for part in sorted(path.rglob("*")):
        if part.is_file():
            total.update(f"{part.relative_to(path)} {_digest(part)}\n".encode())
    return total.hexdigest()


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(part.stat().st_size for part in files if part.is_file())
