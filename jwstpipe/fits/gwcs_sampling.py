"""The gwcs of a JWST file, sampled on a lattice of pixels; here and in `gwcs_wavelengths` asdf and gwcs are needed.

An installation may lack them (a pinned environment of another program): then the FITS header places the image, and
the result says so. The ASDF extension is read from its bytes; arrays that it refers to stay in the FITS file and are
never opened.
"""

import io
import threading
import warnings
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.errors import TransformError
from jwstpipe.sky.celestial import CelestialWcs
from jwstpipe.sky.frames import ICRS, rotated, unit_vectors
from jwstpipe.sky.wcs.image_wcs import ImageWcs
from jwstpipe.sky.wcs.sampled_wcs import SampledWcs, WcsNodes

__all__ = ["MOST_ASDF", "ONE_AT_A_TIME", "check_tree", "image_wcs"]

Floats = NDArray[np.float64]

MOST_ASDF = 64 << 20
"""Largest ASDF extension that is read for its gwcs, bytes."""

TOLERANCE = 1e-5
"""Wanted error of interpolation between nodes, pixels."""

ACCEPTED = 1e-3
"""Largest error accepted; a gwcs that needs a finer lattice than `FINEST` for it is not used."""

DEEPEST = 100
MOST_OBJECTS = 1_000_000
FINEST = 8
MOST_NODES = 1 << 18

SAME = 1e-6
"""An undistorted header closer than this to the gwcs, pixels, says the same; it is cheaper, and exact everywhere."""

ONE_AT_A_TIME = threading.Lock()
"""asdf says what it does not know by warnings, and filters of warnings belong to the whole process."""


def image_wcs(cards: str, content: bytes, shape: tuple[int, int], *, name: str) -> ImageWcs:
    """Place an image on the sky by the gwcs of its ASDF extension, or by its header where that cannot be.

    Parameters
    ----------
    cards
        Header cards of the FITS WCS (`wcs_cards`).
    content
        Bytes of the ASDF extension.
    shape
        Rows and columns of the image.
    name
        The file, for errors.
    """
    if not content.startswith(b"#ASDF") or b"gwcs/wcs" not in content:
        return ImageWcs(cards)
    if len(content) > MOST_ASDF:
        return ImageWcs(cards, note=f"the ASDF extension is larger than {MOST_ASDF:,} bytes")
    if find_spec("asdf") is None or find_spec("gwcs") is None:
        return ImageWcs(cards, note="asdf and gwcs are not installed (pip install asdf gwcs)")
    try:
        with ONE_AT_A_TIME, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _sample(cards, content, shape, name)
    except TransformError as error:
        return ImageWcs(cards, note=str(error))
    except Exception as error:  # noqa: BLE001 - a foreign object model of foreign bytes may fail in any way at all
        reason = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        return ImageWcs(cards, note=f"its gwcs cannot be read ({reason})")


def _sample(cards: str, content: bytes, shape: tuple[int, int], name: str) -> ImageWcs:
    import asdf  # noqa: PLC0415 - an extra, and slow to load

    check_tree(content.partition(b"\n...")[0])
    with asdf.open(io.BytesIO(content), lazy_load=True, memmap=False) as opened:
        found = opened.tree.get("meta", {}).get("wcs") or opened.tree.get("wcs")
        evaluate = _Evaluator(found)
        step = max(FINEST, 1 << max(int(np.log2(max(shape) / 8.0)), 0))
        while True:
            origin, vectors, step_error = _lattice(evaluate, shape, step)
            if step_error <= TOLERANCE or step <= FINEST or vectors.size // 3 > MOST_NODES:
                break
            step //= 2
    if not step_error <= ACCEPTED:
        raise TransformError(f"its gwcs bends by {step_error:.2g} px between nodes {step} px apart")
    header_wcs = _header_wcs(cards, name)
    offset = None if header_wcs is None else _offset(evaluate, header_wcs, shape)
    if header_wcs is not None and not header_wcs.distorted and offset is not None and offset <= SAME:
        return ImageWcs(cards, None, offset, "the FITS header says the same as the gwcs")
    return ImageWcs(cards, WcsNodes.of(vectors, origin=origin, step=step, error_px=step_error), offset)


def _header_wcs(cards: str, name: str) -> CelestialWcs | None:
    try:
        return CelestialWcs.from_cards(cards, name=name)
    except TransformError:
        return None


