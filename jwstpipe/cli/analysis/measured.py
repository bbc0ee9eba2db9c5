"""What was measured, as rows and tables for people: what matters most first, with units and the digits it deserves."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from jwstpipe.cli.tables import aligned, number

__all__ = ["astrometry_rows", "statistics_rows", "statistics_table"]

SQUARE_ARCSEC_SR = 2.3504430539e-11
"""Solid angle of a square arcsecond."""

PERCENTILES_A_LINE = 5


def statistics_rows(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Tell of the pixels of one image, or of one region of it."""
    unit = f" {row['unit']}" if row["unit"] else ""
    lost = f", {row['n_nan']:,} without" if row["n_nan"] else ""
    shares = "" if row["area"] == row["count"] else f", {number(row['area'], digits=6)} by their shares"
    yield "image", str(row["image"])
    yield "region", f"{row['region']} of {row['plane']}" + (f", in{unit}" if unit else "")
    yield "pixels", f"{row['count']:,} with data{lost}{shares}"
    yield "median", f"{number(row['median'])}{unit}, biweight {number(row['biweight_location'])}"
    yield (
        "scatter",
        f"{number(row['mad_std'])}{unit} by the median of deviations, biweight {number(row['biweight_scale'])}",
    )
    yield (
        "clipped",
        (
            f"median {number(row['clipped_median'])}, mean {number(row['clipped_mean'])}, deviation"
            f" {number(row['clipped_std'])}, of {row['clipped_count']:,} pixels"
        ),
    )
    yield "unclipped", f"mean {number(row['mean'])}, deviation {number(row['std'])}"
    yield "range", f"{number(row['minimum'])} to {number(row['maximum'])}{unit}"
    yield from _percentiles(row)
    yield "sum", _sum(row)
    yield "peak", "" if row["peak_snr"] is None else f"S/N {number(row['peak_snr'])}"


def _percentiles(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Write the percentiles as short tables, each of as many as stand in a narrow line."""
    found = [(key, row[key]) for key in row if key[0] == "p" and key[1:].replace(".", "").isdigit()]
    for at in range(0, len(found), PERCENTILES_A_LINE):
        part = found[at : at + PERCENTILES_A_LINE]
        head, values = [f"{key[1:]} %" for key, _ in part], [number(value) for _, value in part]
        lines = aligned([head, values], right=range(len(part)))
        yield "percentile" if not at else "", lines[0]
        yield "", lines[1]


def _sum(row: Mapping[str, Any]) -> str:
    parts = [number(row["total"])]
    if row["flux_jy"] is not None:
        parts += [f"{number(row['flux_jy'])} Jy"]
        parts += [] if row["mag_ab"] is None else [f"AB {row['mag_ab']:.3f}"]
    if row["solid_angle_sr"] is not None:
        parts += [f"{number(row['solid_angle_sr'] / SQUARE_ARCSEC_SR)} square arcsec"]
    note = f" ({row['flux_note']})" if row.get("flux_note") else ""
    return ", ".join(parts) + note


def statistics_table(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """Put several regions or images under each other."""
    units = {str(row["unit"]) for row in found}
    unit = f" ({next(iter(units))})" if len(units) == 1 and units != {""} else ""
    head = ["pixels", f"median{unit}", "scatter", "mean", "Jy", "AB", "region"]
    table = [head]
    several = len({row["image"] for row in found}) > 1
    for row in found:
        name = str(row["image"]).rstrip("/").rpartition("/")[2]
        flux, mag = row["flux_jy"], row["mag_ab"]
        cells = [f"{row['count']:,}", *(number(row[key]) for key in ("median", "mad_std", "mean"))]
        cells += ["-" if flux is None else number(flux), "-" if mag is None else f"{mag:.3f}"]
        table.append([*cells, f"{row['region']} of {name}" if several else str(row["region"])])
    return aligned(table, right=range(len(head) - 1))


def astrometry_rows(facts: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Tell how positions lie against a reference."""
    error = f", each with an error of {number(facts['error_mas'], digits=2)} mas"
    yield "positions", f"{facts['verdict']}: tolerance {number(facts['tolerance_mas'])} mas"
    if facts["offset_east_mas"] is not None:
        yield (
            "offset",
            f"{facts['offset_east_mas']:+.1f} mas east, {facts['offset_north_mas']:+.1f} mas north"
            + (error if facts["error_mas"] is not None else ""),
        )
    if facts["rotation_arcsec"] is not None:
        yield "rotation", f"{facts['rotation_arcsec']:+.2f} arcsec, north through east"
    if facts["scale_ppm"] is not None:
        yield "scale", f"{facts['scale_ppm']:+.1f} parts in a million too large"
    if facts["rms_mas"] is not None:
        yield "left", f"{number(facts['rms_mas'], digits=3)} mas rms on one axis"
    chance = "" if facts["false_rate"] is None else f", {100.0 * facts['false_rate']:.2g} % of them by chance"
    yield "pairs", f"{facts['used']:,} of {facts['pairs']:,} used{chance}"
    if facts["epoch"] is not None:
        yield "epoch", f"{facts['epoch']:.2f}, to which the reference was moved"
