"""The operation ``match-psf``: an image as it would be with the PSF of another one, which is wider."""

import base64
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.analysis.catalogues.sources_table import sources_table
from jwstpipe.analysis.photometry.placed import Placed
from jwstpipe.analysis.photometry.positions import pixel_positions, sources_of_table
from jwstpipe.analysis.photometry.psf.convolving import CARRIED, CONVOLVED, ConvolveJob, convolve_jobs, convolve_shard
from jwstpipe.analysis.photometry.psf.epsf import built_psf
from jwstpipe.analysis.photometry.psf.files import psf_text
from jwstpipe.analysis.photometry.psf.matching import beyond, check_kernel, matching_kernel, mismatch
from jwstpipe.analysis.photometry.psf.model import Psf, psf_from_text, psf_line
from jwstpipe.analysis.pixels.precision import require_single
from jwstpipe.analysis.sources.detect import find_sources
from jwstpipe.errors import DataError, JwstPipeError, UsageError
from jwstpipe.images.image import SkyImage
from jwstpipe.images.open import open_image
from jwstpipe.images.passband import passband
from jwstpipe.images.zarr.writer import ImageWriter
from jwstpipe.operations.inputs.changed_images import write_changed
from jwstpipe.operations.spec import Identity, Input, MakeContext, Operation, Receipt, derived_identity
from jwstpipe.requests.analysis.psf_match import MatchPsfRequest
from jwstpipe.sky.box import Box

__all__ = ["MATCH_PSF", "stored_kernel"]

TOLD = 0.01
"""Share of the light that is told of where matched images still differ by it."""

SAME_SCALE = 1e-3
"""Share by which pixels of two images may differ in size, and radians in direction, for one to have the other's PSF."""


def _with_content(request: MatchPsfRequest, inputs: Sequence[Input], context: MakeContext) -> MatchPsfRequest:
    """Put PSFs in the place of the names of files and images."""
    changes: dict[str, Any] = {}
    if not request.to:
        raise UsageError("the PSF to reach is that of an image, or stands in a file; name it with --to IMAGE|FILE")
    if "\n" not in request.to:
        changes["to"] = _target_text(request.to, inputs[0].address, context)
    if request.own_psf != "auto" and "\n" not in request.own_psf:
        changes["own_psf"] = psf_text(request.own_psf)
    return request.model_copy(update=changes) if changes else request


def _target_text(name: str, address: str, context: MakeContext) -> str:
    """Give the PSF to reach as text: from a file of one, or from the stars of an image."""
    if _is_psf_file(name):
        text = psf_text(name)
        if text.count("\n") > 2:
            raise UsageError(f"{name}: holds several PSFs, and one is to be reached; give a file of that one")
        return text
    reference, image = open_image(name, s3=context.s3), open_image(address, s3=context.s3)
    _check_pixels(reference, image)
    return psf_line(_built(name, reference, context))


def _is_psf_file(name: str) -> bool:
    """Tell a file of PSFs, whose images are small squares without a place on the sky, from an image."""
    if not name.lower().endswith((".fits", ".fits.gz")):
        return False
    try:
        image = open_image(name)
        image.image_wcs.exact(name=name)
    except JwstPipeError:
        return True
    return "OVERSAMP" in image.header


def _check_pixels(reference: SkyImage, image: SkyImage) -> None:
    """Refuse a PSF on pixels of another size or direction: it would be another function."""
    first, second = (_jacobian(one) for one in (reference, image))
    apart = float(np.abs(np.linalg.solve(first, second) - np.eye(2)).max())
    if apart > SAME_SCALE:
        raise UsageError(
            f"{image.address}: has other pixels than {reference.address} (size or direction, {100 * apart:.2f} %); lay"
            " both on one grid first (jwstpipe mosaic --grid)"
        )


def _jacobian(image: SkyImage) -> NDArray[np.float64]:
    """Give what a step of a pixel is on the sky in the middle of an image, arcsec east and north."""
    wcs = image.image_wcs.exact(name=image.address)
    y, x = (np.array([0.5 * (size - 1)] * 3) for size in image.shape)
    lon, lat = wcs.to_sky(x + np.array([0.0, 1.0, 0.0]), y + np.array([0.0, 0.0, 1.0]))
    east = ((lon - lon[0] + 180.0) % 360.0 - 180.0) * np.cos(np.radians(lat[0])) * 3600.0
    return np.array([east[1:], (lat[1:] - lat[0]) * 3600.0])


def _built(address: str, image: SkyImage, context: MakeContext) -> Psf:
    """Build the PSF of an image from its own stars."""
    work: dict[str, Any] = {"s3": context.s3, "workers": context.workers, "report": context.report}
    table = sources_table(find_sources(address, **work), image)
    if not len(table):
        raise DataError(f"{address}: no source stands above the threshold, so there is no PSF to build; give a file")
    x, y = pixel_positions(sources_of_table(table, name=address), image)
    return built_psf(Placed(address, image, x, y, context.s3, context.workers, context.report))


