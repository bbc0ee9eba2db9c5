"""What is left of each star's position after alignment: as a table, and as a map with an arrow for each star."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from jwstpipe.errors import NoCoverageError, UsageError
from jwstpipe.execution.workers import Workers
from jwstpipe.mosaicking.astrometry.align import Star, solved_stars
from jwstpipe.mosaicking.plan import MosaicPlan
from jwstpipe.progress import Reporter, silent
from jwstpipe.settings import S3Settings
from jwstpipe.storage import aside

if TYPE_CHECKING:
    from astropy.table import Table

__all__ = ["RESIDUAL_FORMS", "residual_table", "write_residuals"]

RESIDUAL_FORMS = (".png", ".ecsv", ".csv")
"""What the end of a name means: a map, or a table."""

SIDE, MARGIN = 1200, 70
ARROW = 0.035
"""Length of the arrow of a typical star, of the side."""

BACKGROUND, TEXT, BETWEEN, TO_REFERENCE = (12, 14, 22), (205, 210, 220), (120, 176, 255), (255, 170, 90)


def write_residuals(
    plan: MosaicPlan, out: str | Path, *, s3: S3Settings | None = None, workers: Workers, report: Reporter = silent
) -> Path:
    """Align the images of a plan, and write what is left of each star's position.

    Parameters
    ----------
    plan
        With alignment among its options.
    out
        Map (``.png``) or table (``.ecsv``, ``.csv``) to write.

    Raises
    ------
    UsageError
        A plan without alignment, or an output of another form.
    NoCoverageError
        No image has enough stars in common with another one, or with the reference.
    """
    path = Path(out)
    if path.suffix.lower() not in RESIDUAL_FORMS:
        raise UsageError(f"{out}: residuals are written as {', '.join(RESIDUAL_FORMS)}; end the name so")
    if plan.options.align == "none":
        raise UsageError("residuals are those of aligned images; use --align check, shift or rotate, or --align-to")
    stars = solved_stars(plan, s3=s3, workers=workers, report=report)
    if not stars:
        raise NoCoverageError("no two images have enough stars in common, so there are no residuals to show")
    with aside(path) as partial:
        if path.suffix.lower() == ".png":
            _drawn(plan, stars).save(partial, format="PNG", optimize=True)
        else:
            form = "ascii.ecsv" if path.suffix.lower() == ".ecsv" else "ascii.csv"
            residual_table(plan, stars).write(partial, format=form, overwrite=True)
    return path


def residual_table(plan: MosaicPlan, stars: list[Star]) -> "Table":
    """Give a row for each pair: images, position (degrees ICRS), and first minus second along x and y, mas."""
    from astropy.table import Table  # noqa: PLC0415 - slow to load

    names = [source.name for source in plan.sources]
    x, y = (np.array([getattr(star, axis) for star in stars]) for axis in ("x", "y"))
    vectors = plan.grid.vectors(x, y)
    ra, dec = np.degrees(np.arctan2(vectors[:, 1], vectors[:, 0])) % 360.0, np.degrees(np.arcsin(vectors[:, 2]))
    mas = plan.grid.scale_arcsec * 1000.0
    table = Table(
        {
            "image": [names[star.first] for star in stars],
            "other": ["reference" if star.second < 0 else names[star.second] for star in stars],
            "ra": ra,
            "dec": dec,
            "dx_mas": np.round([star.dx * mas for star in stars], 3),
            "dy_mas": np.round([star.dy * mas for star in stars], 3),
        }
    )
    for name, unit in (("ra", "deg"), ("dec", "deg"), ("dx_mas", "mas"), ("dy_mas", "mas")):
        table[name].unit = unit
    return table


def _drawn(plan: MosaicPlan, stars: list[Star]) -> Image.Image:
    """Draw an arrow for each star, all to one scale, which stands in the picture."""
    window = plan.window
    rows, columns = window.shape
    zoom = (SIDE - 2 * MARGIN) / max(rows, columns)
    picture = Image.new("RGB", (SIDE, round(rows * zoom) + 2 * MARGIN), BACKGROUND)
    draw = ImageDraw.Draw(picture)
    lengths = np.hypot([star.dx for star in stars], [star.dy for star in stars])
    typical = max(float(np.median(lengths)), 1e-6)
    stretch = ARROW * SIDE / typical
    left, low = MARGIN, picture.height - MARGIN
    draw.rectangle([left, MARGIN, left + columns * zoom, low], outline=(70, 80, 105))
    for star in stars:
        x, y = left + (star.x - window.x0) * zoom, low - (star.y - window.y0) * zoom
        colour = TO_REFERENCE if star.second < 0 else BETWEEN
        draw.line([x, y, x + star.dx * stretch, y - star.dy * stretch], fill=colour, width=2)
        draw.ellipse([x - 2, y - 2, x + 2, y + 2], fill=colour)
    mas = typical * plan.grid.scale_arcsec * 1000.0
    rms = float(np.sqrt(np.mean(lengths**2))) * plan.grid.scale_arcsec * 1000.0
    state = "before" if plan.options.align == "check" else "after"
    title = f"{len(stars)} stars of {len(plan.sources)} images {state} alignment, {rms:.1f} mas rms"
    draw.text((MARGIN, 16), title, fill=TEXT, font=ImageFont.load_default(18))
    draw.line([MARGIN, low + 30, MARGIN + ARROW * SIDE, low + 30], fill=TEXT, width=2)
    font = ImageFont.load_default(14)
    draw.text((MARGIN + ARROW * SIDE + 8, low + 22), f"{mas:.2g} mas; blue between images, orange to the reference",
              fill=TEXT, font=font)  # fmt: skip
    return picture
