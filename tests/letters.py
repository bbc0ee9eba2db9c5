"""Letters for made-up texts."""

from hypothesis import strategies as st

LETTERS = st.characters(exclude_categories=["Cs"])
"""All that can be written. For its own default hypothesis encodes every one first: two seconds, and 200 MB."""

PRINTABLE = "".join(map(chr, range(32, 127)))
"""What FITS cards may hold."""