def _identify(request: MatchPsfRequest, inputs: Sequence[Input], *, context: MakeContext) -> Identity:
    parameters = _with_content(request, inputs, context).model_dump(mode="json")
    return derived_identity(MATCH_PSF.name, MATCH_PSF.version, parameters, inputs)


def _make(identity: Identity, target: str, request: MatchPsfRequest, *, context: MakeContext) -> Receipt:
    del request  # what it says stands in the identity, with the content of its files
    settled = MATCH_PSF.request_of(identity.parameters)
    address = identity.inputs[0].address
    image = open_image(address, s3=context.s3)
    require_single(image)
    if image.slices > 1:
        raise DataError(f"{address}: a cube of {image.slices} slices; cut out the slice whose PSF is to be matched")
    band = passband(image).filter or ""
    own = _built(address, image, context) if settled.own_psf == "auto" else psf_from_text(settled.own_psf, band)
    wanted = psf_from_text(settled.to, band)
    kernel = matching_kernel(own, wanted, half=settled.kernel_half)
    left = mismatch(own, wanted, kernel)
    check_kernel(kernel, left, narrow=own, wide=wanted)
    planes = tuple(plane for plane in (*CONVOLVED, *CARRIED) if plane in image.planes)

    def fill(writer: ImageWriter) -> dict[str, Any]:
        base = ConvolveJob(address, Box.of_shape(image.shape), kernel, writer.address, planes, context.s3)
        jobs = convolve_jobs(base)
        found = context.workers.run(convolve_shard, jobs, name="match psf", report=context.report, unit="tiles")
        for shard in found.values():
            writer.note(shard.stored)
        pixels = sum(shard.pixels for shard in found.values())
        if not pixels:
            raise DataError(f"{image.address}: no pixel with data in it; nothing to convolve")
        before, after = (sum(getattr(shard, name) for shard in found.values()) for name in ("before", "after"))
        return {
            "pixels": pixels,
            "fwhm_px": [round(own.fwhm, 4), round(wanted.fwhm, 4)],
            "flux_ratio": round(after / before, 8) if before else None,
            "mismatch": round(left, 6),
            "correlated_px": round(float(1.0 / (kernel**2).sum()), 3),
            "kernel": _packed(kernel),
        }

    made = write_changed(MATCH_PSF, identity, target, image, planes[1:], fill, context=context)
    area = made.results["correlated_px"]
    note = f"errors are those of single pixels: some {area:g} neighbours share noise, which sums must reckon with"
    notes = (*made.notes, note, *_left(left, own, wanted))
    return Receipt(made.product_id, made.shape, results=made.results, notes=notes, detail=made.detail)


def _left(left: float, own: Psf, wanted: Psf) -> list[str]:
    """Tell what still differs from an image that has the PSF by itself."""
    notes = []
    if left > TOLD:
        notes.append(
            f"{100.0 * left:.1f} % of the light lies elsewhere than the PSF to reach has it; a larger --kernel-half, or"
            " PSFs from files, may do better"
        )
    outside = [beyond(psf) for psf in (own, wanted)]
    if abs(outside[1] - outside[0]) > TOLD:
        notes.append(
            f"of a star's light some {100.0 * outside[0]:.1f} % lies outside of the stamp of its own PSF"
            f" ({own.half:g} px) and {100.0 * outside[1]:.1f} % outside of that to reach ({wanted.half:g} px): colours"
            " are wrong by the difference; give PSFs on larger stamps (--own-psf, --to)"
        )
    return notes


def _packed(kernel: NDArray[np.float64]) -> str:
    return f"{len(kernel)} {base64.b64encode(zlib.compress(kernel.astype('<f8').tobytes(), 9)).decode()}"


def stored_kernel(image: SkyImage) -> NDArray[np.float64]:
    """Give the kernel that an image was convolved with, (n, n), its sum 1.

    Raises
    ------
    DataError
        The image was not made by ``match-psf``.
    """
    text = str((image.provenance.get("receipt") or {}).get("kernel", ""))
    side, _, packed = text.partition(" ")
    if not packed:
        raise DataError(f"{image.address}: holds no kernel; jwstpipe match-psf makes images that do")
    return np.frombuffer(zlib.decompress(base64.b64decode(packed)), "<f8").reshape(int(side), int(side)).copy()


MATCH_PSF = Operation(
    name="match-psf",
    version="2",
    request=MatchPsfRequest,
    kind="filtered",
    place="filtered/{id}/{attempt}.zarr",
    forms=(".zarr",),
    identify=_identify,
    make=_make,
)
