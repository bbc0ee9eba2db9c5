"""The operation ``cube-spectrum``: the spectrum of a part of a spectral cube, as a table or a plot."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jwstpipe.analysis.cubes.cube import open_cube
from jwstpipe.analysis.cubes.extract import extract
from jwstpipe.analysis.cubes.spectrum_table import spectrum_table
from jwstpipe.errors import UsageError
from jwstpipe.operations.inputs.carried_inputs import provenance_for
from jwstpipe.operations.make.write_catalogue_product import write_catalogue_product
from jwstpipe.operations.spec import Identity, Input, MakeContext, Operation, Receipt, derived_identity
from jwstpipe.requests.analysis.cubes import CubeSpectrumRequest
from jwstpipe.storage import path_digest, path_size, storage_errors

__all__ = ["CUBE_SPECTRUM"]

MOST_TEXT = 1 << 20
"""Longest file of regions, bytes: it is kept with the spectrum, so that it can be made again."""

LATER = ("measured_noise",)
"""Wishes that came after the first spectra of this version: where they are not used, ids are as they were."""

_TABLES = (".ecsv", ".fits", ".parquet", ".vot")
_PLOTS = (".png", ".svg", ".html")


def _identify(request: CubeSpectrumRequest, inputs: Sequence[Input], *, context: MakeContext) -> Identity:
    del context
    parameters = _settled(request).model_dump(mode="json")
    for name in LATER:
        if not parameters[name]:
            del parameters[name]
    return derived_identity(CUBE_SPECTRUM.name, CUBE_SPECTRUM.version, parameters, inputs)


def _settled(request: CubeSpectrumRequest) -> CubeSpectrumRequest:
    """Put the content of region files in the place of their names: what decides is what stands in them."""
    return request.model_copy(update={"region": tuple(_content(word) for word in request.region)})


def _content(word: str) -> str:
    if word.strip().lower().startswith("label:"):
        raise UsageError(f"region {word}: a product does not keep a segmentation; jwstpipe.cube_spectrum takes labels")
    if "(" in word or not word.lower().endswith((".reg", ".crtf", ".ds9")) or not Path(word).is_file():
        return word
    with storage_errors(word):
        if Path(word).stat().st_size > MOST_TEXT:
            raise UsageError(f"{word}: longer than {MOST_TEXT:,} bytes, too long to be kept with a spectrum")
        return Path(word).read_text(encoding="utf-8", errors="replace")


def _make(identity: Identity, target: str, request: CubeSpectrumRequest, *, context: MakeContext) -> Receipt:
    del request  # what it says stands in the identity, with the content of its files
    cube = open_cube(identity.inputs[0].address, s3=context.s3)
    found = extract(cube, CUBE_SPECTRUM.request_of(identity.parameters), s3=context.s3)
    results: dict[str, Any] = {"samples": len(found), "valid": found.n_valid, "aperture": found.origin.label}
    if target.lower().endswith(_PLOTS):
        from jwstpipe.operations.spectra.plots import plot_spectra  # noqa: PLC0415 - tables need none

        carried = provenance_for(CUBE_SPECTRUM, identity, [cube.image], target)
        plot_spectra([found], target, subtitle=found.origin.label, provenance=carried)
        path = Path(target)
        return Receipt(identity.id, None, path_size(path), path_digest(path), results, found.notes, found)
    table = spectrum_table(found, str(cube.image.header.get("BUNIT", "") or ""))
    made = write_catalogue_product(
        CUBE_SPECTRUM, identity, table, target, results=results, detail=found, context=context
    )
    return Receipt(identity.id, None, made.file_size, made.digest, results, found.notes, found)


CUBE_SPECTRUM = Operation(
    name="cube-spectrum",
    version="1",
    request=CubeSpectrumRequest,
    kind="spectrum",
    place="spectra/{id}/{name}",
    forms=(*_TABLES, *_PLOTS),
    identify=_identify,
    make=_make,
    spread=True,
    of=("cube", "archive"),
    suffixes=("s3d",),
)
