"""The verb `composite`: images on one grid become one colour picture, whatever their size."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jwstpipe.display.colour.names import BLACK, Colour
from jwstpipe.display.preset_resolution import resolve_look, with_preset_options
from jwstpipe.images.image import SkyImage
from jwstpipe.progress import Progress, Reporter, silent
from jwstpipe.render.channel_samples import measure_channels
from jwstpipe.render.cores.holes import CoreLimits, Hole
from jwstpipe.render.description import picture_labels, picture_record, product_id_of
from jwstpipe.render.files.avm import avm_packet
from jwstpipe.render.files.picture import check_picture, open_picture
from jwstpipe.render.files.rows import Pixels
from jwstpipe.render.filled_mask import check_mask, write_mask
from jwstpipe.render.geometry.canvas import Canvas, check_canvas, lay_out
from jwstpipe.render.geometry.coverage import Cover, covered_box
from jwstpipe.render.geometry.frame import check_window, choose_frame, window_on_sky
from jwstpipe.render.geometry.fullest import fullest_window
from jwstpipe.render.geometry.placement import SkyPlacement, place_on_sky
from jwstpipe.render.layers import Channel, Measure, PlannedChannel, toned_layers
from jwstpipe.render.overview import survey_picture
from jwstpipe.render.quality import QualityReport
from jwstpipe.render.receipt import ChannelReceipt, Picture
from jwstpipe.render.rendering import ReadFilled, Scene, read_filled
from jwstpipe.render.row_bands import BAND_ROWS, render_bands
from jwstpipe.render.scene_plan import ScenePlan, plan_scene
from jwstpipe.requests import CompositeRequest
from jwstpipe.requests.fields.crop import Crop, SkyWindow, window_named
from jwstpipe.sky.box import Box
from jwstpipe.storage import path_digest, path_size

__all__ = ["Channel", "Picture", "composite"]


@dataclass(frozen=True, eq=False)
class _Plan:
    """Everything that is decided before the first band is rendered."""

    scene: Scene
    canvas: Canvas
    placement: SkyPlacement | None
    quality: QualityReport
    notes: tuple[str, ...]
    fallbacks: tuple[str, ...]


def composite(
    channels: Sequence[Channel],
    out: Path | str,
    *,
    options: CompositeRequest | None = None,
    luminance: Channel | None = None,
    title: str | None = None,
    provenance: Mapping[str, Any] | None = None,
    background: Colour = BLACK,
    cores: CoreLimits | None = None,
    cores_mask: Path | str | None = None,
    band_rows: int = BAND_ROWS,
    measure: Measure = measure_channels,
    cover: Cover = covered_box,
    read: ReadFilled = read_filled,
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
    title
        Written into the picture; without title the target of the first image stands for it.
    provenance
        What it is and was made of, written into it; see `jwstpipe.identity.provenance_document`.
    background
        Where no channel has data.
    cores
        Largest enclosed hole that is filled for display; None = the defaults. ``CoreLimits(0, 0)`` fills none.
    cores_mask
        FITS file for the mask of what was filled.
    band_rows
        Rows rendered at once.
    measure, cover, read
        Measure the channels, find what they cover, read their windows; whoever makes picture after picture of them
        keeps what it found.
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
    options = with_preset_options(options or CompositeRequest())
    check_picture(out, (1, 1), bits=options.bits)
    if cores_mask is not None:
        check_mask(cores_mask)
    plan = _planned(channels, luminance, options, background, cores or CoreLimits(), measure, cover, read)
    path = check_picture(out, plan.canvas.shape, bits=options.bits)
    holes = _written(plan, path, options, title=title, provenance=provenance, band_rows=band_rows, report=report)
    if cores_mask is not None:
        write_mask(plan.scene, plan.canvas.frame, cores_mask)
    return _picture(
        plan, path, holes, bits=options.bits, product_id=None if provenance is None else str(provenance["product_id"])
    )


def _planned(
    channels: Sequence[Channel], luminance: Channel | None, options: CompositeRequest, background: Colour,
    cores: CoreLimits, measure: Measure, cover: Cover, read: ReadFilled,
) -> _Plan:  # fmt: skip
    """Measure, choose and lay out."""
    if options.canvas is not None:
        check_canvas(options.canvas)
    look = resolve_look(options)
    tones = toned_layers(channels, luminance=luminance, look=look, options=options, measure=measure)
    image = tones.layers[0].image
    if isinstance(options.crop, tuple):
        check_window(options.crop, image.shape)  # before the work
    plan = plan_scene(tones, look=look, options=options, background=background, cores=cores, cover=cover, read=read)
    window, cut = _window(options.crop, plan, image)
    enlarge = options.enlarge or options.rules == 1
    frame = choose_frame(plan.covered, size=options.size, canvas=options.canvas, window=window, enlarge=enlarge)
    canvas = lay_out(frame, options.canvas)
    scene = replace(plan.scene, level=canvas.frame.level)
    survey = survey_picture(scene, canvas.frame)
    return _Plan(
        replace(scene, screen=survey.screen),
        canvas,
        canvas.placed(place_on_sky(image, canvas.frame)),
        survey.quality,
        (*plan.notes, *cut, *_smaller(options, canvas)),
        plan.fallbacks,
    )


def _smaller(options: CompositeRequest, canvas: Canvas) -> list[str]:
    """Say where a picture is smaller than was asked for."""
    longest = max(canvas.shape)
    if options.size is None or options.canvas is not None or longest >= options.size:
        return []
    return [
        f"the images have {longest} px where {options.size} were asked for: the picture is not enlarged (--enlarge)"
    ]


def _window(crop: Crop | None, plan: ScenePlan, image: SkyImage) -> tuple[Box | None, tuple[str, ...]]:
    """Find the window that was asked for, full pixels, None = all that is covered; and say where it is smaller."""
    if not isinstance(crop, str):
        return None if crop is None else check_window(crop, image.shape), ()
    named = window_named(crop)
    if isinstance(named, SkyWindow):
        return window_on_sky(named, image)
    return fullest_window(plan.mask, plan.mask_level, image.shape, border=named.border), ()


def _written(
    plan: _Plan, path: Path, options: CompositeRequest, *, title: str | None,
    provenance: Mapping[str, Any] | None, band_rows: int,
    report: Reporter,
) -> list[set[Hole]]:  # fmt: skip
    """Render and write band by band; gives the holes that were filled, of each layer."""
    scene, canvas, placement = plan.scene, plan.canvas, plan.placement
    drawn = _overlays(plan, options, title)
    packet = avm_packet(picture_record(scene, canvas, placement, options, title, provenance))
    holes: list[set[Hole]] = [set() for _ in scene.all_layers]
    with open_picture(
        path, canvas.shape, bits=options.bits, quality=options.quality, packet=packet,
        cards="" if placement is None else placement.cards, provenance=provenance, packed=options.rules > 1,
    ) as sink:  # fmt: skip
        top = 0
        bands = render_bands(scene, canvas.frame, band_rows, options.bits, holes)
        for rows in canvas.filled(bands, scene.background, options.bits):
            sink.write(drawn(rows, top))
            top += len(rows)
            report(Progress("composite", top, canvas.shape[0], "rows"))
    return holes


def _overlays(plan: _Plan, options: CompositeRequest, title: str | None) -> Callable[[Pixels, int], Pixels]:
    """Give what draws the overlays that were asked for over rows of the picture."""
    if not options.overlays and options.annotations is None:
        return lambda rows, top: rows  # noqa: ARG005 - most pictures have none, and load nothing for them
    from jwstpipe.render.overlay.marks import draw_band  # noqa: PLC0415
    from jwstpipe.render.overlay.plan import overlay_marks  # noqa: PLC0415

    labels = picture_labels(plan.scene, title)
    marks = overlay_marks(options, plan.placement, plan.canvas.shape, labels=labels)
    return lambda rows, top: draw_band(rows, top, marks)


def _picture(plan: _Plan, path: Path, holes: Sequence[set[Hole]], *, bits: int, product_id: str | None) -> Picture:
    """Write the receipt."""
    scene, canvas = plan.scene, plan.canvas
    receipts = [_receipt(layer, found) for layer, found in zip(scene.all_layers, holes, strict=True)]
    return Picture(
        path=path,
        width=canvas.shape[1],
        height=canvas.shape[0],
        bits=bits,
        level=canvas.frame.level,
        box=canvas.frame.source,
        look=scene.look.title,
        channels=tuple(receipts[: len(scene.layers)]),
        luminance=receipts[-1] if scene.luminance else None,
        background=scene.background.hex,
        placement=plan.placement,
        product_id=product_id,
        quality=plan.quality,
        notes=plan.notes,
        stretch_fallbacks=plan.fallbacks,
        size_bytes=path_size(path),
        sha256=path_digest(path),
    )


def _receipt(layer: PlannedChannel, holes: set[Hole]) -> ChannelReceipt:
    return ChannelReceipt(
        image=layer.image.address,
        product_id=product_id_of(layer),
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
        repaired_before=layer.repaired(),
        blur_px=layer.blur,
        look=None if layer.look is None else layer.look.text(),
    )
