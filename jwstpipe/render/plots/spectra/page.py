"""A plot of spectra as one HTML file that needs nothing else: it is moved, zoomed, and asked for single samples."""

import re
from html import escape
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.render.plots.spectra.contents import (
    INKS,
    SpectrumCurve,
    SpectrumPlot,
    curve_runs,
    limits,
    pleasant_unit,
)
from jwstpipe.storage import aside

__all__ = ["write_page"]

Floats = NDArray[np.float64]

_UNSTEADY = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b|\bp\d{4,}\b")
"""Names that Bokeh counts up, or draws by lot."""


def write_page(path: Path, plot: SpectrumPlot, *, packet: bytes = b"") -> Path:
    """Write the page; what stands there is replaced, and the same plot gives the same bytes.

    Parameters
    ----------
    packet
        What it says of itself, see `jwstpipe.render.files.avm.provenance_packet`.

    Raises
    ------
    DataError
        No valid sample.
    """
    from bokeh.embed import components  # noqa: PLC0415 - slow to load
    from bokeh.resources import Resources  # noqa: PLC0415

    script, division = components(_figure(plot))
    steady = _steady(script + division)
    carried = f'<script type="application/rdf+xml">{packet.decode()}</script>' if packet else ""
    library = Resources(mode="inline", components=["bokeh"]).render_js()
    title = escape(plot.title or "Spectrum")
    with aside(path) as partial:
        partial.write_text(
            f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>{carried}\n'
            f"<style>html,body{{margin:0;height:100%}}body{{padding:12px;box-sizing:border-box;background:#fff}}</style>\n"
            f"{library}</head><body>{steady}</body></html>\n",
            encoding="utf-8",
        )
    return path


def _figure(plot: SpectrumPlot) -> Any:
    models: Any = import_module("bokeh.models")  # its properties are no types that a checker knows
    plotting: Any = import_module("bokeh.plotting")

    (first, last), (low, high) = limits(plot)
    factor, unit = pleasant_unit(plot.unit, max(abs(low), abs(high)))
    room = (high - low) * (0.18 if plot.marks and not plot.log_y else 0.0)
    made = plotting.figure(
        title=" \u2014 ".join(words for words in (plot.title, plot.subtitle) if words),
        x_range=models.Range1d(first, last),
        y_range=models.Range1d(low / factor, (high + room) / factor),
        x_axis_type="log" if plot.log_x else "linear",
        y_axis_type="log" if plot.log_y else "linear",
        x_axis_label="Wavelength observed, in vacuum (\u00b5m)",
        y_axis_label=unit or "signal",
        tools="pan,wheel_zoom,xwheel_zoom,box_zoom,reset,save",
        active_scroll="xwheel_zoom",
        sizing_mode="stretch_both",
        min_height=420,
        output_backend="canvas",
    )
    drawn = []
    for number, curve in enumerate(plot.curves):
        colour = "#{:02x}{:02x}{:02x}".format(*INKS[number % len(INKS)])
        samples = _with_gaps(curve, factor)
        if curve.error is not None:
            made.patches(*_band(curve, factor), fill_color=colour, fill_alpha=0.18, line_alpha=0.0)
        label = {"legend_label": curve.label} if curve.label and len(plot.curves) > 1 else {}
        drawn.append(made.line("x", "y", source=_source(samples), line_color=colour, line_width=1.4, **label))
    for overlay in plot.overlays:
        drawn_as = {"line_dash": "dashed", "line_color": "#22242a"} if overlay.dashed else {"line_color": "#c41e3a"}
        samples = {"x": overlay.wavelength, "y": overlay.flux / factor}
        made.line("x", "y", source=_source(samples), line_width=1.6, **drawn_as)
    rest = plot.redshift
    tips = [("observed", "@x{0.00000} \u00b5m"), ("value", f"@y{{0.0000}} {unit}"), ("error", "@e{0.0000}")]
    if rest is not None:
        tips.insert(1, ("at rest", "@rest{0.00000} \u00b5m"))
        for renderer in drawn:
            renderer.data_source.data["rest"] = renderer.data_source.data["x"] / (1.0 + rest)
    made.add_tools(models.HoverTool(renderers=drawn, tooltips=tips, mode="vline" if len(drawn) == 1 else "mouse"))
    for row, mark in enumerate(sorted(plot.marks, key=lambda one: one.wavelength)):
        style: dict[str, Any] = {"line_color": "#22242a" if mark.found else "#9a9ca4", "line_alpha": 0.5}
        made.add_layout(models.Span(location=mark.wavelength, dimension="height", line_dash="dotted", **style))
        made.add_layout(
            models.Label(
                x=mark.wavelength, y=8 + 14 * (row % 4), y_units="screen", text=mark.label, text_font_size="11px",
                x_offset=3, text_color="#22242a" if mark.found else "#77787f",
            )
        )  # fmt: skip
    if made.legend:
        made.legend.click_policy = "hide"
    return made


def _with_gaps(curve: SpectrumCurve, factor: float) -> dict[str, Floats]:
    """Put NaN between stretches, where a line is to be broken."""
    runs = curve_runs(curve)
    gap = np.array([np.nan])

    def joined(values: Floats) -> Floats:
        return np.concatenate([part for run in runs for part in (values[run], gap)]) if runs else gap

    found = {"x": joined(curve.wavelength), "y": joined(curve.flux) / factor}
    if curve.error is not None:
        found["e"] = joined(curve.error) / factor
    return found


def _band(curve: SpectrumCurve, factor: float) -> tuple[list[list[float]], list[list[float]]]:
    """Give the outline of one standard error to either side, a patch for each stretch."""
    assert curve.error is not None
    low, high = (curve.flux - curve.error) / factor, (curve.flux + curve.error) / factor
    runs = [run for run in curve_runs(curve) if run.size > 1]
    x = [np.r_[curve.wavelength[run], curve.wavelength[run[::-1]]].tolist() for run in runs]
    return x, [np.r_[low[run], high[run[::-1]]].tolist() for run in runs]


def _source(samples: dict[str, Floats]) -> Any:
    from bokeh.models import ColumnDataSource  # noqa: PLC0415

    return ColumnDataSource(dict(samples))


def _steady(text: str) -> str:
    """Replace names that differ from run to run by their number."""
    names: dict[str, str] = {}
    return _UNSTEADY.sub(lambda found: names.setdefault(found[0], f"n{len(names)}"), text)
