"""How catalogues are matched, and positions are checked."""

from jwstpipe.requests.base import Request, option

__all__ = ["AstrometryRequest", "MatchRequest"]


class MatchRequest(Request):
    """How two catalogues are matched."""

    within: float = option(
        0.2, gt=0.0, le=60.0, help="largest distance of a pair, arcsec, once a common offset is taken out",
        metavar="ARCSEC",
    )  # fmt: skip
    offset_within: float = option(
        2.0, ge=0.0, le=60.0, help="look for a common offset up to this, arcsec; 0 = there is none", metavar="ARCSEC"
    )


class AstrometryRequest(MatchRequest):
    """How positions are checked against a reference."""

    reference: str = option(
        "",
        help="table of true positions: ra, dec (degrees), and, where it has them, pmra, pmdec (mas a year, pmra with"
        " cos dec), parallax (mas), ref_epoch (year)",
        metavar="TABLE",
    )
    epoch: float | None = option(
        None,
        ge=1900.0,
        le=2100.0,
        help="year of the observation, as 2023.45; empty = as the image says",
        metavar="YEAR",
    )
    tolerance: float = option(
        20.0, gt=0.0, le=10_000.0, help="offset of the whole that is good enough, mas", metavar="MAS"
    )
