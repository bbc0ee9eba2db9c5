"""Spectra as plots: from what was read and measured to what is drawn; cubes and light curves use it too."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jwstpipe.analysis.spectra.spectrum import Spectrum
from jwstpipe.errors import DataError
from jwstpipe.render.plots.spectra.contents import LineMark, Overlay, SpectrumCurve, SpectrumPlot
from jwstpipe.render.plots.spectra.plot import SIZE, draw_spectra

__all__ = ["MOST", "PLOTS", "plot_spectra", "spectrum_plot"]

MOST = 12
"""Spectra in one plot: more cannot be told apart, and hundreds take minutes."""

PLOTS = (".png", ".svg", ".html", ".jpg", ".tif")
"""Ends of names of plots."""


def spectrum_plot(
    spectra: Sequence[Spectrum],
    *,
    title: str = "",
    subtitle: str = "",
    overlays: Sequence[Overlay] = (),
    marks: Sequence[LineMark] = (),
    redshift: float | None = None,
    wavelengths: tuple[float, float] | None = None,
    log: bool = False,
) -> SpectrumPlot:
    """Put spectra into one plot: each a line with its error, broken at gaps and at samples that do not count.

    Parameters
    ----------
    spectra
        All in one unit; of more than `MOST` the first ones are drawn, which is said.
    title, subtitle
        Default: what the first spectrum says of itself, and how many samples count.
    overlays, marks, redshift, wavelengths
        See `SpectrumPlot`.
    log
        Both axes are logarithmic.

    Raises
    ------
    DataError
        None has a valid sample, or they are in different units.
    """
    drawn = sorted((one for one in spectra if one.n_valid), key=lambda one: one.ends or (0.0, 0.0))
    if not drawn:
        raise DataError("there is no valid sample to draw")
    other = next((one for one in drawn if one.unit != drawn[0].unit), None)
    if other is not None:
        raise DataError(
            f"one plot cannot show {drawn[0].unit or 'no unit'} ({drawn[0].origin.file}) and {other.unit or 'no unit'}"
            f" ({other.origin.file}); plot them apart, or choose a column that both have"
        )
    left, drawn = len(drawn), drawn[:MOST]
    counted = sum(one.n_valid for one in drawn), sum(len(one) for one in drawn)
    curves = [
        SpectrumCurve(one.wavelength, one.flux, one.error, one.valid, _label(one, drawn), one.gaps()) for one in drawn
    ]
    band = "band: one standard error" if any(one.error is not None for one in drawn) else "without errors"
    told = f"{counted[0]:,} of {counted[1]:,} samples valid; {band}"
    if left > MOST:
        told = f"the first {MOST} of {left:,} spectra; {told}"
    return SpectrumPlot(
        curves, drawn[0].unit, title or _title(drawn), subtitle or told, overlays, marks, redshift, log, log,
        wavelengths,
    )  # fmt: skip


def plot_spectra(
    spectra: Sequence[Spectrum],
    out: str | Path,
    *,
    size: tuple[int, int] = SIZE,
    provenance: Mapping[str, Any] | None = None,
    **options: Any,
) -> Path:
    """Draw spectra as PNG, SVG, HTML, JPEG or TIFF, by the end of the name; see `spectrum_plot` for the options."""
    return draw_spectra(out, spectrum_plot(spectra, **options), size=size, provenance=provenance)


def _title(spectra: Sequence[Spectrum]) -> str:
    """Say what all spectra have in common."""
    first = spectra[0].origin
    if len(spectra) == 1:
        return first.title
    targets = list(dict.fromkeys(one.origin.target or one.origin.file for one in spectra))
    settings = list(dict.fromkeys(one.origin.setting for one in spectra if one.origin.setting))
    target = targets[0] if len(targets) == 1 else f"{len(spectra):,} spectra"
    return ", ".join(part for part in (target, settings[0] if len(settings) == 1 else "") if part)


def _label(spectrum: Spectrum, spectra: Sequence[Spectrum]) -> str:
    """Say what tells a spectrum from the others."""
    if len(spectra) == 1:
        return ""
    origin = spectrum.origin
    facts = {
        "target": origin.target, "source": f"source {origin.source_id}" if origin.source_id else "",
        "setting": origin.setting, "detector": origin.detector, "label": origin.label,
        "order": f"order {origin.order}" if origin.order is not None else "",
    }  # fmt: skip
    words: list[str] = []
    for name, word in facts.items():
        others = {_fact(one, name) for one in spectra}
        if word and len(others) > 1 and not any(known in word or word in known for known in words):
            words.append(word)
    return ", ".join(words[:2]) or origin.file


def _fact(spectrum: Spectrum, name: str) -> Any:
    origin = spectrum.origin
    known = {"source": origin.source_id, "setting": origin.setting}
    return known.get(name, getattr(origin, name, ""))