def check_tree(text: bytes) -> None:
    """Refuse a tree that is small as text and without bounds as objects: aliases of aliases, or nesting without end."""
    import yaml  # noqa: PLC0415 - comes with asdf

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    sizes: dict[str, int] = {}
    open_nodes: list[tuple[str | None, int]] = []
    for event in yaml.parse(text, Loader=loader):
        if isinstance(event, yaml.CollectionStartEvent):
            open_nodes.append((event.anchor, 1))
            if len(open_nodes) > DEEPEST:
                raise TransformError(f"its ASDF tree is nested more than {DEEPEST} levels deep")
            continue
        if isinstance(event, yaml.CollectionEndEvent):
            anchor, size = open_nodes.pop()
            if anchor:
                sizes[anchor] = size
        elif isinstance(event, yaml.AliasEvent):
            size = sizes.get(str(event.anchor), 1)
        elif isinstance(event, yaml.ScalarEvent):
            size = 1
        else:
            continue
        if open_nodes:
            name, held = open_nodes[-1]
            open_nodes[-1] = (name, held + size)
            if held + size > MOST_OBJECTS:
                raise TransformError(f"its ASDF tree unfolds to more than {MOST_OBJECTS:,} objects")


class _Evaluator:
    """A gwcs as a function from pixels to unit vectors."""

    def __init__(self, wcs: Any) -> None:
        from gwcs import WCS  # noqa: PLC0415
        from gwcs.coordinate_frames import CelestialFrame  # noqa: PLC0415

        if not isinstance(wcs, WCS):
            raise TransformError("its gwcs needs extensions of asdf that are not installed")
        if (wcs.pixel_n_dim, wcs.world_n_dim) != (2, 2) or not isinstance(wcs.output_frame, CelestialFrame):
            raise TransformError("its gwcs is not that of an image: it does not go from two pixel axes to the sky")
        frame = getattr(wcs.output_frame.reference_frame, "name", "")
        if frame != "icrs":
            raise TransformError(f"its gwcs ends in the frame {frame!r}, not in ICRS")
        self._wcs = wcs

    def __call__(self, x: Floats, y: Floats) -> Floats:
        """Give unit vectors (..., 3) of 0-based pixels, beyond the bounding box too."""
        lon, lat = self._wcs(x, y, with_bounding_box=False)
        lon, lat = (angle.to_value("deg") if hasattr(angle, "to_value") else angle for angle in (lon, lat))
        return unit_vectors(np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64))


def _lattice(evaluate: _Evaluator, shape: tuple[int, int], step: int) -> tuple[tuple[float, float], Floats, float]:
    """Evaluate all nodes and check them in the middle of the cells on the image.

    Nodes reach half an image beyond the edges, because the corners of the window of a plane that holds a turned image
    lie that far outside; where a distortion has no value there, they end one step behind the edge.
    """
    for reach in (-(-max(shape) // (2 * step)) * step, step):
        rows, columns = (np.arange(-reach, side - 1 + reach + step, step, dtype=np.float64) for side in shape)
        vectors = evaluate(*reversed(np.meshgrid(rows, columns, indexing="ij")))
        if np.isfinite(vectors).all():
            break
    else:
        raise TransformError("its gwcs has no sky position for a part of the image")
    origin = (float(rows[0]), float(columns[0]))
    trial = SampledWcs(WcsNodes.of(vectors, origin=origin, step=step, error_px=np.nan), "gwcs")
    between = [np.arange(-step / 2.0, side + step, step) for side in shape]
    y, x = np.meshgrid(
        *(np.clip(line, -0.5, side - 0.5) for line, side in zip(between, shape, strict=True)), indexing="ij"
    )
    seen = unit_vectors(*trial.to_sky(x, y))
    error = np.linalg.norm(seen - evaluate(x, y), axis=-1).max() / np.radians(trial.scale_arcsec / 3600.0)
    return origin, vectors, float(error)


def _offset(evaluate: _Evaluator, header_wcs: CelestialWcs, shape: tuple[int, int]) -> float:
    """Measure how far the FITS header is off, pixels."""
    y, x = (line.ravel() for line in np.meshgrid(*(np.linspace(0.0, side - 1.0, 33) for side in shape), indexing="ij"))
    vectors = evaluate(x, y)
    lon, lat = np.degrees(np.arctan2(vectors[:, 1], vectors[:, 0])), np.degrees(np.arcsin(vectors[:, 2]))
    seen_x, seen_y = header_wcs.to_pixel(*rotated(lon, lat, ICRS, header_wcs.frame))
    distance = np.hypot(seen_x - x, seen_y - y)
    return float(distance.max()) if np.isfinite(distance).all() else np.inf
