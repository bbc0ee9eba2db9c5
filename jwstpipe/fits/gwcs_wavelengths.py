"""Wavelengths of the columns of a 2-D spectrum, from the gwcs in its ASDF extension."""

import io
import warnings
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.errors import TransformError, UsageError
from jwstpipe.fits.gwcs_sampling import MOST_ASDF, ONE_AT_A_TIME, check_tree

__all__ = ["gwcs_wavelengths"]

Floats = NDArray[np.float64]

_MICROMETRES = {"um": 1.0, "m": 1e6, "nm": 1e-3, "Angstrom": 1e-4}


def gwcs_wavelengths(content: bytes, places: Floats, *, slit: int = 0, name: str) -> Floats:
    """Evaluate the gwcs of a 2-D spectrum.

    Parameters
    ----------
    content
        Bytes of the ASDF extension.
    places
        (n, 2): column and row of pixels, 0-based.
    slit
        Which of several slits, from 0.
    name
        The file, for errors.

    Returns
    -------
    ndarray (n,) of float64
        Micrometres; NaN outside of what the gwcs covers.

    Raises
    ------
    TransformError
        No gwcs, or none with a wavelength.
    UsageError
        asdf and gwcs are not installed.
    """
    if not content.startswith(b"#ASDF") or b"gwcs/wcs" not in content or len(content) > MOST_ASDF:
        raise TransformError(f"{name}: nothing in it tells the wavelengths of its columns: it has no gwcs")
    if find_spec("asdf") is None or find_spec("gwcs") is None:
        raise UsageError(
            f"{name}: its wavelengths stand in a gwcs; pip install 'jwstpipe[gwcs]' reads it, or give the x1d"
        )
    try:
        with ONE_AT_A_TIME, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _evaluated(content, places, slit, name)
    except TransformError:
        raise
    except Exception as error:  # noqa: BLE001 - a foreign object model of foreign bytes may fail in any way at all
        reason = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        raise TransformError(f"{name}: the gwcs that tells its wavelengths cannot be read ({reason})") from None


def _evaluated(content: bytes, places: Floats, slit: int, name: str) -> Floats:
    import asdf  # noqa: PLC0415 - an extra, and slow to load

    check_tree(content.partition(b"\n...")[0])
    with asdf.open(io.BytesIO(content), lazy_load=True, memmap=False) as opened:
        found = _wcs_of(opened.tree, slit)
        kinds = [str(kind) for kind in getattr(found, "world_axis_physical_types", ())]
        number = next((k for k, kind in enumerate(kinds) if kind.startswith("em.wl") or "wave" in kind), None)
        if number is None:
            raise TransformError(f"{name}: its gwcs tells no wavelength, but {', '.join(kinds) or 'nothing'}")
        unit = str(found.world_axis_units[number])
        if unit not in _MICROMETRES:
            raise TransformError(f"{name}: its gwcs gives wavelengths in {unit!r}")
        value = found(places[:, 0], places[:, 1], with_bounding_box=False)[number]
        plain = value.value if hasattr(value, "value") else value
        return np.array(plain, np.float64) * _MICROMETRES[unit]


def _wcs_of(tree: Any, slit: int) -> Any:
    slits = tree.get("slits")
    if slits is not None and len(slits) > slit:
        return slits[slit].get("meta", {}).get("wcs")
    return tree.get("meta", {}).get("wcs")
