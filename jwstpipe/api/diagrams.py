"""Pictures of photometry: curves of growth, colours against magnitudes."""

from pathlib import Path

from astropy.table import Table

from jwstpipe.api.outputs import check_output
from jwstpipe.operations.diagrams import draw_colour_magnitude, draw_curves

__all__ = ["plot_colours", "plot_growth"]

PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff")


def plot_growth(catalogue: Table, out: str | Path, *, overwrite: bool = False) -> Path:
    """Draw the curves of growth behind the aperture corrections of a catalogue.

    Parameters
    ----------
    catalogue : Table
        Of `jwstpipe.photometry`.
    out : str or Path
        Picture to make, ``.png``, ``.jpg`` or ``.tif``.
    overwrite : bool, default False
        Replace what stands at `out`.

    Raises
    ------
    DataError
        A table without curves of growth.

    Examples
    --------
    >>> diagram = jwstpipe.plot_growth(jwstpipe.photometry("f200w.zarr"), "growth.png")
    """
    check_output(out, PICTURES, what="a curve of growth", overwrite=overwrite)
    return draw_curves(catalogue, out)


def plot_colours(catalogue: Table, out: str | Path, *, colour: str | None = None, overwrite: bool = False) -> Path:
    """Draw a colour-magnitude diagram of a catalogue.

    Parameters
    ----------
    catalogue : Table
        Of `jwstpipe.photometry` on several images.
    out : str or Path
        Picture to make, ``.png``, ``.jpg`` or ``.tif``.
    colour : str, optional
        Column, as ``colour_f090w_f200w``; default: the first. The magnitude is that in the second filter.
    overwrite : bool, default False
        Replace what stands at `out`.

    Raises
    ------
    DataError
        No such column, or no source with both.

    Examples
    --------
    >>> found = jwstpipe.photometry(["f090w.zarr", "f200w.zarr"])
    >>> diagram = jwstpipe.plot_colours(found, "colours.png", colour="colour_f090w_f200w")
    """
    check_output(out, PICTURES, what="a colour-magnitude diagram", overwrite=overwrite)
    return draw_colour_magnitude(catalogue, out, colour=colour)
