"""FITS files of PSFs: one for a filter, or one for each place of the field."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.analysis.photometry.psf.field import MOST, field_of
from jwstpipe.analysis.photometry.psf.model import HEAD, Psf, band_line, psf_of_grid
from jwstpipe.errors import DataError, NotFoundError

__all__ = ["psf_text"]

Place = tuple[float, float]

STDPSF_SAMPLES = 4
"""Samples along the side of a pixel of the STDPSF form, which does not say it."""

SEVERAL_DETECTORS = (36, 56, 90, 200)
"""Numbers of PSFs of STDPSF files that hold the detectors of a camera side by side."""


def psf_text(path: str | Path) -> str:
    """Read a FITS file of PSFs, and give what it says as one canonical text: a line for each filter.

    Each image of the file is a PSF; its header tells ``OVERSAMP``, samples along the side of a pixel (1 where it is
    missing), and ``FILTER``, where it holds for one filter only. A PSF that varies is several images with ``PSFX`` and
    ``PSFY``, 0-based pixels of the image that is measured; or a cube, in the form of STPSF (``DET_YX0`` ...: (y, x)) or
    of STDPSF (``NXPSFS``, ``IPSFX01`` ...: 1-based), both of which `photutils.psf.GriddedPSFModel` reads.

    Raises
    ------
    NotFoundError, DataError
        No such file, or no PSF in it.
    """
    from astropy.io import fits  # noqa: PLC0415 - only for a PSF of one's own

    try:
        with fits.open(path) as hdus:
            images = [(hdu.header.copy(), np.array(hdu.data)) for hdu in hdus if hdu.data is not None and hdu.is_image]
    except FileNotFoundError:
        raise NotFoundError(f"{path}: no such file") from None
    except OSError as error:
        raise DataError(f"{path}: not a FITS file of a PSF ({error})") from None
    if not images:
        raise DataError(f"{path}: has no image, so no PSF")
    found: dict[str, list[tuple[Place | None, Psf]]] = {}
    for header, values in images:
        band = str(header.get("FILTER", "*")).strip().upper() or "*"
        found.setdefault(band, []).extend(_psfs(header, values, str(path)))
    lines = {band: band_line(_whole(parts, f"{path}"), band) for band, parts in found.items()}
    return f"{HEAD}\n" + "".join(lines[band] for band in sorted(lines))


def _psfs(header: Any, values: NDArray[Any], name: str) -> list[tuple[Place | None, Psf]]:
    """Give the PSFs of an image or a cube, with their places."""
    over = header.get("OVERSAMP", STDPSF_SAMPLES if "NXPSFS" in header else 1)
    if not isinstance(over, int | float) or over != int(over) or not 1 <= over <= 32:
        raise DataError(f"{name}: OVERSAMP = {over!r} is no number of samples, 1 to 32")
    if values.ndim != 3:
        place = None if "PSFX" not in header else (_number(header, "PSFX", name), _number(header, "PSFY", name))
        return [(place, psf_of_grid(values, int(over), "", name=name))]
    if len(values) > MOST:
        raise DataError(f"{name}: a cube of {len(values)} PSFs; at most {MOST} are taken")
    places = _places(header, len(values), name)
    return [(place, psf_of_grid(values[k], int(over), "", name=name, even=True)) for k, place in enumerate(places)]


def _places(header: Any, count: int, name: str) -> list[Place]:
    """Read the places of the PSFs of a cube."""
    if "NXPSFS" in header and "NYPSFS" in header:
        if count in SEVERAL_DETECTORS:
            raise DataError(f"{name}: holds the PSFs of several detectors side by side; give the file of one detector")
        columns, rows = int(_number(header, "NXPSFS", name)), int(_number(header, "NYPSFS", name))
        xs = [_number(header, f"IPSFX{k:02d}", name) - 1.0 for k in range(1, min(columns, MOST) + 1)]
        ys = [_number(header, f"JPSFY{k:02d}", name) - 1.0 for k in range(1, min(rows, MOST) + 1)]
        places = [(x, y) for y in ys for x in xs]
    else:
        words = [str(header.get(f"DET_YX{k}", "")).strip("() ").split(",") for k in range(count)]
        try:
            places = [(float(x), float(y)) for y, x in words]
        except ValueError:
            raise DataError(
                f"{name}: a cube of PSFs tells their places as DET_YX0 ... or NXPSFS, IPSFX01 ...; here one is missing"
            ) from None
    if len(places) != count:
        raise DataError(f"{name}: {count} PSFs at {len(places)} places")
    return places


def _number(header: Any, key: str, name: str) -> float:
    value = header.get(key)
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise DataError(f"{name}: {key} = {value!r} is no number")
    return float(value)


def _whole(parts: list[tuple[Place | None, Psf]], name: str) -> Psf:
    """Make one PSF of those of a filter: the first where they have no places."""
    places = [place for place, _ in parts if place is not None]
    if len(places) < 2:
        return parts[0][1]
    if len(places) < len(parts) or len({psf.over for _, psf in parts}) > 1:
        raise DataError(f"{name}: PSFs with and without places, or with different OVERSAMP, are not one PSF")
    field = field_of(places, [psf.grid for _, psf in parts], name=name)
    return Psf(field.mean, parts[0][1].over, "", field)
