"""The thumbnail of a spectrum: a small plot of it."""

from pathlib import Path

from jwstpipe.analysis.spectra.read import read_spectra
from jwstpipe.analysis.spectra.spectrum import Spectrum
from jwstpipe.errors import JwstPipeError
from jwstpipe.operations.spec import Identity, MakeContext, Operation, Receipt
from jwstpipe.operations.spectra.inputs import file_provenance
from jwstpipe.operations.spectra.plots import spectrum_plot
from jwstpipe.render.plots.spectra.contents import SpectrumPlot
from jwstpipe.render.plots.spectra.small import draw_small
from jwstpipe.requests import ThumbnailOptions
from jwstpipe.storage import path_digest, path_size

__all__ = ["small_plot"]

MOST = 8
"""Spectra that are drawn."""


def small_plot(
    operation: Operation[ThumbnailOptions], identity: Identity, target: str, request: ThumbnailOptions, *,
    context: MakeContext,
) -> Receipt | None:  # fmt: skip
    """Draw the spectra of the input small; None where it holds none."""
    try:
        found: list[Spectrum] = read_spectra(identity.inputs[0].address, most=MOST, s3=context.s3)
    except JwstPipeError:
        return None
    drawn = [one for one in found if one.n_valid and one.unit == found[0].unit] or found
    plot = spectrum_plot(drawn) if any(one.n_valid for one in drawn) else SpectrumPlot((), drawn[0].unit)
    shape = draw_small(target, plot, size=request.size, provenance=file_provenance(operation, identity))
    path = Path(target)
    return Receipt(identity.id, shape, path_size(path), path_digest(path))
