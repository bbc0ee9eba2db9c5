"""The figures of `RESULTS.md`: where each is printed, what it was, what is wanted, what bounds it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

COPY = r"copy in memory of all bytes(?: in and out)?: (\S+) s"


@dataclass(frozen=True)
class Figure:
    """One line of the table."""

    point: int
    """Of issue 19."""

    label: str
    part: str
    """Of the page; where there is a longer one of the same, that one is looked at first."""

    shown: str
    """Pattern of the value; several groups are shown one after the other."""

    before: str
    wanted: str
    bound: str = ""
    """What no program can do without, in words, with the value of `bound_shown` in braces."""

    bound_shown: str = ""
    longer: str = ""


def _row(label: str, *, column: int) -> str:
    """Match a column, counted from 1 behind the label, of a line of numbers."""
    return rf"^{re.escape(label)}" + r"\s+\S+" * (column - 1) + r"\s+(\S+)"


def _left(label: str, *, name: str = "really left", line: int = 1) -> str:
    """Match the mean step of all overlaps in a line that stands below a label."""
    return rf"^{label}(?:.*\n){{{line}}}\s+{name}\s+mean in an overlap: rms (\S+),"


def _whole(label: str) -> str:
    return rf"^{label}(?:.*\n){{3}}\s+(\S+) times ours by the clock, (\S+) in"


FIGURES = (
    Figure(1, "`--help`, s", "start", _row("--help", column=1), "0.14", "0.2",
           "Python alone {} s", _row("python alone", column=1)),
    Figure(1, "`info`, s", "start", _row("info", column=1), "0.50", "0.5",
           "with typer, pydantic, numpy {} s", _row("with typer, pydantic, numpy", column=1)),
    Figure(1, "`names`, s", "start", _row("names", column=1), "", "0.5", "as above"),
    Figure(1, "a wrong path, s", "start", _row("a wrong path", column=1), "0.34", "0.5", "as above"),
    Figure(1, "`mosaic` to its first pixel, s", "start", _row("mosaic, first pixel", column=1), "3", "0.7", "as above"),
    Figure(1, "`composite` to its first pixel, s", "start", _row("composite, first pixel", column=1), "", "0.7",
           "as above"),
    Figure(2, "24 i2d, all planes, to FITS, s", "i2d", _row("FITS", column=1), "24.7", "",
           "all bytes copied in memory {} s, the file with cp and sync {} s",
           COPY + r"|cp and sync of it (\S+) s"),
    Figure(2, "  SWarp, science samples alone, times ours", "i2d", _row("SWarp, SCI alone", column=4), "0.72",
           "4, aim 10"),
    Figure(2, "  its processor time, times ours", "i2d", _row("SWarp, SCI alone", column=5), "", ""),
    Figure(2, "  both on processors that are kept awake", "i2d", r"^SWarp / FITS, both .*: (\S+)", "", ""),
    Figure(2, "  peak, MB", "i2d", _row("FITS", column=3), "900", "500"),
    Figure(2, "12 cal, drizzled, all planes, to FITS, s", "cal", _row("FITS", column=1), "12.4", "",
           "all bytes copied in memory {} s, the file with cp and sync {} s", COPY + r"|cp and sync of it (\S+) s"),
    Figure(2, "  official step, times ours", "cal", r"^official, step \d+" + r"\s+\S+" * 3 + r"\s+(\S+)", "6.8",
           "10, aim 25"),
    Figure(3, "48 x 2048^2, SWarp, times ours", "science-samples", _row("SWarp bilinear", column=5), "6.4", "10",
           "all bytes copied in memory {} s of {}", COPY + "|" + _row("jwstpipe bilinear", column=1)),
    Figure(3, "  both on processors that are kept awake", "science-samples",
           r"^SWarp / jwstpipe, both .*: (\S+)", "", ""),
    Figure(3, "  reproject, times ours", "science-samples", _row("reproject_and_coadd", column=5), "35", "60",
           longer="science-samples-reproject"),
    Figure(3, "drizzle, official library, times ours: clock, processors", "drizzle",
           r"^\s+(\S+) times\s+(\S+) times$", "5.1", "10",
           "all bytes copied in memory {} s of {}", COPY + r"|^jwstpipe drizzle\s+(\S+)"),
    Figure(4, "seams, skies of planes: step that is really left, of the sky rms", "seams-planes",
           _left("jwstpipe plane"), "", "a third of Montage's", "the least that noise allows {}; Montage {}",
           _left("jwstpipe plane", name="least", line=2) + "|" + _left("Montage plane")),
    Figure(4, "  the same with skies of levels", "seams", _left("jwstpipe level"), "", "",
           "the least that noise allows {}; Montage {}",
           _left("jwstpipe level", name="least", line=2) + "|" + _left("Montage level")),
    Figure(4, "  Montage, planes, times ours: clock, processors", "seams-planes", _whole("Montage plane"), "", "8"),
    Figure(4, "  Montage, levels, times ours: clock, processors", "seams", _whole("Montage level"), "2", "8",
           "all bytes copied in memory {} s", COPY),
    Figure(5, "four channels of 4096^2 to PNG, s", "pictures", r"4096 x 4096 to png\s+(\S+) s", "2.3", "1.5",
           "their bytes copied in memory {} s, deflated by isal {} s",
           r"bounds four channels: .*?in memory (\S+) s, pixels deflated (\S+) s"),
    Figure(5, "six filters to TIFF, of STIFF's time a channel and pixel", "pictures", r"^ours takes (\S+) times",
           "0.56", "0.25",
           "samples and pixels copied in memory {} ms/channel/Mpx, ours {}",
           r"samples and pixels in memory: (\S+) ms|^ours, 6 filters.*?(\S+) ms/channel", longer="pictures-full-size"),
    Figure(5, "second look at 1200 px, s of processor", "pictures", r"^second look.*?(\S+) s CPU", "7.3", "1",
           "numpy, pydantic, typer {} s", r"^numpy, pydantic, typer alone.*?(\S+) s CPU"),
    Figure(6, "whole run, times its transfer", "streams", r"whole run .* s: (\S+) times", "", "1.15",
           "transfer alone {} s", r"^transfer alone (\S+) s", longer="streams-large"),
    Figure(6, "2 workers busy", "scaling", r"^2 workers: .* ideal, (\S+) of one", "", "0.85"),
    Figure(6, "1,000 tiles, ms and ms of the driver a tile, kB", "scaling",
           r"1,000 empty tiles: (\S+) ms a tile, (\S+) ms of .* (\S+) kB a tile", "7.0, 5.9, 16", "flat",
           "an empty task of Dask {} ms", r"bare Dask: (\S+) ms"),
    Figure(6, "the most tiles, the same", "scaling",
           r"^ *[1-9]\d,000 empty tiles: (\S+) ms a tile, (\S+) ms of .* (\S+) kB a tile", "7.2, 6.2, 19 (10,000)",
           "flat",
           longer="scaling-50000"),
    Figure(7, "conversion, times a bare loop", "conversion", _row("plain", column=3), "0.50", "1.2",
           "the bare loop {} s", _row("bare loop", column=1)),
    Figure(7, "  gzip", "conversion", _row("gzip", column=3), "1.62", "1.2", "as above"),
    Figure(7, "  fpack", "conversion", _row("fpack", column=3), "4.56", "1.2", "as above"),
    Figure(7, "export beside the store, s", "i2d", r"FITS beside the store: (\S+) s", "11", "3 times cp",
           "cp and sync {} s", r"cp and sync of it (\S+) s"),
    Figure(7, "`export` of a store that stands, times cp and sync", "i2d", r"that stands (\S+) times", "", "3"),
    Figure(8, "overhead of a file in a flow, ms", "overhead", r"^overhead (\S+) ms a file", "12.9", "8",
           "two empty tasks of Dask {} ms", r"two empty tasks of Dask: (\S+) ms"),
    Figure(8, "`run` with nothing to do, s", "overhead", r"nothing to do (\S+) s", "9.2", "4",
           "Prefect imported and a flow without steps {} s", r"flow without steps: (\S+) s"),
    Figure(8, "`submit`, s of processor", "overhead", r"^jwstpipe submit: (\S+) s CPU", "", "1.5",
           "typer, pydantic, requests {} s", r"typer, pydantic, requests alone: (\S+) s CPU"),
    Figure(9, "conversion on a bare S3: times files; what processors need, times files", "s3",
           r"^convert, S3" + r"\s+\S+" * 4 + r"\s+(\S+)\s+(\S+)", "", "1.3",
           "files and a bare client at once, times files: {}", r"^convert, S3" + r"\s+\S+" * 6 + r"\s+(\S+)"),
    Figure(9, "mosaic on S3, the same", "s3", r"^mosaic, S3" + r"\s+\S+" * 4 + r"\s+(\S+)\s+(\S+)", "", "1.3"),
    Figure(9, "mosaic of stores on S3, the same", "s3",
           r"^mosaic of stores, S3" + r"\s+\S+" * 4 + r"\s+(\S+)\s+(\S+)", "", "1.3"),
)  # fmt: skip


def table(figures: Sequence[Figure], texts: Mapping[str, str]) -> str:
    """Draw the table from the parts of the page."""
    lines = ["| | figure | before | now | wanted | what bounds it |", "|---|---|---|---|---|---|"]
    point = 0
    for one in figures:
        text = texts.get(one.longer) or texts.get(one.part) or ""
        now = ", ".join(_found(one.shown, text)) or "not measured"
        bound = one.bound
        values = _found(one.bound_shown, text) if one.bound_shown else []
        if one.bound_shown and len(values) != bound.count("{}"):
            bound = ""
        number = f"{one.point}" if one.point != point else ""
        point = one.point
        lines.append(
            f"| {number} | {one.label.strip()} | {one.before} | {now} | {one.wanted} | {bound.format(*values)} |"
        )
    return "\n".join(lines) + "\n"


def _found(pattern: str, text: str) -> list[str]:
    """Give the groups of the first match of each alternative, in their order."""
    found: dict[int, str] = {}
    for match in re.finditer(pattern, text, re.MULTILINE):
        for number, value in enumerate(match.groups(), start=1):
            if value is not None:
                found.setdefault(number, value)
    return [found[number] for number in sorted(found)]
