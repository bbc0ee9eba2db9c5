"""Positions as people write them: hours and degrees by sixtieths."""

__all__ = ["position_text"]


def position_text(ra: float, dec: float) -> str:
    """Write a position to a tenth of an arcsecond or better, as ``05:35:19.54 -05:24:49.7``.

    Parameters
    ----------
    ra, dec
        Degrees.
    """
    sign = "-" if dec < 0 else "+"
    return f"{_parts(ra % 360.0 / 15.0, 2, around=24)} {sign}{_parts(abs(dec), 1)}"


def _parts(value: float, digits: int, *, around: int = 0) -> str:
    ticks = round(value * 3600 * 10**digits)
    seconds, fraction = divmod(ticks, 10**digits)
    whole = seconds // 3600 % around if around else seconds // 3600
    return f"{whole:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{fraction:0{digits}d}"
