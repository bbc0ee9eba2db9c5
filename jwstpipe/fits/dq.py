"""Data quality bits of JWST by name, and what they mean for imaging."""

from collections.abc import Iterable

from jwstpipe.errors import UsageError

__all__ = ["DQ_BITS", "LOST", "REJECTED", "dq_mask", "require_dq_names"]

DQ_BITS = {
    name: 1 << bit
    for bit, name in enumerate(
        (
            "DO_NOT_USE", "SATURATED", "JUMP_DET", "DROPOUT", "OUTLIER", "PERSISTENCE", "AD_FLOOR", "CHARGELOSS",
            "UNRELIABLE_ERROR", "NON_SCIENCE", "DEAD", "HOT", "WARM", "LOW_QE", "RC", "TELEGRAPH",
            "NONLINEAR", "BAD_REF_PIXEL", "NO_FLAT_FIELD", "NO_GAIN_VALUE", "NO_LIN_CORR", "NO_SAT_CHECK",
            "UNRELIABLE_BIAS", "UNRELIABLE_DARK", "UNRELIABLE_SLOPE", "UNRELIABLE_FLAT", "OPEN", "ADJ_OPEN",
            "FLUX_ESTIMATED", "MSA_FAILED_OPEN", "OTHER_BAD_PIXEL", "REFERENCE_PIXEL",
        )
    )
}  # fmt: skip
"""Bit value by name, as the JWST pipeline defines them."""

LOST = DQ_BITS["SATURATED"] | DQ_BITS["DO_NOT_USE"]
"""Bits that together mean that nothing of the flux is known: cores of stars whose samples are junk."""

REJECTED = ("DO_NOT_USE", "OUTLIER", "NON_SCIENCE", "REFERENCE_PIXEL")
"""Bits whose pixels take no part in a mosaic. SATURATED and JUMP_DET do: their ramps were fitted without that part."""


def require_dq_names(names: Iterable[str]) -> None:
    """Refuse what is no data quality bit.

    Raises
    ------
    UsageError
        With the name, and those that there are.
    """
    for name in names:
        if name.upper() not in DQ_BITS:
            raise UsageError(f"{name!r} is no data quality bit; the names are {', '.join(DQ_BITS)}")


def dq_mask(names: Iterable[str]) -> int:
    """Add up the bits of these names.

    Raises
    ------
    UsageError
        A name that is no data quality bit.
    """
    wanted = tuple(names)
    require_dq_names(wanted)
    mask = 0
    for name in wanted:
        mask |= DQ_BITS[name.upper()]
    return mask
