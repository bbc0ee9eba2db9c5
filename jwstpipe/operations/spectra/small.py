"""The thumbnail of a spectrum: a small plot of it."""

from pathlib import Path

from jwstpipe.analysis.spectra.read import read_spectra
from jwstpipe.analysis.spectra.spectrum import Spectrum
from jwstpipe.errors import JwstPipeError
from jwstpipe.operations.spec import Identity, Input, MakeContext, Operation, Receipt
from jwstpipe.operations.spectra.inputs import file_provenance
from jwstpipe.operations.spectra.plots import spectrum_plot
from jwstpipe.render.contact import DrawnPicture
from jwstpipe.render.plots.spectra.contents import SpectrumPlot
from jwstpipe.render.plots.spectra.small import draw_small, small_pixels
from jwstpipe.requests import ThumbnailOptions
from jwstpipe.storage import path_digest, path_size

__all__ = ["small_plot", "small_spectra"]

MOST = 8
"""Spectra that are drawn."""


def small_plot(
    operation: Operation[ThumbnailOptions], identity: Identity, target: str, request: ThumbnailOptions, *,
    context: MakeContext,
) -> Receipt | None:  # fmt: skip
    """Draw the spectra of the input small; None where it holds none."""
    plot = _plot(identity.inputs[0].address, context)
    if plot is None:
        return None
    shape = draw_small(target, plot, size=request.size, provenance=file_provenance(operation, identity))
    path = Path(target)
    return Receipt(identity.id, shape, path_size(path), path_digest(path))


def small_spectra(one: Input, *, size: int, context: MakeContext) -> DrawnPicture | None:
    """Draw the spectra of a file for a page of small pictures; None where it holds none."""
    plot = _plot(one.address, context)
    return None if plot is None else DrawnPicture(one.name, plot.subtitle, small_pixels(plot, size=size))


def _plot(address: str, context: MakeContext) -> SpectrumPlot | None:
    try:
        found: list[Spectrum] = read_spectra(address, most=MOST, s3=context.s3)
    except JwstPipeError:
        return None
    drawn = [one for one in found if one.n_valid and one.unit == found[0].unit] or found
    setting = drawn[0].origin.setting
    if not any(one.n_valid for one in drawn):
        return SpectrumPlot((), drawn[0].unit, subtitle=setting)
    return spectrum_plot(drawn, subtitle=setting)
