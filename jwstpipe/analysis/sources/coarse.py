"""Sources that only the image at half resolution shows: faint, and wider than a star.

A component there is one where the image itself shows no source in it. Its pixels are those of the image that lie in it.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from jwstpipe.analysis.sources.meshes.halves import halved, halves_inside, halves_of
from jwstpipe.analysis.sources.meshes.mesh import COARSE_NOISE, SMOOTH_NOISE, Mesh, exceeding, on_pixels
from jwstpipe.analysis.sources.window import DetectImage, Window, part_of
from jwstpipe.numerics.areas.components import component_boxes, labelled
from jwstpipe.numerics.compiled.kernel import compiled
from jwstpipe.numerics.smoothing import smoothed
from jwstpipe.sky.box import Box

__all__ = ["COARSE_SHARE", "CoarseView", "coarse_component", "coarse_view"]

COARSE_SHARE = 0.95
"""Threshold at half resolution, as a share of that of the image: it has a quarter of the pixels to be wrong in."""

Labels = NDArray[np.int32]
Float32 = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class CoarseView:
    """A window at half resolution."""

    box: Box
    """Its coarse pixels, absolute; its halo is not among them."""

    labels: Labels
    """Components, 1..n."""

    boxes: NDArray[np.int64]
    """(n + 1, 7), see `component_boxes`; in pixels of `labels`."""

    taken: NDArray[np.bool_]
    """(n + 1,): the image itself shows a source there."""

    smooth: Float32
    """Smoothed samples."""


def coarse_view(source: DetectImage, window: Window, mesh: Mesh, fewest: int) -> CoarseView:
    """Look at a window at half resolution; no pixel depends on where the window begins.

    Parameters
    ----------
    source, window, mesh
        As `seen` has them, and what it gave.
    fewest
        Connected pixels of a source of the image; more than three ask for three.
    """
    whole = window.box.shifted(*source.origin)
    around = halves_inside(whole)
    inner = halves_of(window.inner.shifted(*source.origin)).intersection(around)
    if inner is None:
        nothing = np.zeros((0, 0), np.int32)
        return CoarseView(Box(0, 0, 1, 1), nothing, component_boxes(nothing, 0), np.ones(1, bool), nothing.astype("f4"))
    part = inner.relative_to(around).slices
    smooth = np.ascontiguousarray(smoothed(halved(window.values, whole.y0, whole.x0), source.taps)[part])
    weights = window.weights
    if weights.size:
        weights = np.ascontiguousarray(halved(np.where(weights > 0.0, weights, np.nan), whole.y0, whole.x0)[part])
    above = exceeding(
        smooth, weights, mesh.layers[COARSE_NOISE], mesh.first, mesh.box, 2 * inner.y0, 2 * inner.x0, 2,
        COARSE_SHARE * source.threshold,
    )  # fmt: skip
    labels, count = labelled(above)
    taken = _taken(labels, count, window.above, 2 * inner.y0 - whole.y0, 2 * inner.x0 - whole.x0, min(fewest, 3) - 1)
    return CoarseView(inner, labels, component_boxes(labels, count), taken, smooth)


@compiled()
def _taken(
    labels: Labels, count: int, above: NDArray[np.bool_], y0: int, x0: int, neighbours: int
) -> NDArray[np.bool_]:
    """Tell which components hold a pixel above the threshold of the image that has so many such neighbours.

    Of three connected pixels one has two neighbours: what is looked at is a pixel and those around it, so that it is
    the same for every tiling.
    """
    found = np.zeros(count + 1, np.bool_)
    found[0] = True
    rows, columns = above.shape
    for v in range(labels.shape[0]):
        for u in range(labels.shape[1]):
            k = labels[v, u]
            if k == 0 or found[k]:
                continue
            for i in range(y0 + 2 * v, y0 + 2 * v + 2):
                for j in range(x0 + 2 * u, x0 + 2 * u + 2):
                    if above[i, j]:
                        near = -1
                        for a in range(max(i - 1, 0), min(i + 2, rows)):
                            for b in range(max(j - 1, 0), min(j + 2, columns)):
                                near += above[a, b]
                        if near >= neighbours:
                            found[k] = True
    return found


def coarse_component(
    view: CoarseView, source: DetectImage, window: Window, mesh: Mesh, k: int
) -> tuple[Window, Labels, NDArray[np.int64]]:
    """Give a component of a coarse view as a component of pixels, with what lies around it.

    Returns
    -------
    Window, ndarray, ndarray
        The part of the window that its measures look at, its smoothed samples those of half resolution, in units in
        which they compare with the others; labels, 1 = it; and the table of `component_boxes`.
    """
    top, left, bottom, right = view.boxes[k, :4].tolist()
    y0, x0 = 2 * (view.box.y0 + top), 2 * (view.box.x0 + left)
    pixels = Box(y0, x0, 2 * (view.box.y0 + bottom), 2 * (view.box.x0 + right))
    place = (mesh.first, mesh.box, y0, x0, *pixels.shape)
    ratio = on_pixels(mesh.layers[SMOOTH_NOISE], *place) / on_pixels(mesh.layers[COARSE_NOISE], *place)
    box = pixels.shifted(-source.origin[0], -source.origin[1]).dilated(source.halo).intersection(window.box)
    assert box is not None  # it lies in the window
    near = part_of(window, box)
    labels, smooth = np.zeros(box.shape, np.int32), np.zeros(box.shape, np.float32)
    boxes = np.zeros((2, 7), np.int64)
    whole = box.shifted(*source.origin)
    boxes[1] = _on_pixels_of(
        view.labels, view.smooth, k, (top, left, bottom, right), ratio, near.values, labels, smooth,
        y0 - whole.y0, x0 - whole.x0,
    )  # fmt: skip
    return replace(near, smooth=smooth), labels, boxes


@compiled()
def _on_pixels_of(
    coarse: Labels, values: Float32, k: int, box: tuple[int, int, int, int], ratio: Float32, samples: Float32,
    labels: Labels, smooth: Float32, y0: int, x0: int,
) -> NDArray[np.int64]:  # fmt: skip
    """Write a component and its smoothed samples to the pixels of the image that have data; give its box."""
    found = np.array([labels.shape[0], labels.shape[1], 0, 0, 0, labels.shape[0], labels.shape[1]])
    for v in range(box[0], box[2]):
        for u in range(box[1], box[3]):
            if coarse[v, u] != k:
                continue
            for a in range(2):
                for b in range(2):
                    i, j = y0 + 2 * (v - box[0]) + a, x0 + 2 * (u - box[1]) + b
                    if not np.isnan(samples[i, j]):
                        labels[i, j] = 1
                        smooth[i, j] = values[v, u] * ratio[2 * (v - box[0]) + a, 2 * (u - box[1]) + b]
                        found[0], found[1] = min(found[0], i), min(found[1], j)
                        found[2], found[3] = max(found[2], i + 1), max(found[3], j + 1)
                        found[4] += 1
                        if i < found[5] or (i == found[5] and j < found[6]):
                            found[5], found[6] = i, j
    return found
